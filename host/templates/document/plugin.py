from typing import Any, Iterator

from holdpoint import Release
from wit_world.exports.document import Edit, NewContent_Whole


def render(release: Release, settings: dict[str, Any]) -> Iterator[Edit]:
    """Writes the version into a file."""
    version = release.subject.version
    if version is not None:
        content = NewContent_Whole(f"{version}\n")
        yield Edit(settings.get("path", "VERSION"), content, f"the version {version}")
