"""An operation's fields as a tree of prices: what each costs, how often it may occur, and what lies below it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql.language import ValueNode, parse_value
from graphql.utilities import value_from_ast_untyped

from gateway.cost.weights import Sizing, Weights
from gateway.operation import Condition, Field, Selection
from gateway.supergraph.model import ArgumentDef, FieldDef, InputFieldDef, named_type

__all__ = ["Given", "Level", "Spot", "make_level"]


@dataclass(frozen=True, slots=True)
class Given:
    """An argument that is written on a field, or that has a default, with what giving it costs.

    ``costed`` says whether giving it, or anything that an input object holds, may cost.
    """

    name: str
    type: str
    value: ValueNode
    weight: int
    costed: bool
    variables: frozenset[str]

    def read(self, variables: Mapping[str, Any]) -> Any:
        """Its value; None where it is null or its variable is not set."""
        return value_from_ast_untyped(self.value, dict(variables))


@dataclass(slots=True)
class Level:
    """What is selected on one object: spots of every type, and for each sort of runtime type those of its own.

    ``by_key`` are the spots of each key that may cost something. ``free`` says that nothing in it costs anything, ``needs`` on which variables an estimate depends.
    """

    always: tuple[Spot, ...] = ()
    variants: tuple[tuple[Spot, ...], ...] = ()
    by_key: dict[str, list[Spot]] = field(default_factory=dict)
    free: bool = True
    needs: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Spot:
    """One field: its weight, how many lists wrap it and how they are sized, and what is selected below."""

    key: str
    name: str
    coordinate: str
    weight: int
    depth: int
    conditions: tuple[Condition, ...]
    given: tuple[Given, ...]
    sizings: tuple[Sizing, ...]
    below: Level

    def applies(self, variables: Mapping[str, Any]) -> bool:
        """Whether the field is asked for, under coerced ``variables``."""
        return all(each.holds(variables) for each in self.conditions)

    @property
    def free(self) -> bool:
        """Whether neither it nor anything below costs anything."""
        return not self.weight and self.below.free and not any(each.costed for each in self.given)

    @property
    def needs(self) -> frozenset[str]:
        """The variables on which its estimate depends."""
        slicing = {name for each in self.sizings for name in each.slicing}
        told = (each.variables for each in self.given if each.costed or each.name in slicing)
        return self.below.needs.union((each.variable for each in self.conditions), *told)


def make_level(selections: Sequence[Selection], possible: Sequence[str], weights: Weights) -> Level:
    """The prices of ``selections`` on an object of one of the types ``possible``."""
    placed = [
        (_spot(each, conditions, weights), types)
        for each, conditions, types in _flat(selections, (), None, weights)
        if not each.name.startswith("__")
    ]
    by_key: dict[str, list[Spot]] = {}
    for spot, _ in placed:
        by_key.setdefault(spot.key, []).append(spot)
    by_key = {key: spots for key, spots in by_key.items() if not all(spot.free for spot in spots)}
    variants: dict[tuple[int, ...], tuple[Spot, ...]] = {}
    for name in possible:
        own = tuple(spot for spot, types in placed if types is not None and name in types)
        variants.setdefault(tuple(id(spot) for spot in own), own)
    return Level(
        tuple(spot for spot, types in placed if types is None),
        tuple(variants.values()),
        by_key,
        all(spot.free for spot, _ in placed),
        frozenset().union(*(spot.needs for spot, _ in placed)),
    )


_Types = frozenset[str] | None
_Flat = tuple[Field, tuple[Condition, ...], _Types]


def _flat(
    selections: Sequence[Selection], conditions: tuple[Condition, ...], types: _Types, weights: Weights
) -> Iterator[_Flat]:
    """The fields with the conditions and the runtime types (None: all) under which each applies."""
    for each in selections:
        both = (*conditions, *each.conditions)
        if isinstance(each, Field):
            yield each, both, types
            continue
        inside = frozenset(weights.possible(each.type))
        yield from _flat(each.selections, both, inside if types is None else types & inside, weights)


def _spot(item: Field, conditions: tuple[Condition, ...], weights: Weights) -> Spot:
    """The price of one field; of an abstract type's, the dearest of what it may turn out to be."""
    found = weights.fields(item.parent, item.name)
    sizings = [each for definition in found if (each := weights.sizing(definition)) is not None]
    type_name = named_type(found[0].type) if found else ""
    return Spot(
        key=item.key,
        name=item.name,
        coordinate=f"{item.parent}.{item.name}",
        weight=max((weights.weight(each) for each in found), default=0),
        depth=max((weights.depth(each) for each in found), default=0),
        conditions=tuple(dict.fromkeys(conditions)),
        given=_given(item, found[0], weights) if found else (),
        sizings=tuple(dict.fromkeys(sizings)),
        below=make_level(item.selections, weights.possible(type_name), weights) if item.selections else Level(),
    )


def _given(item: Field, definition: FieldDef, weights: Weights) -> tuple[Given, ...]:
    """The arguments that are given, and those that count by their default."""
    written = {each.name: each for each in item.arguments}
    told: list[Given] = []
    for argument in definition.arguments:
        given = written.get(argument.name)
        text = argument.default if given is None else given.text
        if text is not None:
            weight = weights.of_argument(argument) if given is not None else 0
            costed = given is not None and _costed(argument, weights, set())
            variables = given.variables if given is not None else frozenset()
            told.append(Given(argument.name, argument.type, parse_value(text), weight, costed, variables))
    return tuple(told)


def _costed(argument: ArgumentDef | InputFieldDef, weights: Weights, seen: set[str]) -> bool:
    """Whether giving the argument, or a field of the input object that it takes, may cost anything."""
    if weights.of_argument(argument):
        return True
    name = named_type(argument.type)
    if name in seen:
        return False
    seen.add(name)
    return any(_costed(each, weights, seen) for each in weights.inputs(name))
