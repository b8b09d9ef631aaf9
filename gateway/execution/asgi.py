"""Subgraphs in this process: a request is handed to the subgraph's ASGI application, with no socket between."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, TypeAlias

from gateway.errors import FetchError
from gateway.execution.reading import MESSAGES
from gateway.execution.transport import SubgraphRequest, SubgraphResponse

__all__ = ["AsgiApp", "AsgiTransport"]

_Message: TypeAlias = MutableMapping[str, Any]
AsgiApp: TypeAlias = Callable[
    [_Message, Callable[[], Awaitable[_Message]], Callable[[_Message], Awaitable[None]]], Awaitable[None]
]


class AsgiTransport:
    """Sends requests to ``apps`` (by subgraph name), each asked at ``path``.

    Lifespans are not run; whoever makes the applications starts and stops them.
    """

    def __init__(self, apps: Mapping[str, AsgiApp], *, path: str = "/graphql", max_bytes: int = 32_000_000) -> None:
        self._apps = dict(apps)
        self._path = path
        self._max_bytes = max_bytes

    async def send(self, request: SubgraphRequest) -> SubgraphResponse:
        """The application's answer. Raises ``FetchError``: SUBGRAPH_UNREACHABLE, SUBGRAPH_TOO_LARGE."""
        app = self._apps.get(request.subgraph)
        if app is None:
            raise _error("SUBGRAPH_UNREACHABLE", request)
        call = _Call(request, self._max_bytes)
        try:
            await app(self._scope(request), call.receive, call.send)
        except FetchError:
            raise
        except Exception:
            raise _error("SUBGRAPH_UNREACHABLE", request) from None
        if call.status is None:
            raise _error("SUBGRAPH_UNREACHABLE", request)
        return SubgraphResponse(call.status, b"".join(call.chunks))

    def _scope(self, request: SubgraphRequest) -> dict[str, Any]:
        headers = {
            "host": request.subgraph,
            "content-type": "application/json",
            "accept": "application/json",
            "content-length": str(len(request.body)),
            **{name.lower(): value for name, value in request.headers.items()},
        }
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": self._path,
            "raw_path": self._path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()],
            "client": ("127.0.0.1", 0),
            "server": (request.subgraph, 80),
            "state": {},
        }


class _Call:
    """One request and the answer to it, as ASGI messages."""

    def __init__(self, request: SubgraphRequest, max_bytes: int) -> None:
        self.request = request
        self.max_bytes = max_bytes
        self.sent = False
        self.status: int | None = None
        self.chunks: list[bytes] = []
        self.size = 0

    async def receive(self) -> _Message:
        """The whole body at once, then the end of the connection."""
        if self.sent:
            return {"type": "http.disconnect"}
        self.sent = True
        return {"type": "http.request", "body": self.request.body, "more_body": False}

    async def send(self, message: _Message) -> None:
        """Take one part of the answer."""
        if message["type"] == "http.response.start":
            self.status = int(message["status"])
        elif message["type"] == "http.response.body":
            body = bytes(message.get("body", b""))
            self.size += len(body)
            if self.size > self.max_bytes:
                raise _error("SUBGRAPH_TOO_LARGE", self.request)
            self.chunks.append(body)


def _error(code: str, request: SubgraphRequest) -> FetchError:
    return FetchError(code, MESSAGES[code].format(subgraph=request.subgraph))
