"""The sums over a tree of prices: from sizes that are told or taken to be so, and from an answer's real ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from gateway.cost.tree import Given, Level, Spot
from gateway.cost.weights import Weights
from gateway.errors import OperationError

__all__ = ["Place", "Reckoning", "estimate", "reckon"]

Place = tuple[str, ...]

_MOST: Final = 10**15  # sums end here; nested lists make numbers without end


@dataclass(slots=True)
class Reckoning:
    """What sums need besides the tree. ``counts`` has how many objects an estimate took to be at each place.

    ``strict``: a list whose size has to be said (``requireOneSlicingArgument``) is refused where it is not.
    """

    variables: Mapping[str, Any]
    list_size: int
    weights: Weights
    strict: bool = False
    counts: dict[Place, int] = field(default_factory=dict)


def estimate(
    level: Level,
    how: Reckoning,
    times: int = 1,
    place: Place = (),
    keys: Mapping[tuple[Place, str], str] | None = None,
    sized: Mapping[str, int] | None = None,
) -> int:
    """What ``level`` may cost on ``times`` objects at ``place``; of an abstract value's types, the dearest counts.

    ``keys`` says under which storage key an alias lies at a place; where it is given, ``how.counts`` is filled. ``sized``
    has the sizes that a ``@listSize`` above told of lists here.
    """
    if level.free and keys is None and not how.strict:
        return 0

    def of(spots: tuple[Spot, ...]) -> int:
        return sum(_estimate(each, how, times, place, keys, sized or {}) for each in spots)

    return min(_MOST, of(level.always) + max((of(each) for each in level.variants), default=0))


def _estimate(
    spot: Spot,
    how: Reckoning,
    times: int,
    place: Place,
    keys: Mapping[tuple[Place, str], str] | None,
    sized: Mapping[str, int],
) -> int:
    if not spot.applies(how.variables):
        return 0
    size, below = _sizes(spot, how, sized)
    count = min(_MOST, times * size)
    inside = place
    if keys is not None:
        inside = (*place, keys.get((place, spot.key), spot.key))
        how.counts[inside] = max(how.counts.get(inside, 0), count)
    total = count * spot.weight + times * _arguments(spot, how)
    return total + estimate(spot.below, how, count, inside, keys, below)


def _sizes(spot: Spot, how: Reckoning, sized: Mapping[str, int]) -> tuple[int, dict[str, int]]:
    """How many values the field has on one object, and the sizes that it tells of lists below."""
    own = sized.get(spot.name)
    below: dict[str, int] = {}
    for sizing in spot.sizings:
        given = _slices(spot, sizing.slicing, how)
        if how.strict and sizing.one and sizing.slicing and len(given) != 1:
            raise _unsized(spot, sizing.slicing)
        told = max(given) if given else sizing.assumed
        if sizing.sized:
            size = how.list_size if told is None else told
            below.update({name: max(size, below.get(name, 0)) for name in sizing.sized})
        elif told is not None:
            own = told if own is None else max(told, own)
    if not spot.depth:
        return 1, below
    return (how.list_size if own is None else own) * how.list_size ** (spot.depth - 1), below


def _slices(spot: Spot, names: tuple[str, ...], how: Reckoning) -> list[int]:
    """The sizes that slicing arguments ask for; one that is null asks for none."""
    values = (each.read(how.variables) for each in spot.given if each.name in names)
    return [max(0, value) for value in values if isinstance(value, int) and not isinstance(value, bool)]


def _arguments(spot: Spot, how: Reckoning) -> int:
    total = 0
    for each in spot.given:
        if each.costed:
            total += _argument(each, how)
    return total


def _argument(given: Given, how: Reckoning) -> int:
    value = given.read(how.variables)
    return 0 if value is None else given.weight + _inside(given.type, value, how.weights)


def _inside(type_text: str, value: Any, weights: Weights) -> int:
    """What the fields of an input object, or of each of a list, cost that are given."""
    if isinstance(value, list):
        return sum(_inside(type_text, each, weights) for each in value)
    if not isinstance(value, Mapping):
        return 0
    return sum(
        weights.of_argument(each) + _inside(each.type, value[each.name], weights)
        for each in weights.inputs(type_text)
        if value.get(each.name) is not None
    )


def reckon(level: Level, item: Mapping[str, Any], how: Reckoning) -> int:
    """What ``level`` has cost on the object ``item`` of an answer: only what is there counts."""
    if level.free:
        return 0
    total = 0
    for key, spots in level.by_key.items():
        if key in item:
            # one key under several types: which of them it was, an answer need not say
            if len(spots) == 1:
                total += _reckon(spots[0], item[key], how)
            else:
                total += max(_reckon(spot, item[key], how) for spot in spots)
    return total


def _reckon(spot: Spot, value: Any, how: Reckoning) -> int:
    if spot.free:
        return 0
    total = _arguments(spot, how)
    stack = [value]
    while stack:
        here = stack.pop()
        if isinstance(here, list):
            stack.extend(here)
        elif here is not None:
            total += spot.weight
            if isinstance(here, Mapping) and not spot.below.free:
                total += reckon(spot.below, here, how)
    return total


def _unsized(spot: Spot, names: tuple[str, ...]) -> OperationError:
    return OperationError(
        "SLICING_ARGUMENT_REQUIRED",
        f"{spot.coordinate} takes exactly one of: {', '.join(names)}.",
        where=spot.coordinate,
        hint="Say how many you want by one of them.",
    )
