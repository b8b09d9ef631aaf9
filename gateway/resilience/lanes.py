"""How many requests a subgraph is asked at once: more wait in line, in the order in which they came.

Waiting counts towards the request's time limit, so a subgraph that is slow makes nobody wait longer than one that is
silent. Its connections are never more than its lanes.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from typing import Generic

from gateway.resilience.seam import RequestT, ResponseT, Send

__all__ = ["Lanes"]


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
        self._lanes: dict[str, asyncio.Semaphore] = {}
        self._inside: defaultdict[str, int] = defaultdict(int)

    def inside(self) -> dict[str, int]:
        """How many requests each subgraph is asked now."""
        return dict(self._inside)

    async def send(self, request: RequestT) -> ResponseT:
        """The answer to ``request``, once it is its turn."""
        name = request.subgraph
        lanes = self._lanes.get(name)
        if lanes is None:
            lanes = self._lanes[name] = asyncio.Semaphore(self._most(name))
        if lanes.locked():
            self._note("waited", name)
        async with lanes:
            self._inside[name] += 1
            try:
                return await self._inner.send(request)
            finally:
                self._inside[name] -= 1
