"""The door, as ASGI middleware: everything that leaves has its headers, and whoever asks for ``/graphql`` is watched,
has a place in the crowd and a deadline, and is cut off from the subgraphs on leaving.

Health checks, metrics and pages take no place, so that they answer however crowded it is. Whatever answers below (the
framework's routes, or anything faster) is under the same limits: it has only to be put inside.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final, TypeAlias

from starlette.requests import Request

from gateway.errors import GatewayError, RequestError
from gateway.opening import OpenHouse
from gateway.telemetry import Telemetry, Watch
from gateway.traffic import Crowd
from gateway.web.cut import Cut, Cuts
from gateway.web.encodings import unpack
from gateway.web.graphql import MOST_BYTES, error_response, read_body
from gateway.web.origins import Headers, check_origin, granted, preflight
from gateway.web.outgoing import WHOLE, Outgoing

__all__ = ["PATH", "Door", "too_late", "unforeseen"]

PATH: Final = "/graphql"

_Message: TypeAlias = MutableMapping[str, Any]
_Receive: TypeAlias = Callable[[], Awaitable[_Message]]
_Send: TypeAlias = Callable[[_Message], Awaitable[None]]
_App: TypeAlias = Callable[[_Message, _Receive, _Send], Awaitable[None]]


class Door:
    """Lets requests in: what is asked at ``/graphql`` to ``graphql``, everything else to ``app``."""

    def __init__(self, app: _App, opened: OpenHouse, graphql: _App) -> None:
        self._app = app
        self._answer = graphql
        self._telemetry: Telemetry = opened.telemetry
        self._crowd: Crowd = opened.crowd
        self._deadline = opened.limits.door.deadline
        self._cuts = Cuts(self._deadline)
        self._timings = opened.settings.server_timing
        self._origins = opened.settings.cors_origins

    async def __call__(self, scope: _Message, receive: _Receive, send: _Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        if scope["path"] == PATH:
            await self._graphql(scope, headers, receive, send)
            return
        kept = scope["method"] in ("GET", "HEAD")
        outgoing = Outgoing(send, headers, [], kept=kept)
        await self._app(scope, receive, outgoing.send)

    async def _graphql(self, scope: _Message, headers: dict[bytes, bytes], receive: _Receive, send: _Send) -> None:
        watch, token = self._telemetry.begin(headers.get(b"traceparent", b"").decode("latin-1"))
        extra: Headers = []
        outgoing = Outgoing(send, headers, extra)
        outgoing.watch, outgoing.permitted = watch, self._timings
        if whole := scope.get("extensions", {}).get(WHOLE):  # the server's short way out, under the same headers
            outgoing.wire = whole
            scope["extensions"] = {WHOLE: outgoing.whole}
        try:
            origin = check_origin(headers, self._origins)
            if self._origins:
                extra += [(b"vary", b"origin")]
            if origin:
                extra += granted(origin)
            if origin and preflight(headers, scope["method"]):
                await _answer_preflight(send, outgoing, origin)
            else:
                await self._crowded(scope, headers, receive, outgoing, watch)
        except GatewayError as error:
            await _refuse(scope, receive, outgoing, error)
        except Exception as error:  # told without its message, which may quote what was read; never raised further
            self._telemetry.lines.fault(watch, error)
            await _refuse(scope, receive, outgoing, unforeseen())
        finally:
            scope["extensions"] = {}  # they hold what holds the scope: garbage that only the collector would find
            self._telemetry.end(watch, token, outgoing.status, outgoing.bytes)

    async def _crowded(
        self, scope: _Message, headers: dict[bytes, bytes], receive: _Receive, outgoing: Outgoing, watch: Watch
    ) -> None:
        """Answer once there is a place; it is given back when the answer, or a stream's beginning, is there."""
        await self._crowd.enter()
        place = _Place(self._crowd)
        try:
            cut = Cut(receive, watch, self._cuts)

            def streaming() -> None:
                place.leave()
                cut.stream()

            outgoing.on_stream = streaming
            try:
                incoming: _Receive = cut.receive
                if b"content-encoding" in headers:
                    scope, incoming = await _unpacked(scope, headers, cut)
                await self._answer(scope, incoming, outgoing.send)
            except asyncio.CancelledError:
                if not cut.reason:
                    raise
                _uncancel()
                if cut.reason == "left" and not outgoing.status:
                    outgoing.status, watch.code = 499, "CLIENT_LEFT"  # for the line and the metrics; nobody is told
                self._telemetry.metrics.event(cut.reason, "request")
                if cut.reason == "deadline":
                    raise too_late(self._deadline) from None
            finally:
                cut.close()
        finally:
            place.leave()


class _Place:
    """A place in the crowd that is given back once, however often it is left."""

    __slots__ = ("_crowd", "_held")

    def __init__(self, crowd: Crowd) -> None:
        self._crowd, self._held = crowd, True

    def leave(self) -> None:
        """Give it back."""
        if self._held:
            self._held = False
            self._crowd.leave()


def _uncancel() -> None:
    """The task goes on: it was cancelled by its own door."""
    task = asyncio.current_task()
    if task is not None:
        task.uncancel()


async def _unpacked(scope: _Message, headers: dict[bytes, bytes], cut: Cut) -> tuple[_Message, _Receive]:
    """The request as if it had not been packed. Raises ``RequestError`` (see ``unpack``)."""
    packed = await read_body(Request(scope, cut.receive))
    body = unpack(packed, headers[b"content-encoding"].decode("latin-1"), MOST_BYTES)
    about = (b"content-encoding", b"content-length")
    told = [pair for pair in scope["headers"] if pair[0] not in about]
    pending = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> _Message:
        return pending.pop() if pending else await cut.receive()

    return {**scope, "headers": [*told, (b"content-length", str(len(body)).encode())]}, receive


async def _answer_preflight(send: _Send, outgoing: Outgoing, origin: str) -> None:
    outgoing.status = 204
    headers = [*granted(origin, before=True), (b"vary", b"origin")]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def too_late(seconds: float) -> GatewayError:
    """The error for an answer that was not there after so many ``seconds``."""
    return RequestError(
        "DEADLINE_PASSED",
        f"No answer could be put together within {seconds:g} seconds.",
        status=504,
        hint="Ask for less in one operation, or ask again later.",
    )


def unforeseen() -> GatewayError:
    """The error for what nobody foresaw, which says that it happened and nothing of what it was."""
    return GatewayError(
        "INTERNAL",
        "Something went wrong inside the gateway.",
        hint="Tell whoever runs it when this happened; its log says more.",
    )


async def _refuse(scope: _Message, receive: _Receive, outgoing: Outgoing, error: GatewayError) -> None:
    """Answer with ``error``, unless an answer has begun already."""
    if not outgoing.status:
        await error_response(Request(scope), error)(scope, receive, outgoing.send)
