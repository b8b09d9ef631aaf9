"""A circuit breaker per subgraph: who keeps failing is left alone for a while, then tried with one request.

Closed: requests pass; ``failures`` in a row open it. Open: requests are refused at once for ``rest`` seconds. Then half
open: one request is let through; its success closes the breaker, its failure opens it again.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic

from gateway.errors import FetchError
from gateway.resilience.seam import RequestT, ResponseT, Send

__all__ = ["Breaker"]


@dataclass(slots=True)
class _State:
    failures: int = 0
    open_until: float | None = None
    trying: bool = False


class Breaker(Generic[RequestT, ResponseT]):
    """Passes requests on to ``inner`` while their subgraph is healthy.

    ``clock`` gives seconds that only grow (``time.monotonic``). ``note`` is told ``opened`` and ``closed`` as it happens, and
    ``refused`` for each request that is not passed on. Only ``FetchError``, timeouts and broken connections
    count as failures; a GraphQL answer with errors is an answer.
    """

    def __init__(
        self,
        inner: Send[RequestT, ResponseT],
        clock: Callable[[], float],
        failures: int | Callable[[str], int] = 5,
        rest: float | Callable[[str], float] = 10.0,
        note: Callable[[str, str], None] = lambda event, of: None,
    ) -> None:
        self._inner = inner
        self._clock = clock
        self._failures = failures if callable(failures) else lambda subgraph: failures
        self._rest = rest if callable(rest) else lambda subgraph: rest
        self._note = note
        self._states: defaultdict[str, _State] = defaultdict(_State)

    def is_open(self, subgraph: str) -> bool:
        """Whether requests to ``subgraph`` are refused right now."""
        until = self._states[subgraph].open_until
        return until is not None and self._clock() < until

    def states(self) -> dict[str, int]:
        """Each subgraph asked so far: 0 closed, 1 half open (the next request is the probe, or it is under way), 2 open."""
        return {
            name: 0 if state.open_until is None else 2 if self._clock() < state.open_until else 1
            for name, state in self._states.items()
        }

    async def send(self, request: RequestT) -> ResponseT:
        """The answer to ``request``. Raises ``FetchError`` SUBGRAPH_UNAVAILABLE while the breaker is open."""
        state = self._states[request.subgraph]
        if state.open_until is not None and (self._clock() < state.open_until or state.trying):
            self._note("refused", request.subgraph)
            message = f"Subgraph {request.subgraph} is not asked for the moment, because it kept failing."
            raise FetchError("SUBGRAPH_UNAVAILABLE", message)
        state.trying = state.open_until is not None
        try:
            answer = await self._inner.send(request)
        except (FetchError, OSError, TimeoutError):
            self._failed(state, request.subgraph)
            raise
        except asyncio.CancelledError:
            state.trying = False  # the caller went away: that says nothing about the subgraph
            raise
        if state.open_until is not None:
            self._note("closed", request.subgraph)
        state.failures, state.open_until, state.trying = 0, None, False
        return answer

    def _failed(self, state: _State, name: str) -> None:
        state.failures += 1
        state.trying = False
        if state.open_until is not None or state.failures >= self._failures(name):
            if state.open_until is None:
                self._note("opened", name)
            state.open_until = self._clock() + self._rest(name)
