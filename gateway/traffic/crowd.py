"""How many requests are worked on at once: so many have a place, some more wait for one, the rest are sent away.

A server that takes everything in answers nobody in time. Sending away is cheap and says when to come back.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from gateway.errors import RequestError

__all__ = ["Crowd"]


class Crowd:
    """Places for ``most`` requests, and a queue of ``waiting`` more, none of which waits longer than ``patience`` seconds.

    Places go to who waited longest. ``note`` is told ``shed`` for each request that is sent away.
    """

    def __init__(
        self, most: int, waiting: int, patience: float, note: Callable[[str, str], None] = lambda event, of: None
    ) -> None:
        self._most = most
        self._room = waiting
        self._patience = patience
        self._note = note
        self._queue: deque[asyncio.Future[None]] = deque()
        self.inside = 0

    @property
    def waiting(self) -> int:
        """How many wait for a place now."""
        return len(self._queue)

    async def enter(self) -> None:
        """A place, now or as soon as one is free; ``leave`` gives it back. Raises ``RequestError`` GATEWAY_OVERLOADED (503)."""
        if self.inside < self._most:
            self.inside += 1
            return
        if len(self._queue) >= self._room:
            raise self._sent_away("full")
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(place)
        try:
            async with asyncio.timeout(self._patience):
                await place
        except TimeoutError:
            if self._given(place):
                return
            raise self._sent_away("patience") from None
        except asyncio.CancelledError:
            if self._given(place):
                self.leave()
            raise

    def leave(self) -> None:
        """The place is free: whoever waited longest has it now."""
        while self._queue:
            place = self._queue.popleft()
            if not place.done():
                place.set_result(None)
                return
        self.inside -= 1

    def _given(self, place: asyncio.Future[None]) -> bool:
        """Whether a place was given at the very moment that waiting ended; who was given none waits no more."""
        if place.done() and not place.cancelled():
            return True
        if place in self._queue:
            self._queue.remove(place)
        return False

    def _sent_away(self, why: str) -> RequestError:
        self._note("shed", why)
        return RequestError(
            "GATEWAY_OVERLOADED",
            "More is asked at the moment than can be answered.",
            status=503,
            hint="Ask again after the time that Retry-After says.",
            retry_after=max(1, round(self._patience)),
        )
