"""Retries with a budget: a request that is safe to repeat is sent once more, as long as retries stay a small share.

The budget is a bucket for each subgraph: each request puts ``share`` of a token in (up to ``burst``), each retry takes one
out. When everything fails, load grows by ``share`` and not twofold. Before it is sent again there is a pause of chance
length, so that what failed together does not come back together.
"""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Final, Generic

from gateway.errors import FetchError
from gateway.resilience.seam import RequestT, ResponseT, Send

__all__ = ["Retries"]

# what may have gone wrong by chance on the way; a breaker's refusal or an answer that makes no sense may not
_BY_CHANCE = frozenset({"SUBGRAPH_UNREACHABLE", "SUBGRAPH_TIMEOUT"})
_PAUSE: Final = 0.1  # seconds at most


class Retries(Generic[RequestT, ResponseT]):
    """Passes requests on to ``inner``, and once more where the first try failed and the budget allows it.

    ``chance`` gives numbers from 0 to 1, ``pause`` waits so many seconds. ``note`` is told ``retried`` for each second
    try, and ``retry_withheld`` where the budget was spent.
    """

    def __init__(
        self,
        inner: Send[RequestT, ResponseT],
        share: float | Callable[[str], float] = 0.1,
        burst: float = 10.0,
        *,
        note: Callable[[str, str], None] = lambda event, of: None,
        chance: Callable[[], float] = random.random,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._inner = inner
        self._share = share if callable(share) else lambda subgraph: share
        self._burst = burst
        self._note = note
        self._chance = chance
        self._pause = pause
        self._tokens: defaultdict[str, float] = defaultdict(lambda: burst)

    async def send(self, request: RequestT) -> ResponseT:
        """The answer to ``request``; what the last try raised where there is none. A mutation is tried once."""
        name = request.subgraph
        if self._tokens[name] < self._burst:
            self._tokens[name] = min(self._burst, self._tokens[name] + self._share(name))
        try:
            return await self._inner.send(request)
        except FetchError as error:
            if not request.idempotent or error.code not in _BY_CHANCE or not self._may(name):
                raise
        await self._pause(self._chance() * _PAUSE)
        return await self._inner.send(request)

    def _may(self, name: str) -> bool:
        """Whether the budget lets ``name`` be asked again; if so, it is spent."""
        if not self._share(name):
            return False
        if self._tokens[name] < 1:
            self._note("retry_withheld", name)
            return False
        self._tokens[name] -= 1
        self._note("retried", name)
        return True
