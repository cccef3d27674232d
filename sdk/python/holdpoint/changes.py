from typing import Iterator

from wit_world.imports import changes as _changes
from wit_world.imports.model import Change

from . import all_of


def changes() -> Iterator[Change]:
    """The files that differ, by path."""
    return all_of(_changes.page)
