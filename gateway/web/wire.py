"""The server's protocol with two limits that it lacks: how large a request's head may be, and how long a request may come.

Without them a client that never ends its head holds memory without bound, and one that sends a byte a minute holds a
connection for ever. Both cost the client nothing.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any, Final

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateway.errors import RequestError

__all__ = ["Wire"]

_TOO_SLOW: Final = RequestError(
    "REQUEST_TOO_SLOW", "The request did not come in time.", status=408, hint="Send it in one go."
)
_TOO_LARGE: Final = RequestError(
    "HEAD_TOO_LARGE",
    "The head of the request is too large.",
    status=431,
    hint="Send fewer and shorter headers, and a long query by POST.",
)


class Wire(HttpToolsProtocol):
    """HTTP/1.1 of one connection. ``most_head`` in bytes, ``seconds`` for one request from its first byte to its last.

    A connection over which nothing has come yet has as long. What is refused is told with 408 or 431, and the connection
    ends.
    """

    most_head = 64_000
    seconds = 30.0

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._timer: asyncio.TimerHandle | None = None
        self._head: int | None = 0  # bytes of a head that is not whole; None while there is none

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The connection is there."""
        super().connection_made(transport)
        self._begin()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection ended."""
        self._end()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """A piece of a request."""
        super().data_received(data)
        if self._head is not None:
            self._head += len(data)
            if self._head > self.most_head:
                self._refuse(_TOO_LARGE)

    def handle_websocket_upgrade(self) -> None:
        """From here on the connection is another protocol's."""
        self._end()
        super().handle_websocket_upgrade()

    def on_message_begin(self) -> None:
        """A request begins."""
        self._begin()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._head = None
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._end()
        super().on_message_complete()

    def _begin(self) -> None:
        self._end()
        self._head = 0
        self._timer = self.loop.call_later(self.seconds, self._refuse, _TOO_SLOW)

    def _end(self) -> None:
        self._head = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse(self, why: RequestError) -> None:
        """Say why where nothing else is being said on this connection, and end it."""
        self._end()
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete:
            body = orjson.dumps({"errors": [why.as_graphql()]})
            self.transport.write(
                b"HTTP/1.1 %d %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%s"
                % (why.status, HTTPStatus(why.status).phrase.encode(), len(body), body)
            )
        self.transport.close()
