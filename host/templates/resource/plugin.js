/**
 * One release at a time, and a manager for a large one.
 *
 * @type {import("./vendor/holdpoint/types").Claim<{ large?: number }>}
 */
export function* claim({ subject, totals }, { large = 50 }) {
  const target = subject.target ?? "everywhere";
  yield {
    demand: { tag: "lease", val: { key: `environment/${target}`, sharing: "exclusive" } },
    reason: `one release at a time goes to ${target}`,
  };
  if (totals.commits >= large) {
    yield {
      demand: { tag: "approval", val: { principal: "managers", count: 1 } },
      reason: `it has ${totals.commits} commits`,
    };
  }
}
