// @ts-check
import { items, read } from "holdpoint:plugin/evidence@0.1.0";

/**
 * The files about the release.
 * @returns {import("./types").Evidence[]}
 */
export const evidence = () => items();

/**
 * The bytes of a piece of evidence. Throws why they are not given: `unknown`, `not-granted` or
 * `too-large`.
 * @param {string} name
 * @returns {Uint8Array}
 */
export const readEvidence = (name) => read(name);
