"""A second request where the first takes longer than nearly all did: whichever answers first is the answer.

What is slow by chance (a lost packet, a garbage collection, one bad replica) is cut short. Only what may be asked twice is,
and only a small share of it: a subgraph that is slow for all gets no second load.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable
from typing import Final, Generic

from gateway.resilience.seam import RequestT, ResponseT, Send

__all__ = ["Hedges"]

_KEPT: Final = 200  # times of each subgraph
_FEWEST: Final = 20  # below so many, nothing is known
_LEAST: Final = 0.005  # seconds; sooner than that no second request is worth its cost
_BURST: Final = 10.0


class Hedges(Generic[RequestT, ResponseT]):
    """Passes requests on to ``inner``; after the time in which 95 of 100 were answered, once more.

    ``share(subgraph)`` of its requests at most are sent twice (0: none). ``clock`` gives seconds that only grow.
    ``note`` is told ``hedged`` for each second request, and ``hedge_won`` where that was the answer.
    """

    def __init__(
        self,
        inner: Send[RequestT, ResponseT],
        share: Callable[[str], float],
        clock: Callable[[], float],
        note: Callable[[str, str], None] = lambda event, of: None,
    ) -> None:
        self._inner = inner
        self._share = share
        self._clock = clock
        self._note = note
        self._times: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=_KEPT))
        self._tokens: defaultdict[str, float] = defaultdict(lambda: 1.0)

    def patience(self, subgraph: str) -> float | None:
        """Seconds after which ``subgraph`` is asked again; None while too little is known of it."""
        times = self._times[subgraph]
        if len(times) < _FEWEST:
            return None
        return max(_LEAST, sorted(times)[len(times) * 95 // 100])

    async def send(self, request: RequestT) -> ResponseT:
        """The first answer to ``request``; where none comes, what the last try raised."""
        name, share = request.subgraph, self._share(request.subgraph)
        if not share or not request.idempotent:
            return await self._inner.send(request)
        self._tokens[name] = min(_BURST, self._tokens[name] + share)
        patience = self.patience(name)
        if patience is None:
            return await self._timed(request)
        first: asyncio.Future[ResponseT] = asyncio.ensure_future(self._timed(request))
        tries = {first}
        try:
            await asyncio.wait(tries, timeout=patience)
            if not first.done() and self._tokens[name] >= 1:
                self._tokens[name] -= 1
                self._note("hedged", name)
                tries.add(asyncio.ensure_future(self._timed(request)))
            return await self._first_of(tries, first, name)
        finally:
            for each in tries:
                each.cancel()  # also where nobody waits any longer
            await asyncio.gather(*tries, return_exceptions=True)

    async def _first_of(
        self, tries: set[asyncio.Future[ResponseT]], first: asyncio.Future[ResponseT], name: str
    ) -> ResponseT:
        waiting = set(tries)
        while True:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            answered = next((each for each in done if each.exception() is None), None)
            if answered is not None:
                if answered is not first:
                    self._note("hedge_won", name)
                return answered.result()
            if not waiting:
                return done.pop().result()

    async def _timed(self, request: RequestT) -> ResponseT:
        began = self._clock()
        answer = await self._inner.send(request)
        self._times[request.subgraph].append(self._clock() - began)
        return answer
