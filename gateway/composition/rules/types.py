"""Types that GraphQL itself refuses: empty, badly named, cyclic, or with defaults that do not fit. Code: INVALID_GRAPHQL.

Spec: https://spec.graphql.org/draft/#sec-Types, "type validation" of each kind.
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.composition import typerefs
from gateway.composition.inputs import value_problems
from gateway.composition.schema import Argument, EnumValue, FieldDef, Kind, Schema, TypeDef
from gateway.errors import Mistake

__all__ = ["wrong_types"]

_MEMBERS = {Kind.OBJECT: "fields", Kind.INTERFACE: "fields", Kind.UNION: "members", Kind.ENUM: "values"}


def wrong_types(schema: Schema) -> Iterator[Mistake]:
    """A mistake for each definition GraphQL refuses."""
    for definition in schema.types.values():
        yield from _names(definition)
        yield from _empty(definition, schema)
        for item in definition.fields.values():
            for argument in item.args.values():
                yield from _argument(argument, f"{item.coordinate}({argument.name}:)", schema)
        for entry in definition.inputs.values():
            yield from _argument(entry, f"{definition.name}.{entry.name}", schema)
    for directive in schema.directives.values():
        for argument in directive.args.values():
            yield from _argument(argument, f"@{directive.name}({argument.name}:)", schema)
    yield from _cycles(schema)


def _names(definition: TypeDef) -> Iterator[Mistake]:
    members: tuple[FieldDef | Argument | EnumValue, ...] = (
        *definition.fields.values(),
        *definition.inputs.values(),
        *definition.values.values(),
    )
    arguments = (argument for item in definition.fields.values() for argument in item.args.values())
    named = [(element.name, element.line) for element in members]
    named += [(argument.name, argument.line) for argument in arguments]
    for name, line in [(definition.name, definition.line), *named]:
        if name.startswith("__"):
            message = f'Name "{name}" must not begin with "__", which is reserved for introspection.'
            yield _mistake(message, definition.name, line, "give it another name")
    for value in definition.values:
        if value in ("true", "false", "null"):
            message = f"Enum type {definition.name} cannot include value: {value}."
            yield _mistake(message, definition.name, definition.line, "give the value another name")


def _empty(definition: TypeDef, schema: Schema) -> Iterator[Mistake]:
    if definition.name == schema.roots.get("query", "Query"):
        return  # federation's own fields are there
    members = (
        definition.inputs
        if definition.kind is Kind.INPUT
        else getattr(definition, _MEMBERS.get(definition.kind, ""), 1)
    )
    if not members:
        what = _MEMBERS.get(definition.kind, "fields")
        message = f"{definition.kind} type {definition.name} must define one or more {what}."
        yield _mistake(message, definition.name, definition.line, f"define its {what}, or leave it out")


def _argument(argument: Argument, where: str, schema: Schema) -> Iterator[Mistake]:
    if argument.default is not None:
        for problem in value_problems(argument.default, argument.type, schema):
            yield _mistake(f"Invalid default value for {where}: {problem}.", where, argument.line, "mend the default")
    if argument.required and any(applied.element == "deprecated" for applied in argument.directives):
        message = f"Required argument or input field {where} cannot be deprecated."
        yield _mistake(message, where, argument.line, "make it optional first, or leave out @deprecated")


def _cycles(schema: Schema) -> Iterator[Mistake]:
    """Input objects that need themselves through non-null fields can never be written."""
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> Iterator[Mistake]:
        if name in path:
            cycle = " -> ".join((*path[path.index(name) :], name))
            message = f"Input type {name} needs itself through non-null fields: {cycle}."
            yield _mistake(message, name, schema.types[name].line, "make one of these fields nullable")
            return
        if name in done:
            return
        done.add(name)
        for entry in schema.types[name].inputs.values():
            inner = typerefs.nullable(entry.type)
            target = schema.types.get(inner)
            if typerefs.non_null(entry.type) and target is not None and target.kind is Kind.INPUT:
                yield from visit(inner, (*path, name))

    for name, definition in schema.types.items():
        if definition.kind is Kind.INPUT:
            yield from visit(name, ())


def _mistake(message: str, where: str, line: int, hint: str) -> Mistake:
    return Mistake("INVALID_GRAPHQL", message, f"{where}, line {line}", hint)
