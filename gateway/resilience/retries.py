"""Retries with a budget: a request that is safe to repeat is sent once more, as long as retries stay a small share.

The budget is a bucket: each request puts ``share`` of a token in (up to ``burst``), each retry takes one out. When
everything fails, load grows by ``share`` and not twofold.
"""

from __future__ import annotations

from typing import Generic

from gateway.errors import FetchError
from gateway.resilience.seam import RequestT, ResponseT, Send

__all__ = ["Retries"]

# what may have gone wrong by chance on the way; a breaker's refusal or an answer that makes no sense may not
_BY_CHANCE = frozenset({"SUBGRAPH_UNREACHABLE", "SUBGRAPH_TIMEOUT"})


class Retries(Generic[RequestT, ResponseT]):
    """Passes requests on to ``inner``, and once more where the first try failed and the budget allows it."""

    def __init__(self, inner: Send[RequestT, ResponseT], share: float = 0.1, burst: float = 10.0) -> None:
        self._inner = inner
        self._share = share
        self._burst = burst
        self._tokens = burst

    async def send(self, request: RequestT) -> ResponseT:
        """The answer to ``request``; what the last try raised where there is none. A mutation is tried once."""
        self._tokens = min(self._burst, self._tokens + self._share)
        try:
            return await self._inner.send(request)
        except FetchError as error:
            if not request.idempotent or error.code not in _BY_CHANCE or self._tokens < 1:
                raise
        self._tokens -= 1
        return await self._inner.send(request)
