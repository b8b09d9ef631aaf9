"""The one-method seam between execution and the world: a request to a subgraph goes in, its raw answer comes out."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

__all__ = ["SubgraphRequest", "SubgraphResponse", "Transport"]


@dataclass(frozen=True, slots=True)
class SubgraphRequest:
    """One GraphQL request to one subgraph; ``body`` is the JSON exactly as it will travel.

    ``sharing`` says with whom the answer may be shared, where asking once for several is on at all: requests that are
    equal in it, in subgraph and body. ``coordinates`` are the ``Type.field`` places the operation selects, for whoever signs the request.
    """

    subgraph: str
    body: bytes
    coordinates: tuple[str, ...] = ()
    idempotent: bool = True
    headers: Mapping[str, str] = field(default_factory=dict)
    sharing: Hashable = None


@dataclass(frozen=True, slots=True)
class SubgraphResponse:
    """What came back: the HTTP status and the body's bytes, undecoded."""

    status: int
    body: bytes


class Transport(Protocol):
    """Carries requests to subgraphs. Raises ``gateway.errors.FetchError`` when no answer came."""

    async def send(self, request: SubgraphRequest) -> SubgraphResponse:
        """The subgraph's answer to ``request``."""
        ...
