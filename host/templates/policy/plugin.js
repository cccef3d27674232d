import { at } from "./vendor/holdpoint/index.js";
import { commits } from "./vendor/holdpoint/commits.js";

/**
 * Holds back commits that were not meant to be released.
 *
 * @type {import("./vendor/holdpoint/types").Check<{ prefixes?: string[] }>}
 */
export function* check(release, { prefixes = ["fixup!", "squash!", "WIP"] }) {
  for (const { id, summary } of commits()) {
    if (prefixes.some((prefix) => summary.startsWith(prefix))) {
      yield { rule: "draft", message: `“${summary}” is a draft.`, location: at.commit(id) };
    }
  }
}
