// @ts-check
import { page } from "holdpoint:plugin/history@0.1.0";
import { all } from "./index.js";

/**
 * The releases before, newest first, and what became of them.
 * @returns {Generator<import("./types").PastRelease>}
 */
export const pastReleases = () => all(page);
