// @ts-check
import { page } from "holdpoint:plugin/changes@0.1.0";
import { all } from "./index.js";

/**
 * The files that differ, by path.
 * @returns {Generator<import("./types").Change>}
 */
export const changes = () => all(page);
