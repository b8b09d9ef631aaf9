"""A time limit per subgraph: whoever is silent for longer is an error, and nobody waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Generic

from gateway.errors import FetchError
from gateway.resilience.seam import RequestT, ResponseT, Send

__all__ = ["Timeouts"]


class Timeouts(Generic[RequestT, ResponseT]):
    """Passes requests on to ``inner`` and gives up after ``seconds`` (``per`` subgraph where it is named there).

    ``note`` is told ``timed_out`` for each.
    """

    def __init__(
        self,
        inner: Send[RequestT, ResponseT],
        seconds: float,
        per: Mapping[str, float] | None = None,
        note: Callable[[str, str], None] = lambda event, of: None,
    ) -> None:
        self._inner = inner
        self._seconds = seconds
        self._per = dict(per or {})
        self._note = note

    async def send(self, request: RequestT) -> ResponseT:
        """The answer to ``request``. Raises ``FetchError`` SUBGRAPH_TIMEOUT when it takes too long."""
        try:
            async with asyncio.timeout(self._per.get(request.subgraph, self._seconds)):
                return await self._inner.send(request)
        except TimeoutError:
            self._note("timed_out", request.subgraph)
            raise FetchError("SUBGRAPH_TIMEOUT", f"Subgraph {request.subgraph} did not answer in time.") from None
