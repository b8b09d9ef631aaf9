"""The server's protocol with two limits that it lacks: how large a request's head may be, and how long a request may come.

Without them a client that never ends its head holds memory without bound, and one that sends a byte a minute holds a
connection for ever. Both cost the client nothing.

And with one short way: an answer that is whole may be written at once, head and body (``WHOLE`` among the scope's
extensions). The server's own way takes two messages, looks at each header by itself, and costs as much as all that the
gateway does around an answer.
"""

from __future__ import annotations

import asyncio
from functools import partial
from http import HTTPStatus
from typing import Any, Final
from weakref import WeakKeyDictionary, ref

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from gateway.deadlines import Deadlines
from gateway.errors import RequestError
from gateway.web.outgoing import WHOLE

__all__ = ["Wire"]

_CLOSE: Final = (b"connection", b"close")
_TOO_SLOW: Final = RequestError(
    "REQUEST_TOO_SLOW", "The request did not come in time.", status=408, hint="Send it in one go."
)
_TOO_LARGE: Final = RequestError(
    "HEAD_TOO_LARGE",
    "The head of the request is too large.",
    status=431,
    hint="Send fewer and shorter headers, and a long query by POST.",
)


class _Shared:
    """What the connections of one server have together: whose request is coming, who is idle, and the common headers."""

    __slots__ = ("_pairs", "_written", "coming", "idle", "leaving")

    def __init__(self, seconds: float, keep_alive: float) -> None:
        self.coming: Deadlines[Wire] = Deadlines(seconds, lambda wire: wire.refuse(_TOO_SLOW))
        self.idle: Deadlines[Wire] = Deadlines(keep_alive, lambda wire: wire.timeout_keep_alive_handler())
        self._pairs: list[tuple[bytes, bytes]] | None = None
        self._written = b""
        self.leaving = False

    def common(self, state: ServerState) -> bytes:
        """The headers that the server adds to every answer, date and name: written anew when it makes them anew."""
        if self._pairs is not state.default_headers:
            self._pairs = state.default_headers
            self._written = b"".join([b"%s: %s\r\n" % pair for pair in self._pairs])
        return self._written


_all: WeakKeyDictionary[ServerState, _Shared] = WeakKeyDictionary()


class Wire(HttpToolsProtocol):
    """HTTP/1.1 of one connection. ``most_head`` in bytes, ``seconds`` for one request from its first byte to its last.

    A connection over which nothing has come yet has as long. What is refused is told with 408 or 431, and the connection
    ends.
    """

    most_head = 64_000
    seconds = 30.0

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._shared = self._shared_of(self.server_state, self.timeout_keep_alive)
        self._head: int | None = 0  # bytes of a head that is not whole; None while there is none

    @classmethod
    def _shared_of(cls, state: ServerState, keep_alive: float) -> _Shared:
        shared = _all.get(state)
        if shared is None:
            shared = _all[state] = _Shared(cls.seconds, keep_alive)
        return shared

    @classmethod
    def let_go(cls, state: ServerState) -> None:
        """From now on each answer of the server with ``state`` says that it is the last on its connection."""
        cls._shared_of(state, 0.0).leaving = True

    @property
    def silent(self) -> bool:
        """Whether nothing has been asked over it yet."""
        return self.cycle is None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The connection is there."""
        super().connection_made(transport)
        self._begin()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection ended."""
        self._end()
        self._shared.idle.end(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """A piece of a request."""
        super().data_received(data)
        if self._head is not None:
            self._head += len(data)
            if self._head > self.most_head:
                self.refuse(_TOO_LARGE)

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
        if self.cycle is None:  # a handshake, and nothing was asked before it
            return
        # not the cycle itself, which holds the scope: what is in a circle waits for the collector
        extensions: dict[str, Any] = {WHOLE: partial(self._whole, ref(self.cycle))}
        self.scope["extensions"] = extensions
        if self._shared.leaving:
            self.cycle.default_headers = [*self.cycle.default_headers, _CLOSE]

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._end()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """An answer is out: the next request's turn, or nobody's, for a while."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        else:
            self._shared.idle.begin(self, self.loop)

    def _unset_keepalive_if_required(self) -> None:
        self._shared.idle.end(self)

    def _whole(self, of: ref[RequestResponseCycle], head: bytes, body: bytes) -> bool:
        """Write an answer: ``head`` is the status line and every header with its line's end. False where it is for the
        server's own way: the connection ends with this answer, or is full, or was written to already.
        """
        cycle = of()
        if (
            cycle is None
            or cycle.response_started
            or cycle.disconnected
            or not cycle.keep_alive
            or self._shared.leaving
            or self.flow.write_paused
        ):
            return False
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        self.transport.writelines((head, self._shared.common(self.server_state), b"\r\n", body))
        cycle.message_event.set()
        self.on_response_complete()
        return True

    def _begin(self) -> None:
        self._head = 0
        self._shared.coming.begin(self, self.loop)

    def _end(self) -> None:
        self._head = None
        self._shared.coming.end(self)

    def refuse(self, why: RequestError) -> None:
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
