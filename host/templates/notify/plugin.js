/**
 * Says in one line what became of a release.
 *
 * @type {import("./vendor/holdpoint/types").Compose}
 */
export function* compose({ subject }, settings, { verdict, reason }, { mediaType }) {
  if (verdict === undefined) return;
  const version = subject.version ?? "the next version";
  const line = `${subject.project} ${version}: ${verdict}. ${reason}`;
  yield { mediaType, body: line, summary: line };
}
