"""Subscriptions that a subgraph serves itself: over a WebSocket (``graphql-transport-ws``) or server-sent events.

For graphs of others; the agencies' own events come from their outboxes (``tail``). Whoever serves events like this keeps
none, so a stream of them cannot be resumed. One event is taken at a time: what the client does not take is not read
here either, and the connection's own flow control holds the subgraph up.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final

import orjson
from pyreqwest.client import ClientBuilder
from pyreqwest.exceptions import PyreqwestError
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from gateway.errors import FetchError

__all__ = ["open_upstream"]

PROTOCOL: Final = Subprotocol("graphql-transport-ws")
_MOST_BYTES: Final = 4_000_000
_CONNECT_SECONDS: Final = 5.0


@asynccontextmanager
async def open_upstream(url: str, subgraph: str, body: bytes) -> AsyncIterator[AsyncIterator[Mapping[str, Any]]]:
    """The results (``{"data": ..., "errors": ...}``) of the subscription in ``body``, opened at ``url``.

    ``ws`` and ``wss`` addresses are spoken to over a WebSocket, others by server-sent events. Raises ``FetchError``
    SUBGRAPH_UNREACHABLE where it cannot be opened, or breaks off; a subgraph that ends it ends the iteration.
    """
    opening = _over_socket(url, subgraph, body) if url.startswith("ws") else _over_events(url, subgraph, body)
    try:
        async with opening as results:
            yield results
    except (WebSocketException, PyreqwestError, OSError, TimeoutError) as problem:
        raise _broken(subgraph) from problem


@asynccontextmanager
async def _over_socket(url: str, subgraph: str, body: bytes) -> AsyncIterator[AsyncIterator[Mapping[str, Any]]]:
    async with connect(
        url,
        subprotocols=[PROTOCOL],
        open_timeout=_CONNECT_SECONDS,
        close_timeout=1,
        max_size=_MOST_BYTES,
        max_queue=4,
        compression=None,
        proxy=None,
    ) as socket:
        if socket.subprotocol != PROTOCOL:
            raise _broken(subgraph)
        await socket.send('{"type":"connection_init"}')

        async def results() -> AsyncIterator[Mapping[str, Any]]:
            async for text in socket:
                page = _object(text, subgraph)
                kind = page.get("type")
                if kind == "connection_ack":
                    await socket.send('{"id":"1","type":"subscribe","payload":' + body.decode() + "}")
                elif kind == "ping":
                    await socket.send('{"type":"pong"}')
                elif kind == "next":
                    yield _result(page.get("payload"), subgraph)
                elif kind == "error":
                    yield {"errors": page.get("payload")}
                    return
                elif kind == "complete":
                    return
            raise _broken(subgraph)  # closed without a word

        yield results()


@asynccontextmanager
async def _over_events(url: str, subgraph: str, body: bytes) -> AsyncIterator[AsyncIterator[Mapping[str, Any]]]:
    builder = (
        ClientBuilder()
        .connect_timeout(timedelta(seconds=_CONNECT_SECONDS))
        .follow_redirects(False)
        .no_proxy()
        .referer(False)
        .user_agent("gateway")
    )
    headers = {"content-type": "application/json", "accept": "text/event-stream"}
    async with builder.build() as client:
        asked = client.post(url).body_bytes(body)
        for name, value in headers.items():
            asked = asked.header(name, value)
        async with asked.build_streamed() as response:
            if response.status != 200:
                raise _broken(subgraph)

            async def results() -> AsyncIterator[Mapping[str, Any]]:
                async for name, data in _events(response.body_reader, subgraph):
                    if name == "next":
                        yield _result(_object(data, subgraph), subgraph)
                    elif name == "complete":
                        return
                raise _broken(subgraph)

            yield results()


async def _events(reader: Any, subgraph: str) -> AsyncIterator[tuple[str, bytes]]:
    """The events of a stream as (name, data); https://html.spec.whatwg.org/multipage/server-sent-events.html."""
    rest, name, data = b"", "", b""
    while (chunk := await reader.read_chunk()) is not None:
        rest += bytes(chunk)
        if len(rest) > _MOST_BYTES:
            raise _broken(subgraph)
        *lines, rest = rest.split(b"\n")
        for line in lines:
            line = line.rstrip(b"\r")
            if not line:
                if name:
                    yield name, data
                name, data = "", b""
                continue
            field, _, value = line.partition(b":")
            value = value.removeprefix(b" ")
            if field == b"event":
                name = value.decode("ascii", "replace")
            elif field == b"data":
                data += value


def _object(text: str | bytes, subgraph: str) -> dict[str, Any]:
    try:
        page = orjson.loads(text)
    except orjson.JSONDecodeError:
        page = None
    if not isinstance(page, dict):
        raise _broken(subgraph)
    return page


def _result(payload: Any, subgraph: str) -> Mapping[str, Any]:
    if not isinstance(payload, dict):
        raise _broken(subgraph)
    return payload


def _broken(subgraph: str) -> FetchError:
    return FetchError("SUBGRAPH_UNREACHABLE", f"Subgraph {subgraph} could not be reached.")
