"""Where the deferred fragments of an operation stand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gateway.operation.model import Field, Operation, Selection
from gateway.planning.asks import Part
from gateway.planning.plan import Path
from gateway.supergraph.model import Supergraph, list_depth

__all__ = ["DeferredPlace", "deferred_places"]


@dataclass(frozen=True, slots=True)
class DeferredPlace:
    """One deferred fragment: its label, the path to the objects it is on, and its number after those around it."""

    label: str
    path: Path
    part: Part


def deferred_places(supergraph: Supergraph, operation: Operation) -> list[DeferredPlace]:
    """Every deferred fragment of ``operation`` in document order, which is that of their numbers."""
    return list(_walk(supergraph, operation.selections, (), ()))


def _walk(supergraph: Supergraph, selections: tuple[Selection, ...], path: Path, part: Part) -> Iterator[DeferredPlace]:
    for each in selections:
        if isinstance(each, Field):
            found = supergraph.field(each.parent, each.name)
            lists = ("@",) * list_depth(found.type) if found is not None else ()
            yield from _walk(supergraph, each.selections, (*path, each.key, *lists), part)
        elif each.defer is None:
            yield from _walk(supergraph, each.selections, path, part)
        else:
            inside = (*part, each.defer.number)
            yield DeferredPlace(each.defer.label, path, inside)
            yield from _walk(supergraph, each.selections, path, inside)
