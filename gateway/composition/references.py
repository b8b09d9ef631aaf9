"""Type names a schema mentions: every one must exist, and be of a kind that fits the place. Code: INVALID_GRAPHQL."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.composition import typerefs
from gateway.composition.schema import Kind, Schema
from gateway.errors import Mistake

__all__ = ["misplaced_types", "unknown_types"]

_OUTPUT = frozenset({Kind.SCALAR, Kind.OBJECT, Kind.INTERFACE, Kind.UNION, Kind.ENUM})
_INPUT = frozenset({Kind.SCALAR, Kind.ENUM, Kind.INPUT})
_ANY: frozenset[Kind] = frozenset(Kind)


def _mentions(schema: Schema) -> Iterator[tuple[str, str, int, frozenset[Kind]]]:
    """Each mentioned type with the coordinate and line of the mention, and the kinds that fit there."""
    for operation, name in schema.roots.items():
        yield name, f"schema.{operation}", 0, frozenset({Kind.OBJECT})
    for definition in schema.types.values():
        for item in definition.fields.values():
            yield typerefs.base(item.type), item.coordinate, item.line, _OUTPUT
            for argument in item.args.values():
                where = f"{item.coordinate}({argument.name}:)"
                yield typerefs.base(argument.type), where, argument.line, _INPUT
        for entry in definition.inputs.values():
            yield typerefs.base(entry.type), f"{definition.name}.{entry.name}", entry.line, _INPUT
        for name in definition.interfaces:
            yield name, definition.name, definition.line, frozenset({Kind.INTERFACE})
        for name in definition.members:
            yield name, definition.name, definition.line, frozenset({Kind.OBJECT})
    for directive in schema.directives.values():
        if not directive.line:
            continue  # brought by a specification
        for argument in directive.args.values():
            where = f"@{directive.name}({argument.name}:)"
            yield typerefs.base(argument.type), where, argument.line, _INPUT


def unknown_types(schema: Schema) -> list[Mistake]:
    """A mistake for each mention of a type that is not defined."""
    return [
        Mistake(
            "INVALID_GRAPHQL",
            f'Unknown type "{name}" at {where}.',
            f"line {line}",
            f'define "{name}" in this subgraph, or use a type that it defines',
        )
        for name, where, line, _ in _mentions(schema)
        if name not in schema.types and name not in typerefs.BUILT_IN_SCALARS
    ]


def misplaced_types(schema: Schema) -> list[Mistake]:
    """A mistake for each mention of a type whose kind does not fit: an input type as a field's type, and so on."""
    found: list[Mistake] = []
    for name, where, line, kinds in _mentions(schema):
        kind = Kind.SCALAR if name in typerefs.BUILT_IN_SCALARS else schema.types[name].kind
        if kind not in kinds:
            fitting = " or ".join(sorted(kinds))
            message = f'Type "{name}" at {where} is of kind {kind}; only {fitting} fits there.'
            found.append(Mistake("INVALID_GRAPHQL", message, f"line {line}", f"use a type of kind {fitting}"))
    return found
