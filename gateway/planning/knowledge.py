"""What a plan has fetched so far, symbolically: for each place and object type, which value lies under which key.

Part of the prover; shares no code with the planner's search.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from gateway.operation.model import Condition
from gateway.planning.plan import Path
from gateway.supergraph.model import Supergraph, named_type

__all__ = ["Conditions", "Place", "Spotted", "Value", "implied"]

Conditions: TypeAlias = frozenset[Condition]
Identity: TypeAlias = tuple[str, tuple[tuple[str, str], ...]]


@dataclass(eq=False, slots=True)
class Value:
    """A fetched value: what field it is, under which alternative conditions it is there, and what stands below it."""

    identity: Identity
    alternatives: list[Conditions] = field(default_factory=list)
    place: Place | None = None
    used: bool = False


@dataclass(eq=False, slots=True)
class Place:
    """Where objects stand. ``alive`` are the types they can have, given which subgraphs led here,
    ``doubtful`` those that not every subgraph able to lead here knows: nobody need fetch for them."""

    declared: str
    alive: set[str]
    abstract: bool
    values: dict[str, dict[str, Value]] = field(default_factory=dict)
    reached: bool = False
    doubtful: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, supergraph: Supergraph, type_text: str) -> Place:
        """A place for values of the supergraph type ``type_text``."""
        name = named_type(type_text)
        return cls(name, set(supergraph.possible_types(name) or (name,)), supergraph.types[name].abstract)

    def narrow(self, types: set[str]) -> None:
        """Note that a subgraph that can only answer objects of ``types`` led here."""
        self.alive &= types
        self.reached = True

    def value(self, type: str, key: str) -> Value | None:
        """What lies under ``key`` of objects of ``type``."""
        return self.values.get(type, {}).get(key)

    def tells_type(self, type: str, under: Conditions) -> bool:
        """Whether the real type of such an object is known under the conditions."""
        found = self.value(type, "__typename")
        return not self.abstract or (found is not None and implied(found.alternatives, under))


@dataclass(frozen=True, slots=True)
class Spotted:
    """A place found by a path, for some of its types, under the conditions by which one gets there."""

    place: Place
    types: frozenset[str]
    conditions: Conditions


def implied(alternatives: list[Conditions], under: Conditions) -> bool:
    """Whether one of the alternatives holds whenever ``under`` does."""
    return any(each <= under for each in alternatives)


def follow(place: Place, path: Path, under: Conditions = frozenset()) -> Iterator[Spotted | str]:
    """Every place at ``path``; a text instead where the path reads what nobody fetched."""
    types = frozenset(place.alive)
    for index, step in enumerate(path):
        if step == "@":
            continue
        if step.startswith("|"):
            types = types & frozenset(step[1:].split("|"))
            for each in sorted(types):
                if not place.tells_type(each, under):
                    yield f"the type guard {step} at {'.'.join(path[:index])} reads no __typename of {each}"
            continue
        yield from _step(place, step, path[index + 1 :], types, under)
        return
    yield Spotted(place, types, under)


def _step(place: Place, key: str, rest: Path, types: frozenset[str], under: Conditions) -> Iterator[Spotted | str]:
    done: set[int] = set()
    found = False
    for each in sorted(types):
        value = place.value(each, key)
        if value is None or value.place is None or id(value.place) in done:
            found = found or value is not None
            continue
        found = True
        done.add(id(value.place))
        for alternative in value.alternatives:
            yield from follow(value.place, rest, under | alternative)
    if not found and types:
        yield f"no fetch before has put anything under {key!r} of {place.declared}"
