"""Arguments that a field takes from around it: which enclosing object sets the context, and how its value is had."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from gateway.planning.asks import Ask, Spot
from gateway.planning.way import Context, Supply, contextual_ways
from gateway.planning.ways import Ways
from gateway.supergraph.model import ContextArgument, Supergraph

if TYPE_CHECKING:
    from gateway.planning.paths import Cell

__all__ = ["Drawn", "draw", "missing_context"]

Types: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """Where the value of ``argument`` comes from: objects of ``types`` at ``spot``, on which ``cell`` stands."""

    argument: ContextArgument
    cell: Cell
    spot: Spot
    types: Types
    supply: Supply


def draw(
    ways: Ways, cell: Cell, spot: Spot, types: Types, arguments: tuple[ContextArgument, ...]
) -> tuple[Drawn, ...] | None:
    """The value of every argument for a field of ``types`` at ``spot``, reached by ``cell``; None where one has none.

    The nearest enclosing object whose type sets the context gives it; the field's own object only where no other does.
    """
    found: list[Drawn] = []
    for argument in arguments:
        drawn = _draw(ways, cell, spot, types, argument)
        if drawn is None:
            return None
        found.append(drawn)
    return tuple(found)


def _draw(ways: Ways, cell: Cell, spot: Spot, types: Types, argument: ContextArgument) -> Drawn | None:
    supergraph = ways.moves.supergraph
    for holder, place, possible in _around(cell, spot, types):
        setting = [supergraph.sets(each, argument.context) for each in possible]
        if holder.node is None or not any(setting):
            continue
        if not all(setting):
            return None  # it depends on the type there: planned type by type
        supply = ways.supply((Context(holder.node, 0),), argument.selection, possible, key=False, early=True)
        if supply is None or any(contextual_ways(supply.fields)):
            return None
        return Drawn(argument, holder, place, possible, supply)
    return None


def _around(cell: Cell, spot: Spot, types: Types) -> Iterator[tuple[Cell, Spot, Types]]:
    """The objects around a place, nearest first: the cell that stands on each, where, and what it can be."""
    below = cell
    while below.parent is not None and below.ask is not None:
        node = below.parent.node
        runtime = node.runtime if node is not None else ()
        yield below.parent, below.spot, tuple(each for each in below.ask.types if each in runtime)
        below = below.parent
    yield cell, spot, types


def missing_context(supergraph: Supergraph, spot: Spot, ask: Ask) -> str:
    """The name of the context that a field which could not be planned takes an argument from; "" where it takes none."""
    for owner in (spot.declared, *ask.types):
        field = supergraph.field(owner, ask.name)
        for join in field.joins if field is not None else ():
            for argument in join.context_arguments:
                return argument.context
    return ""
