"""What composition tells beside the supergraph: hints, and mistakes gathered into one failure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from gateway.errors import CompositionFailed, Mistake

__all__ = ["Hint", "failed", "in_subgraph"]


@dataclass(frozen=True, slots=True)
class Hint:
    """Something that composes but deserves a look: its code, what it is, and the coordinate it is about."""

    code: str
    message: str
    where: str = ""


def in_subgraph(name: str, mistakes: Iterable[Mistake]) -> list[Mistake]:
    """The mistakes with the subgraph named in message, place and list of subgraphs."""
    return [
        replace(
            mistake,
            message=mistake.message if mistake.message.startswith("[") else f"[{name}] {mistake.message}",
            where=f"{name}: {mistake.where}" if mistake.where else name,
            subgraphs=(name,),
        )
        for mistake in mistakes
    ]


def failed(mistakes: Sequence[Mistake]) -> CompositionFailed:
    """The failure that holds every mistake; its own code is that of the first."""
    count = f"{len(mistakes)} mistake{'s' if len(mistakes) > 1 else ''}"
    return CompositionFailed(mistakes[0].code, f"The subgraphs do not compose: {count}.", tuple(mistakes))
