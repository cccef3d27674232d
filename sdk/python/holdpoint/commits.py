from typing import Iterator

from wit_world.imports import commits as _commits
from wit_world.imports.model import Commit, CommitText

from . import all_of


def commits() -> Iterator[Commit]:
    """The commits of the release, newest first."""
    return all_of(_commits.page)


def commit_texts() -> Iterator[CommitText]:
    """The rest of each commit, in the same order: bodies, trailers, people."""
    return all_of(_commits.texts)
