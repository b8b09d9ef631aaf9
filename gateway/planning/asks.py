"""The operation as places and wishes: at each place of the answer, which fields are asked for of which object types."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from gateway.errors import PlanningError
from gateway.operation.model import Argument, Condition, Field, Selection
from gateway.planning.plan import Path
from gateway.supergraph.model import Supergraph, list_depth, named_type

__all__ = [
    "Arguments",
    "Ask",
    "Part",
    "Spot",
    "StorageKeys",
    "by_type",
    "child_spot",
    "guard",
    "read_asks",
    "root_spot",
]

Types: TypeAlias = tuple[str, ...]
Arguments: TypeAlias = tuple[tuple[str, str], ...]
Part: TypeAlias = tuple[int, ...]  # the numbers of the deferred fragments around something, outermost first


@dataclass(slots=True, eq=False)
class Spot:
    """One place in the answer where objects stand: a path, and what its objects can be.

    ``plain`` is the path without guards. ``types`` are the supergraph's possible types of ``declared``.
    ``conditions`` are those of every field on the way here, ``part`` is the deferred part that leads here (() for the
    primary one).
    """

    path: Path
    plain: Path
    declared: str
    types: Types
    abstract: bool
    sources: list[tuple[Selection, ...]] = field(default_factory=list)
    conditions: tuple[Condition, ...] = ()
    children: dict[tuple[object, ...], Spot] = field(default_factory=dict)
    part: Part = ()


@dataclass(slots=True, eq=False)
class Ask:
    """One field wanted at a spot, for objects of ``types``, where all of ``conditions`` hold."""

    key: str
    name: str
    arguments: tuple[Argument, ...]
    types: Types
    conditions: tuple[Condition, ...]
    sources: list[tuple[Selection, ...]]
    location: tuple[int, int] = (0, 0)
    part: Part = ()

    @property
    def plain_arguments(self) -> Arguments:
        """The arguments as ``(name, text)``, sorted by name: comparable with those of a field set."""
        return tuple(sorted((each.name, each.text) for each in self.arguments))

    def only(self, types: Types) -> Ask:
        """The same wish for fewer types."""
        return Ask(self.key, self.name, self.arguments, types, self.conditions, self.sources, self.location, self.part)


class StorageKeys:
    """Under which key each value lies in the merged tree; client fields first, inputs where they do not disturb."""

    def __init__(self) -> None:
        self._client: dict[Path, dict[str, set[tuple[str, Arguments]]]] = {}
        self._inputs: dict[tuple[Path, str, Arguments], str] = {}
        self._taken: dict[tuple[Path, str], tuple[str, Arguments]] = {}

    def client(self, spot: Spot, ask: Ask) -> None:
        """Note that ``ask`` keeps its response key at ``spot``."""
        keys = self._client.setdefault(spot.plain, {})
        keys.setdefault(ask.key, set()).add((ask.name, ask.plain_arguments))

    def input(self, spot: Spot, name: str, arguments: Arguments) -> str:
        """The key for an input value at ``spot``: shared with the client's field when it is the very same one."""
        asked = (spot.plain, name, arguments)
        if asked not in self._inputs:
            self._inputs[asked] = self._allocate(spot.plain, name, arguments)
        return self._inputs[asked]

    def _allocate(self, path: Path, name: str, arguments: Arguments) -> str:
        client = self._client.get(path, {})
        number = 0
        key = name
        while client.get(key, {(name, arguments)}) != {(name, arguments)} or (
            self._taken.get((path, key), (name, arguments)) != (name, arguments)
        ):
            key = f"__r{number}_{name}"
            number += 1
        self._taken[(path, key)] = (name, arguments)
        return key


def root_spot(supergraph: Supergraph, root: str, selections: tuple[Selection, ...]) -> Spot:
    """The place where the whole answer stands."""
    return Spot((), (), root, (root,), abstract=False, sources=[selections])


def guard(spot: Spot, types: Types) -> Path:
    """The path step that lets only ``types`` pass at ``spot``; none where every object passes."""
    return ("|" + "|".join(types),) if spot.abstract and len(types) < len(spot.types) else ()


