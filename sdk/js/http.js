// @ts-check
import { send } from "holdpoint:plugin/http@0.1.0";
import { Fault } from "./index.js";

/** A whole response. */
export class Response {
  #headers;

  /** @param {import("./types").HttpResponse} answered */
  constructor({ status, headers, body }) {
    this.status = status;
    this.ok = status >= 200 && status < 300;
    this.bytes = body;
    this.#headers = headers;
  }

  /**
   * The first header of a name, in any case.
   * @param {string} name
   * @returns {string | undefined}
   */
  header(name) {
    const wanted = name.toLowerCase();
    return this.#headers.find((header) => header.name.toLowerCase() === wanted)?.value;
  }

  /** @returns {string} */
  text() {
    return new TextDecoder().decode(this.bytes);
  }

  /** @returns {any} */
  json() {
    return JSON.parse(this.text());
  }
}

/**
 * Asks another system, as far as the operator grants it. Every status is a response; where there is
 * none, a fault is thrown, which says whether the same may succeed later.
 * @param {string} url
 * @param {{ method?: string, headers?: Record<string, string>, body?: string | Uint8Array }} [request]
 * @returns {Response}
 */
export function request(url, { method = "GET", headers = {}, body = "" } = {}) {
  try {
    return new Response(
      send({
        method,
        url,
        headers: Object.entries(headers).map(([name, value]) => ({ name, value })),
        body: typeof body === "string" ? new TextEncoder().encode(body) : body,
      }),
    );
  } catch (/** @type {any} */ error) {
    /** @type {import("./types").HttpError | undefined} */
    const refused = error?.payload ?? error;
    const retry = refused?.tag === "timed-out" || refused?.tag === "unreachable";
    const late = refused?.tag === "timed-out";
    const words = late ? `${url} did not answer in time` : refused?.val;
    throw new Fault(words ?? String(error), {
      code: retry ? "unavailable" : undefined,
      retry,
    });
  }
}
