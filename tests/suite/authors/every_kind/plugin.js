// Every kind, and every capability, as the contract has them.
import { at, Fault } from "./vendor/holdpoint/index.js";
import { commits, commitTexts } from "./vendor/holdpoint/commits.js";
import { changes } from "./vendor/holdpoint/changes.js";
import { artifacts } from "./vendor/holdpoint/artifacts.js";
import { evidence, readEvidence } from "./vendor/holdpoint/evidence.js";
import { pastReleases } from "./vendor/holdpoint/history.js";
import { listFolder, readText } from "./vendor/holdpoint/tree.js";
import { request } from "./vendor/holdpoint/http.js";
import { secret } from "./vendor/holdpoint/secrets.js";
import { log } from "./vendor/holdpoint/log.js";
import { assess as size } from "./risk_example.js";
import { claim as oneAtATime } from "./resource_example.js";
import { render as versionFile } from "./document_example.js";
import { compose as oneLine } from "./notify_example.js";
import { plan as deploy } from "./action_example.js";
import { measure as answers } from "./verify_example.js";

/** @typedef {{ prefixes?: string[] }} Settings */

/**
 * @param {import("./vendor/holdpoint/types").Release} release
 * @param {Settings} settings
 * @returns {any} what is no list as well
 */
export function check(release, settings) {
  const [prefix] = settings.prefixes ?? [];
  if (prefix === "promise") return Promise.resolve([]);
  if (prefix === "generator") return (async function* () {})();
  if (prefix === "object") return { rule: "draft", message: "alone" };
  if (prefix === "text") return "draft";
  if (prefix === "nothing") return undefined;
  return found(release, settings);
}

/** @type {import("./vendor/holdpoint/types").Check<Settings>} */
function* found(release, { prefixes = [] }) {
  if (prefixes.includes("fault")) throw new Fault("not today", { code: "unavailable", retry: true });
  if (prefixes.includes("error")) /** @type {any} */ (undefined).nothing;
  /** @param {string} m */
  const say = (m) => ({ rule: "draft", message: m });
  yield say([...commits()].map((c) => c.summary + c.time).join("|"));
  yield say([...commitTexts()].map((c) => JSON.stringify(c.trailers) + c.author.name).join("|"));
  yield say([...changes()].map((c) => c.path + c.how).join("|"));
  yield say([...artifacts()].map((c) => c.name + c.size).join("|"));
  yield say(evidence().map((c) => c.name + c.mediaType).join("|") + new TextDecoder().decode(readEvidence("sbom")));
  try { readEvidence("none"); } catch (/** @type {any} */ e) { yield say("evidence: " + String(e?.payload ?? e)); }
  yield say([...pastReleases()].map((c) => `${c.version}${c.ended}`).join("|"));
  yield say(listFolder("docs/").join() + readText("docs/a.md"));
  try { readText("no.md"); } catch (/** @type {any} */ e) { yield say("tree: " + String(e?.payload ?? e)); }
  const r = request("https://a.example.com/1", { headers: { authorization: secret("token") } });
  yield say(`${r.status} ${r.header("X-A")} ${r.json().ok}`);
  try { request("https://a.example.com/2"); } catch (/** @type {any} */ e) { yield say("http: " + e.message + e.retry + (e instanceof Fault)); }
  log.info("said");
  yield { rule: "draft", severity: "warning", message: "at", location: at.file("src/a.rs", 3), help: "h" };
}
/** @type {import("./vendor/holdpoint/types").Assess} */
export const assess = (release, settings) => "prefixes" in settings ? ({ magnitude: 3.5, factors: [{ name: "n", evidence: "e", weight: 1, heuristic: true, location: at.commit("0000000000000000000000000000000000000001") }] }) : size(release, settings);
/** @type {import("./vendor/holdpoint/types").Claim} */
export const claim = (release, settings) => "prefixes" in settings ? [{ demand: { tag: "lease", val: { key: "k", sharing: "exclusive" } }, reason: "r" }, { demand: { tag: "approval", val: { principal: "p", count: 1 } }, reason: "r" }, { demand: { tag: "window", val: { start: 1n } }, reason: "r" }] : oneAtATime(release, settings);
/** @type {import("./vendor/holdpoint/types").Render} */
export const render = (release, settings) => "prefixes" in settings ? [{ path: "A.md", content: { tag: "insertion", val: { heading: "# A", content: "b" } }, title: "t" }] : versionFile(release, settings);
/** @type {import("./vendor/holdpoint/types").Compose} */
export const compose = (release, settings, event, channel) => "prefixes" in settings ? [{ mediaType: channel.mediaType, body: JSON.stringify({ k: event.kind }), summary: "s" }] : oneLine(release, settings, event, channel);
/** @type {import("./vendor/holdpoint/types").PlannedRequest} */
const planned = { method: "POST", url: "https://deploy.example.com/1", headers: [{ name: "x-a", value: "b" }], content: { tag: "bytes", val: new Uint8Array([123, 125]) }, success: [200], idempotencyKey: "" };
/** @type {import("./vendor/holdpoint/types").Plan} */
export const plan = (release, settings) => "prefixes" in settings ? [{ name: "one", title: "t", request: planned, undo: { ...planned, method: "DELETE" } }] : deploy(release, settings);
/** @type {import("./vendor/holdpoint/types").Measure} */
export const measure = (release, settings, attempt) => "prefixes" in settings ? ({ health: "healthy", reason: `attempt ${attempt}`, measures: [{ name: "m", value: 1.5, unit: "s", bound: "< 2" }] }) : answers(release, settings, attempt);
