"""What leaves: every answer with its security headers, compressed where the client takes it, and not sent at all where
the client has it already (ETag).
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Final, TypeAlias

from gateway.telemetry import Watch
from gateway.web.encodings import SMALLEST, chosen, pack

__all__ = ["WHOLE", "Outgoing"]

WHOLE: Final = "gateway.whole"  # among a scope's extensions: a way to send head and body at once

_Message: TypeAlias = MutableMapping[str, Any]
_Pairs: TypeAlias = list[tuple[bytes, bytes]]

# for whatever says nothing else of itself; pages that need more say it themselves
_SECURE: Final[Mapping[bytes, bytes]] = {
    b"content-security-policy": b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-resource-policy": b"same-origin",
}
_BEGUN: Final = b"HTTP/1.1 200 OK\r\n" + b"".join(b"%s: %s\r\n" % pair for pair in _SECURE.items())
_PACKED: Final = (b"application/json", b"application/graphql-response+json", b"text/", b"image/svg")


class Outgoing:
    """Sends one answer by ``send``. ``asked`` are the request's headers; ``extra`` are added to the answer's.

    ``kept`` answers may be kept by the client and asked for again with If-None-Match: GET of what is public. ``status``
    and ``bytes`` say what was sent; ``on_stream`` is called once when the answer turns out to be a stream.
    """

    __slots__ = (
        "_asked",
        "_extra",
        "_held",
        "_kept",
        "_send",
        "_silent",
        "bytes",
        "on_stream",
        "permitted",
        "status",
        "watch",
        "wire",
    )

    def __init__(
        self,
        send: Callable[[_Message], Awaitable[None]],
        asked: Mapping[bytes, bytes],
        extra: _Pairs,
        *,
        kept: bool = False,
    ) -> None:
        self._send, self._asked, self._extra, self._kept = send, asked, extra, kept
        self._held: _Message | None = None
        self._silent = False
        self.status = self.bytes = 0
        self.on_stream: Callable[[], None] | None = None
        self.watch: Watch | None = None
        self.permitted: frozenset[str] = frozenset()
        self.wire: Callable[[bytes, bytes], bool] | None = None

    async def send(self, message: _Message) -> None:
        """Pass one part of the answer on; the head waits for the body's first part, which decides what it says."""
        if message["type"] == "http.response.start":
            self.status, self._held = message["status"], message
        elif message["type"] == "http.response.body":
            if self._held is not None:
                held, self._held = self._held, None
                await self._begin(held, message)
            elif not self._silent:
                await self._on(message)
        else:
            await self._send(message)

    def whole(self, head: bytes, body: bytes) -> bool:
        """Send an answer that is whole and as good as it gets at once: ``head`` are its own headers, a line each.

        False, and nothing is sent, where the answer needs more than that: packing, headers for another site's page, times
        of stages. It has to be sent as messages then, and leaves with the same headers.
        """
        if self.wire is None or self._extra or self.permitted or b"accept-encoding" in self._asked:
            return False
        if not self.wire(_BEGUN + head, body):
            return False
        self.status, self.bytes = 200, len(body)
        return True

    async def _begin(self, start: _Message, first: _Message) -> None:
        pairs: _Pairs = [*start["headers"], *self._extra]
        told = {name.lower(): value for name, value in pairs}
        pairs += [(name, value) for name, value in _SECURE.items() if name not in told]
        if self.permitted and (timing := self._timing()):
            pairs.append((b"server-timing", timing))
        whole = not first.get("more_body")
        if not whole and self.on_stream is not None:
            self.on_stream()
        if self._kept and self.status == 200 and b"no-store" not in told.get(b"cache-control", b""):
            tag = told.get(b"etag") or (_tag(first.get("body", b"")) if whole else b"")
            if tag and b"etag" not in told:
                pairs += [(b"etag", tag)] + ([] if b"cache-control" in told else [(b"cache-control", b"no-cache")])
            if tag and _matches(self._asked.get(b"if-none-match", b""), tag):
                await self._not_modified(start, pairs)
                return
        if whole:
            pairs, first = self._packed(pairs, told, first)
        await self._send({**start, "headers": pairs})
        await self._on(first)

    async def _on(self, message: _Message) -> None:
        self.bytes += len(message.get("body", b""))
        await self._send(message)

    def _packed(self, pairs: _Pairs, told: Mapping[bytes, bytes], first: _Message) -> tuple[_Pairs, _Message]:
        """The head and the body, packed where that is wanted and worth it."""
        body = first.get("body", b"")
        if (
            len(body) < SMALLEST
            or b"content-encoding" in told
            or not told.get(b"content-type", b"").startswith(_PACKED)
        ):
            return pairs, first
        pairs = _vary(pairs, b"accept-encoding")
        coding = chosen(self._asked.get(b"accept-encoding", b"").decode("latin-1"))
        if not coding:
            return pairs, first
        body = pack(body, coding)
        pairs = [pair for pair in pairs if pair[0].lower() != b"content-length"]
        # a tag names bytes; the packed ones are others (RFC 9110 section 8.8.1), so it says that it is weak
        pairs = [(n, b"W/" + v if n == b"etag" and not v.startswith(b"W/") else v) for n, v in pairs]
        pairs += [(b"content-encoding", coding.encode()), (b"content-length", str(len(body)).encode())]
        return pairs, {**first, "body": body}

    async def _not_modified(self, start: _Message, pairs: _Pairs) -> None:
        self.status, self._silent = 304, True
        left = (b"content-length", b"content-type")
        kept = [pair for pair in pairs if pair[0].lower() not in left]
        await self._send({**start, "status": 304, "headers": kept})
        await self._send({"type": "http.response.body", "body": b""})

    def _timing(self) -> bytes:
        """The stages' times, for those who may see them."""
        watch = self.watch
        if watch is None or not ("all" in self.permitted or watch.role in self.permitted):
            return b""
        return ", ".join(f"{stage};dur={took * 1000:.2f}" for stage, took in watch.timings().items()).encode()


def _tag(body: bytes) -> bytes:
    return b'"' + hashlib.blake2b(body, digest_size=16).hexdigest().encode() + b'"'


def _matches(header: bytes, tag: bytes) -> bool:
    """Whether an If-None-Match names ``tag``, compared weakly (RFC 9110 section 13.1.2)."""
    plain = tag.removeprefix(b"W/")
    return any(each.strip().removeprefix(b"W/") in (plain, b"*") for each in header.split(b",")) if header else False


def _vary(pairs: _Pairs, name: bytes) -> _Pairs:
    """``pairs`` with one more header name that the answer varies by."""
    found = next((value for key, value in pairs if key.lower() == b"vary"), b"")
    if name in found.lower():
        return pairs
    return [pair for pair in pairs if pair[0].lower() != b"vary"] + [(b"vary", b", ".join(filter(None, (found, name))))]
