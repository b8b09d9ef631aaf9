"""A subscription over a WebSocket: the sub-protocol ``graphql-transport-ws``, one subscription a socket.

Source: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any, Final

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Subprotocol

from gateway.client.answer import Failure
from gateway.client.events import Event, Feed
from gateway.client.faults import Cut, Refused, told

__all__ = ["over_socket"]

_PROTOCOL: Final = Subprotocol("graphql-transport-ws")
_NAME: Final = "1"
_NOT_TAKEN: Final = 4403  # the token
_REFUSED: Final = frozenset({4400, 4401, 4403, 4406, 4409})
"""Codes with which a gateway closes for good; after all others the same may be asked again."""
_MOST: Final = 32_000_000  # bytes of one message


async def over_socket(
    url: str, token: str, body: bytes, feed: Feed, quiet: float
) -> AsyncGenerator[Event | None, None]:
    """None once the gateway has taken the subscription in ``body``, then its events; ``feed`` keeps the place.

    Raises ``Cut`` where the line broke and another can go on, ``Refused`` where none can; ends where the gateway ended it.
    """
    address = "ws" + url.removeprefix("http")
    try:
        async with (
            asyncio.timeout(quiet) as opening,
            connect(address, subprotocols=[_PROTOCOL], user_agent_header="gateway.client", max_size=_MOST) as socket,
        ):
            await _send(socket, type="connection_init", payload={"authorization": f"Bearer {token}"} if token else {})
            while (await _receive(socket, quiet)).get("type") != "connection_ack":
                pass
            opening.reschedule(None)
            await _send(socket, id=_NAME, type="subscribe", payload=_from(body, feed.cursor))
            yield None
            async for event in _events(socket, feed, quiet):
                yield event
    except ConnectionClosed as closed:
        code = closed.rcvd.code if closed.rcvd else 1006
        reason = closed.rcvd.reason if closed.rcvd else ""
        if code in _REFUSED:
            failure = Failure(f"The gateway closed the socket ({code}).", reason or "SOCKET_CLOSED")
            raise Refused(401 if code == _NOT_TAKEN else 400, (failure,)) from None
        raise Cut(f"the socket closed ({code})") from None
    except (OSError, InvalidHandshake, TimeoutError) as problem:
        raise Cut(str(problem) or type(problem).__name__) from None


async def _events(socket: ClientConnection, feed: Feed, quiet: float) -> AsyncGenerator[Event, None]:
    while True:
        page = await _receive(socket, quiet)
        match page.get("type"):
            case "next":
                answer = told(page.get("payload"))
                feed.cursor = str(answer.extensions.get("cursor", feed.cursor))
                yield Event(answer, feed.cursor)
            case "ping":
                payload = page.get("payload")
                feed.cursor = str(payload.get("cursor", feed.cursor)) if isinstance(payload, dict) else feed.cursor
                await _send(socket, type="pong")
            case "error":
                told({"errors": page.get("payload")})
            case "complete":
                return


def _from(body: bytes, cursor: str) -> dict[str, Any]:
    """The request in ``body``, to go on after ``cursor`` where there is one."""
    page: dict[str, Any] = orjson.loads(body)
    if cursor:
        page["extensions"] = {**page.get("extensions", {}), "resume": cursor}
    return page


async def _send(socket: ClientConnection, **page: Any) -> None:
    await socket.send(orjson.dumps(page).decode())


async def _receive(socket: ClientConnection, quiet: float) -> dict[str, Any]:
    """The next message. Raises ``Cut`` where it is none of the protocol's, ``TimeoutError`` after ``quiet`` seconds."""
    async with asyncio.timeout(quiet):
        text = await socket.recv()
    try:
        page = orjson.loads(text)
    except orjson.JSONDecodeError:
        page = None
    if not isinstance(page, dict):
        raise Cut("a message that is none of the protocol's")
    return page
