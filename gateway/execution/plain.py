"""Plain HTTP/1.1 to one address, over connections that are kept: a small client on httptools.

A request to a subgraph costs a third of what it costs with the library (docs/performance.md), and there are several to
every answer. It stays small by leaving to the library (``gateway.execution.http``) whatever is more than that: TLS,
HTTP/2, compressed answers, and requests that must not be sent twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections import deque
from collections.abc import Mapping
from typing import Any, Final, Self
from urllib.parse import urlsplit

import httptools

from gateway.deadlines import Deadlines
from gateway.execution.transport import SubgraphResponse

__all__ = ["Plain", "TooLarge"]

_HEAD: Final = 64_000  # bytes that an answer's head may have
_IDLE: Final = 60.0  # seconds after which an unused connection is no longer trusted to be there
_VISIBLE: Final = re.compile(r"[!-~]*")
_FORBIDDEN: Final = re.compile(r"[^\t -~]")  # in a header's value


class TooLarge(Exception):  # noqa: N818 (told on as a FetchError)
    """The answer is larger than what is accepted; the rest of it is not read."""


class _Lost(ConnectionError):  # noqa: N818 (told on as a FetchError)
    """The connection ended before the answer did. ``unheard``: before its first byte came."""

    def __init__(self, unheard: bool) -> None:
        super().__init__("the connection ended")
        self.unheard = unheard


class Plain:
    """Posts JSON to ``host`` and ``port``; use ``Plain.to`` to make one.

    ``timeout`` in seconds is for one whole request; ``max_bytes`` for one answer; ``idle`` for how many unused connections
    are kept. ``fit`` becomes false for good when an answer comes in a form that only the library reads.
    """

    def __init__(
        self, host: str, port: int, head: bytes, *, timeout: float, connect_timeout: float, max_bytes: int, idle: int
    ) -> None:
        self._host, self._port, self._head = host, port, head
        self._timeout, self._connect_timeout, self.max_bytes = timeout, connect_timeout, max_bytes
        self._most = idle
        self._loop: asyncio.AbstractEventLoop | None = None
        self._idle: deque[_Connection] = deque()
        self._busy: set[_Connection] = set()
        self._due: Deadlines[_Connection] = Deadlines(timeout, _Connection.silent)
        self.fit = True

    @classmethod
    def to(cls, url: str, **limits: Any) -> Self | None:
        """A client for ``url``; None where it is not plain HTTP or anything else than host, port and path is in it."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port or 80
        except ValueError:
            return None
        target = parts.path or "/"
        if parts.query:
            target += f"?{parts.query}"
        named = f"[{host}]" if host and ":" in host else host
        if parts.scheme != "http" or not host or not named or "@" in parts.netloc or parts.fragment:
            return None
        if not _VISIBLE.fullmatch(target + named):
            return None
        head = (
            f"POST {target} HTTP/1.1\r\nhost: {named}:{port}\r\nuser-agent: gateway\r\n"
            "content-type: application/json\r\naccept: application/json\r\ncontent-length: "
        )
        return cls(host, port, head.encode("ascii"), **limits)

    async def post(self, body: bytes, headers: Mapping[str, str]) -> SubgraphResponse | None:
        """The answer to ``body``; None where it is for the library to ask. A request may be sent twice.

        Raises ``TooLarge``, ``TimeoutError`` or ``OSError``.
        """
        data = b"%s%d\r\n%s\r\n%s" % (self._head, len(body), _lines(headers), body) if headers else (
            b"%s%d\r\n\r\n%s" % (self._head, len(body), body)
        )  # fmt: skip
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._idle.clear()  # of a loop that is gone
            self._loop = loop
        until = loop.time() + self._timeout
        kept = self._kept(loop)
        if kept is not None:
            self._due.begin(kept, loop)
            try:
                return await self._exchange(kept, data, loop)
            except _Lost as lost:
                if not lost.unheard:
                    raise
            finally:
                self._due.end(kept)
        # no connection was kept, or it was closed at the very moment it was used
        connection = await self._opened(loop)
        timer = loop.call_at(until, connection.silent)
        try:
            return await self._exchange(connection, data, loop)
        finally:
            timer.cancel()

    async def _exchange(
        self, connection: _Connection, data: bytes, loop: asyncio.AbstractEventLoop
    ) -> SubgraphResponse | None:
        self._busy.add(connection)
        try:
            return await connection.ask(data, loop)
        except BaseException:
            connection.drop()  # also where nobody waits any longer: what comes now belongs to no request
            raise
        finally:
            self._busy.discard(connection)

    async def _opened(self, loop: asyncio.AbstractEventLoop) -> _Connection:
        async with asyncio.timeout(self._connect_timeout):
            return (await loop.create_connection(lambda: _Connection(self), self._host, self._port))[1]

    def _kept(self, loop: asyncio.AbstractEventLoop) -> _Connection | None:
        """The connection that was used last, so that those which are not needed grow old."""
        idle = self._idle
        oldest = loop.time() - _IDLE
        while idle and idle[0].since < oldest:
            idle.popleft().drop()
        return idle.pop() if idle else None

    def keep(self, connection: _Connection) -> None:
        """Take back a connection whose answer is whole."""
        if len(self._idle) >= self._most or self._loop is None:
            connection.drop()
            return
        connection.since = self._loop.time()
        self._idle.append(connection)

    def lost(self, connection: _Connection) -> None:
        """Forget a connection that ended."""
        with contextlib.suppress(ValueError):
            self._idle.remove(connection)

    def close(self) -> None:
        """Close every connection; whoever waits for an answer has none."""
        idle, self._idle = self._idle, deque()
        for connection in (*idle, *self._busy):
            connection.fail(_Lost(unheard=False))


