from typing import Any

from holdpoint import Fault, FaultCode, Release
from wit_world.exports.action import Content_Bytes, PlannedRequest, Step


def plan(release: Release, settings: dict[str, Any]) -> list[Step]:
    """Tells a deployment service which version to run."""
    version, previous = release.subject.version, release.subject.previous
    if version is None:
        raise Fault("nothing says which version is released", FaultCode.MISSING)

    def run(version: str) -> PlannedRequest:
        content = Content_Bytes(version.encode())
        url = f"{settings['url']}/version"
        return PlannedRequest("PUT", url, [], content, [200, 204], idempotency_key="")

    undo = None if previous is None else run(previous)
    return [Step("run", f"run {version}", run(version), probe=None, undo=undo)]
