/**
 * Writes the version into a file.
 *
 * @type {import("./vendor/holdpoint/types").Render<{ path?: string }>}
 */
export function* render({ subject: { version } }, { path = "VERSION" }) {
  if (version === undefined) return;
  yield { path, content: { tag: "whole", val: `${version}\n` }, title: `the version ${version}` };
}
