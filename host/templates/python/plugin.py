from typing import Iterator

from holdpoint import Release, finding
from holdpoint.commits import commits
from wit_world.imports.model import Finding


def check(release: Release, settings: dict) -> Iterator[Finding]:
    """Holds back commits that were not meant to be released."""
    prefixes = tuple(settings.get("prefixes", ["fixup!", "squash!", "WIP"]))
    for commit in commits():
        if commit.summary.startswith(prefixes):
            yield finding("draft", f"“{commit.summary}” is a draft.", commit=commit.id)
