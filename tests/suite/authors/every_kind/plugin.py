"""Every kind, and every capability, as the contract has them."""

import json
from typing import Any, AsyncIterator, Iterator

from componentize_py_types import Err
from holdpoint import Fault, FaultCode, Finding, Release, finding, Severity
from holdpoint.commits import commits, commit_texts
from holdpoint.changes import changes
from holdpoint.artifacts import artifacts
from holdpoint.evidence import evidence, read_evidence
from holdpoint.history import past_releases
from holdpoint.tree import list_folder, read_text
from holdpoint.http import request
from holdpoint.secrets import secret
from holdpoint import log
import action_example
import document_example
import notify_example
import resource_example
import risk_example
import verify_example
from wit_world.exports import action, document, notify, resource, risk, verify
from wit_world.imports.model import Header, Location_Commit

Settings = dict[str, Any]


def check(release: Release, settings: Settings) -> Any:
    prefix = settings.get("prefixes", [""])[0]
    if prefix == "promise":
        return waiting()
    if prefix == "generator":
        return flowing()
    if prefix == "object":
        return finding("draft", "alone")
    if prefix == "text":
        return "draft"
    if prefix == "nothing":
        return None
    return found(release, settings)


async def waiting() -> list[Finding]:
    return []


async def flowing() -> AsyncIterator[Finding]:
    yield finding("draft", "late")


def found(release: Release, settings: Settings) -> Iterator[Finding]:
    prefixes = settings.get("prefixes", [])
    if "fault" in prefixes:
        raise Fault("not today", FaultCode.UNAVAILABLE, retry=True)
    if "error" in prefixes:
        1 / 0
    def say(m: str) -> Finding: return finding("draft", m)
    yield say("|".join(c.summary + str(c.time) for c in commits()))
    yield say("|".join(str([t.key for t in c.trailers]) + c.author.name for c in commit_texts()))
    yield say("|".join(c.path + c.how.name for c in changes()))
    yield say("|".join(c.name + str(c.size) for c in artifacts()))
    yield say("|".join(c.name + c.media_type for c in evidence()) + read_evidence("sbom").decode())
    try:
        read_evidence("none")
    except Err as e:
        yield say(f"evidence: {e.value}")
    yield say("|".join(f"{c.version}{c.ended}" for c in past_releases()))
    yield say(",".join(list_folder("docs/")) + read_text("docs/a.md"))
    try:
        read_text("no.md")
    except Err as e:
        yield say(f"tree: {e.value}")
    r = request("https://a.example.com/1", headers={"authorization": secret("token")})
    yield say(f"{r.status} {r.header('X-A')} {r.json()}")
    try:
        request("https://a.example.com/2")
    except Fault as e:
        yield say(f"http: {e} {e.retry}")
    log.info("said")
    yield finding("draft", "at", severity=Severity.WARNING, file="src/a.rs", line=3, help="h")

def assess(release: Release, settings: Settings) -> risk.Assessment:
    if "prefixes" not in settings:
        return risk_example.assess(release, settings)
    return risk.Assessment(3.5, [risk.Factor("n", "e", 1.0, True, Location_Commit("0000000000000000000000000000000000000001"))])
def claim(release: Release, settings: Settings) -> list[resource.Requirement]:
    if "prefixes" not in settings:
        return list(resource_example.claim(release, settings))
    return [resource.Requirement(resource.Demand_Lease(resource.LeaseClaim("k", resource.Sharing.EXCLUSIVE)), "r"),
            resource.Requirement(resource.Demand_Approval(resource.ApprovalClaim("p", 1)), "r"),
            resource.Requirement(resource.Demand_Window(resource.WindowClaim(1, None)), "r")]
def render(release: Release, settings: Settings) -> list[document.Edit]:
    if "prefixes" not in settings:
        return list(document_example.render(release, settings))
    return [document.Edit("A.md", document.NewContent_Insertion(document.Insertion("# A", "b")), "t")]
def compose(release: Release, settings: Settings, event: notify.Event, channel: notify.Channel) -> list[notify.Message]:
    if "prefixes" not in settings:
        return list(notify_example.compose(release, settings, event, channel))
    return [notify.Message(channel.media_type, json.dumps({"k": event.kind.name}), "s")]
def plan(release: Release, settings: Settings) -> list[action.Step]:
    if "prefixes" not in settings:
        return action_example.plan(release, settings)
    planned = action.PlannedRequest("POST", "https://deploy.example.com/1", [Header("x-a", "b")], action.Content_Bytes(b"{}"), [200], "")
    undo = action.PlannedRequest("DELETE", "https://deploy.example.com/1", [], action.Content_Bytes(b""), [200], "")
    return [action.Step("one", "t", planned, None, undo)]
def measure(release: Release, settings: Settings, attempt: int) -> verify.Reading:
    if "prefixes" not in settings:
        return verify_example.measure(release, settings, attempt)
    return verify.Reading(verify.Health.HEALTHY, f"attempt {attempt}", [verify.Measurement("m", 1.5, "s", "< 2")])
