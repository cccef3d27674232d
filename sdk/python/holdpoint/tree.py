from wit_world.imports import tree as _tree


def list_folder(folder: str) -> list[str]:
    """The names in a folder of the judged commit, those of folders with a ``/`` at their end.

    Raises ``Err`` with why they are not given.
    """
    return _tree.entries(folder)


def read_file(path: str) -> bytes:
    """The bytes of a file of the judged commit. Raises as ``list_folder`` does."""
    return _tree.read(path)


def read_text(path: str) -> str:
    """The same as text."""
    return _tree.read(path).decode("utf-8")
