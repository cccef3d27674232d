from typing import Any

from holdpoint import Release
from holdpoint.changes import changes
from wit_world.exports.risk import Assessment, Factor
from wit_world.imports.model import Location_Release


def assess(release: Release, settings: dict[str, Any]) -> Assessment:
    """The more lines change, the riskier; some folders count more."""
    folders = tuple(settings.get("delicate", []))
    magnitude = delicate = 0.0
    for change in changes():
        lines = change.insertions + change.deletions
        if change.path.startswith(folders):
            delicate += 10 * lines
        else:
            magnitude += lines

    def factor(name: str, evidence: str, weight: float) -> Factor:
        return Factor(name, evidence, weight, True, Location_Release())

    totals = release.totals
    size = f"{totals.insertions} lines added, {totals.deletions} deleted"
    factors = [factor("size", size, magnitude)]
    if delicate > 0:
        factors.append(factor("delicate", "delicate folders changed", delicate))
    return Assessment(magnitude + delicate, factors)