def _lines(headers: Mapping[str, str]) -> bytes:
    """Headers as they are sent. Raises ``ValueError`` where one would end early and let something else begin."""
    for name, value in headers.items():
        if _FORBIDDEN.search(value):
            raise ValueError(f"the header {name} cannot be sent")
    return "".join([f"{name}: {value}\r\n" for name, value in headers.items()]).encode("ascii")


class _Connection(asyncio.Protocol):
    """One connection: at most one request at a time, and the parser of its answers."""

    def __init__(self, plain: Plain) -> None:
        self._plain = plain
        self._parser = httptools.HttpResponseParser(self)
        self._transport: Any = None
        self._answer: asyncio.Future[SubgraphResponse | None] | None = None
        self._chunks: list[bytes] = []
        self._heard = self._size = 0
        self._measured = False  # the head says where the body ends; otherwise the connection's end is the body's
        self._headed = False
        self.since = 0.0

    def ask(self, data: bytes, loop: asyncio.AbstractEventLoop) -> asyncio.Future[SubgraphResponse | None]:
        """The answer to ``data``, a whole request, as soon as it is there."""
        self._answer = answer = loop.create_future()
        self._chunks = []
        self._heard = self._size = 0
        self._measured = self._headed = False
        if self._transport.is_closing():
            self.fail(_Lost(unheard=True))
        else:
            self._transport.write(data)
        return answer

    def fail(self, problem: Exception) -> None:
        """There will be no answer, because of ``problem``."""
        answer, self._answer = self._answer, None
        if answer is not None and not answer.done():
            answer.set_exception(problem)
        self.drop()

    def silent(self) -> None:
        """The time for an answer is over."""
        self.fail(TimeoutError())

    def drop(self) -> None:
        """End the connection at once."""
        self._answer = None
        self._plain.lost(self)
        self._transport.abort()

    def _tell(self) -> None:
        answer, self._answer = self._answer, None
        if answer is not None and not answer.done():
            chunks = self._chunks
            body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
            answer.set_result(SubgraphResponse(self._parser.get_status_code(), body) if self._plain.fit else None)

    # -- what the event loop says

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is there."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """A piece of the answer; what comes unasked ends the connection."""
        if self._answer is None:
            self.drop()
            return
        self._heard += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.fail(ConnectionError("no HTTP"))
        if self._answer is not None and self._heard > _HEAD + 8 * self._size:
            self.fail(TooLarge())  # a head without end, or chunks that are nearly all head

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection ended: so does a body whose end nothing else says."""
        self._plain.lost(self)
        if self._headed and not self._measured and exc is None:
            self._tell()
        self.fail(_Lost(unheard=not self._heard))

    # -- what the parser says

    def on_message_begin(self) -> None:
        """An answer begins; nobody asked for a second one."""
        if self._answer is None:
            self.drop()

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header of the answer."""
        name = name.lower()
        if name == b"content-length":
            self._measured = True
            if value.isdigit() and int(value) > self._plain.max_bytes:
                self.fail(TooLarge())
        elif name == b"transfer-encoding":
            self._measured = True
        elif name == b"content-encoding" and value.lower() != b"identity":
            self._plain.fit = False

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._headed = self._parser.get_status_code() >= 200

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        if self._answer is None:
            return
        self._size += len(body)
        if self._size > self._plain.max_bytes:
            self.fail(TooLarge())
            return
        self._chunks.append(body)

    def on_message_complete(self) -> None:
        """The answer is whole; one of the hundreds says only that another follows."""
        if self._parser.get_status_code() < 200:
            self._measured = False
            return
        if self._answer is None:
            return
        keep = self._parser.should_keep_alive()
        self._tell()
        if keep:
            self._plain.keep(self)
        else:
            self.drop()
