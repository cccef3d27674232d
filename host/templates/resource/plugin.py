from typing import Any, Iterator

from holdpoint import Release
from wit_world.exports.resource import (
    ApprovalClaim,
    Demand_Approval,
    Demand_Lease,
    LeaseClaim,
    Requirement,
    Sharing,
)


def claim(release: Release, settings: dict[str, Any]) -> Iterator[Requirement]:
    """One release at a time, and a manager for a large one."""
    target = release.subject.target or "everywhere"
    lease = LeaseClaim(f"environment/{target}", Sharing.EXCLUSIVE)
    yield Requirement(Demand_Lease(lease), f"one release at a time goes to {target}")
    commits = release.totals.commits
    if commits >= settings.get("large", 50):
        approval = ApprovalClaim("managers", 1)
        yield Requirement(Demand_Approval(approval), f"it has {commits} commits")
