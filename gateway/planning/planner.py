"""The planner: an operation goes in, the frozen plan of the fewest waves and fetches comes out.

Read it as five lines: every path for every leaf (:mod:`paths`), the combinations worth trying (:mod:`choose`), each
laid down as steps (:mod:`steps`), made cheaper (:mod:`optimize`), and the best of them written out (:mod:`emit`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from gateway.operation.model import Operation
from gateway.planning.asks import Ask, Spot, StorageKeys, read_asks, root_spot
from gateway.planning.budget import Budget
from gateway.planning.choose import combinations, waves_of
from gateway.planning.emit import emit
from gateway.planning.optimize import Schedule, optimize, schedule
from gateway.planning.paths import Cell, Choice, NoWay, Paths
from gateway.planning.plan import Plan
from gateway.planning.steps import Builder
from gateway.planning.ways import Ways
from gateway.supergraph.model import Supergraph
from gateway.supergraph.moves import Moves

__all__ = ["Considered", "consider_operation", "plan_operation"]

_TRIED = 6
_WAYS: WeakKeyDictionary[object, dict[frozenset[str], Ways]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Considered:
    """A plan with what was weighed for it: every leaf's rival paths, and the ``taken`` cell of each, in that order."""

    plan: Plan
    choices: tuple[Choice, ...] = ()
    taken: tuple[Cell, ...] = ()


def plan_operation(
    supergraph: Supergraph, operation: Operation, labels: Iterable[str] = (), budget: Budget | None = None
) -> Plan:
    """The plan that answers ``operation`` in the fewest waves, and among those with the fewest fetches.

    ``labels`` are the progressive-override labels that are on for this request. Introspection fields and the root's
    ``__typename`` are left to projection. Raises :class:`PlanningError`: UNREACHABLE_FIELD where no subgraph can
    answer a field at its place, PLANNING_BUDGET naming what ran out where planning takes more than ``budget``.
    """
    return consider_operation(supergraph, operation, labels, budget).plan


def consider_operation(
    supergraph: Supergraph, operation: Operation, labels: Iterable[str] = (), budget: Budget | None = None
) -> Considered:
    """The plan of :func:`plan_operation`, which raises the same, with the paths that were weighed for it."""
    ways = _ways(supergraph, frozenset(labels))
    ways.begin(budget or Budget())
    return _Planning(supergraph, operation, ways).consider()


def _ways(supergraph: Supergraph, labels: frozenset[str]) -> Ways:
    kept = _WAYS.setdefault(supergraph.full_schema, {})
    if labels not in kept:
        kept[labels] = Ways(Moves(supergraph, labels))
    return kept[labels]


class _Planning:
    def __init__(self, supergraph: Supergraph, operation: Operation, ways: Ways) -> None:
        self.supergraph = supergraph
        self.operation = operation
        self.ways = ways
        self.keys = StorageKeys()
        self.paths = Paths(ways, self.keys)

    def consider(self) -> Considered:
        try:
            sections = self._sections()
        except NoWay as failure:
            raise failure.report(self.supergraph) from None
        if not any(sections):
            return Considered(Plan(None))
        best, taken = self._best(sections)
        choices = tuple(choice for section in sections for choice in section)
        return Considered(emit(self.supergraph, self.operation, best), choices, taken)

    def _sections(self) -> list[list[Choice]]:
        """The choices of the operation; those of a mutation in the order in which its fields must run."""
        spot = root_spot(self.supergraph, self.operation.root, self.operation.selections)
        asks = [ask for ask in read_asks(self.supergraph, spot, self.keys) if not ask.name.startswith("__")]
        arrivals = self.paths.roots(spot, self.operation.kind)
        if self.operation.kind == "query":
            return [[choice for ask in asks for choice in self.paths.answer(spot, ask, arrivals)]]
        sections: list[tuple[Cell, list[Choice]]] = []
        for ask in asks:
            start, choices = self._single(spot, ask, arrivals)
            if sections and sections[-1][0].node is start.node:
                sections[-1][1].extend(choices)
            else:
                sections.append((start, choices))
        return [choices for _, choices in sections]

    def _single(self, spot: Spot, ask: Ask, arrivals: list[Cell]) -> tuple[Cell, list[Choice]]:
        """A root field that must run once: the one graph from which all below it is reached most cheaply."""
        best: tuple[tuple[int, int], Cell, list[Choice]] | None = None
        failure = NoWay(spot, ask)
        for start in arrivals:
            try:
                choices = self.paths.answer(spot, ask, [start])
            except NoWay as missing:
                failure = missing
                continue
            cells = combinations(choices, self.ways.width, 1)[0]
            mask = 0
            for cell in cells:
                mask |= cell.mask
            cost = (waves_of(mask, self.ways.width), mask.bit_count())
            if best is None or cost < best[0]:
                best = (cost, start, choices)
        if best is None:
            raise failure
        return best[1], best[2]

    def _best(self, sections: list[list[Choice]]) -> tuple[Schedule, tuple[Cell, ...]]:
        """The cheapest schedule among the combinations that look cheapest, and the cells it is made of."""
        tries = [combinations(choices, self.ways.width, _TRIED if len(sections) == 1 else 1) for choices in sections]
        taken = frozenset(name for name, _ in self.operation.definitions)
        found: list[tuple[Schedule, tuple[Cell, ...]]] = []
        for number in range(max(len(each) for each in tries)):
            builder = Builder(self.supergraph, self.keys, taken)
            taken_cells: list[Cell] = []
            for section, options in enumerate(tries):
                builder.section = section
                cells = options[min(number, len(options) - 1)]
                builder.take(cells)
                taken_cells += cells
            found.append((optimize(schedule(builder.steps)), tuple(taken_cells)))
            self.ways.budget.look()
        return min(found, key=lambda each: each[0].score)
