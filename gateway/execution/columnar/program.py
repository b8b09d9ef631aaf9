"""What the fast executor runs: a plan as decoders, attribute getters and Struct types, made once per plan.

Raises ``Unfit`` where the plan has something that only the reference executor does: two sources of one field, objects
whose type varies, requirements with selections of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import msgspec
from graphql import GraphQLSchema, parse

from gateway.execution.columnar.kinds import ABSENT, Column, leaf_kind, listed, many, plain, struct, type_name
from gateway.execution.columnar.spots import Place, Selected, Spot, Unfit, asked_of, claim, read_text, spot_at
from gateway.execution.compiled import CompiledFetch
from gateway.execution.representations import pruned
from gateway.operation.model import Condition
from gateway.planning.plan import EntityBatch, Input, InputField

__all__ = ["Asking", "Fill", "Program", "Walk", "make_program"]

_Getter = Callable[[Any], Any]
_FAR = 10_000  # spots beyond this many are not worth a program


@dataclass(frozen=True, slots=True)
class Walk:
    """How to reach the objects of one spot: from those of ``parent``, or from the rows of ``batch`` of a fetch.

    ``shared``: objects with equal fields stay equal whatever is fetched, so one of each kind stands for all.
    """

    parent: int
    batch: tuple[int, int] | None
    attribute: str
    get: _Getter
    depth: int
    shared: _Getter | None


@dataclass(frozen=True, slots=True)
class Fill:
    """One field of a spot's objects, set from one field of the rows of a batch."""

    attribute: str
    get: _Getter


@dataclass(frozen=True, slots=True)
class Asking:
    """One aliased entity call: whose fields make the representations, and which fields the rows bring to whom."""

    variable: bytes
    spots: tuple[tuple[int, _Getter, tuple[Fill, ...]], ...]
    representation: Any
    width: int
    plain: bool
    required: tuple[int, ...]  # columns in which null means: not asked about
    rows: _Getter
    nothing: Any  # the row of an entity that is not there; None where that is for the reference executor to tell
    fields: int  # that are selected on each entity


@dataclass(frozen=True, slots=True)
class Calling:
    """One fetch: its decoder, and either its entity calls or the root fields it brings."""

    compiled: CompiledFetch
    decode: Callable[[bytes], Any]
    asking: tuple[Asking, ...]
    roots: tuple[Fill, ...]


@dataclass(frozen=True, slots=True)
class Program:
    """A plan under decided conditions. ``calls`` are by fetch id, None where the conditions leave a fetch out."""

    fetches: tuple[CompiledFetch, ...]
    calls: tuple[Calling | None, ...]
    root: Any
    envelope: Any
    walks: tuple[Walk | None, ...]  # by spot; None for the root
    hidden: tuple[tuple[int, tuple[str, ...]], ...]  # by spot, what has to be left out of the answer


@dataclass(slots=True)
class _Batch:
    """One entity call while the program is made."""

    number: tuple[int, int]
    batch: EntityBatch
    spots: list[Spot]
    brought: list[dict[str, Place]]
    shape: Input
    keys: list[list[Place]]


