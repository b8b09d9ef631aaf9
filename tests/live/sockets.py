"""A client of ``graphql-transport-ws`` inside this process, one ASGI scope long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson

from gateway.web.socket import PROTOCOL
from tests.live.listening import SECONDS

__all__ = ["Socket", "connected"]


@dataclass(slots=True)
class Socket:
    """What is sent to the gateway and what it sends."""

    to_gateway: asyncio.Queue[dict[str, Any]] = field(default_factory=asyncio.Queue)
    from_gateway: asyncio.Queue[dict[str, Any]] = field(default_factory=asyncio.Queue)

    def send(self, **page: Any) -> None:
        """Send one message of the protocol."""
        self.send_text(orjson.dumps(page).decode())

    def send_text(self, text: str) -> None:
        """Send any text."""
        self.to_gateway.put_nowait({"type": "websocket.receive", "text": text})

    async def raw(self) -> dict[str, Any]:
        """The next ASGI message from the gateway."""
        async with asyncio.timeout(SECONDS):
            return await self.from_gateway.get()

    async def next(self) -> Any:
        """The next message of the protocol that is not a sign of life."""
        while True:
            message = await self.raw()
            assert message["type"] == "websocket.send", message
            page = orjson.loads(message["text"])
            if page["type"] != "ping":
                return page

    async def greet(self, token: str) -> None:
        """Say who asks, and be let in."""
        self.send(type="connection_init", payload={"authorization": f"Bearer {token}"})
        assert await self.next() == {"type": "connection_ack"}

    async def closed(self) -> tuple[int, str]:
        """The code and reason with which the gateway closes."""
        while (message := await self.raw())["type"] != "websocket.close":
            pass
        return message["code"], message.get("reason", "")


class Served(Protocol):
    """Whatever has the gateway's application."""

    @property
    def app(self) -> Any: ...


@asynccontextmanager
async def connected(street: Served, protocol: str = PROTOCOL, **headers: str) -> AsyncIterator[Socket]:
    """A socket whose handshake is done; it is closed at the end of the block."""
    socket = Socket()
    scope = {
        "type": "websocket", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "ws",
        "path": "/graphql", "raw_path": b"/graphql", "query_string": b"", "root_path": "",
        "headers": [(b"host", b"gateway.example"), *((n.encode(), v.encode()) for n, v in headers.items())],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80), "subprotocols": [protocol],
    }  # fmt: skip
    socket.to_gateway.put_nowait({"type": "websocket.connect"})

    async def send(message: Any) -> None:
        if message["type"] != "websocket.accept":
            socket.from_gateway.put_nowait(message)

    serving = asyncio.create_task(street.app(scope, socket.to_gateway.get, send))
    try:
        yield socket
    finally:
        socket.to_gateway.put_nowait({"type": "websocket.disconnect", "code": 1000})
        async with asyncio.timeout(SECONDS):
            await serving
