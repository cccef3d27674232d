from typing import Any, Iterator

from holdpoint import Finding, Release, finding
from holdpoint.commits import commits


def check(release: Release, settings: dict[str, Any]) -> Iterator[Finding]:
    """Holds back commits that were not meant to be released."""
    prefixes = tuple(settings.get("prefixes", ["fixup!", "squash!", "WIP"]))
    for commit in commits():
        if commit.summary.startswith(prefixes):
            yield finding("draft", f"“{commit.summary}” is a draft.", commit=commit.id)
