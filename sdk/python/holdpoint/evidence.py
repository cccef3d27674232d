from wit_world.imports import evidence as _evidence


def evidence() -> list[_evidence.Item]:
    """The files about the release."""
    return _evidence.items()


def read_evidence(name: str) -> bytes:
    """The bytes of a piece of evidence. Raises ``Err`` with why they are not given."""
    return _evidence.read(name)
