"""How a field can be read from a place: the search through key moves, and what each jump needs.

Costs are bit masks. Bit ``level * graphs + graph`` stands for one request to that graph in that wave, so the requests
of two ways together are the bits of their union. Level 0 is the fetch one stands in and never counts by itself;
shifting a mask by whole levels moves a way to where it starts. Results depend on the supergraph alone and are kept.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from gateway.errors import PlanningError
from gateway.supergraph.fieldset import FieldSet, FieldSetField
from gateway.supergraph.model import ContextArgument
from gateway.supergraph.moves import FieldMove, KeyMove, Moves, Node

__all__ = ["Context", "Hop", "Supply", "SupplyField", "Way", "Ways"]

_HOPS = 6
_KEPT = 8
_BUDGET = 200_000
_REMEMBERED = 200_000
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


@dataclass(slots=True)
class _State:
    contexts: tuple[Context, ...]
    hops: tuple[Hop, ...]
    types: Types
    checked: bool  # types are fewer than the start's
    known: int  # the level at which the real type is known; -1 when it is not
    mask: int

    @property
    def node(self) -> Node:
        return self.contexts[-1].node

    @property
    def level(self) -> int:
        return self.contexts[-1].level


class Ways:
    """Searches ways through one graph of moves, and remembers what it found. One thread at a time may use it."""

    def __init__(self, moves: Moves) -> None:
        self.moves = moves
        self.width = len(moves.graphs)
        self._found: dict[tuple[Node, str, Types], tuple[Way, ...]] = {}
        self._supplies: dict[tuple[tuple[tuple[Node, int], ...], FieldSet, Types, bool], Supply | None] = {}
        self._active: dict[tuple[Node, str, Types], int] = {}
        self._cut = 1 << 30  # depth of the outermost search that a running one had to leave out
        self._spent = 0

    def begin(self) -> None:
        """Start an operation: its budget is whole, and memory that clients' type conditions have filled is freed."""
        self._spent = 0
        self._active.clear()
        self._cut = 1 << 30
        if len(self._found) + len(self._supplies) > _REMEMBERED:
            self._found.clear()
            self._supplies.clear()

    def find(self, start: Node, field: str, types: Types) -> tuple[Way, ...]:
        """The ways to read ``field`` of objects of ``types`` standing on ``start``, cheapest first; maybe none.

        ``types`` must be among ``start.runtime``. Where the field is a leaf and can be read right here, that is the
        only way given.
        """
        asked = (start, field, types)
        if asked in self._found:
            return self._found[asked]
        if asked in self._active:
            self._cut = min(self._cut, self._active[asked])
            return ()
        depth = len(self._active)
        self._active[asked] = depth
        outer, self._cut = self._cut, 1 << 30
        try:
            ways = tuple(self._search(start, field, types))
        finally:
            del self._active[asked]
        if self._cut >= depth:
            self._found[asked] = ways
            self._cut = outer
        else:
            self._cut = min(self._cut, outer)
        return ways

    def _search(self, start: Node, field: str, types: Types) -> list[Way]:
        first = self._cast(_begin(start, types))
        found: list[Way] = []
        move = self._goal(first, field)
        if move is not None or (field == "__typename" and first.node.real):
            found.extend(self._arrive(first, move, field))
            if found and (move is None or move.tail is None):
                return found
        order = 0
        frontier: list[tuple[tuple[int, int, int], int, _State]] = [((0, 0, 0), 0, first)]
        settled: set[tuple[Node, bool]] = set()
        while frontier:
            _, _, state = heapq.heappop(frontier)
            if (state.node, state.known >= 0) in settled or len(state.hops) >= _HOPS:
                continue
            settled.add((state.node, state.known >= 0))
            for after in self._jumps(state, field):
                move = self._goal(after, field)
                if move is not None and not move.requires:
                    found.append(self._way(after, move))
                    if move.tail is None:
                        continue  # a leaf is at its end; below an object yet another graph may be nearer
                elif move is not None:
                    found.extend(self._required(state, after, move))
                elif field == "__typename" and after.node.real:
                    found.append(self._way(after, None))
                    continue
                order += 1
                heapq.heappush(frontier, (_priority(after), order, after))
        return _best(found)

    def _goal(self, state: _State, field: str) -> FieldMove | None:
        """The move that reads ``field`` at the state's node for its types, if there is one."""
        node = state.node
        if field == "__typename" or (not node.real and state.known < 0 and state.checked):
            return None
        here = tuple(each for each in state.types if each in node.runtime) if node.abstract else state.types
        return node.read(field, here) if here else None

    def _arrive(self, state: _State, move: FieldMove | None, field: str) -> Iterator[Way]:
        """Reading the field where one already stands: at once, or by a jump back in when it requires something."""
        if move is None or move.plain:
            yield self._way(state, move)
            return
        yield from self._reenter(state, move)

    def _reenter(self, state: _State, move: FieldMove) -> Iterator[Way]:
        for back in state.node.reentries:
            after = self._jump(state, back, move.requires)
            if after is not None:
                again = after.node.fields.get(move.name)
                yield self._way(after, again or move)

    def _required(self, before: _State, after: _State, move: FieldMove) -> Iterator[Way]:
        """A field with requirements in a graph just entered: send them along, or come back with them."""
        entry = after.hops[-1] if after.hops[-1].move else after.hops[-2]
        blind = before.checked and before.known < 0  # the jump itself is what tells the type
        together = self._jump(before, entry.move, move.requires) if entry.move and not blind else None
        if together is not None:
            yield self._way(self._cast(together), move)
        else:
            yield from self._reenter(after, move)

    def _way(self, state: _State, move: FieldMove | None) -> Way:
        tail = move.tail if move else None
        start = state.contexts[0].node
        contexts = move.contexts if move else ()
        return Way(start, state.hops, state.node, tail, state.types, state.mask, state.level, contexts)

    def _jumps(self, state: _State, field: str) -> Iterator[_State]:
        been = {context.node.graph for context in state.contexts if context.node.type == state.node.type}
        passed = state.contexts
        if state.checked and not passed[0].node.real and state.known >= 0:
            passed = passed[1:]  # back to an interface object, now that the real type is known
        for move in state.node.keys:
            again = any(context.node is move.tail for context in passed)
            if again or (move.tail.graph in been and move.tail.type == state.node.type):
                continue
            if not (state.checked and state.known < 0) and _holds(move.key, field):
                continue  # what the key needs is the very field that is looked for
            after = self._jump(state, move, ())
            if after is not None:
                yield self._cast(after)

    def _jump(self, state: _State, move: KeyMove, requires: FieldSet) -> _State | None:
        """The state after ``move`` with ``requires`` sent along; None where an input cannot be had."""
        self._spent += 1
        if self._spent > _BUDGET:
            raise PlanningError("PLANNING_BUDGET", "the search through the subgraphs' keys is larger than allowed")
        supply = self._supply(state, move.key, key=True)
        if supply is None:
            return None
        if requires:
            more = self._supply(state, requires, key=False)
            if more is None:
                return None
            supply = Supply(supply.fields + more.fields, supply.mask | more.mask, max(supply.level, more.level))
        ready = supply.level if supply.fields else state.level
        if state.checked:
            ready = max(ready, state.known)
        level = ready + 1
        tail = move.tail
        types = state.types
        if tail.abstract:
            types = tuple(each for each in types if each in tail.runtime)
            if not types:
                return None
        hop = Hop(tail, move, state.types, state.checked and state.known >= 0, supply, level)
        known = state.known
        if known < 0 and tail.real:
            known = level
        mask = state.mask | supply.mask | (1 << (level * self.width + tail.index))
        contexts = (*state.contexts, Context(tail, level))
        return _State(contexts, (*state.hops, hop), types, state.checked, known, mask)

    def _cast(self, state: _State) -> _State:
        """The state at the one object type it is about, where it stands on an abstract type."""
        if not state.node.abstract or len(state.types) != 1:
            return state
        tail = state.node.cast(state.types[0])
        hop = Hop(tail, None, state.types, True, None, state.level)
        contexts = (*state.contexts, Context(tail, state.level))
        return _State(contexts, (*state.hops, hop), state.types, True, max(state.known, 0), state.mask)

    def _supply(self, state: _State, wanted: FieldSet, *, key: bool) -> Supply | None:
        places = tuple((context.node, context.level) for context in state.contexts)
        asked = (places, wanted, state.types, key)
        if asked in self._supplies:
            return self._supplies[asked]
        outer, self._cut = self._cut, 1 << 30
        supply = self.supply(state.contexts, wanted, state.types, key=key)
        if self._cut == 1 << 30:
            self._supplies[asked] = supply
        self._cut = min(self._cut, outer)
        return supply

    def supply(self, contexts: tuple[Context, ...], wanted: FieldSet, types: Types, *, key: bool) -> Supply | None:
        """The cheapest way to have every field of ``wanted`` for objects of ``types`` that stand on ``contexts``."""
        fields: list[SupplyField] = []
        mask, level = 0, 0
        for part in wanted:
            if isinstance(part, FieldSetField):
                got = self._supply_field(contexts, part, types, key=key)
            else:
                within = self.moves.supergraph.possible_types(part.type)
                narrowed = tuple(each for each in types if each in within)
                got = self.supply(contexts, part.selections, narrowed, key=key) if narrowed else Supply((), 0, 0)
            if got is None:
                return None
            fields.extend(got.fields)
            mask |= got.mask
            level = max(level, got.level)
        return Supply(tuple(fields), mask, level)

    def _supply_field(
        self, contexts: tuple[Context, ...], part: FieldSetField, types: Types, *, key: bool
    ) -> Supply | None:
        best: tuple[tuple[int, int, int, int], Supply] | None = None
        for origin in range(len(contexts)):
            for cost, supply in self._offers(contexts, origin, part, types, key=key):
                if best is None or cost < best[0]:
                    best = (cost, supply)
            if best is not None and best[0][0] == 0:
                return best[1]
        if best is None and len(types) > 1:
            return self._supply_each(contexts, part, types, key=key)
        return best[1] if best else None

    def _supply_each(
        self, contexts: tuple[Context, ...], part: FieldSetField, types: Types, *, key: bool
    ) -> Supply | None:
        """The field for each type by itself, where no way serves all of them alike."""
        parts = [self._supply_field(contexts, part, (each,), key=key) for each in types]
        found = [each for each in parts if each is not None]
        if len(found) < len(types):
            return None
        fields = tuple(field for each in found for field in each.fields)
        mask = 0
        for each in found:
            mask |= each.mask
        return Supply(fields, mask, max(each.level for each in found))

    def _offers(
        self, contexts: tuple[Context, ...], origin: int, part: FieldSetField, types: Types, *, key: bool
    ) -> Iterator[tuple[tuple[int, int, int, int], Supply]]:
        node, level = contexts[origin].node, contexts[origin].level
        here = tuple(each for each in types if each in node.runtime)
        if key and not node.real:
            here = node.runtime  # an interface object cannot tell the types apart, but each of them has the key
        if not here:
            return
        for way in self.find(node, part.name, here):
            if way.contexts:
                continue  # an input is the same wherever its object stands
            below: Supply | None = Supply((), 0, 0)
            abstract = False
            if part.selections and way.tail is not None:
                abstract = way.tail.abstract
                below = self.supply((Context(way.tail, way.level),), part.selections, way.tail.runtime, key=key)
                if below is not None and not way.tail.real:
                    abstract = False
            if below is None:
                continue
            narrowed = here if len(here) < len(node.runtime) else ()
            field = SupplyField(
                part.name, part.arguments, narrowed, origin, way, below.fields, abstract=abstract, key=key
            )
            mask = (way.mask | below.mask) << (level * self.width)
            at = level + max(way.level, below.level)
            yield (mask.bit_count(), at, len(way.hops), origin), Supply((field,), mask, at)


def _holds(key: FieldSet, field: str) -> bool:
    return any(isinstance(part, FieldSetField) and part.name == field and not part.selections for part in key)


def _begin(start: Node, types: Types) -> _State:
    checked = len(types) < len(start.runtime)
    return _State((Context(start, 0),), (), types, checked, 0 if start.real else -1, 0)


def _priority(state: _State) -> tuple[int, int, int]:
    return (state.mask.bit_count(), state.level, len(state.hops))


def _best(found: list[Way]) -> list[Way]:
    """The cheapest for each node they read at, and those that another costs no subset of."""
    kept: list[Way] = []
    for way in sorted(found, key=lambda each: each.cost):
        rivals = [each for each in kept if each.node is way.node]
        if not any(each.mask & ~way.mask == 0 for each in rivals):
            kept.append(way)
    return kept[:_KEPT]
