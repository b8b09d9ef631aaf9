"""What the fetches of a plan may cost their subgraphs: each text priced as often as there may be objects to ask about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import parse, print_ast
from graphql.language import (
    ArgumentNode,
    DirectiveNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    Visitor,
    visit,
)

from gateway.cost.sums import Place, Reckoning, estimate
from gateway.cost.tree import Level, make_level
from gateway.cost.weights import Weights
from gateway.operation import Argument, Condition, Field, Fragment, Selection
from gateway.planning.plan import Fetch, Path, Plan, Rename
from gateway.supergraph import Supergraph
from gateway.supergraph.model import named_type

__all__ = ["PlanPrices", "price_plan"]


@dataclass(frozen=True, slots=True)
class _Asked:
    """One selection of a fetch, made on the objects at ``places``; ``each`` is what one of them costs by itself."""

    subgraph: str
    level: Level
    places: tuple[Place, ...]
    each: int
    keys: Mapping[tuple[Place, str], str]
    conditions: tuple[Condition, ...]


class PlanPrices:
    """The priced selections of a plan, in an order in which each place is known before it is asked about."""

    def __init__(self, asked: Sequence[_Asked]) -> None:
        self._asked = asked
        self._fixed: dict[str, int] | None = None
        self._needs = any(each.level.needs or each.conditions for each in asked)

    def by_subgraph(self, how: Reckoning) -> dict[str, int]:
        """What each subgraph's fetches may cost in all."""
        if self._fixed is not None:
            return self._fixed
        how.counts[()] = 1
        told: dict[str, int] = {}
        for asked in self._asked:
            told.setdefault(asked.subgraph, 0)
            if not all(each.holds(how.variables) for each in asked.conditions):
                continue
            for place in asked.places:
                times = _count(place, how)
                told[asked.subgraph] += times * asked.each + estimate(asked.level, how, times, place, asked.keys)
        if not self._needs:
            self._fixed = told
        return told


def _count(place: Place, how: Reckoning) -> int:
    """How many objects there may be at a place: what was noted of it, or of the nearest place above."""
    for length in range(len(place), -1, -1):
        if place[:length] in how.counts:
            return how.counts[place[:length]]
    return 1


def price_plan(plan: Plan, supergraph: Supergraph, weights: Weights) -> PlanPrices:
    """The prices of ``plan``; texts are read once, here."""
    return PlanPrices([asked for fetch in plan.fetches for asked in _of_fetch(fetch, supergraph, weights)])


def _of_fetch(fetch: Fetch, supergraph: Supergraph, weights: Weights) -> Iterator[_Asked]:
    reader = _Reader(fetch.text, supergraph)
    if not fetch.batches:
        root = supergraph.roots.get(fetch.kind, "Query")
        level = make_level(reader.selections(reader.top, root), (root,), weights)
        place = _place(fetch.path)
        yield _Asked(fetch.subgraph, level, (place,), 0, _keys(fetch.renames, place), fetch.conditions)
        return
    below = {(node.alias or node.name).value: node for node in reader.top.selections if isinstance(node, FieldNode)}
    for batch in fetch.batches:
        node = below[batch.alias]
        selections = reader.selections(node.selection_set, "") if node.selection_set is not None else ()
        types = sorted({name for each in selections if isinstance(each, Fragment) for name in (each.type,)})
        possible = sorted({name for each in types for name in weights.possible(each)})
        level = make_level(selections, possible, weights)
        places = tuple(dict.fromkeys(_place(target) for target in batch.targets))
        keys = {key: value for place in places for key, value in _keys(batch.renames, place).items()}
        each = max((weights.of_type(name) for name in possible), default=1)
        yield _Asked(fetch.subgraph, level, places, each, keys, (*fetch.conditions, *batch.conditions))


def _place(path: Path) -> Place:
    """A path without what it says of lists and types."""
    return tuple(step for step in path if step != "@" and not step.startswith("|"))


def _keys(renames: Sequence[Rename], base: Place) -> dict[tuple[Place, str], str]:
    return {((*base, *_place(each.path)), each.alias): each.key for each in renames}


class _Reader:
    """One text of the planner's as selections of the operation's model."""

    def __init__(self, text: str, supergraph: Supergraph) -> None:
        document = parse(text, no_location=True)
        self._graph = supergraph
        self._fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
        operation = next(d for d in document.definitions if isinstance(d, OperationDefinitionNode))
        self.top = operation.selection_set

    def selections(self, selection_set: SelectionSetNode, parent: str) -> tuple[Selection, ...]:
        """The selections on ``parent``; type names are left out."""
        return tuple(self._each(selection_set, parent))

    def _each(self, selection_set: SelectionSetNode, parent: str) -> Iterator[Selection]:
        for node in selection_set.selections:
            conditions = tuple(_conditions(node.directives or ()))
            if isinstance(node, FieldNode):
                yield self._field(node, parent, conditions)
            elif isinstance(node, FragmentSpreadNode):
                found = self._fragments[node.name.value]
                kind = found.type_condition.name.value
                yield Fragment(kind, conditions, self.selections(found.selection_set, kind))
            else:
                condition: Any = getattr(node, "type_condition", None)
                kind = condition.name.value if condition is not None else parent
                inner: SelectionSetNode = getattr(node, "selection_set")  # noqa: B009 (the base class has no such field)
                yield Fragment(kind, conditions, self.selections(inner, kind))

    def _field(self, node: FieldNode, parent: str, conditions: tuple[Condition, ...]) -> Field:
        name = node.name.value
        found = self._graph.field(parent, name)
        below: tuple[Selection, ...] = ()
        if node.selection_set is not None and found is not None:
            below = self.selections(node.selection_set, named_type(found.type))
        arguments = tuple(_argument(each) for each in node.arguments or ())
        return Field((node.alias or node.name).value, name, parent, arguments, conditions, below)


def _argument(node: ArgumentNode) -> Argument:
    return Argument(node.name.value, print_ast(node.value), frozenset(_Variables.of(node)))


def _conditions(directives: Sequence[DirectiveNode]) -> Iterator[Condition]:
    for each in directives:
        if each.name.value in ("include", "skip") and each.arguments:
            value = each.arguments[0].value
            if isinstance(value, VariableNode):
                yield Condition(value.name.value, each.name.value == "skip")


class _Variables(Visitor):
    """Collects the names of variables."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def enter_variable(self, node: VariableNode, *_: Any) -> None:
        self.found.add(node.name.value)

    @classmethod
    def of(cls, node: ArgumentNode) -> set[str]:
        """The variables in ``node``."""
        collector = cls()
        visit(node, collector)
        return collector.found
