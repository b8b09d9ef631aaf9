"""Some subgraphs in this process, others elsewhere: one on a developer's machine, or one that is not written in Python."""

from __future__ import annotations

from collections.abc import Collection

from gateway.execution.asgi import AsgiTransport
from gateway.execution.http import HttpTransport
from gateway.execution.transport import SubgraphRequest, SubgraphResponse

__all__ = ["Beside"]


class Beside:
    """Sends requests to the subgraphs named ``away`` over HTTP, all others to applications in this process."""

    def __init__(self, here: AsgiTransport, elsewhere: HttpTransport, away: Collection[str]) -> None:
        self._here = here
        self._elsewhere = elsewhere
        self._away = frozenset(away)

    async def send(self, request: SubgraphRequest) -> SubgraphResponse:
        """The subgraph's answer. Raises ``FetchError`` as the transport that carries it does."""
        return await (self._elsewhere if request.subgraph in self._away else self._here).send(request)

    async def close(self) -> None:
        """Close the connections to those elsewhere."""
        await self._elsewhere.close()
