import json
from dataclasses import dataclass
from typing import Any, Mapping, Optional, Union

from componentize_py_types import Err
from wit_world.imports import http as _http
from wit_world.imports.model import Header

from . import Fault, FaultCode


@dataclass
class Response:
    """A whole response."""

    status: int
    headers: list[Header]
    content: bytes

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    def header(self, name: str) -> Optional[str]:
        """The first header of a name, in any case."""
        wanted = name.lower()
        found = (header.value for header in self.headers if header.name.lower() == wanted)
        return next(found, None)

    @property
    def text(self) -> str:
        return self.content.decode("utf-8")

    def json(self) -> Any:
        return json.loads(self.content)


def request(
    url: str,
    method: str = "GET",
    headers: Optional[Mapping[str, str]] = None,
    body: Union[bytes, str] = b"",
) -> Response:
    """Asks another system, as far as the operator grants it.

    Every status is a response; where there is none, a fault is raised, which says whether the same
    may succeed later.
    """
    sent = [Header(name, value) for name, value in (headers or {}).items()]
    content = body.encode("utf-8") if isinstance(body, str) else body
    try:
        answer = _http.send(_http.HttpRequest(method, url, sent, content))
    except Err as error:
        refused = error.value
        if isinstance(refused, _http.HttpError_TimedOut):
            message = f"{url} did not answer in time"
            raise Fault(message, FaultCode.UNAVAILABLE, retry=True) from None
        if isinstance(refused, _http.HttpError_Unreachable):
            raise Fault(refused.value, FaultCode.UNAVAILABLE, retry=True) from None
        raise Fault(refused.value) from None
    return Response(answer.status, answer.headers, answer.body)
