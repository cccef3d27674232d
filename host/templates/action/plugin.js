import { Fault } from "./vendor/holdpoint/index.js";

/**
 * Tells a deployment service which version to run.
 *
 * @type {import("./vendor/holdpoint/types").Plan<{ url: string }>}
 */
export function plan({ subject: { version, previous } }, { url }) {
  if (version === undefined) {
    throw new Fault("nothing says which version is released", { code: "missing" });
  }
  /** @type {(version: string) => import("./vendor/holdpoint/types").PlannedRequest} */
  const run = (version) => ({
    method: "PUT",
    url: `${url}/version`,
    headers: [],
    content: { tag: "bytes", val: new TextEncoder().encode(version) },
    success: [200, 204],
    idempotencyKey: "",
  });
  const undo = previous === undefined ? undefined : run(previous);
  return [{ name: "run", title: `run ${version}`, request: run(version), undo }];
}
