"""Subscriptions over HTTP: server-sent events (graphql-sse, distinct connections) and multipart.

Sources: https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md and, for ``multipart/mixed`` with
``subscriptionSpec``, https://www.apollographql.com/docs/graphos/routing/operations/subscriptions/multipart-protocol.
One request is one subscription. A client that was cut off sends the last ``id`` it saw as ``Last-Event-ID``.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any, Final, Literal, TypeAlias

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.caller import Caller
from gateway.errors import GatewayError, RequestError
from gateway.house import Question, Reply
from gateway.live import Beat, Ended, Live, Message, Next
from gateway.telemetry import watching
from gateway.web.door import unforeseen

__all__ = ["Ask", "Kind", "Streamed", "open_stream", "stream_kind", "stream_refusal"]

Kind: TypeAlias = Literal["", "sse", "multipart"]
Ask: TypeAlias = Callable[[], Awaitable[Reply]]
_SSE: Final = "text/event-stream"
_MULTIPART: Final = 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0'
_PART: Final = b"\r\n--graphql\r\ncontent-type: application/json\r\n\r\n"


def stream_kind(request: Request) -> Kind:
    """How the client takes a stream; ``""`` when it takes none."""
    accept = request.headers.get("accept", "").lower()
    if _SSE in accept:
        return "sse"
    return "multipart" if "multipart/mixed" in accept and "subscriptionspec" in accept else ""


def stream_refusal(error: GatewayError) -> Response:
    """The answer where no stream begins: the error's own status and its code."""
    errors = getattr(error, "errors", None) or (error,)
    body = orjson.dumps({"errors": [each.as_graphql() for each in errors]})
    headers = {"cache-control": "no-store", "vary": "accept, authorization"}
    if error.status == 401:
        headers["www-authenticate"] = "Bearer" if error.code == "TOKEN_MISSING" else 'Bearer error="invalid_token"'
    return Response(body, error.status, headers, "application/json; charset=utf-8")


async def open_stream(
    request: Request, kind: Kind, question: Question, caller: Caller | None, live: Live, ask: Ask
) -> Response | None:
    """The response that streams the subscription; None where a multipart client sent no subscription.

    A query or mutation over server-sent events is answered by one event. Raises ``GatewayError`` before anything is
    sent.
    """
    stack = AsyncExitStack()
    resume = request.headers.get("last-event-id", "")
    try:
        messages = await stack.enter_async_context(live.subscribe(question, caller, resume))
    except RequestError as error:
        if error.code != "NOT_A_SUBSCRIPTION":
            raise
        if kind == "multipart":
            return None
        messages = _once(await ask())
    return Streamed(messages, stack, kind, live)


async def _once(reply: Reply) -> AsyncIterator[Message]:
    yield Next(reply.body, "")
    yield Ended()


class Streamed(Response):
    """Sends messages until they end, the client goes away, or it takes nothing for ``live.slow`` seconds."""

    def __init__(self, messages: AsyncIterator[Message], stack: AsyncExitStack, kind: Kind, live: Live) -> None:
        self._messages, self._stack, self._live = messages, stack, live
        self._kind = kind
        self._frame = _sse_frame if kind == "sse" else _multipart_frame
        self.status_code = 200
        self.background = None
        self.body = b""
        # a proxy that buffers would hold events back (nginx minds x-accel-buffering)
        headers = {"cache-control": "no-store", "vary": "accept, authorization", "x-accel-buffering": "no"}
        self.media_type = _SSE if kind == "sse" else _MULTIPART
        self.charset = "utf-8"
        self.init_headers({**headers, "content-type": self.media_type})
        del self.headers["content-length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sending = asyncio.ensure_future(self._send_all(send))
        leaving = asyncio.ensure_future(_left(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sending, leaving):
                task.cancel()
            try:
                await asyncio.gather(sending, leaving, return_exceptions=True)
            finally:  # the door may cut this off in the middle of it
                await self._stack.aclose()
        if not sending.cancelled() and (problem := sending.exception()) is not None:
            raise problem

    async def _send_all(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        async with contextlib.aclosing(self._messages) as messages:  # type: ignore[type-var]
            async for message in self._whole(messages):
                part = {"type": "http.response.body", "body": self._frame(message), "more_body": True}
                try:
                    async with asyncio.timeout(self._live.slow):
                        await send(part)
                except TimeoutError:  # it takes nothing: it is let go, and comes back with its cursor
                    self._live.telemetry.metrics.event("stream_slow", self._kind)
                    return
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _whole(self, messages: AsyncIterator[Message]) -> AsyncIterator[Message]:
        """``messages``; a fault nobody foresaw ends them with a coded error, without its message, which may quote."""
        try:
            async for message in messages:
                yield message
        except Exception as problem:
            self._live.telemetry.lines.fault(watching(), problem)
            yield Ended(unforeseen())


async def _left(receive: Receive) -> None:
    """Return when the client has gone away."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _sse_frame(message: Message) -> bytes:
    if isinstance(message, Next):
        place = b"id: " + message.cursor.encode() + b"\n" if message.cursor else b""
        return b"event: next\n" + place + b"data: " + message.body + b"\n\n"
    if isinstance(message, Beat):  # no data, so that nothing is dispatched; the id is remembered all the same
        return (b"id: " + message.cursor.encode() + b"\n\n") if message.cursor else b":\n\n"
    end = b"event: complete\ndata:\n\n"
    return end if message.error is None else b"event: next\ndata: " + _errors(message.error) + b"\n\n" + end


def _multipart_frame(message: Message) -> bytes:
    if isinstance(message, Next):
        return _PART + b'{"payload":' + message.body + b"}"
    if isinstance(message, Beat):
        return _PART + b"{}"
    end = b"\r\n--graphql--\r\n"
    if message.error is None:
        return end
    return _PART + b'{"payload":null,' + _errors(message.error)[1:] + end


def _errors(error: GatewayError) -> bytes:
    errors: Any = getattr(error, "errors", None) or (error,)
    return orjson.dumps({"errors": [each.as_graphql() for each in errors]})
