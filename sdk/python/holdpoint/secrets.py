from wit_world.imports import secrets as _secrets

from . import Fault, FaultCode


def secret(name: str) -> str:
    """What stands for a secret in a request: the host puts the value in its place.

    No plugin sees a value.
    """
    found = _secrets.placeholder(name)
    if found is None:
        raise Fault(f"the secret `{name}` is not granted", FaultCode.MISSING)
    return found
