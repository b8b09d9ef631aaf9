"""What execution hands on: the merged tree, what failed while it was fetched, and the answer shaped from both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

__all__ = ["Answer", "FetchFailure", "Merged", "ResponsePath"]

ResponsePath: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class FetchFailure:
    """Something a subgraph did not answer, or answered wrongly.

    ``message`` is the gateway's own and safe for any client; the subgraph's words never get this far. ``paths`` are
    the places of the merged tree that miss their value; ``lost`` those that went with them, because a null the
    subgraph may not answer took their whole object away; ``coordinates`` what the failed request selected.
    """

    subgraph: str
    code: str
    message: str
    paths: tuple[ResponsePath, ...] = ()
    coordinates: tuple[str, ...] = ()
    lost: tuple[ResponsePath, ...] = ()

    @property
    def everywhere(self) -> tuple[ResponsePath, ...]:
        """Every place without a value because of this."""
        return (*self.paths, *self.lost)


@dataclass(slots=True)
class Merged:
    """The data of every fetch in one tree, by storage key, and the failures; ``fetched`` counts requests sent.

    ``entities`` counts the representations sent. Enforcement edits ``data`` in place before it is projected.
    """

    data: dict[str, Any]
    failures: tuple[FetchFailure, ...] = ()
    fetched: int = 0
    entities: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """A GraphQL answer: ``data`` in the client's order (None when a null reached the top), ``errors`` as sent."""

    data: dict[str, Any] | None
    errors: tuple[dict[str, Any], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The answer as the object that is encoded; ``errors`` first and only where there are any."""
        return {"errors": list(self.errors), "data": self.data} if self.errors else {"data": self.data}