def child_spot(
    supergraph: Supergraph,
    spot: Spot,
    key: str,
    field: str,
    types: Types,
    conditions: tuple[Condition, ...],
    part: Part = (),
) -> Spot:
    """The place below ``field`` of objects of ``types`` at ``spot``; made once for equal key, types, conditions, part."""
    identity = (key, types, conditions, part)
    if identity not in spot.children:
        text = _declared(supergraph, spot, field, types)
        name = named_type(text)
        lists = ("@",) * list_depth(text)
        possible = supergraph.possible_types(name) or (name,)
        spot.children[identity] = Spot(
            (*spot.path, *guard(spot, types), key, *lists),
            (*spot.plain, key, *lists),
            name,
            possible,
            abstract=supergraph.types[name].abstract,
            conditions=_and(spot.conditions, conditions),
            part=part,
        )
    return spot.children[identity]


def _declared(supergraph: Supergraph, spot: Spot, field: str, types: Types) -> str:
    """The field's type in the supergraph: the spot's own where it declares the field, else that of its objects."""
    own = supergraph.field(spot.declared, field)
    if own is not None and len(types) > 1:
        return own.type
    texts = [found.type for each in types if (found := supergraph.field(each, field))]
    if not texts or any(named_type(text) != named_type(texts[0]) for text in texts):
        found = own or supergraph.field(types[0], field)
        if found is None:
            raise PlanningError("UNKNOWN_FIELD", f"no type here has the field {field!r}", where=spot.declared)
        return found.type
    return texts[0]


def read_asks(supergraph: Supergraph, spot: Spot, keys: StorageKeys) -> list[Ask]:
    """What is asked for at ``spot``, in document order, fragments resolved to sets of object types."""
    found: dict[tuple[object, ...], Ask] = {}
    for selections in spot.sources:
        _read(supergraph, selections, spot.types, (), found, spot.part)
    asks = [ask for ask in found.values() if not _repeats(ask, found.values())]
    for ask in asks:
        keys.client(spot, ask)
    return asks


def by_type(spot: Spot) -> bool:
    """Whether anything at ``spot`` is asked for under a type condition: then objects must tell their type."""
    return spot.abstract and any(_has_fragment(selections, spot.declared) for selections in spot.sources)


def _has_fragment(selections: tuple[Selection, ...], declared: str) -> bool:
    return any(
        not isinstance(each, Field) and (each.type != declared or _has_fragment(each.selections, declared))
        for each in selections
    )


def _read(
    supergraph: Supergraph,
    selections: tuple[Selection, ...],
    types: Types,
    conditions: tuple[Condition, ...],
    found: dict[tuple[object, ...], Ask],
    part: Part,
) -> None:
    for selection in selections:
        held = _and(conditions, selection.conditions)
        if isinstance(selection, Field):
            identity = (selection.key, selection.name, selection.arguments, types, held, part)
            if identity not in found:
                found[identity] = Ask(
                    selection.key, selection.name, selection.arguments, types, held, [], selection.location, part
                )
            if selection.selections:
                found[identity].sources.append(selection.selections)
            continue
        within = supergraph.possible_types(selection.type) or (selection.type,)
        narrowed = types if types == within else tuple(each for each in types if each in within)
        if narrowed:
            inside = part if selection.defer is None else (*part, selection.defer.number)
            _read(supergraph, selection.selections, narrowed, held, found, inside)


def _and(first: tuple[Condition, ...], second: tuple[Condition, ...]) -> tuple[Condition, ...]:
    if not second:
        return first
    return tuple(sorted({*first, *second}, key=lambda each: (each.variable, each.negated)))


def _repeats(ask: Ask, asks: Iterable[Ask]) -> bool:
    """Whether a wider wish for the same leaf makes this one superfluous."""
    if ask.sources:
        return False
    for other in asks:
        if other is ask or other.key != ask.key or other.name != ask.name:
            continue
        if ask.part[: len(other.part)] != other.part:
            continue
        if set(ask.types) <= set(other.types) and set(other.conditions) <= set(ask.conditions):
            return True
    return False
