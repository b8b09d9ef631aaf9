"""One way to read a field: the jumps it makes, what each of them sends, and what all of it costs.

Costs are bit masks. Bit ``level * graphs + graph`` stands for one request to that graph in that wave, so the requests
of two ways together are the bits of their union. Level 0 is the fetch one stands in and never counts by itself;
shifting a mask by whole levels moves a way to where it starts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from gateway.supergraph.model import ContextArgument
from gateway.supergraph.moves import KeyMove, Node

__all__ = ["Context", "Hop", "Supply", "SupplyField", "Types", "Way", "contextual_ways"]

Types: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Context:
    """A place at one object where values can be read: a node, and the level of the fetch that stands there."""

    node: Node
    level: int


@dataclass(frozen=True, slots=True, eq=False)
class SupplyField:
    """One input value: ``name`` read by ``way`` from the context ``origin`` of the jump that needs it.

    ``types`` narrows it to objects of these types where not all the object's types have it. ``abstract`` says that
    the value is an object whose runtime type must travel with it. ``key`` is False for ``@requires`` fields.
    """

    name: str
    arguments: tuple[tuple[str, str], ...]
    types: Types
    origin: int
    way: Way
    below: tuple[SupplyField, ...] = ()
    abstract: bool = False
    key: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Supply:
    """All the input values of one jump, the requests it takes to get them, and the level at which all are there."""

    fields: tuple[SupplyField, ...]
    mask: int
    level: int


@dataclass(frozen=True, slots=True, eq=False)
class Hop:
    """One step along a way: a jump by ``move``, or a mere look at the runtime type where ``move`` is None.

    ``types`` are the object types it is made for; ``checked`` says that they are fewer than may stand there, so the
    real type must be known before.
    """

    tail: Node
    move: KeyMove | None
    types: Types
    checked: bool
    supply: Supply | None
    level: int


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """How to read a field: ``hops`` from the start, then the field at the last node, leading to ``tail``.

    ``contexts`` are arguments that have to be filled from around the start: the last jump carries them.
    """

    start: Node
    hops: tuple[Hop, ...]
    node: Node
    tail: Node | None
    types: Types
    mask: int
    level: int
    contexts: tuple[ContextArgument, ...] = ()

    @property
    def cost(self) -> tuple[int, int, int, int]:
        """Requests, level, jumps, input fields: compared in this order."""
        inputs = sum(len(hop.supply.fields) for hop in self.hops if hop.supply)
        return (self.mask.bit_count(), self.level, len(self.hops), inputs)


def contextual_ways(fields: Iterable[SupplyField]) -> Iterator[Way]:
    """Every way, among those by which ``fields`` are had, that takes an argument from around its object."""
    for each in fields:
        if each.way.contexts:
            yield each.way
        for hop in each.way.hops:
            yield from contextual_ways(hop.supply.fields if hop.supply else ())
        yield from contextual_ways(each.below)
