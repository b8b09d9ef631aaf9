"""The search: every field of the API from every set of places it can be reached at, breadth first.

Codes: SATISFIABILITY_ERROR, SHAREABLE_HAS_MISMATCHED_RUNTIME_TYPES, MAX_VALIDATION_SUBGRAPH_PATHS_EXCEEDED.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeAlias

from gateway.composition import typerefs
from gateway.composition.facts import split_context
from gateway.composition.fieldsets import Selection
from gateway.composition.merging.context import Merge, find
from gateway.composition.read import ROOT_NAMES
from gateway.composition.rules.inaccessible import hidden
from gateway.composition.satisfiability.explain import Trail, mismatched, unfinished, unreachable
from gateway.composition.satisfiability.ways import Place, Ways
from gateway.composition.schema import FieldDef, Kind, TypeDef
from gateway.errors import Mistake

__all__ = ["Budget", "unsatisfied"]


@dataclass(frozen=True, slots=True)
class Budget:
    """How much the search may do: sets of places looked at, and places asked for their ways out."""

    states: int = 200_000
    ways: int = 1_000_000


Given: TypeAlias = frozenset[tuple[str, str]]  # contexts with the selections of them that can be had


@dataclass(frozen=True)
class _State:
    """A point of the API, the places one can be at there, and what the objects on the way there give to contexts."""

    type: str
    places: frozenset[Place]
    labels: frozenset[tuple[str, bool]]
    contexts: Given
    trail: Trail


class _Spent(Exception):  # noqa: N818  a signal inside this module
    """The budget is spent."""


@dataclass
class _Search:
    merge: Merge
    ways: Ways
    budget: Budget
    mistakes: dict[tuple[str, str], Mistake] = field(default_factory=dict)
    seen: dict[tuple[str, frozenset[tuple[str, bool]], Given], list[frozenset[Place]]] = field(default_factory=dict)
    steps: dict[tuple[object, ...], Place | None] = field(default_factory=dict)
    visited: int = 0

    def run(self, start: _State) -> None:
        """Look at everything that can be asked from a state on."""
        queue = deque([start])
        while queue:
            state = queue.popleft()
            if not self._new(state):
                continue
            self.visited += 1
            if self.visited > self.budget.states or self.ways.expanded > self.budget.ways:
                raise _Spent
            queue.extend(self._onward(state))

    def _new(self, state: _State) -> bool:
        """Whether nothing known covers the state: more places never make less possible."""
        covered = self.seen.setdefault((state.type, state.labels, state.contexts), [])
        if any(places <= state.places for places in covered):
            return False
        covered.append(state.places)
        return True

    def _onward(self, state: _State) -> Iterator[_State]:
        merged = self.merge.schema.types[state.type]
        if merged.kind is Kind.OBJECT:
            for item in merged.fields.values():
                if not hidden(item):
                    yield from self.along_field(state, merged, item)
        else:
            for runtime in self.merge.schema.possible_types(state.type):
                if not hidden(self.merge.schema.types[runtime]):
                    yield from self._along_condition(state, runtime)

    def _along_condition(self, state: _State, runtime: str) -> Iterator[_State]:
        places: set[Place] = set()
        for place in state.places:
            narrowed = self.ways.narrow(place, runtime)
            if narrowed is None:
                return  # a value of this type never comes from there: nothing to ask
            if not self.ways.stands_in(place) or self.ways.knows_typename(place):
                places.add(narrowed)
            for other in self.ways.reach(place):
                narrowed = self.ways.narrow(other, runtime)
                if narrowed is not None and (not self.ways.stands_in(other) or self.ways.knows_typename(other)):
                    places.add(narrowed)
        trail = state.trail.to(runtime)
        if not places:
            self.report(
                unreachable(self.ways, state.places, state.type, f"... on {runtime}", trail, dict(state.labels))
            )
            return
        contexts = self.given(state.contexts, runtime, frozenset(places))
        yield _State(runtime, frozenset(places), state.labels, contexts, trail)

    def along_field(self, state: _State, owner: TypeDef, item: FieldDef) -> Iterator[_State]:
        """Where a field leads from a state, under each choice of its override label; a mistake where nowhere."""
        override = self.merge.overrides.get(item.coordinate)
        label = next(iter(override.labels.values()), "") if override is not None else ""
        chosen = dict(state.labels)
        choices = [chosen] if not label or label in chosen else [{**chosen, label: True}, {**chosen, label: False}]
        for labels in choices:
            places = self._advance(state, item, labels)
            trail = state.trail.to(item)
            if not places:
                self.report(unreachable(self.ways, state.places, owner.name, item.name, trail, labels))
                continue
            target = self.merge.schema.types.get(typerefs.base(item.type))
            if target is None or not target.composite:
                continue
            if target.kind is not Kind.OBJECT and not self._same_runtime_types(item, places, trail):
                continue
            contexts = self.given(state.contexts, target.name, places)
            yield _State(target.name, places, frozenset(labels.items()), contexts, trail)

    def _advance(self, state: _State, item: FieldDef, labels: dict[str, bool]) -> frozenset[Place]:
        """The places the field leads to, directly and after hops; leaves need no hop when reached directly."""
        target = self.merge.schema.types.get(typerefs.base(item.type))
        leaf = target is None or not target.composite
        found: set[Place] = set()
        for place in state.places:
            found |= self._leads(place, item, labels, state.contexts, hopped=False)
        if (found and leaf) or state.trail.at_root:
            return frozenset(found)
        for place in state.places:
            found |= self._leads(place, item, labels, state.contexts, hopped=True)
        return frozenset(found)

    def _leads(
        self, place: Place, item: FieldDef, labels: dict[str, bool], contexts: Given, *, hopped: bool
    ) -> frozenset[Place]:
        """Where the field leads from the place itself, or from the places its keys lead to."""
        if not hopped:
            target = self._step(place, item, labels, contexts, hopped=False)
            return frozenset() if target is None else frozenset({target})
        targets = (self._step(other, item, labels, contexts, hopped=True) for other in self.ways.reach(place))
        return frozenset(target for target in targets if target is not None)

    def _step(
        self, place: Place, item: FieldDef, labels: dict[str, bool], contexts: Given, *, hopped: bool
    ) -> Place | None:
        labelled = item.coordinate in self.merge.overrides
        memo = (place, item.coordinate, hopped, tuple(labels.items()) if labelled else (), contexts)
        if memo not in self.steps:
            given = self._context_given(place, item, contexts)
            self.steps[memo] = self.ways.step(place, item.name, labels, hopped=hopped) if given else None
        return self.steps[memo]

    @cached_property
    def _taken(self) -> dict[str, dict[str, tuple[Selection, ...]]]:
        """For each context, what fields take from it: the text of ``@fromContext`` and its selections."""
        found: dict[str, dict[str, tuple[Selection, ...]]] = {}
        for subgraph in self.merge.subgraphs:
            for definition in subgraph.schema.types.values():
                for argument in (each for item in definition.fields.values() for each in item.args.values()):
                    source = find(argument.directives, "fromContext")
                    if source is not None:
                        text = str(source.args.get("field"))
                        name, selections = split_context(text)
                        found.setdefault(f"{subgraph.name}__{name}", {})[text] = selections
        return found

    def given(self, before: Given, name: str, places: frozenset[Place]) -> Given:
        """What is given below an object of type ``name`` at ``places``: the nearest object that sets a context counts."""
        own = self.contexts(name)
        if not own:
            return before
        had = {
            (context, text)
            for context in own
            for text, selections in self._taken.get(context, {}).items()
            if self.ways.holds(places, selections, frozenset(), frozenset())
        }
        return frozenset(each for each in before if each[0] not in own) | had

    def contexts(self, name: str) -> frozenset[str]:
        """The contexts a merged type sets, for an object also those of its interfaces and unions."""
        types = self.merge.schema.types
        setters = [types[name]]
        if types[name].kind is Kind.OBJECT:
            setters.extend(
                t for t in types.values() if t.kind is not Kind.OBJECT and self.merge.schema.is_subtype(name, t.name)
            )
        return frozenset(str(a.args.get("name")) for t in setters for a in t.directives if a.element == "context")

    def _context_given(self, place: Place, item: FieldDef, contexts: Given) -> bool:
        definition = self.ways.definition(place)
        own = definition.fields.get(item.name) if definition is not None else None
        for argument in own.args.values() if own is not None else ():
            source = find(argument.directives, "fromContext")
            if source is not None:
                text = str(source.args.get("field"))
                name, _ = split_context(text)
                if (f"{self.merge.subgraphs[place.subgraph].name}__{name}", text) not in contexts:
                    return False
        return True

    def _same_runtime_types(self, item: FieldDef, places: frozenset[Place], trail: Trail) -> bool:
        """Whether the subgraphs that share the field could return a value of a common type."""
        by_subgraph = {
            place.subgraph: self.ways.runtime_types(place) for place in places if not self.ways.stands_in(place)
        }
        if len(by_subgraph) < 2 or not any(by_subgraph.values()):
            return True
        sets = list(by_subgraph.values())
        if set.intersection(*sets):
            abstract = all(place.type not in self.ways.runtime_types(place) for place in places)
            if abstract and any(types != sets[0] for types in sets):
                message = f'Shared field "{item.coordinate}" can return different types in different subgraphs.'
                self.merge.note("INCONSISTENT_RUNTIME_TYPES_FOR_SHAREABLE_RETURN", message, item.coordinate)
            return True
        self.report(mismatched(self.merge, item, by_subgraph, trail))
        return False

    def report(self, mistake: Mistake) -> None:
        """Keep the first mistake at each coordinate: the search is breadth first, so its query is the shortest."""
        self.mistakes.setdefault((mistake.code, mistake.where), mistake)


def unsatisfied(merge: Merge, budget: Budget) -> list[Mistake]:
    """A mistake for each field of the API that some query reaches and no way resolves.

    When the budget is spent first, the one mistake says so.
    """
    search = _Search(merge, Ways(merge), budget)
    try:
        for operation, name in ROOT_NAMES.items():
            root = merge.schema.types.get(name)
            if operation in merge.schema.roots and root is not None:
                _from_root(search, operation, name)
    except _Spent:
        message = f"Checking that every query can be answered took more than {budget.states} sets of subgraph paths."
        hint = "share fewer fields between subgraphs, or raise the budget"
        return [Mistake("MAX_VALIDATION_SUBGRAPH_PATHS_EXCEEDED", message, "schema", hint)]
    return list(search.mistakes.values())


def _from_root(search: _Search, operation: str, name: str) -> None:
    places = frozenset(
        Place(index, name, name)
        for index, subgraph in enumerate(search.merge.subgraphs)
        if name in subgraph.schema.types and subgraph.schema.types[name].fields
    )
    start = _State(name, places, frozenset(), search.given(frozenset(), name, places), Trail(operation))
    if operation == "mutation":
        _mutations(search, start)
    else:
        search.run(start)


def _mutations(search: _Search, start: _State) -> None:
    """Each mutation runs in one subgraph: of several that have the field, one must do for all queries below it."""
    owner = search.merge.schema.types[start.type]
    for item in owner.fields.values():
        if hidden(item):
            continue
        owners = [place for place in start.places if search.ways.resolvable(place, item.name, {}) is not None]
        if len(owners) < 2:
            for state in search.along_field(start, owner, item):
                search.run(state)
            continue
        attempts = [(place, _attempt(search, start, owner, item, place)) for place in sorted(owners, key=_by_subgraph)]
        failing = [(place, mistakes[0]) for place, mistakes in attempts if mistakes]
        if len(failing) == len(attempts):
            search.report(unfinished(search.merge, owner.name, item, failing))


def _by_subgraph(place: Place) -> int:
    return place.subgraph


def _attempt(search: _Search, start: _State, owner: TypeDef, item: FieldDef, place: Place) -> list[Mistake]:
    """What has no way below the mutation when the place's subgraph runs it."""
    alone = replace(start, places=frozenset({place}))
    attempt = _Search(search.merge, search.ways, search.budget, steps=search.steps, visited=search.visited)
    for state in attempt.along_field(alone, owner, item):
        attempt.run(state)
    search.visited = attempt.visited
    return list(attempt.mistakes.values())
