import { request } from "./vendor/holdpoint/http.js";

/** @param {string} url */
function status(url) {
  try {
    return request(url).status;
  } catch {
    return undefined;
  }
}

/**
 * Whether what was deployed answers.
 *
 * @type {import("./vendor/holdpoint/types").Measure<{ url: string }>}
 */
export function measure(release, { url }) {
  const value = status(url);
  const silent = value === undefined ? "it does not answer" : `it answers with ${value}`;
  return {
    health: value === 200 ? "healthy" : "failing",
    reason: value === 200 ? "it answers" : silent,
    measures: [{ name: "status", value, unit: "1", bound: "200" }],
  };
}
