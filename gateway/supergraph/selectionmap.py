"""Field selection maps: how the argument of a field is made of what an object holds.

The language of ``@is(field:)`` and ``@require(field:)`` in the GraphQL Foundation's composite schemas specification
(Appendix A, draft of June 2026)::

    id                                   the field itself
    address.postalCode                   a field of a field
    dimension.{ width, height }          an input object, made of a field's fields
    { size: dimension.size, weight }     an input object, made of several
    parts[id]   parts[{ id, name }]      a list, made of each item of a list
    <Book>.isbn | <Movie>.isan           whichever there is

Arguments in brackets after a field have constant values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from graphql import GraphQLSyntaxError, parse_const_value, print_ast

__all__ = [
    "Choice",
    "Field",
    "Items",
    "Made",
    "SelectionMap",
    "SelectionMapError",
    "Step",
    "field_set_of",
    "parse_selection_map",
    "paths_of",
    "print_selection_map",
    "value_of",
]


class SelectionMapError(ValueError):
    """The text is no field selection map; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a path: the field, its arguments as GraphQL text, and the type its parent must be for it ("" for any)."""

    name: str
    arguments: str = ""
    on: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """A path down to a value; ``rest`` is what is made of the object at its end, if it ends at one."""

    path: tuple[Step, ...]
    rest: Made | Items | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """An input object: each of its fields with what it is made of."""

    fields: tuple[tuple[str, SelectionMap], ...]


@dataclass(frozen=True, slots=True)
class Items:
    """A list: what each item is made of."""

    item: SelectionMap


@dataclass(frozen=True, slots=True)
class Choice:
    """The first of several that there is."""

    among: tuple[Field | Made, ...]


SelectionMap: TypeAlias = Field | Made | Items | Choice


def parse_selection_map(text: str) -> SelectionMap:
    """The map that ``text`` writes; raises ``SelectionMapError``."""
    return _Reader(text).whole()


_TOKEN = re.compile(r'[\s,]*(?:([_A-Za-z][_0-9A-Za-z]*)|([{}\[\]|<>:.])|(\((?:"(?:[^"\\]|\\.)*"|[^)"])*\))|(\S))')


class _Reader:
    """Reads one map, token by token: names, marks, and whatever stands in brackets after a field."""

    def __init__(self, text: str) -> None:
        found = [(each.group().strip(" \t\r\n,"), each.start()) for each in _TOKEN.finditer(text)]
        self._tokens = [*((token, at) for token, at in found if token), ("", len(text))]
        self._at = 0

    @property
    def next(self) -> str:
        """The token at hand, "" at the end."""
        return self._tokens[self._at][0]

    def whole(self) -> SelectionMap:
        found = self.choice()
        if self.next:
            raise self.unexpected("the end")
        return found

    def unexpected(self, wanted: str) -> SelectionMapError:
        token, at = self._tokens[self._at]
        return SelectionMapError(
            f"at {at}: expected {wanted}, found {token!r}" if token else f"expected {wanted} at the end"
        )

    def take(self, token: str) -> bool:
        """Whether the token at hand is this one; it is passed then."""
        if self.next != token:
            return False
        self._at += 1
        return True

    def need(self, token: str) -> None:
        if not self.take(token):
            raise self.unexpected(f"{token!r}")

    def name(self) -> str:
        token = self.next
        if not token[:1].isidentifier():
            raise self.unexpected("a name")
        self._at += 1
        return token

    def choice(self) -> SelectionMap:
        self.take("|")
        found = [self.entry()]
        while self.take("|"):
            found.append(self.entry())
        return found[0] if len(found) == 1 else Choice(tuple(found))

    def entry(self) -> Field | Made:
        if self.next == "{":
            return self.made()
        path = [self.step()]
        while True:
            if self.next == "[":
                return Field(tuple(path), self.items())
            if self.next != "<" and not self.take("."):
                return Field(tuple(path))
            if self.next == "{":
                return Field(tuple(path), self.made())
            path.append(self.step())

    def step(self) -> Step:
        on = ""
        if self.take("<"):
            on = self.name()
            self.need(">")
            self.need(".")
        return Step(self.name(), self.constants(), on)

    def constants(self) -> str:
        token = self.next
        if not token.startswith("("):
            return ""
        try:
            given = parse_const_value("{" + token[1:-1] + "}")
        except GraphQLSyntaxError as error:
            raise SelectionMapError(f"{token}: {error.message.removeprefix('Syntax Error: ')}") from None
        self._at += 1
        return f"({print_ast(given)[1:-1].strip()})"

    def made(self) -> Made:
        self.need("{")
        fields: list[tuple[str, SelectionMap]] = []
        while not fields or not self.take("}"):
            name = self.name()
            if self.take(":"):
                fields.append((name, self.choice()))
            else:
                fields.append((name, Field((Step(name, self.constants()),))))
        return Made(tuple(fields))

    def items(self) -> Items:
        self.need("[")
        found = self.items() if self.next == "[" else self.choice()
        self.need("]")
        return Items(found)


def print_selection_map(mapped: SelectionMap) -> str:
    """The map as text that reads back to it."""
    match mapped:
        case Field(path, rest):
            way = path[0].name + path[0].arguments
            way = f"<{path[0].on}>.{way}" if path[0].on else way
            for step in path[1:]:
                way += (f"<{step.on}>." if step.on else ".") + step.name + step.arguments
            if rest is None:
                return way
            return way + (f".{print_selection_map(rest)}" if isinstance(rest, Made) else print_selection_map(rest))
        case Made(fields):
            return f"{{ {', '.join(f'{name}: {print_selection_map(each)}' for name, each in fields)} }}"
        case Items(item):
            return f"[{print_selection_map(item)}]"
        case Choice(among):
            return " | ".join(print_selection_map(each) for each in among)


def field_set_of(mapped: SelectionMap) -> str:
    """The selection that brings all the map needs, as the text of a field set: ``dimension { size weight }``."""
    return " ".join(_selected(_tree(mapped)))


_Tree: TypeAlias = "dict[tuple[str, str, str], _Tree]"


def _tree(mapped: SelectionMap) -> _Tree:
    found: _Tree = {}
    for path in paths_of(mapped):
        at = found
        for step in path:
            at = at.setdefault((step.on, step.name, step.arguments), {})
    return found


def paths_of(mapped: SelectionMap) -> Iterator[tuple[Step, ...]]:
    match mapped:
        case Field(path, None):
            yield path
        case Field(path, rest) if rest is not None:
            yield from (path + below for below in paths_of(rest))
        case Made(fields):
            for _, each in fields:
                yield from paths_of(each)
        case Items(item):
            yield from paths_of(item)
        case Choice(among):
            for each in among:
                yield from paths_of(each)


def _selected(tree: _Tree) -> Iterator[str]:
    for on in dict.fromkeys(key[0] for key in tree):
        fields = [
            f"{name}{arguments}" + (f" {{ {' '.join(_selected(below))} }}" if below else "")
            for (type_name, name, arguments), below in tree.items()
            if type_name == on
        ]
        yield f"... on {on} {{ {' '.join(fields)} }}" if on else " ".join(fields)


def value_of(mapped: SelectionMap, held: Any) -> Any:
    """What the map makes of ``held``, an object as JSON; null where something on the way is null."""
    match mapped:
        case Field(path, rest):
            end = _followed(path, held)
            return end if rest is None or end is None else value_of(rest, end)
        case Made(fields):
            return {name: value_of(each, held) for name, each in fields}
        case Items(item):
            return None if held is None else [value_of(item, each) for each in held]
        case Choice(among):
            made = (value_of(each, held) for each in among if _fits(each, held))
            return next((each for each in made if each is not None), None)


def _fits(mapped: Field | Made, held: Any) -> bool:
    """Whether what the map asks for is there at all: not where it asks for a type that the object is not of."""
    if isinstance(mapped, Made):
        return all(value_of(each, held) is not None for _, each in mapped.fields)
    return _followed(mapped.path, held) is not None


def _followed(path: tuple[Step, ...], held: Any) -> Any:
    for step in path:
        if not isinstance(held, Mapping) or (step.on and held.get("__typename", step.on) != step.on):
            return None
        held = held.get(step.name)
    return held