class _Maker:
    def __init__(
        self, fetches: Sequence[CompiledFetch], root: Spot, schema: GraphQLSchema, values: Mapping[str, bool]
    ) -> None:
        self.fetches = fetches
        self.root = root
        self.schema = schema
        self.values = values
        self.before: dict[int, set[int]] = {}
        self.batches: dict[int, list[_Batch]] = {}
        self.roots: dict[int, dict[str, Place]] = {}
        self.structs: dict[Spot, Any] = {}

    def hold(self, conditions: Iterable[Condition]) -> bool:
        return all(condition.holds(self.values) for condition in conditions)

    # -- what every fetch brings, and to whom

    def claims(self) -> None:
        """Let each fetch claim what it brings, in the order of the plan."""
        for number, compiled in enumerate(self.fetches):
            fetch = compiled.fetch
            known = [before for before in fetch.depends if before in self.before]
            if fetch.id != number or len(known) != len(fetch.depends):
                raise Unfit("fetches out of order")
            self.before[number] = set(known).union(*(self.before[each] for each in known))
            if not self.hold(compiled.conditions):
                continue
            if compiled.contextual:
                raise Unfit("values from around the objects")
            selected = read_text(parse(fetch.text, no_location=True), self.values, self.schema)
            if not fetch.batches:
                if fetch.path:
                    raise Unfit("a fetch that enters the graph anew")
                self.roots[number] = claim(self.root, [selected.top], selected, fetch.renames, (number, -1))
                continue
            calls = asked_of([selected.top], self.root.typename, selected)
            self.batches[number] = []
            for place, batch in enumerate(fetch.batches):
                self.batches[number].append(self.batch((number, place), batch, calls[batch.alias].below, selected))

    def batch(self, number: tuple[int, int], batch: EntityBatch, below: list[Any], selected: Selected) -> _Batch:
        if not self.hold(batch.conditions):
            raise Unfit("an entity call that is left out")
        reached = [spot for path in batch.targets if (spot := spot_at(self.root, path)) is not None]
        spots = list(dict.fromkeys(reached))
        if not spots or len({spot.typename for spot in spots}) != 1:
            raise Unfit("an entity call for objects of several types, or of none")
        for spot in spots:
            self.known(number[0], spot.above)
        shape = self.shape(batch, spots)
        keys = [[self.key(number[0], spot, item) for item in shape.selections] for spot in spots]
        names = [item.name for item in shape.selections if isinstance(item, InputField)]
        if not names or len(set(names)) != len(names):
            raise Unfit("a representation with no field, or with one twice")
        brought = [claim(spot, below, selected, batch.renames, number) for spot in spots]
        if len(spots) > 1 and any(place.child is not None for place in brought[0].values()):
            raise Unfit("objects below entities in several places")
        return _Batch(number, batch, spots, brought, shape, keys)

    def shape(self, batch: EntityBatch, spots: Sequence[Spot]) -> Input:
        """The one form of representation that fits the objects of ``spots``."""
        typename = spots[0].typename
        typed = all(spot.typed for spot in spots)
        for each in pruned(batch.inputs, self.hold):
            if each.types and not typed:
                raise Unfit("representations by a type that is not fetched")
            if not each.types or typename in each.types:
                if not each.typename and not typed:
                    raise Unfit("representations of a type that is not fetched")
                return each
        raise Unfit("no representation fits")

    def key(self, fetch: int, spot: Spot, item: Any) -> Place:
        """The place that one field of a representation is read from."""
        if not isinstance(item, InputField) or item.selections:
            raise Unfit("a representation with selections of its own")
        place = spot.places.get(item.source)
        if place is None or place.child is not None or place.type is None:
            raise Unfit(f"a representation of {spot.typename} without {item.source}")
        self.known(fetch, place)
        place.read = True
        return place

    def known(self, fetch: int, place: Place | None) -> None:
        """Make sure that ``fetch`` comes after what brings ``place``."""
        if place is not None and (place.source is None or place.source[0] not in self.before[fetch]):
            raise Unfit("a value that is read before it is there")

    # -- types

    def struct_of(self, spot: Spot) -> Any:
        """The Struct type of the objects at ``spot``; names the attributes of its places as well."""
        if spot in self.structs:
            return self.structs[spot]
        source = spot.above.source if spot.above is not None else (-1, -1)
        columns: list[Column] = []
        for place in spot.places.values():
            if not place.shown and place.source != source and not place.read:
                continue
            place.attribute = f"f{len(columns)}"
            columns.append(self.column(spot, place, source))
        if len({column[0] for column in columns}) != len(columns):
            raise Unfit("two fields under one name")
        made = self.structs[spot] = struct(tuple(columns))
        return made

    def column(self, spot: Spot, place: Place, source: tuple[int, int] | None) -> Column:
        here = place.source == source
        if place.type is None:
            name = Any if spot.above is None else type_name(spot.typename)
            if here and place.shown and place.alias != place.key:
                raise Unfit("a type name that comes under another name")
            return (place.alias, name) if here else (place.key, name, spot.typename)
        if place.shown and place.source is None:
            raise Unfit(f"nothing brings {spot.typename}.{place.key}")
        if spot.above is None:
            return (place.key, Any, None)
        if not here:
            return (place.key, ABSENT, None)
        if place.shown and place.alias != place.key:
            raise Unfit(f"{spot.typename}.{place.key} comes under another name")
        return (place.alias, self.kind(place, place.shown))

    def kind(self, place: Place, checked: bool) -> Any:
        if place.type is None:
            raise Unfit("a type name where a value is expected")
        if place.child is not None:
            return listed(place.type, self.struct_of(place.child), checked=checked)
        return leaf_kind(place.type, checked=checked)

    # -- the program

    def make(self) -> Program:
        self.claims()
        spots = list(self.root.everything())
        if len(spots) > _FAR:
            raise Unfit("too many places")
        for number, spot in enumerate(spots):
            spot.number = number
        root = self.struct_of(self.root)
        for spot in spots:
            self.struct_of(spot)
        calls = tuple(self.calling(number, compiled) for number, compiled in enumerate(self.fetches))
        hidden = ((spot.number, _hidden(spot)) for spot in spots if _is_shown(spot))
        return Program(
            fetches=tuple(self.fetches),
            calls=calls,
            root=root,
            envelope=struct((("data", Any),)),
            walks=tuple(self.walk(spot) for spot in spots),
            hidden=tuple((number, names) for number, names in hidden if names),
        )

    def walk(self, spot: Spot) -> Walk | None:
        above, parent = spot.above, spot.parent
        if above is None or parent is None or above.source is None:
            return None
        nested = parent.above is not None and parent.above.source == above.source
        if above.source[1] >= 0 and not nested:
            # below entities: their distinct rows lead there, not the objects the rows were merged into
            alias = next(iter(self.row_fields(above.source, above)))
            return Walk(parent.number, above.source, alias, attrgetter(alias), above.depth, None)
        shared = self.shared(spot) if nested and above.depth == 0 else None
        return Walk(parent.number, None, above.attribute, attrgetter(above.attribute), above.depth, shared)

    def shared(self, spot: Spot) -> _Getter | None:
        """The fields that tell these objects apart, where nothing else ever will."""
        source = spot.above.source if spot.above is not None else None
        mine = [place for place in spot.places.values() if place.source == source]
        if len(mine) == len(spot.places) or not mine:
            return None
        if any(place.child is not None for place in spot.places.values()):
            return None
        if not all(plain(place.type) for place in mine):
            return None
        return attrgetter(*(place.attribute for place in mine))

    def row_fields(self, source: tuple[int, int], place: Place) -> list[str]:
        """The attribute of a batch's rows that brings ``place``."""
        batch = self.batches[source[0]][source[1]]
        return [f"f{number}" for number, each in enumerate(batch.brought[0].values()) if each is place]

    def calling(self, number: int, compiled: CompiledFetch) -> Calling | None:
        if number in self.roots:
            brought = self.roots[number]
            data = struct(tuple((alias, self.root_kind(place)) for alias, place in brought.items()))
            roots = tuple(
                Fill(place.attribute, attrgetter(f"f{column}"))
                for column, place in enumerate(brought.values())
                if place.attribute and place.type is not None
            )
            return Calling(compiled, _decoder(data), (), roots)
        if number not in self.batches:
            return None
        made = [self.asking(batch, column) for column, batch in enumerate(self.batches[number])]
        data = struct(
            tuple((batch.batch.alias, kind) for batch, (kind, _) in zip(self.batches[number], made, strict=True))
        )
        return Calling(compiled, _decoder(data), tuple(asking for _, asking in made), ())

    def root_kind(self, place: Place) -> Any:
        return type_name(self.root.typename) if place.type is None else self.kind(place, place.shown)

    def asking(self, batch: _Batch, column: int) -> tuple[Any, Asking]:
        """The type of the list of rows of one entity call, and the call."""
        fields = [(alias, [brought[alias] for brought in batch.brought]) for alias in batch.brought[0]]
        columns: list[Column] = []
        for alias, places in fields:
            if places[0].type is None:
                columns.append((alias, type_name(batch.spots[0].typename)))
            else:
                columns.append((alias, self.kind(places[0], any(place.shown for place in places))))
        row: Any = struct(tuple(columns))
        shape, keys = batch.shape, batch.keys
        required = [item.required for item in shape.selections if isinstance(item, InputField)]
        names = tuple((item.name, Any) for item in shape.selections if isinstance(item, InputField))
        filled = [place for _, places in fields for place in places if place.type is not None]
        strict = any(place.read or (place.shown and str(place.type).endswith("!")) for place in filled)
        compiled = self.fetches[batch.number[0]].batches[batch.number[1]]
        asking = Asking(
            variable=compiled.variable,
            spots=tuple(
                (spot.number, attrgetter(*(place.attribute for place in key)), _fills(brought))
                for spot, key, brought in zip(batch.spots, keys, batch.brought, strict=True)
            ),
            representation=struct(names, tag=shape.typename or batch.spots[0].typename),
            width=len(names),
            plain=all(plain(place.type) for key in keys for place in key),
            required=tuple(
                number
                for number, needed in enumerate(required)
                if needed and not all(str(key[number].type).endswith("!") and key[number].shown for key in keys)
            ),
            rows=attrgetter(f"f{column}"),
            nothing=None if strict else row(**{f"f{number}": None for number in range(len(columns))}),
            fields=compiled.fields,
        )
        return many(row), asking


