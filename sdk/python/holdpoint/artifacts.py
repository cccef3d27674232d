from typing import Iterator

from wit_world.imports import artifacts as _artifacts
from wit_world.imports.model import Artifact

from . import all_of


def artifacts() -> Iterator[Artifact]:
    """The files that are shipped."""
    return all_of(_artifacts.page)
