import { at } from "./vendor/holdpoint/index.js";
import { changes } from "./vendor/holdpoint/changes.js";

/**
 * The more lines change, the riskier; some folders count more.
 *
 * @type {import("./vendor/holdpoint/types").Assess<{ delicate?: string[] }>}
 */
export function assess({ totals }, { delicate: folders = [] }) {
  let magnitude = 0;
  let delicate = 0;
  for (const { path, insertions, deletions } of changes()) {
    const lines = insertions + deletions;
    if (folders.some((folder) => path.startsWith(folder))) delicate += 10 * lines;
    else magnitude += lines;
  }
  /** @type {(name: string, weight: number, evidence: string) => import("./vendor/holdpoint/types").Factor} */
  const factor = (name, weight, evidence) => {
    return { name, weight, evidence, heuristic: true, location: at.release() };
  };
  const size = `${totals.insertions} lines added, ${totals.deletions} deleted`;
  const factors = [factor("size", magnitude, size)];
  if (delicate > 0) factors.push(factor("delicate", delicate, "delicate folders changed"));
  return { magnitude: magnitude + delicate, factors };
}
