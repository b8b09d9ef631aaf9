"""What subgraphs already said, kept so that the reference executor can be told it again and nobody is asked twice."""

from __future__ import annotations

from collections import defaultdict, deque

from gateway.errors import FetchError
from gateway.execution.transport import SubgraphRequest, SubgraphResponse, Transport

__all__ = ["Replay"]

_Outcome = SubgraphResponse | FetchError | OSError | TimeoutError


class Replay:
    """A transport that answers from what was noted, each answer once, and asks ``inner`` for everything else."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner
        self._heard: list[tuple[SubgraphRequest, _Outcome]] = []  # nearly always nobody asks for it again
        self._noted: defaultdict[tuple[str, bytes], deque[_Outcome]] = defaultdict(deque)

    def note(self, request: SubgraphRequest, outcome: _Outcome) -> None:
        """Keep what came of ``request``: an answer, or why there was none."""
        self._heard.append((request, outcome))

    async def send(self, request: SubgraphRequest) -> SubgraphResponse:
        """The noted answer to an equal request, or the failure; the subgraph's own where none is left."""
        for each, outcome in self._heard:
            self._noted[each.subgraph, each.body].append(outcome)
        self._heard.clear()
        noted = self._noted.get((request.subgraph, request.body))
        if not noted:
            return await self._inner.send(request)
        outcome = noted.popleft()
        if isinstance(outcome, SubgraphResponse):
            return outcome
        raise outcome
