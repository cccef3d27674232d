from typing import Any, Optional

from holdpoint import Fault, Release
from holdpoint.http import request
from wit_world.exports.verify import Health, Measurement, Reading


def status(url: str) -> Optional[int]:
    try:
        return request(url).status
    except Fault:
        return None


def measure(release: Release, settings: dict[str, Any], attempt: int) -> Reading:
    """Whether what was deployed answers."""
    value = status(settings["url"])
    if value == 200:
        health, reason = Health.HEALTHY, "it answers"
    elif value is None:
        health, reason = Health.FAILING, "it does not answer"
    else:
        health, reason = Health.FAILING, f"it answers with {value}"
    return Reading(health, reason, [Measurement("status", value, "1", "200")])
