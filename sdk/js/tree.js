// @ts-check
import { entries, read } from "holdpoint:plugin/tree@0.1.0";

/**
 * The names in a folder of the judged commit, those of folders with a `/` at their end. Throws
 * `missing`, `not-a-file`, `not-granted` or `too-large`.
 * @param {string} folder
 * @returns {string[]}
 */
export const listFolder = (folder) => entries(folder);

/**
 * The bytes of a file of the judged commit. Throws as `listFolder` does.
 * @param {string} path
 * @returns {Uint8Array}
 */
export const readFile = (path) => read(path);

/**
 * The same as text.
 * @param {string} path
 * @returns {string}
 */
export const readText = (path) => new TextDecoder().decode(read(path));
