// @ts-check
import { page } from "holdpoint:plugin/artifacts@0.1.0";
import { all } from "./index.js";

/**
 * The files that are shipped.
 * @returns {Generator<import("./types").Artifact>}
 */
export const artifacts = () => all(page);
