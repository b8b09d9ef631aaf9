"""What the wrappers need to know of the transport seam, and no more: who is asked, and whether asking twice is safe."""

from __future__ import annotations

from typing import Protocol, TypeVar

__all__ = ["Request", "RequestT", "ResponseT", "Send"]


class Request(Protocol):
    """A request on its way to a subgraph."""

    @property
    def subgraph(self) -> str:
        """The registered name of who is asked."""
        ...

    @property
    def idempotent(self) -> bool:
        """Whether asking twice does no more than asking once."""
        ...


RequestT = TypeVar("RequestT", bound=Request, contravariant=True)
ResponseT = TypeVar("ResponseT", covariant=True)


class Send(Protocol[RequestT, ResponseT]):
    """Anything that carries requests: a transport, or a wrapper around one. Raises ``FetchError``."""

    async def send(self, request: RequestT) -> ResponseT:
        """The answer to ``request``."""
        ...
