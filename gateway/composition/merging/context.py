"""What every part of the merge shares: the subgraphs in order, their facts, the schema being built, what was found."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.composition.facts import Facts
from gateway.composition.report import Hint
from gateway.composition.schema import Applied, FieldDef, Kind, Schema, TypeDef
from gateway.composition.subgraph import Subgraph
from gateway.errors import Mistake

__all__ = ["ComposedDirective", "Merge", "Override", "find", "free_alias", "graph_names", "listed"]


@dataclass(frozen=True)
class ComposedDirective:
    """A directive carried over by ``@composeDirective``: its name and the subgraphs that ask for it."""

    name: str
    composers: frozenset[int]


@dataclass
class Override:
    """What ``@override`` does to one field: who is overridden, used or not, under which label."""

    used: set[int] = field(default_factory=set)
    unused: set[int] = field(default_factory=set)
    labels: dict[int, str] = field(default_factory=dict)

    def gone(self, index: int) -> bool:
        """Whether the subgraph no longer answers for the field under any label."""
        return index in self.unused and index not in self.labels


@dataclass
class Merge:
    """The state of one merge. Subgraphs are named by their index in sorted order throughout."""

    subgraphs: list[Subgraph]
    facts: list[Facts]
    graphs: list[str]
    schema: Schema = field(default_factory=Schema)
    mistakes: list[Mistake] = field(default_factory=list)
    hints: list[Hint] = field(default_factory=list)
    composed: dict[str, ComposedDirective] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    links: list[str] = field(default_factory=list)
    overrides: dict[str, Override] = field(default_factory=dict)
    kinds: dict[str, Kind] = field(default_factory=dict)
    mismatched: set[str] = field(default_factory=set)

    def sources(self, name: str) -> dict[int, TypeDef]:
        """The definitions of a type by subgraph, those of another kind than the merged one left out."""
        found: dict[int, TypeDef] = {}
        for index, subgraph in enumerate(self.subgraphs):
            definition = subgraph.schema.types.get(name)
            if definition is not None and self.kind_of(index, definition) is self.kinds[name]:
                found[index] = definition
        return found

    def kind_of(self, index: int, definition: TypeDef) -> Kind:
        """The kind the definition counts as: interface objects are interfaces."""
        return Kind.INTERFACE if definition.name in self.facts[index].interface_objects else definition.kind

    def external(self, index: int, coordinate: str) -> bool:
        """Whether the subgraph marks the field external, in earnest."""
        return coordinate in self.facts[index].external

    def error(self, code: str, message: str, sources: Mapping[int, Any], coordinate: str, hint: str) -> None:
        """Record a mistake at a coordinate, with the line of each source."""
        lines = "; ".join(f"{self.subgraphs[i].name}: line {getattr(s, 'line', 0)}" for i, s in sources.items())
        where = f"{coordinate} ({lines})" if lines else coordinate
        names = tuple(self.subgraphs[i].name for i in sources)
        self.mistakes.append(Mistake(code, message, where, hint, names))

    def note(self, code: str, message: str, coordinate: str) -> None:
        """Record a hint, once."""
        hint = Hint(code, message, coordinate)
        if hint not in self.hints:
            self.hints.append(hint)

    def named(self, indexes: Iterable[int]) -> str:
        """``subgraphs "a", "b" and "c"`` for a list of subgraphs."""
        names = [f'"{self.subgraphs[i].name}"' for i in indexes]
        return f"subgraph{'s' if len(names) > 1 else ''} {listed(names)}"

    def interface_object_fields(self, index: int, owner: str, name: str) -> list[FieldDef]:
        """The fields ``name`` of interface objects that stand for object type ``owner`` where a subgraph lacks it."""
        subgraph, merged = self.subgraphs[index], self.schema.types.get(owner)
        if merged is None or merged.kind is not Kind.OBJECT or owner in subgraph.schema.types:
            return []
        found: list[FieldDef] = []
        for interface in merged.interfaces:
            if interface in self.facts[index].interface_objects:
                item = subgraph.schema.types[interface].fields.get(name)
                if item is not None:
                    found.append(item)
        return found

    def value_kind(self, name: str) -> Mapping[str, str] | str | None:
        """What ``values.print_value`` needs to know of a merged type."""
        definition = self.schema.types.get(name)
        if definition is None:
            return None
        if definition.kind is Kind.INPUT:
            return {entry.name: entry.type for entry in definition.inputs.values()}
        return "enum" if definition.kind is Kind.ENUM else None


def listed(names: list[str]) -> str:
    """``a, b and c``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def graph_names(names: list[str]) -> list[str]:
    """The ``join__Graph`` value of each subgraph name, in order; colliding ones are numbered."""
    raw: list[str] = []
    for name in names:
        value = re.sub(r"\W", "_", name, flags=re.ASCII)
        if re.match(r"[0-9]", value):
            value = f"_{value}"
        if re.search(r"_[0-9]+$", value):
            value += "_"
        raw.append(value.upper())
    result: list[str] = []
    for position, value in enumerate(raw):
        if raw.count(value) == 1:
            result.append(value)
        else:
            result.append(f"{value}_{raw[: position + 1].count(value)}")
    return result


def find(directives: Iterable[Applied], element: str) -> Applied | None:
    """The first application of a specification's directive in a list."""
    return next((application for application in directives if application.element == element), None)


def free_alias(spec: str, taken: set[str]) -> str:
    """The specification's name, or when that is taken a short one made of it that is not."""
    if spec not in taken:
        return spec
    letters = re.sub(r"[^A-Za-z]", "", spec)
    counter = 0
    while f"_{counter}{letters}" in taken:
        counter += 1
    return f"_{counter}{letters}"
