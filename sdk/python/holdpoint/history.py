from typing import Iterator

from wit_world.imports import history as _history

from . import all_of


def past_releases() -> Iterator[_history.PastRelease]:
    """The releases before, newest first, and what became of them."""
    return all_of(_history.page)
