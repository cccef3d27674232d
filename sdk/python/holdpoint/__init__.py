"""The kit for plugins in Python: what is left of the contract when the language is a pleasure.

Each capability is a module of its own, to be imported by a plugin whose plugin.toml asks for it, at
the top of its file: nothing can be imported when the plugin runs.
"""

from typing import Callable, Iterator, Optional, TypeVar

from wit_world.imports import model
from wit_world.imports.model import (
    FaultCode,
    FileLocation,
    Finding,
    Location_Artifact,
    Location_Commit,
    Location_File,
    Location_Release,
    Release,
    Severity,
)

__all__ = ["Fault", "FaultCode", "Finding", "Release", "Severity", "all_of", "finding"]

T = TypeVar("T")


class Fault(Exception):
    """What a plugin raises when it cannot decide.

    A fault blocks unless the operator says otherwise; any other exception is a fault as well.
    ``retry`` says whether the same call may succeed later.
    """

    def __init__(
        self, message: str, code: Optional[FaultCode] = None, retry: bool = False
    ) -> None:
        super().__init__(message)
        self.code = code
        self.retry = retry


def finding(
    rule: str,
    message: str,
    *,
    severity: Optional[Severity] = None,
    commit: Optional[str] = None,
    file: Optional[str] = None,
    line: Optional[int] = None,
    artifact: Optional[str] = None,
    help: Optional[str] = None,
) -> Finding:
    """Something that speaks against the release, at a commit, a file, an artifact, or as a whole."""
    location: model.Location
    if commit is not None:
        location = Location_Commit(commit)
    elif file is not None:
        location = Location_File(FileLocation(file, line))
    elif artifact is not None:
        location = Location_Artifact(artifact)
    else:
        location = Location_Release()
    return Finding(rule, severity, message, location, help)


def all_of(page: Callable[[int, int], list[T]]) -> Iterator[T]:
    """Everything of a list that the host gives in pages."""
    start = 0
    while items := page(start, 500):
        yield from items
        start += len(items)
