"""Random valid operations on a schema: aliases, fragments named and inline, conditions, variables, repeated fields."""

from __future__ import annotations

import random
from typing import Any

from graphql import GraphQLSchema, parse, validate
from graphql.type import (
    GraphQLField,
    GraphQLObjectType,
    GraphQLUnionType,
    get_named_type,
    is_abstract_type,
    is_composite_type,
)

__all__ = ["random_operation"]

_VARIABLES = {"yes": True, "no": False, "n": 7}


class _Writer:
    def __init__(self, schema: GraphQLSchema, source: random.Random) -> None:
        self.schema = schema
        self.random = source
        self.fragments: list[str] = []
        self.used: set[str] = set()

    def selection(self, type_: Any, depth: int) -> str:
        """A selection set on ``type_``, braces included."""
        parts: list[str] = []
        fields = {} if isinstance(type_, GraphQLUnionType) else type_.fields
        names = [n for n, f in fields.items() if depth > 0 or not is_composite_type(get_named_type(f.type))]
        for name in self.random.sample(names, min(len(names), self.random.randint(1, 4))):
            parts.append(self.field(name, fields[name], depth))
            if self.random.random() < 0.1:
                parts.append(self.field(name, fields[name], depth))
        if self.random.random() < 0.25 or not parts:
            parts.append(self.random.choice(("__typename", "kind: __typename")))
        if is_abstract_type(type_):
            possible = self.schema.get_possible_types(type_)
            chosen = self.random.sample(list(possible), min(len(possible), self.random.randint(0, 3)))
            parts.extend(self.fragment(each, depth) for each in chosen)
            if self.random.random() < 0.3:
                parts.append(
                    self.fragment(
                        self.schema.type_map[
                            self.random.choice([n for n in ("Node", "Named", "Item") if n in self.schema.type_map])
                        ],
                        depth,
                    )
                )
        elif self.random.random() < 0.15:
            parts.append(self.fragment(type_, depth))
        self.random.shuffle(parts)
        return "{ " + " ".join(parts) + " }"

    def field(self, name: str, definition: GraphQLField, depth: int) -> str:
        alias = f"{self.random.choice('xyz')}{self.random.randint(0, 30)}: " if self.random.random() < 0.2 else ""
        arguments = ""
        if "n" in definition.args and self.random.random() < 0.7:
            literal = self.random.random() < 0.5
            arguments = f"(n: {self.random.randint(0, 4)})" if literal else f"(n: {self.variable('n')})"
        named = get_named_type(definition.type)
        below = " " + self.selection(named, depth - 1) if is_composite_type(named) else ""
        return f"{alias}{name}{arguments}{self.condition()}{below}"

    def fragment(self, type_: Any, depth: int) -> str:
        body = self.selection(type_, depth)
        if self.random.random() < 0.3:
            name = f"F{len(self.fragments)}"
            self.fragments.append(f"fragment {name} on {type_.name} {body}")
            return f"...{name}{self.condition()}"
        return f"... on {type_.name}{self.condition()} {body}"

    def condition(self) -> str:
        if self.random.random() > 0.12:
            return ""
        value = self.random.choice(("true", "false", self.variable("yes"), self.variable("no")))
        return f" @{self.random.choice(('skip', 'include'))}(if: {value})"

    def variable(self, name: str) -> str:
        self.used.add(name)
        return f"${name}"


def random_operation(schema: GraphQLSchema, source: random.Random, depth: int = 3) -> tuple[str, dict[str, Any]]:
    """A valid query on ``schema`` and its variables."""
    types = {"yes": "Boolean!", "no": "Boolean! = false", "n": "Int"}
    root = schema.query_type
    if not isinstance(root, GraphQLObjectType):
        raise TypeError("the schema has no query type")
    for _ in range(200):
        writer = _Writer(schema, source)
        body = writer.selection(root, depth)
        text = " ".join([body, *writer.fragments])
        used = sorted(name for name in writer.used if f"${name}" in text)
        head = f"query({', '.join(f'${name}: {types[name]}' for name in used)}) " if used else ""
        text = head + text
        if len(text) < 6_000 and not validate(schema, parse(text)):
            return text, {name: _VARIABLES[name] for name in used if name != "no" or source.random() < 0.5}
    raise AssertionError("no valid operation found")
