"""How a field can be read from a place: the search through key moves, and what each jump needs.

Results depend on the supergraph alone and are kept. Costs are those of :mod:`gateway.planning.way`.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from gateway.planning.budget import Budget
from gateway.planning.table import Table
from gateway.planning.way import Context, Hop, Supply, SupplyField, Types, Way, contextual_ways
from gateway.supergraph.fieldset import FieldSet, FieldSetField
from gateway.supergraph.moves import FieldMove, KeyMove, Moves, Node

__all__ = ["Ways"]

_HOPS = 6
_KEPT = 8
_REMEMBERED = 200_000


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


_Seen: TypeAlias = dict[tuple[Node, bool], list[tuple[int, int]]]  # requests and levels with which a node is reached


class Ways:
    """Searches ways through one graph of moves, and remembers what it found. One thread at a time may use it."""

    def __init__(self, moves: Moves) -> None:
        self.moves = moves
        self.width = len(moves.graphs)
        self.budget = Budget()
        self._table: Table[tuple[Node, str, Types], tuple[Way, ...]] = Table((), _alike)
        self._supplies: dict[tuple[object, ...], Supply | None] = {}
        self._carried: dict[Way, tuple[Way, ...]] = {}

    def begin(self, budget: Budget) -> None:
        """Start an operation with ``budget``; memory that clients' type conditions have filled is freed."""
        self.budget = budget
        self._table.forget_drafts()
        if len(self._table.final) + len(self._supplies) > _REMEMBERED:
            self._table.final.clear()
            self._supplies.clear()
            self._carried.clear()

    def find(self, start: Node, field: str, types: Types) -> tuple[Way, ...]:
        """The ways to read ``field`` of objects of ``types`` standing on ``start``, cheapest first; maybe none.

        ``types`` must be among ``start.runtime``. Where the field is a leaf and can be read right here, that is the
        only way given.
        """
        return self._table.answer((start, field, types), partial(self._search, start, field, types))

    def carried(self, way: Way) -> tuple[Way, ...]:
        """The ways of inputs of ``way`` that take arguments from around the object it is about."""
        if way not in self._carried:
            inputs = (field for hop in way.hops if hop.supply for field in hop.supply.fields)
            self._carried[way] = tuple(dict.fromkeys(contextual_ways(inputs)))
        return self._carried[way]

    def apart(self, start: Node, field: str, types: Types) -> tuple[Way, ...]:
        """The ways of :meth:`find` that make a request of their own, going back into the same graph among them."""
        first = self._cast(_begin(start, types))
        found = [way for way in self.find(start, field, types) if any(hop.move for hop in way.hops)]
        for back in first.node.reentries:
            for after in self._jump(first, back, ()):
                move = self._goal(after, field)  # what only a @provides around it has is not there any more
                if move.plain if move is not None else field == "__typename" and after.node.real:
                    found.append(self._way(after, move))
        return _best(found)

    def _search(self, start: Node, field: str, types: Types) -> tuple[Way, ...]:
        first = self._cast(_begin(start, types))
        found: list[Way] = []
        move = self._goal(first, field)
        if move is not None or (field == "__typename" and first.node.real):
            found.extend(self._arrive(first, move, field))
            if found and (move is None or move.tail is None):
                return tuple(found)
        order = 0
        frontier: list[tuple[tuple[int, int, int], int, _State]] = [((0, 0, 0), 0, first)]
        settled: dict[tuple[Node, bool], int] = {}
        seen: _Seen = {}
        while frontier:
            _, _, state = heapq.heappop(frontier)
            place = (state.node, state.known >= 0)
            if settled.get(place, state.level + 1) <= state.level or len(state.hops) >= _HOPS:
                continue  # been here with fewer requests, and no later
            settled[place] = state.level
            for after in self._jumps(state, field, seen):
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
            for after in self._jump(state, back, move.requires):
                again = after.node.fields.get(move.name)
                yield self._way(after, again or move)

    def _required(self, before: _State, after: _State, move: FieldMove) -> Iterator[Way]:
        """A field with requirements in a graph just entered: send them along, or come back with them."""
        entry = after.hops[-1] if after.hops[-1].move else after.hops[-2]
        blind = before.checked and before.known < 0  # the jump itself is what tells the type
        together = self._jump(before, entry.move, move.requires) if entry.move and not blind else []
        for state in together:
            yield self._way(self._cast(state), move)
        if not together:
            yield from self._reenter(after, move)

    def _way(self, state: _State, move: FieldMove | None) -> Way:
        tail = move.tail if move else None
        start = state.contexts[0].node
        contexts = move.contexts if move else ()
        return Way(start, state.hops, state.node, tail, state.types, state.mask, state.level, contexts)

    def _jumps(self, state: _State, field: str, seen: _Seen) -> Iterator[_State]:
        """The states one jump further; not those that ``seen`` ones are no worse than, unless the field is there."""
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
            place = (move.tail, state.known >= 0 or move.tail.real)
            best = (state.mask.bit_count() + 1, state.level + 1)
            if not _may_read(move.tail, field) and any(
                requests <= best[0] and level <= best[1] for requests, level in seen.get(place, ())
            ):
                continue
            for after in self._jump(state, move, ()):
                seen.setdefault(place, []).append((after.mask.bit_count(), after.level))
                yield self._cast(after)

    def _jump(self, state: _State, move: KeyMove, requires: FieldSet) -> list[_State]:
        """The state after ``move`` with ``requires`` sent along, none where an input cannot be had.

        Two where fewer requests for the inputs take more waves: one with the fewest requests, one with the fewest waves.
        """
        self.budget.jump()
        supply = self._inputs(state, move, requires, early=False)
        if supply is None:
            return []
        found = [self._after(state, move, supply)]
        if supply.level > state.contexts[0].level:
            sooner = self._inputs(state, move, requires, early=True)
            if sooner is not None and sooner.level < supply.level:
                found.append(self._after(state, move, sooner))
        return [each for each in found if each is not None]

    def _inputs(self, state: _State, move: KeyMove, requires: FieldSet, *, early: bool) -> Supply | None:
        supply = self._supply(state, move.key, key=True, early=early)
        if supply is None or not requires:
            return supply
        more = self._supply(state, requires, key=False, early=early)
        if more is None:
            return None
        return Supply(supply.fields + more.fields, supply.mask | more.mask, max(supply.level, more.level))

    def _after(self, state: _State, move: KeyMove, supply: Supply) -> _State | None:
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

    def _supply(self, state: _State, wanted: FieldSet, *, key: bool, early: bool) -> Supply | None:
        places = tuple((context.node, context.level) for context in state.contexts)
        asked = (places, wanted, state.types, key, early)
        if asked in self._supplies:
            return self._supplies[asked]
        borrowed = self._table.borrowed
        supply = self.supply(state.contexts, wanted, state.types, key=key, early=early)
        if self._table.borrowed == borrowed:
            self._supplies[asked] = supply
        return supply

    def supply(
        self, contexts: tuple[Context, ...], wanted: FieldSet, types: Types, *, key: bool, early: bool = False
    ) -> Supply | None:
        """The cheapest way to have every field of ``wanted`` for objects of ``types`` that stand on ``contexts``.

        Each field is had with the fewest requests, or when ``early`` in the fewest waves.
        """
        fields: list[SupplyField] = []
        mask, level = 0, 0
        for part in wanted:
            if isinstance(part, FieldSetField):
                got = self._supply_field(contexts, part, types, key=key, early=early)
            else:
                within = self.moves.supergraph.possible_types(part.type)
                narrowed = tuple(each for each in types if each in within)
                got = Supply((), 0, 0)
                if narrowed:
                    got = self.supply(contexts, part.selections, narrowed, key=key, early=early)
            if got is None:
                return None
            fields.extend(got.fields)
            mask |= got.mask
            level = max(level, got.level)
        return Supply(tuple(fields), mask, level)

    def _supply_field(
        self, contexts: tuple[Context, ...], part: FieldSetField, types: Types, *, key: bool, early: bool
    ) -> Supply | None:
        best: tuple[tuple[int, int, int, int], Supply] | None = None
        for origin in range(len(contexts)):
            for cost, supply in self._offers(contexts, origin, part, types, key=key, early=early):
                if best is None or cost < best[0]:
                    best = (cost, supply)
            if best is not None and best[1].mask == 0 and not (early and best[1].level > contexts[0].level):
                return best[1]
        if best is None and not key:
            around = (
                offer
                for origin in range(len(contexts))
                for offer in self._offers(contexts, origin, part, types, key=key, early=early, contextual=True)
            )
            best = min(around, key=lambda offer: offer[0], default=None)
        if best is None and len(types) > 1:
            return self._supply_each(contexts, part, types, key=key, early=early)
        return best[1] if best else None

    def _supply_each(
        self, contexts: tuple[Context, ...], part: FieldSetField, types: Types, *, key: bool, early: bool
    ) -> Supply | None:
        """The field for each type by itself, where no way serves all of them alike."""
        parts = [self._supply_field(contexts, part, (each,), key=key, early=early) for each in types]
        found = [each for each in parts if each is not None]
        if len(found) < len(types):
            return None
        fields = tuple(field for each in found for field in each.fields)
        mask = 0
        for each in found:
            mask |= each.mask
        return Supply(fields, mask, max(each.level for each in found))

    def _offers(
        self,
        contexts: tuple[Context, ...],
        origin: int,
        part: FieldSetField,
        types: Types,
        *,
        key: bool,
        early: bool,
        contextual: bool = False,
    ) -> Iterator[tuple[tuple[int, int, int, int], Supply]]:
        node, level = contexts[origin].node, contexts[origin].level
        here = tuple(each for each in types if each in node.runtime)
        if key and not node.real:
            here = node.runtime  # an interface object cannot tell the types apart, but each of them has the key
        if not here:
            return
        for way in self.find(node, part.name, here):
            if bool(way.contexts) is not contextual:
                continue  # a value that is the same wherever its object stands comes first
            below: Supply | None = Supply((), 0, 0)
            abstract = False
            if part.selections and way.tail is not None:
                abstract = way.tail.abstract
                inside = (Context(way.tail, way.level),)
                below = self.supply(inside, part.selections, way.tail.runtime, key=key, early=early)
                if below is not None and not way.tail.real:
                    abstract = False
            if below is None or any(contextual_ways(below.fields)):
                continue  # contexts are those around this object, not around one below it
            narrowed = here if len(here) < len(node.runtime) else ()
            field = SupplyField(
                part.name, part.arguments, narrowed, origin, way, below.fields, abstract=abstract, key=key
            )
            mask = (way.mask | below.mask) << (level * self.width)
            at = level + max(way.level, below.level)
            order = (at, mask.bit_count()) if early else (mask.bit_count(), at)
            yield (*order, len(way.hops), origin), Supply((field,), mask, at)


