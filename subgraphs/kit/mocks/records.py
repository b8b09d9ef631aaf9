"""A mock's records: made when they are asked for, of the type, the key and the traveler, and of nothing else.

A key that a mock gives out names whose record it is (``VISA.TRV-....3F9A2C``), so that it leads back to the same
traveler in any mock, with no memory between requests. What the gateway sends along (keys, ``@requires``) comes back.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final, TypeAlias, cast

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLResolveInfo,
    GraphQLUnionType,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)

from subgraphs.kit.mocks.federated import Federated, KeyShape
from subgraphs.kit.mocks.narrowing import in_order, narrowing, order_of, passes
from subgraphs.kit.mocks.values import Dice, leaf
from subgraphs.kit.trust_mocks import Law
from subgraphs.kit.types import CodedValue

__all__ = ["Record", "Records"]

Given: TypeAlias = Mapping[str, Any]
_MOST: Final = 4  # items of a list
_QUEUE: Final = 24  # rows of a list at the root that can be filtered, so that a filter leaves some
_PAGING: Final = frozenset({"first", "after", "last", "before"})
_STRANGERS: Final = tuple(f"TRV-01KM0CK{number:019d}" for number in range(1, 10))
"""The travelers of records that nothing ties to one."""


@dataclass(frozen=True, slots=True)
class Record:
    """An object of a mock: its type, what its values follow from, whose it is, what was given, and where it stands.

    ``path`` are the fields from the last record down to it: what conditions call it.
    """

    type: str
    seed: str
    subject: str = ""
    given: Given = field(default_factory=dict)
    path: tuple[str, ...] = ()
    items: tuple[Any, ...] | None = None  # of a page


@dataclass(frozen=True, slots=True)
class Records:
    """Makes what a mock answers. ``stories`` maps the slug of a hand-written story to its traveler."""

    graph: Federated
    law: Law
    stories: Mapping[str, str]

    def entity(self, representation: Any) -> Record | None:
        """The record that a representation names; None where it names none of this subgraph's entities by a key of it."""
        if not isinstance(representation, Mapping):
            return None
        name = representation.get("__typename")
        given = {key: value for key, value in representation.items() if key != "__typename"}
        for shape in self.graph.keys.get(name, ()) if isinstance(name, str) else ():
            if (key := _picked(given, shape)) is not None:
                return self._entity(str(name), key, given, "")
        return None

    def resolve(self, source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
        """The value of a field: graphql-core's resolver for every field of a mock."""
        name = info.field_name
        if isinstance(source, CodedValue):
            return getattr(source, name)
        owner = source if isinstance(source, Record) else Record(info.parent_type.name, info.parent_type.name)
        if name in owner.given:
            return self._given(owner, name, info.return_type, owner.given[name])
        if owner.items is not None and (page := _page_field(owner, name)) is not None:
            return page[0]
        root = not isinstance(source, Record)
        asked = {key: value for key, value in arguments.items() if key not in _PAGING and value is not None}
        field = info.parent_type.fields[name]
        plain = {key: value for key, value in asked.items() if key not in self._choosing(field)}
        told = json.dumps(plain, sort_keys=True, default=str) if plain and root else ""
        seed = f"{owner.seed}/{owner.type}.{name}{told}"
        if root and asked:
            owner = replace(owner, subject=self._named(get_named_type(info.return_type).name, asked))
            if (found := self._looked_up(info.return_type, asked)) is not None:
                return found
        made = self._made(owner, name, info.return_type, seed)
        if isinstance(made, list):
            return self._chosen(made, field, asked)[: arguments.get("first")]
        if isinstance(made, Record) and made.items is not None:
            rows = self._chosen([row for _, row in made.items], field, asked)
            return _cut(replace(made, items=tuple(enumerate(rows))), arguments)
        return made

    def _choosing(self, field: GraphQLField) -> frozenset[str]:
        """The arguments that choose among the rows of a list or page: the rows themselves do not follow from them."""
        named = get_named_type(field.type)
        paged = isinstance(named, GraphQLObjectType) and named.fields.keys() >= {"edges", "pageInfo"}
        return narrowing(field) if paged or is_list_type(get_nullable_type(field.type)) else frozenset()

    def _chosen(self, rows: list[Any], field: GraphQLField, asked: Given) -> list[Any]:
        """Those of ``rows`` that the arguments ask for, in the order they ask for."""
        if not (self._choosing(field) & asked.keys() and rows and isinstance(rows[0], Record)):
            return rows
        kind: Any = self.graph.core.type_map[rows[0].type]
        kept = [each for each in rows if passes(field, asked, kind, partial(self._value, each))]
        by, descending = order_of(field, asked, kind)
        return in_order(kept, lambda each: self._value(each, by), descending) if by else kept

    def _value(self, row: Record, name: str) -> Any:
        """What ``row`` answers when it is asked for the field ``name``, of which no argument is given."""
        declared = self._declared(row, name).type
        if name in row.given:
            return self._given(row, name, declared, row.given[name])
        return self._made(row, name, declared, f"{row.seed}/{row.type}.{name}")

    def _given(self, owner: Record, name: str, kind: GraphQLOutputType, value: Any) -> Any:
        named = get_named_type(kind)
        if isinstance(value, list):
            inner = get_nullable_type(kind)
            return [self._given(owner, name, getattr(inner, "of_type", kind), each) for each in value]
        if value is None or is_leaf_type(named) or not isinstance(value, Mapping):
            return value
        seed = f"{owner.seed}/{owner.type}.{name}"
        child = self._object(owner, name, named, seed)
        found = self.entity({"__typename": child.type, **value}) if child.type in self.graph.keys else None
        return self._shown(found or replace(child, given={**child.given, **value}))

    def _made(self, owner: Record, name: str, declared: GraphQLOutputType, seed: str) -> Any:
        nullable, kind = not is_non_null_type(declared), get_nullable_type(declared)
        dice = Dice(f"{seed}?")
        named = get_named_type(kind)
        nobody = is_abstract_type(named) and not self.graph.core.get_possible_types(named)
        if is_list_type(kind):  # a question at the root is given something
            size = 0 if nobody else dice.number(_MOST) or int(owner.seed == owner.type)
            return [self._made(owner, name, kind.of_type, f"{seed}/{number}") for number in range(size)]
        if is_leaf_type(kind):
            return self._leaf(owner, name, kind, seed, nullable and not dice.number(10))
        if nobody:
            return None
        return self._shown(self._object(owner, name, kind, seed))

    def _leaf(self, owner: Record, name: str, kind: Any, seed: str, empty: bool) -> Any:
        path = (*owner.path, name)
        if ".".join(path[-2:]) in self.law.flags:
            return Dice(seed).number(6) == 0
        compared = [each for start in range(len(path)) for each in self.law.compared.get(".".join(path[start:]), ())]
        empty = empty and not compared and f"{owner.type}.{name}" not in self.graph.key_fields
        return None if empty else leaf(kind, name, seed, compared)

    def _object(self, owner: Record, name: str, kind: Any, seed: str) -> Record:
        """The object that a field leads to: an entity by a key made for it, the traveler, a page, or a plain value."""
        if isinstance(kind, GraphQLUnionType | GraphQLInterfaceType):
            kind = Dice(seed).of(sorted(self.graph.core.get_possible_types(kind), key=lambda each: each.name))
        if kind.name == self.law.subject[0]:
            return self._entity(kind.name, {self.law.subject[1]: owner.subject or Dice(seed).of(_STRANGERS)}, {}, "")
        shapes = self.graph.keys.get(kind.name, ())
        if shapes:
            subject = owner.subject or Dice(seed).of(_STRANGERS)
            return self._entity(kind.name, self._minted(kind, shapes[0], subject, seed), {}, subject)
        record = Record(kind.name, seed, owner.subject, path=(*owner.path, name))
        most = _QUEUE if owner.seed == owner.type and self._choosing(self._declared(owner, name)) else 0
        return self._page(record, kind, most) if {"edges", "pageInfo"} <= kind.fields.keys() else record

    def _entity(self, name: str, key: Given, given: Given, subject: str) -> Record:
        seed = f"{name}:{json.dumps(key, sort_keys=True, default=str)}"
        pinned: dict[str, Any] = {}
        words = list(_words(key))
        for case in self.law.cases:
            if case.type == name and case.key in words:
                subject = self.stories.get(case.story, "")
                pinned = _nested({**case.values, **({case.subject: subject} if subject and case.subject else {})})
        if name == self.law.subject[0]:
            subject = str(key.get(self.law.subject[1], ""))
            if subject in self.stories.values():
                pinned = _nested(dict.fromkeys(self.law.flags, False))
        subject = subject or next((each.split(".")[1] for each in words if each.count(".") == 2), "")
        return Record(name, seed, subject or Dice(seed).of(_STRANGERS), {**pinned, **key, **given})

    def _minted(self, kind: GraphQLObjectType, shape: KeyShape, subject: str, seed: str) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for name, inner in shape.items():
            named: Any = get_named_type(kind.fields[name].type)
            if inner is not None:
                made[name] = self._minted(named, inner, subject, f"{seed}/{name}")
            elif named.name == "String" or (named.name == "ID" and kind.name != self.law.subject[0]):
                made[name] = f"{kind.name.upper()}.{subject}.{Dice(f'{seed}/{name}').text()}"
            elif named.name == "ID":
                made[name] = subject
            else:
                made[name] = leaf(named, name, f"{seed}/{name}")
        return made

    def _looked_up(self, kind: GraphQLOutputType, asked: Given) -> Record | None:
        """The one record that a root field's arguments name by its key."""
        if is_list_type(get_nullable_type(kind)):
            return None
        return self.entity({"__typename": get_named_type(kind).name, **dict(_flat(asked))})

    def _named(self, name: str, asked: Given) -> str:
        """Whose record the arguments of a root field speak of, where they name a key that a mock gave out."""
        parts = (each.split(".") for each in _words(asked))
        return next((each[1] for each in parts if len(each) == 3), "")

    def _declared(self, owner: Record, name: str) -> GraphQLField:
        kind: Any = self.graph.core.type_map[owner.type]
        return cast("GraphQLField", kind.fields[name])

    def _page(self, record: Record, kind: GraphQLObjectType, size: int) -> Record:
        """A page of ``size`` rows, of a few where it is 0."""
        inner: Any = get_named_type(kind.fields["edges"].type)
        size = size or Dice(f"{record.seed}?").number(_MOST)
        nodes = [self._made(record, "node", inner.fields["node"].type, f"{record.seed}/{n}") for n in range(size)]
        return replace(record, items=tuple(enumerate(nodes)))

    def _shown(self, record: Record) -> Any:
        """``record``, or a coded value as the kit knows it, whose code alone a mask is laid on."""
        if record.type != "CodedValue":
            return record
        fields = self.graph.core.type_map["CodedValue"].fields  # type: ignore[attr-defined]
        values = {
            name: record.given.get(name)
            or self._leaf(record, name, get_named_type(each.type), f"{record.seed}.{name}", False)
            for name, each in fields.items()
        }
        return CodedValue(list=values["list"], code=values["code"], label=values["label"])


def _page_field(record: Record, name: str) -> tuple[Any] | None:
    """The value of a field of a page, in a tuple of its own; None for fields that pages do not have in common."""
    items = record.items or ()
    edges = [
        Record(f"{record.type}Edge", f"{record.seed}/{place}", given={"node": node, "cursor": str(place)})
        for place, node in items
    ]
    match name:
        case "edges":
            return (edges,)
        case "nodes":
            return ([node for _, node in items],)
        case "totalCount":
            return (len(items) if not record.given else record.given["@total"],)
        case "pageInfo":
            return (Record("PageInfo", record.seed, given=_page_info(record)),)
    return None


def _page_info(record: Record) -> dict[str, Any]:
    places = [str(place) for place, _ in record.items or ()]
    more, before = record.given.get("@more", False), record.given.get("@before", False)
    return {
        "hasNextPage": more,
        "hasPreviousPage": before,
        "startCursor": places[0] if places else None,
        "endCursor": places[-1] if places else None,
    }


def _cut(page: Record, asked: Given) -> Record:
    """The part of a page that ``first``, ``after``, ``last`` and ``before`` ask for."""
    items: Sequence[Any] = page.items or ()
    kept = [each for each in items if _between(each[0], asked.get("after"), asked.get("before"))]
    if asked.get("first") is not None:
        kept = kept[: asked["first"]]
    if asked.get("last") is not None:
        kept = kept[max(len(kept) - asked["last"], 0) :]
    more = bool(kept) and kept[-1][0] < len(items) - 1
    given = {"@total": len(items), "@more": more, "@before": bool(kept) and kept[0][0] > 0}
    return replace(page, items=tuple(kept), given=given)


def _between(place: int, after: str | None, before: str | None) -> bool:
    above = not (after and after.isdecimal()) or place > int(after)
    return above and (not (before and before.isdecimal()) or place < int(before))


def _picked(given: Given, shape: KeyShape) -> dict[str, Any] | None:
    """The values of a key in ``given``; None where one is missing."""
    found: dict[str, Any] = {}
    for name, inner in shape.items():
        value = given.get(name)
        if inner is not None:
            value = _picked(value, inner) if isinstance(value, Mapping) else None
        if value is None:
            return None
        found[name] = value
    return found


def _nested(paths: Given) -> dict[str, Any]:
    """Dotted paths and their values as objects in objects."""
    made: dict[str, Any] = {}
    for path, value in paths.items():
        *outer, last = path.split(".")
        inner = made
        for each in outer:
            inner = inner.setdefault(each, {})
        inner[last] = value
    return made


def _flat(asked: Given) -> Iterator[tuple[str, Any]]:
    """Arguments, and the fields of those that are input objects."""
    for name, value in asked.items():
        if isinstance(value, Mapping):
            yield from _flat(value)
        else:
            yield name, value


def _words(key: Any) -> Iterator[str]:
    if isinstance(key, Mapping):
        for value in key.values():
            yield from _words(value)
    elif isinstance(key, str):
        yield key
