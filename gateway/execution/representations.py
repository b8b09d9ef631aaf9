"""Representations: what an entity fetch tells a subgraph about the objects it asks for.

A value that is missing, or null where the plan requires it, means the object cannot be asked about; it is left as it
is. Equal representations are sent once, and the answer goes to every object they were made from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from gateway.execution.wire import encode
from gateway.operation.model import Condition
from gateway.planning.plan import Input, InputField, InputFragment, InputSelection

__all__ = ["Gathered", "conditional", "gather", "pruned", "represent"]


class _Incomplete(Exception):  # noqa: N818 (not an error: this object is simply not asked about)
    """A value that the representation needs is not there."""


@dataclass(slots=True)
class Gathered:
    """The distinct representations, encoded, and for each the objects its answer is merged into."""

    encoded: list[bytes] = field(default_factory=list)
    objects: list[list[dict[str, Any]]] = field(default_factory=list)

    def joined(self) -> bytes:
        """The JSON list of all representations."""
        return b"[" + b",".join(self.encoded) + b"]"


Holds: TypeAlias = Callable[[Iterable[Condition]], bool]


def conditional(inputs: Iterable[Input]) -> bool:
    """Whether any field of ``inputs`` is sent only under conditions."""
    stack: list[InputSelection] = [item for each in inputs for item in each.selections]
    while stack:
        item = stack.pop()
        if _conditions(item):
            return True
        stack.extend(item.selections)
    return False


def _conditions(item: InputSelection) -> tuple[Condition, ...]:
    return item.conditions if isinstance(item, InputField) else ()


def pruned(inputs: Iterable[Input], holds: Holds) -> tuple[Input, ...]:
    """``inputs`` without the fields whose conditions do not hold: those were not fetched and are not needed."""
    return tuple(replace(each, selections=_prune(each.selections, holds)) for each in inputs)


def _prune(selections: Sequence[InputSelection], holds: Holds) -> tuple[InputSelection, ...]:
    kept = (each for each in selections if holds(_conditions(each)))
    return tuple(replace(each, selections=_prune(each.selections, holds)) for each in kept)


def gather(objects: Sequence[dict[str, Any]], inputs: Sequence[Input]) -> Gathered:
    """The representations of ``objects``; objects that cannot be asked about are left out.

    The same object found twice (by two targets) is merged into once.
    """
    gathered = Gathered()
    recipes = [(frozenset(each.types), _sources(each), each) for each in inputs]
    places: dict[Any, int] = {}
    seen: set[int] = set()
    for item in objects:
        if id(item) in seen:
            continue
        seen.add(id(item))
        typename = item.get("__typename")
        recipe = _fitting(recipes, typename)
        if recipe is None:
            continue
        _, sources, shape = recipe
        # most objects were met before under the same plain values: then nothing has to be built or encoded
        plain = _plain_values(item, sources)
        key = (shape.typename or typename, id(shape), plain)
        place = places.get(key) if plain is not None else None
        if place is not None:
            gathered.objects[place].append(item)
            continue
        representation = represent(item, (shape,))
        if representation is None:
            continue
        encoded = encode(representation)
        place = places.setdefault(encoded, len(gathered.encoded))
        if plain is not None:
            places[key] = place
        if place == len(gathered.encoded):
            gathered.encoded.append(encoded)
            gathered.objects.append([])
        gathered.objects[place].append(item)
    return gathered


_Recipe: TypeAlias = tuple[frozenset[str], tuple[str, ...] | None, Input]


def _fitting(recipes: Sequence[_Recipe], typename: Any) -> _Recipe | None:
    """The first recipe for objects of ``typename``."""
    for recipe in recipes:
        if not recipe[0] or typename in recipe[0]:
            return recipe
    return None


def _sources(shape: Input) -> tuple[str, ...] | None:
    """The storage keys that ``shape`` reads where it reads leaves only."""
    found: list[str] = []
    for item in shape.selections:
        if not isinstance(item, InputField) or item.selections:
            return None
        found.append(item.source)
    return tuple(found)


_PLAIN = frozenset({str, int})


def _plain_values(item: dict[str, Any], sources: tuple[str, ...] | None) -> tuple[Any, ...] | None:
    """The values under ``sources`` where all are text or integers, so that equal values mean equal JSON.

    ``1``, ``1.0`` and ``True`` are equal in Python; whatever else there is goes the longer way.
    """
    if sources is None:
        return None
    values = tuple([item.get(source) for source in sources])
    for value in values:
        if type(value) not in _PLAIN:
            return None
    return values


def represent(item: dict[str, Any], inputs: Sequence[Input]) -> dict[str, Any] | None:
    """The representation of one object by the first input that fits its type, or None where it cannot be made."""
    typename = item.get("__typename")
    for shape in inputs:
        if not shape.types or typename in shape.types:
            representation: dict[str, Any] = {"__typename": shape.typename or typename}
            try:
                _fill(representation, item, shape.selections)
            except _Incomplete:
                return None
            return representation
    return None


def _fill(target: dict[str, Any], item: dict[str, Any], selections: Sequence[InputSelection]) -> None:
    for selection in selections:
        if isinstance(selection, InputFragment):
            if item.get("__typename") in selection.types:
                _fill(target, item, selection.selections)
            continue
        if selection.source not in item:
            raise _Incomplete
        value = _value(item[selection.source], selection)
        known = target.get(selection.name)
        if isinstance(known, dict) and isinstance(value, dict):
            known.update(value)
        else:
            target[selection.name] = value


def _value(value: Any, field_: InputField) -> Any:
    """One value of a representation, lists item by item, objects by the field's own selections."""
    if value is None:
        if field_.required:
            raise _Incomplete
        return None
    if not field_.selections:
        return value
    if isinstance(value, list):
        return [_value(item, field_) for item in value]
    if not isinstance(value, dict):
        raise _Incomplete
    inner: dict[str, Any] = {}
    _fill(inner, value, field_.selections)
    return inner
