"""Texts kept by their hash at first use (automatic persisted queries): in memory, or shared by gateways in Valkey."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final, Protocol

from gateway.documents.trusted import digest_of
from gateway.store import lost

__all__ = ["Kept", "MemoryKept", "ValkeyKept"]

_MOST_BYTES: Final = 8_000_000
_SECONDS: Final = 24 * 3600  # a text that nobody asked for so long leaves the store
_REST: Final = 2.0  # seconds without asking a store that was lost


class Kept(Protocol):
    """Where texts are kept."""

    async def get(self, digest: str) -> str | None:
        """The text with that SHA-256, or None."""

    async def put(self, digest: str, text: str) -> None:
        """Keep ``text``, whose SHA-256 is ``digest``, for as long as there is room."""


class MemoryKept:
    """Texts in this process, ``most`` bytes of them: whichever was asked for longest ago goes first."""

    def __init__(self, most: int = _MOST_BYTES) -> None:
        self._texts: OrderedDict[str, str] = OrderedDict()
        self._most = most
        self.bytes = 0

    async def get(self, digest: str) -> str | None:
        """The text with that SHA-256, or None."""
        text = self._texts.get(digest)
        if text is not None:
            self._texts.move_to_end(digest)
        return text

    async def put(self, digest: str, text: str) -> None:
        """Keep ``text``; one that is larger than all the room is not kept."""
        size = len(text.encode())
        if digest in self._texts or size > self._most:
            return
        self._texts[digest] = text
        self.bytes += size
        while self.bytes > self._most:
            _, gone = self._texts.popitem(last=False)
            self.bytes -= len(gone.encode())


class ValkeyKept:
    """Texts in the store of ``client``, each for a day since it was last put or asked for; also in ``own``.

    ``own`` alone serves while the store cannot be reached, which ``note`` is told each time; ``clock`` gives growing
    seconds. A text from the store counts only when it has the hash it was asked by: who can write there can make
    nobody run another operation.
    """

    def __init__(self, client: Any, own: Kept, clock: Callable[[], float], note: Callable[[str, str], None]) -> None:
        self._client = client
        self._own = own
        self._clock = clock
        self._note = note
        self._lost_until = float("-inf")

    async def get(self, digest: str) -> str | None:
        """The text with that SHA-256, or None."""
        text = await self._own.get(digest)
        if text is not None:
            return text
        raw = await self._ask(lambda: self._client.getex(f"tws:document:{digest}", ex=_SECONDS))
        found = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else None
        if found is None or digest_of(found) != digest:
            return None
        await self._own.put(digest, found)
        return found

    async def put(self, digest: str, text: str) -> None:
        """Keep ``text`` here and in the store."""
        await self._own.put(digest, text)
        await self._ask(lambda: self._client.set(f"tws:document:{digest}", text, ex=_SECONDS))

    async def _ask(self, word: Callable[[], Any]) -> Any:
        """What the store says; None while it is lost."""
        if self._clock() >= self._lost_until:
            try:
                return await word()
            except lost():
                self._lost_until = self._clock() + _REST
        self._note("store_lost", "documents")
        return None
