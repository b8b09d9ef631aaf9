"""How many requests a subgraph is asked at once: more wait in line, in the order in which they came.

Waiting counts towards the request's time limit, so a subgraph that is slow makes nobody wait longer than one that is
silent. Its connections are never more than its lanes.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Generic

from gateway.resilience.seam import RequestT, ResponseT, Send

__all__ = ["Lanes"]


class _Lane:
    """One subgraph's: how many more it may be asked now, and who waits."""

    __slots__ = ("free", "most", "waiting")

    def __init__(self, most: int) -> None:
        self.most = self.free = most
        self.waiting: deque[asyncio.Future[None]] = deque()

    async def wait(self) -> None:
        """Wait until it is one's turn; who stops waiting gives the turn on."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave()
            raise

    def leave(self) -> None:
        """Whoever waited longest is next."""
        while self.waiting:
            turn = self.waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self.free += 1


class Lanes(Generic[RequestT, ResponseT]):
    """Passes requests on to ``inner``, of each subgraph at most ``most(subgraph)`` at once.

    ``note`` is told ``waited`` for each that finds no lane free.
    """

    def __init__(
        self,
        inner: Send[RequestT, ResponseT],
        most: Callable[[str], int],
        note: Callable[[str, str], None] = lambda event, of: None,
    ) -> None:
        self._inner = inner
        self._most = most
        self._note = note
        self._lanes: dict[str, _Lane] = {}

    def inside(self) -> dict[str, int]:
        """How many requests each subgraph is asked now."""
        return {name: lane.most - lane.free for name, lane in self._lanes.items()}

    async def send(self, request: RequestT) -> ResponseT:
        """The answer to ``request``, once it is its turn."""
        name = request.subgraph
        lane = self._lanes.get(name)
        if lane is None:
            lane = self._lanes[name] = _Lane(self._most(name))
        if lane.free:
            lane.free -= 1
        else:
            self._note("waited", name)
            await lane.wait()
        try:
            return await self._inner.send(request)
        finally:
            lane.leave()