def _fills(brought: Mapping[str, Place]) -> tuple[Fill, ...]:
    return tuple(
        Fill(place.attribute, attrgetter(f"f{number}"))
        for number, place in enumerate(brought.values())
        if place.attribute and place.type is not None
    )


def _is_shown(spot: Spot) -> bool:
    while spot.above is not None and spot.parent is not None:
        if not spot.above.shown:
            return False
        spot = spot.parent
    return True


def _hidden(spot: Spot) -> tuple[str, ...]:
    return tuple(place.attribute for place in spot.places.values() if place.attribute and not place.shown)


def _decoder(data: Any) -> Callable[[bytes], Any]:
    """Decodes a whole answer: f0 is its data, f1 its errors as they came, f2 its extensions, which nobody reads."""
    columns: tuple[Column, ...] = (
        ("data", data),
        ("errors", msgspec.Raw, msgspec.Raw(b"null")),
        ("extensions", Any, None),
    )
    return msgspec.json.Decoder(struct(columns)).decode


def make_program(
    fetches: Sequence[CompiledFetch], root: Spot, schema: GraphQLSchema, values: Mapping[str, bool]
) -> Program:
    """The program of a plan's ``fetches`` for the answer ``root``; raises ``Unfit``.

    ``schema`` is the whole graph's, hidden fields included; ``values`` are those of the variables that conditions read.
    """
    return _Maker(fetches, root, schema, values).make()
