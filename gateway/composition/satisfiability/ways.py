"""The ways through the subgraphs: what one can resolve itself, and where its keys lead.

A ``Place`` is a type in one subgraph. From a place a field is a ``step`` inside the subgraph; ``reach`` are the places
of the same object in other subgraphs, by chains of keys. Both may hang on conditions (the fields of a key, of
``@requires``), which must hold from where they are needed, without going through the subgraph they open and without
leaning on themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from gateway.composition import typerefs
from gateway.composition.facts import Key, applied, parsed_fields
from gateway.composition.fieldsets import Selection
from gateway.composition.merging.context import Merge
from gateway.composition.read import ROOT_NAMES
from gateway.composition.rules.inaccessible import hidden
from gateway.composition.schema import FieldDef, Kind, TypeDef

__all__ = ["Labels", "Place", "Ways"]

_ROOTS = frozenset(ROOT_NAMES.values())
Labels = Mapping[str, bool]
Pending = frozenset[tuple[str, ...]]
Excluded = frozenset[int]


@dataclass(frozen=True, slots=True)
class Place:
    """A type in a subgraph: ``type`` as it is called there, ``known`` the API type the object is known to be.

    They differ only for interface objects. ``provided`` numbers what a ``@provides`` on the way here adds.
    """

    subgraph: int
    type: str
    known: str
    provided: int = 0


@dataclass(frozen=True)
class _Hop:
    """A key that leads to a place."""

    target: Place
    key: Key | None
    condition: tuple[str, ...] = ()


@dataclass
class Ways:
    """The ways of one merge; answers are remembered."""

    merge: Merge
    expanded: int = 0
    _provided: list[tuple[Selection, ...]] = field(default_factory=lambda: [()])
    _numbers: dict[object, int] = field(default_factory=dict)
    _reached: dict[tuple[Place, Excluded, Pending], tuple[Place, ...]] = field(default_factory=dict)
    _hops: dict[Place, list[_Hop]] = field(default_factory=dict)

    # What stands where

    def definition(self, place: Place) -> TypeDef | None:
        """The type as the place's subgraph defines it."""
        return self.merge.subgraphs[place.subgraph].schema.types.get(place.type)

    def stands_in(self, place: Place) -> bool:
        """Whether the place is an interface object."""
        return place.type in self.merge.facts[place.subgraph].interface_objects

    def runtime_types(self, place: Place) -> set[str]:
        """The object types a value at the place can have, as far as its subgraph knows."""
        return set(self.merge.subgraphs[place.subgraph].schema.possible_types(place.type))

    def _number(self, selections: tuple[Selection, ...]) -> int:
        if not selections:
            return 0
        key = frozenset(entry.signature for entry in selections)
        if key not in self._numbers:
            self._provided.append(selections)
            self._numbers[key] = len(self._provided) - 1
        return self._numbers[key]

    # Inside one subgraph

    def resolvable(self, place: Place, name: str, labels: Labels | None) -> FieldDef | None:
        """The field if the place's subgraph resolves it itself, its conditions aside.

        ``labels`` are the override labels chosen so far; ``None`` inside a condition, where no labelled field counts.
        """
        definition = self.definition(place)
        item = definition.fields.get(name) if definition is not None else None
        if item is None:
            return None
        index, coordinate = place.subgraph, item.coordinate
        override = self.merge.overrides.get(coordinate)
        if override is not None and index in override.labels:
            wanted = index not in override.used | override.unused
            if labels is None or labels.get(override.labels[index]) is not wanted:
                return None
        elif override is not None and index in override.used | override.unused:
            return item if self._is_provided(place, name) else None
        if self.merge.external(index, coordinate) and not self._is_provided(place, name):
            return None
        return item

    def _is_provided(self, place: Place, name: str) -> bool:
        return any(entry.name == name for entry in self._provided[place.provided])

    def step(
        self,
        place: Place,
        name: str,
        labels: Labels | None,
        *,
        hopped: bool,
        excluded: Excluded = frozenset(),
        pending: Pending = frozenset(),
    ) -> Place | None:
        """Where the field leads inside the subgraph, or ``None`` if it does not resolve it or a condition fails."""
        item = self.resolvable(place, name, labels)
        if item is None:
            return None
        requires = applied(item, "requires")
        if requires is not None and not self._required(place, item, parsed_fields(requires), hopped, excluded, pending):
            return None
        return self._target(place, item)

    def _required(
        self,
        place: Place,
        item: FieldDef,
        selections: tuple[Selection, ...],
        hopped: bool,
        excluded: Excluded,
        pending: Pending,
    ) -> bool:
        condition = ("requires", str(place.subgraph), item.coordinate)
        if condition in pending:
            return False
        if not hopped and not self.returnable(place):
            return False
        return self.holds(frozenset({place}), selections, excluded, pending | {condition})

    def returnable(self, place: Place) -> bool:
        """Whether the subgraph can be asked for the object again: some key of it has no external field there."""
        facts = self.merge.facts[place.subgraph]
        definition = self.definition(place)
        return definition is not None and any(
            not any(f"{place.type}.{entry.name}" in facts.external for entry in key.selections)
            for key in facts.keys.get(place.type, ())
        )

    def _target(self, place: Place, item: FieldDef) -> Place:
        target = typerefs.base(item.type)
        provided: list[Selection] = []
        provides = applied(item, "provides")
        if provides is not None:
            provided.extend(parsed_fields(provides))
        for entry in self._provided[place.provided]:
            if entry.name == item.name:
                provided.extend(entry.children)
        return Place(place.subgraph, target, target, self._number(tuple(provided)))

    def narrow(self, place: Place, runtime: str) -> Place | None:
        """The place for a value known to be of object type ``runtime``; ``None`` if it never is there."""
        if self.stands_in(place):
            return replace(place, known=runtime) if runtime in self.merge.schema.possible_types(place.type) else None
        if runtime not in self.runtime_types(place):
            return None
        kept: list[Selection] = []
        schema = self.merge.subgraphs[place.subgraph].schema
        pending = list(self._provided[place.provided])
        while pending:
            entry = pending.pop(0)
            if entry.name:
                kept.append(entry)
            elif not entry.condition or schema.is_subtype(runtime, entry.condition):
                pending.extend(entry.children)
        return Place(place.subgraph, runtime, runtime, self._number(tuple(kept)))

    def knows_typename(self, place: Place) -> bool:
        """Whether the object's type can be told: interface objects must ask a subgraph with the real interface."""
        if not self.stands_in(place):
            return True
        return any(not self.stands_in(other) for other in self.reach(place))

    # Between subgraphs

    def hops(self, place: Place) -> list[_Hop]:
        """Every key, whether its condition holds or not, that leads from the place into another subgraph."""
        if place not in self._hops:
            self._hops[place] = list(self._find_hops(place))
        return self._hops[place]

    def _find_hops(self, place: Place) -> Iterator[_Hop]:
        merged = self.merge.schema.types.get(place.type)
        for index, facts in enumerate(self.merge.facts):
            if index == place.subgraph:
                continue
            types = facts.subgraph.schema.types
            if place.type in _ROOTS and types.get(place.type) is not None and types[place.type].fields:
                yield _Hop(Place(index, place.type, place.type), None)
            names = [place.type]
            if merged is not None and merged.kind is Kind.OBJECT:
                names.extend(name for name in merged.interfaces if name in facts.interface_objects)
            for name in names:
                target = self._arrival(index, name, place)
                for key in facts.keys.get(name, ()):
                    if key.resolvable and target is not None:
                        signatures = sorted(str(entry.signature) for entry in key.selections)
                        yield _Hop(target, key, ("key", name, *signatures))

    def _arrival(self, index: int, name: str, place: Place) -> Place | None:
        definition = self.merge.subgraphs[index].schema.types.get(name)
        if definition is None:
            return None
        if definition.kind is Kind.INTERFACE and place.known != name:
            here = place.known in self.merge.subgraphs[index].schema.possible_types(name)
            return Place(index, place.known, place.known) if here else None
        return Place(index, name, place.known)

    def reach(
        self, place: Place, excluded: Excluded = frozenset(), pending: Pending = frozenset()
    ) -> tuple[Place, ...]:
        """The same object's places in other subgraphs, nearest first; one for each subgraph, never back.

        A chain of hops never uses one condition twice: whoever met it the first time could have gone on directly.
        """
        memo = (place, excluded, pending)
        if memo in self._reached:
            return self._reached[memo]
        self.expanded += 1
        found: list[Place] = []
        visited = {place.subgraph} | excluded
        frontier: list[tuple[Place, Pending]] = [(place, frozenset())]
        while frontier:
            current, used = frontier.pop(0)
            for hop in self.hops(current):
                if hop.target.subgraph in visited or hop.condition in used:
                    continue
                if self.open(current, hop, excluded, pending):
                    visited.add(hop.target.subgraph)
                    found.append(hop.target)
                    frontier.append((hop.target, used | {hop.condition} if hop.key is not None else used))
        self._reached[memo] = tuple(found)
        return self._reached[memo]

    def open(self, place: Place, hop: _Hop, excluded: Excluded = frozenset(), pending: Pending = frozenset()) -> bool:
        """Whether the fields of the hop's key can be had from the place, not by way of where it leads."""
        if hop.key is None:
            return True
        if hop.condition in pending:
            return False
        without = excluded | {hop.target.subgraph}
        return self.holds(frozenset({place}), hop.key.selections, without, pending | {hop.condition})

    # Conditions

    def holds(
        self, places: frozenset[Place], selections: Iterable[Selection], excluded: Excluded, pending: Pending
    ) -> bool:
        """Whether each selected field can be had from the places, with further hops."""
        return all(
            self._field_holds(places, entry, excluded, pending)
            if entry.name
            else self._fragment_holds(places, entry, excluded, pending)
            for entry in selections
        )

    def _field_holds(self, places: frozenset[Place], entry: Selection, excluded: Excluded, pending: Pending) -> bool:
        if entry.name == "__typename":
            return any(self.knows_typename(place) for place in places)
        targets: set[Place] = set()
        for place in places:
            for candidate, hopped in self._candidates(place, excluded, pending):
                if self._is_interface(candidate):
                    if self._exploded(candidate, entry, excluded, pending):
                        return True
                    continue
                target = self.step(candidate, entry.name, None, hopped=hopped, excluded=excluded, pending=pending)
                if target is not None:
                    if not entry.children:
                        return True
                    targets.add(target)
        return bool(targets) and self.holds(frozenset(targets), entry.children, excluded, pending)

    def _candidates(self, place: Place, excluded: Excluded, pending: Pending) -> Iterator[tuple[Place, bool]]:
        yield place, False
        for other in self.reach(place, excluded, pending):
            yield other, True

    def _is_interface(self, place: Place) -> bool:
        definition = self.definition(place)
        return definition is not None and definition.kind in (Kind.INTERFACE, Kind.UNION)

    def _exploded(self, place: Place, entry: Selection, excluded: Excluded, pending: Pending) -> bool:
        """Whether every object type the interface can be there can give the field, each in its own way."""
        runtime = sorted(self.runtime_types(place))
        narrowed = [self.narrow(place, name) for name in runtime if self._visible(name)]
        return bool(narrowed) and all(
            self._field_holds(frozenset({one}), entry, excluded, pending) for one in narrowed if one is not None
        )

    def _visible(self, name: str) -> bool:
        merged = self.merge.schema.types.get(name)
        return merged is not None and not hidden(merged)

    def _fragment_holds(self, places: frozenset[Place], entry: Selection, excluded: Excluded, pending: Pending) -> bool:
        if not entry.condition:
            return self.holds(places, entry.children, excluded, pending)
        wanted = set(self.merge.schema.possible_types(entry.condition))
        runtime = {name for place in places for name in self._runtime_of(place)} & wanted
        for name in sorted(runtime):
            narrowed = frozenset(one for place in places if (one := self.narrow(place, name)) is not None)
            if not self.holds(narrowed, entry.children, excluded, pending):
                return False
        return True

    def _runtime_of(self, place: Place) -> set[str]:
        if self.stands_in(place):
            known = self.merge.schema.possible_types(place.type) if place.known == place.type else [place.known]
            return set(known)
        return self.runtime_types(place)
