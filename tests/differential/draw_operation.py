"""A random operation, valid as it is written: aliases, fragments, conditions, variables with and without defaults."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from graphql import GraphQLSchema
from graphql.type import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLUnionType,
    get_named_type,
    is_abstract_type,
    is_composite_type,
)

from tests.differential.choices import Choices

__all__ = ["draw_operation"]

# every variable there may be: its declaration, and the values that may be sent for it (absent where None is drawn)
_VARIABLES: dict[str, tuple[str, Sequence[Any]]] = {
    "yes": ("Boolean!", (True,)),
    "no": ("Boolean! = false", (False, ...)),
    "maybe": ("Boolean = true", (True, False, ...)),
    "n": ("Int", (7, None, ...)),
    "m": ("Int = 2", (3, ...)),
    "must": ("Int!", (4,)),
    "w": ("Window", ({"a": 1}, {"b": [1, 2]}, {}, None, ...)),
    "b": ("[Int!] = [9]", ([], [1], ...)),
}

_VARIABLE = re.compile(r"\$(\w+)")


def draw_operation(choices: Choices, schema: GraphQLSchema) -> tuple[str, dict[str, Any]]:
    """The text of an operation on ``schema``, and its variables."""
    writer = _Writer(choices, schema)
    kind = "mutation" if schema.mutation_type is not None and choices.chance(20) else "query"
    root = schema.mutation_type if kind == "mutation" else schema.query_type
    if root is None:
        raise TypeError("the schema has no query type")
    body = writer.selection(root, choices.pick((3, 2, 1, 4)))
    used = sorted(writer.used)
    declared = ", ".join(f"${name}: {_VARIABLES[name][0]}" for name in used)
    head = f"{kind}({declared}) " if used else ("mutation " if kind == "mutation" else "")
    variables = {name: choices.pick(_VARIABLES[name][1]) for name in used}
    text = head + "\n".join([body, *writer.fragments])
    return text, {name: value for name, value in variables.items() if value is not ...}


class _Writer:
    def __init__(self, choices: Choices, schema: GraphQLSchema) -> None:
        self.choose = choices
        self.schema = schema
        self.fragments: list[str] = []
        self.used: set[str] = set()
        self.left = 40  # fields, so that operations stay readable
        # what every response key stands for: (type it stands on, field with arguments, type of its value)
        self.keys: dict[str, list[tuple[Any, str, str]]] = {}

    def selection(self, type_: Any, depth: int) -> str:
        """A selection set on ``type_``, braces included."""
        choose = self.choose
        parts: list[str] = []
        fields: dict[str, GraphQLField] = {} if isinstance(type_, GraphQLUnionType) else type_.fields
        names = [n for n, f in fields.items() if depth > 0 or not is_composite_type(get_named_type(f.type))]
        for name in choose.some(names, 0 if is_abstract_type(type_) else 1, 6):
            if self.left == 0:
                break
            parts.append(self.field(type_, name, fields[name], depth))
        if is_abstract_type(type_):
            possible = list(self.schema.get_possible_types(type_))
            parts += [self.fragment(each, depth) for each in choose.some(possible, 0, 2)]
            others = [self.schema.type_map[n] for n in ("Node", "Named", "Item") if n in self.schema.type_map]
            fitting = [each for each in others if self._overlap(each, possible)]
            if fitting and choose.chance(25):
                parts.append(self.fragment(choose.pick(fitting), depth))
        elif choose.chance(12):
            parts.append(self.fragment(type_, depth))
        if not parts or choose.chance(25):
            parts.append(choose.pick(("__typename", "kind: __typename")))
        return "{ " + " ".join(parts) + " }"

    def _overlap(self, each: Any, possible: Sequence[GraphQLObjectType]) -> bool:
        return isinstance(each, GraphQLInterfaceType) and bool(
            set(self.schema.get_possible_types(each)) & set(possible)
        )

    def field(self, parent: Any, name: str, definition: GraphQLField, depth: int) -> str:
        self.left -= 1
        called = name + self.arguments(definition)
        key = self.key(parent, name, called, str(definition.type))
        named = get_named_type(definition.type)
        below = " " + self.selection(named, depth - 1) if is_composite_type(named) else ""
        return f"{'' if key == name else key + ': '}{called}{self.condition()}{below}"

    def key(self, parent: Any, name: str, called: str, type_: str) -> str:
        """A response key under which the field may stand: one that never means two things in one place."""
        wanted = self.choose.pick((name, name, "x", "y"))
        for key in (wanted, *(f"z{number}" for number in range(100))):
            uses = self.keys.setdefault(key, [])
            if all(self._agree(each, (parent, called, type_)) for each in uses):
                uses.append((parent, called, type_))
                return key
        raise AssertionError("no key left")

    def _agree(self, mine: tuple[Any, str, str], other: tuple[Any, str, str]) -> bool:
        apart = (
            isinstance(mine[0], GraphQLObjectType)
            and isinstance(other[0], GraphQLObjectType)
            and mine[0] is not other[0]
        )
        return mine[2] == other[2] and (apart or mine[1] == other[1])

    def arguments(self, definition: GraphQLField) -> str:
        choose = self.choose
        options: tuple[str, ...]
        if "w" in definition.args:
            options = ("", "(w: {})", "(w: {a: 1})", "(w: $w)", "(w: {a: $n, b: $b})", "(w: {b: 3})", "(w: null)")
        elif "n" in definition.args and str(definition.args["n"].type) == "Int!":
            options = ("(n: 4)", "(n: $must)")
        elif "n" in definition.args:
            options = ("", "(n: 0)", "(n: $n)", "(n: $m)", "(n: null)")
        else:
            return ""
        chosen = choose.pick(options)
        self.used |= set(_VARIABLE.findall(chosen))
        return chosen

    def fragment(self, type_: Any, depth: int) -> str:
        body = self.selection(type_, depth)
        if self.choose.chance(30):
            name = f"F{len(self.fragments)}"
            self.fragments.append(f"fragment {name} on {type_.name} {body}")
            return f"...{name}{self.condition()}"
        return f"... on {type_.name}{self.condition()} {body}"

    def condition(self) -> str:
        if not self.choose.chance(12):
            return ""
        value = self.choose.pick(("true", "false", "$yes", "$no", "$maybe"))
        if value.startswith("$"):
            self.used.add(value[1:])
        return f" @{self.choose.pick(('include', 'skip'))}(if: {value})"