def _holds(key: FieldSet, field: str) -> bool:
    return any(isinstance(part, FieldSetField) and part.name == field and not part.selections for part in key)


def _may_read(node: Node, field: str) -> bool:
    return field == "__typename" or node.abstract or not node.real or field in node.fields


def _begin(start: Node, types: Types) -> _State:
    checked = len(types) < len(start.runtime)
    return _State((Context(start, 0),), (), types, checked, 0 if start.real else -1, 0)


def _priority(state: _State) -> tuple[int, int, int]:
    return (state.mask.bit_count(), state.level, len(state.hops))


def _best(found: list[Way]) -> tuple[Way, ...]:
    """The cheapest for each node they read at, and those that another costs no subset of.

    Cut to a few, but never without the one of the fewest waves, nor without any that leads to a place of its own: below
    it may be what lies nowhere else.
    """
    kept: list[Way] = []
    for way in sorted(found, key=lambda each: each.cost):
        rivals = [each for each in kept if each.node is way.node]
        if not any(each.mask & ~way.mask == 0 for each in rivals):
            kept.append(way)
    if len(kept) <= _KEPT:
        return tuple(kept)
    first = {way.tail: way for way in reversed(kept)}
    soonest = min(kept, key=lambda each: each.level)
    return tuple(
        way
        for place, way in enumerate(kept)
        if place < _KEPT or way is soonest or (way.tail and way is first[way.tail])
    )


def _alike(one: tuple[Way, ...], other: tuple[Way, ...]) -> bool:
    """Whether nothing that uses ways would go another way for the difference."""
    return [_sign(way) for way in one] == [_sign(way) for way in other]


def _sign(way: Way) -> tuple[object, ...]:
    return (way.node, way.tail, way.mask, way.level, way.contexts)
