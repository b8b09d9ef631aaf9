"""Every way each wanted leaf can be reached, place by place from the root.

A :class:`Cell` is one field read on one way below another cell; a chain of cells up to a root is a complete path for
a leaf. A :class:`Choice` is one leaf with its rival paths, of which the plan takes one.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace

from gateway.errors import PlanningError
from gateway.planning.asks import Ask, Part, Spot, StorageKeys, by_type, child_spot, read_asks
from gateway.planning.contexts import Drawn, draw, missing_context
from gateway.planning.way import Way
from gateway.planning.ways import Ways
from gateway.supergraph.model import Supergraph
from gateway.supergraph.moves import Node

__all__ = ["Cell", "Choice", "NoWay", "Paths"]

_RIVALS_PER_NODE = 3
_ARRIVALS = 12
_RIVALS = 8


class NoWay(Exception):  # noqa: N818  (an answer of the search, not a failure of the program)
    """A field that no path reaches; planning tries something else or reports it."""

    def __init__(self, spot: Spot, ask: Ask) -> None:
        super().__init__(ask.name)
        self.spot = spot
        self.ask = ask

    def report(self, supergraph: Supergraph) -> PlanningError:
        """The error for the client when nothing else is left to try."""
        where = f"{self.spot.declared}.{self.ask.name}"
        missing = missing_context(supergraph, self.spot, self.ask)
        if missing:
            return PlanningError(
                "CONTEXT_UNREACHABLE",
                f"{where} takes an argument from context {missing!r}, which nothing around it can give here.",
                where=where,
                hint="Ask for the field below an object whose type sets the context.",
            )
        return PlanningError(
            "UNREACHABLE_FIELD",
            f"No subgraph can answer {where} at this place of the operation.",
            where=where,
            hint="Compose the supergraph again: its satisfiability check names the missing key.",
            locations=(self.ask.location,) if self.ask.location != (0, 0) else (),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """A field read below ``parent``: at ``spot`` on ``way``. A root cell has neither parent nor ask, only a node.

    ``node`` is where it leads (None for a leaf). ``mask`` has the requests the whole path takes (see
    :mod:`gateway.planning.way`), ``level`` the wave in which the field is read,
    ``length`` the number of cells and jumps, ``drawn`` where its contextual arguments come from, ``carried`` where those of its inputs come from,
    ``part`` the deferred part whose request reads it.
    """

    parent: Cell | None
    spot: Spot
    ask: Ask | None
    way: Way | None
    node: Node | None
    mask: int
    level: int
    length: int
    drawn: tuple[Drawn, ...] = ()
    part: Part = ()
    carried: tuple[tuple[Way, tuple[Drawn, ...]], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """One leaf and the cells that can answer it, cheapest first."""

    rivals: tuple[Cell, ...]


class Paths:
    """Finds the choices of an operation."""

    def __init__(self, ways: Ways, keys: StorageKeys) -> None:
        self.ways = ways
        self.keys = keys
        self.supergraph = ways.moves.supergraph
        self.width = ways.width
        self._roots: dict[tuple[Node, Part], Cell] = {}

    def roots(self, spot: Spot, kind: str) -> list[Cell]:
        """Where an operation can start: one cell for each graph with root fields."""
        nodes = self.ways.moves.roots(kind)
        return [Cell(None, spot, None, None, node, 1 << node.index, 0, 0) for node in nodes]

    def choices(self, spot: Spot, arrivals: list[Cell]) -> list[Choice]:
        """The choices for everything asked at ``spot`` and below; raises :class:`NoWay`."""
        arrivals = [cell for cell in arrivals if cell.node is None or cell.node.runtime] or arrivals
        asks = read_asks(self.supergraph, spot, self.keys)
        self.ways.budget.plan(len(asks))
        if any(cell.node is not None and not cell.node.real for cell in arrivals) and by_type(spot):
            asks.append(Ask("__typename", "__typename", (), spot.types, (), [], part=spot.part))
        live = self._live(spot, arrivals)
        found: list[Choice] = []
        for ask in asks:
            if ask.types != spot.types:  # wishes for some types only: those that every arrival can stand on
                ask = ask.only(tuple(each for each in ask.types if each in live))
            if ask.types and live:
                found.extend(self.answer(spot, ask, arrivals))
        if not found:
            found.append(self._presence(spot, arrivals))
        return found

    def _live(self, spot: Spot, arrivals: list[Cell]) -> frozenset[str]:
        """The types an object here can have whichever arrival is taken."""
        live = set(spot.types)
        for cell in arrivals:
            if cell.node is not None:
                live.intersection_update(cell.node.runtime)
        return frozenset(live)

    def answer(self, spot: Spot, ask: Ask, arrivals: list[Cell]) -> list[Choice]:
        """The choices for one ask: alike for all its types if possible, else type by type; raises :class:`NoWay`."""
        failure = NoWay(spot, ask)
        if len(ask.types) > 1 and all(cell.part != ask.part for cell in arrivals):
            with suppress(NoWay):  # what is deferred enters its objects anew, type by type
                return self._one_by_one(spot, ask, arrivals, failure)
        cells = self._cells(spot, ask, arrivals)
        if cells and not ask.sources:
            return [Choice(tuple(_cheapest(cells)))]
        if cells:
            try:
                return self._below(spot, ask, cells)
            except NoWay as deeper:
                failure = deeper
        if len(ask.types) == 1:
            raise failure
        return self._one_by_one(spot, ask, arrivals, failure)

    def _one_by_one(self, spot: Spot, ask: Ask, arrivals: list[Cell], failure: NoWay) -> list[Choice]:
        """One decision about the parent: only arrivals from which every type can go on."""
        live = self._live(spot, arrivals)
        parts = [ask.only((each,)) for each in ask.types if each in live]
        able = [cell for cell in arrivals if all(self._cells(spot, part, [cell]) for part in parts)]
        if not able or not parts:
            raise failure
        return [choice for part in parts for choice in self.answer(spot, part, able)]

    def _below(self, spot: Spot, ask: Ask, cells: list[Cell]) -> list[Choice]:
        place = child_spot(self.supergraph, spot, ask.key, ask.name, ask.types, ask.conditions, ask.part)
        return self.choices(replace(place, sources=list(ask.sources), children={}), _arrivals(cells))

    def _cells(self, spot: Spot, ask: Ask, arrivals: list[Cell]) -> list[Cell]:
        found: list[Cell] = []
        for cell in arrivals:
            if cell.node is None:
                continue
            here = tuple(each for each in ask.types if each in cell.node.runtime)
            if not here:
                continue
            for way in self._ways(cell, ask, here):
                if cell.parent is None and way.hops:
                    continue  # every root stands among the arrivals itself
                drawn = draw(self.ways, cell, spot, ask.types, way.contexts)
                inner = [(each, draw(self.ways, cell, spot, here, each.contexts)) for each in self.ways.carried(way)]
                carried = tuple((each, values) for each, values in inner if values is not None)
                if drawn is None or len(carried) < len(inner):
                    continue
                mask = cell.mask | way.mask << (cell.level * self.width)
                level = cell.level + way.level
                for each in (*drawn, *(value for _, values in carried for value in values)):
                    mask |= each.supply.mask << (each.cell.level * self.width)
                    level = max(level, each.cell.level + each.supply.level + 1)
                length = cell.length + 1 + len(way.hops)
                parent, part = cell, cell.part
                if cell.parent is None and ask.part:
                    parent = self._roots.setdefault((cell.node, ask.part), replace(cell, part=ask.part))
                if cell.parent is None or any(hop.move for hop in way.hops):
                    part = ask.part
                found.append(Cell(parent, spot, ask, way, way.tail, mask, level, length, drawn, part, carried))
        return found

    def _ways(self, cell: Cell, ask: Ask, here: tuple[str, ...]) -> tuple[Way, ...]:
        """How ``ask`` can be read from ``cell``: where it is deferred, by a request of its own if there can be one."""
        if cell.node is None or cell.part == ask.part or cell.parent is None:
            return self.ways.find(cell.node, ask.name, here) if cell.node else ()
        return self.ways.apart(cell.node, ask.name, here) or self.ways.find(cell.node, ask.name, here)

    def _presence(self, spot: Spot, arrivals: list[Cell]) -> Choice:
        """Nothing is asked for here, but whether the object exists must be seen: its type name, or a key."""
        cells: list[Cell] = []
        for cell in arrivals:
            if cell.node is None:
                continue
            name = "__typename" if cell.node.real else _any_leaf(cell.node)
            ask = Ask(self.keys.input(spot, name, ()), name, (), cell.node.runtime, (), [])
            way = Way(cell.node, (), cell.node, None, cell.node.runtime, 0, 0)
            cells.append(Cell(cell, spot, ask, way, None, cell.mask, cell.level, cell.length + 1, part=cell.part))
        return Choice(tuple(_cheapest(cells)))


def _any_leaf(node: Node) -> str:
    for move in node.fields.values():
        if move.tail is None and move.plain:
            return move.name
    return "__typename"


def _rank(cell: Cell) -> tuple[int, int, int]:
    return (cell.mask.bit_count(), cell.level, cell.length)


def _cheapest(cells: list[Cell]) -> list[Cell]:
    """Rivals none of which needs a superset of another's requests: the first few, the one of the fewest waves among them."""
    kept: list[Cell] = []
    for cell in sorted(cells, key=_rank):
        if not any(each.mask & ~cell.mask == 0 for each in kept):
            kept.append(cell)
    soonest = min(kept, key=lambda each: each.level)
    return [cell for place, cell in enumerate(kept) if place < _RIVALS or cell is soonest]


def _arrivals(cells: list[Cell]) -> list[Cell]:
    """The cells worth going on from: for each node reached, the few none of which another makes superfluous.

    Each node keeps its cheapest and the overall soonest stays, since what lies below may lie nowhere else.
    """
    kept: dict[Node, list[Cell]] = {}
    for cell in sorted(cells, key=_rank):
        if cell.node is None:
            continue
        rivals = kept.setdefault(cell.node, [])
        if not any(each.mask & ~cell.mask == 0 for each in rivals):
            rivals.append(cell)
    found: list[Cell] = []
    for rivals in kept.values():
        soonest = min(rivals, key=lambda each: each.level)
        found += [cell for place, cell in enumerate(rivals) if place < _RIVALS_PER_NODE or cell is soonest]
    if len(found) <= _ARRIVALS:
        return found
    first = {id(rivals[0]) for rivals in kept.values()}
    soonest = min(found, key=lambda each: each.level)
    return [cell for place, cell in enumerate(found) if place < _ARRIVALS or id(cell) in first or cell is soonest]
