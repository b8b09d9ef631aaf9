"""Server-sent events as they come in pieces: what was sent, and the place after it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway.client.answer import Answer

__all__ = ["Event", "Feed", "Sent"]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, as this caller may know of it. ``cursor``: subscribe with it to go on after this one."""

    answer: Answer
    cursor: str


@dataclass(frozen=True, slots=True)
class Sent:
    """One block of the stream: its kind (``next``, ``complete``, or ``message`` for a sign of life), its data."""

    kind: str
    data: str


@dataclass(slots=True)
class Feed:
    """The blocks of a stream, cut out of the pieces in which it comes; ``cursor`` is the last id that was seen.

    Source: https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
    """

    cursor: str = ""
    _held: bytes = b""
    _kind: str = ""
    _data: list[str] = field(default_factory=list)

    def begin(self) -> None:
        """Forget what came of a block that was not whole: a new connection begins, after ``cursor``."""
        self._held, self._kind, self._data = b"", "", []

    def take(self, piece: bytes) -> Iterator[Sent]:
        """The blocks that end within ``piece``."""
        *lines, self._held = (self._held + piece).split(b"\n")
        for line in lines:
            text = line.rstrip(b"\r").decode("utf-8", "replace")
            if text:
                self._line(text)
                continue
            kind, data, self._kind, self._data = self._kind, self._data, "", []
            if kind or data:
                yield Sent(kind or "message", "\n".join(data))

    def _line(self, text: str) -> None:
        name, _, value = text.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self._kind = value
        elif name == "data":
            self._data.append(value)
        elif name == "id" and "\0" not in value:
            self.cursor = value
