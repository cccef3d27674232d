// The kit for plugins in JavaScript: what is left of the contract when the language is a pleasure.
// Each capability is a module of its own, to be imported by a plugin whose plugin.toml asks for it.
// @ts-check

/**
 * What a plugin throws when it cannot decide. A fault blocks unless the operator says otherwise;
 * anything else that is thrown is a fault as well.
 */
export class Fault extends Error {
  /**
   * @param {string} message what is wrong, for whoever operates the release
   * @param {{ code?: import("./types").FaultCode, retry?: boolean }} [more]
   *   what sort of fault it is, and whether the same call may succeed later
   */
  constructor(message, { code, retry = false } = {}) {
    super(message);
    this.code = code;
    this.retry = retry;
  }
}

/** Places that a finding can have; without one it is about the release as a whole. */
export const at = {
  /** @returns {import("./types").Location} */
  release: () => ({ tag: "release" }),
  /** @param {string} id @returns {import("./types").Location} */
  commit: (id) => ({ tag: "commit", val: id }),
  /** @param {string} path @param {number} [line] @returns {import("./types").Location} */
  file: (path, line) => ({ tag: "file", val: { path, line } }),
  /** @param {string} name @returns {import("./types").Location} */
  artifact: (name) => ({ tag: "artifact", val: name }),
};

/**
 * Everything of a list that the host gives in pages.
 * @template T
 * @param {(start: number, count: number) => T[]} page
 * @returns {Generator<T>}
 */
export function* all(page) {
  for (let start = 0; ; ) {
    const items = page(start, 500);
    if (items.length === 0) return;
    yield* items;
    start += items.length;
  }
}
