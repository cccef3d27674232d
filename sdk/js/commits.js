// @ts-check
import { page, texts } from "holdpoint:plugin/commits@0.1.0";
import { all } from "./index.js";

/**
 * The commits of the release, newest first.
 * @returns {Generator<import("./types").Commit>}
 */
export const commits = () => all(page);

/**
 * The rest of each commit, in the same order: bodies, trailers, people.
 * @returns {Generator<import("./types").CommitText>}
 */
export const commitTexts = () => all(texts);
