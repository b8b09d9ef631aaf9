"""The door before ``/graphql``, as ASGI middleware: whoever comes in is watched, and what nobody foresaw stays inside.

Health checks, metrics and pages do not come through here, so that they answer however crowded it is.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from starlette.requests import Request

from gateway.errors import GatewayError
from gateway.opening import OpenHouse
from gateway.telemetry import Telemetry, Watch
from gateway.web.graphql import error_response

__all__ = ["Door", "unforeseen"]

_Message: TypeAlias = MutableMapping[str, Any]
_Receive: TypeAlias = Callable[[], Awaitable[_Message]]
_Send: TypeAlias = Callable[[_Message], Awaitable[None]]
_App: TypeAlias = Callable[[_Message, _Receive, _Send], Awaitable[None]]


class Door:
    """Lets requests for ``/graphql`` in to ``app``; other paths pass as they are."""

    def __init__(self, app: _App, opened: OpenHouse) -> None:
        self._app = app
        self._telemetry: Telemetry = opened.telemetry
        self._timings = opened.settings.server_timing

    async def __call__(self, scope: _Message, receive: _Receive, send: _Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["path"] != "/graphql":
            await self._app(scope, receive, send)
            return
        watch, token = self._telemetry.begin(_header(scope, b"traceparent"))
        outgoing = _Outgoing(send, watch, self._timings)
        try:
            await self._inside(scope, receive, outgoing, watch)
        finally:
            self._telemetry.end(watch, token, outgoing.status, outgoing.bytes)

    async def _inside(self, scope: _Message, receive: _Receive, outgoing: _Outgoing, watch: Watch) -> None:
        try:
            await self._app(scope, receive, outgoing.send)
        except GatewayError as error:
            await _refuse(scope, receive, outgoing, error)
        except Exception as error:  # told without its message, which may quote what was read; never raised further
            self._telemetry.lines.fault(watch, error)
            await _refuse(scope, receive, outgoing, unforeseen())


def unforeseen() -> GatewayError:
    """The error for what nobody foresaw, which says that it happened and nothing of what it was."""
    return GatewayError(
        "INTERNAL",
        "Something went wrong inside the gateway.",
        hint="Tell whoever runs it when this happened; its log says more.",
    )


async def _refuse(scope: _Message, receive: _Receive, outgoing: _Outgoing, error: GatewayError) -> None:
    """Answer with ``error``, unless an answer has begun already."""
    if not outgoing.status:
        await error_response(Request(scope), error)(scope, receive, outgoing.send)


class _Outgoing:
    """What is sent: its status, its size, and the times on it for those who may see them."""

    __slots__ = ("_permitted", "_send", "_watch", "bytes", "status")

    def __init__(self, send: _Send, watch: Watch, permitted: frozenset[str]) -> None:
        self._send, self._watch, self._permitted = send, watch, permitted
        self.status = self.bytes = 0

    async def send(self, message: _Message) -> None:
        """Pass one part of the answer on."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if self._permitted and ("all" in self._permitted or self._watch.role in self._permitted):
                told = ", ".join(f"{stage};dur={took * 1000:.2f}" for stage, took in self._watch.timings().items())
                message["headers"] = [*message["headers"], (b"server-timing", told.encode())]
        else:
            self.bytes += len(message.get("body", b""))
        await self._send(message)


def _header(scope: _Message, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")
