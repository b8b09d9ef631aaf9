"""Types that say they implement an interface must do so. Code: INVALID_GRAPHQL.

Spec: https://spec.graphql.org/draft/#IsValidImplementation()
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.composition import typerefs
from gateway.composition.schema import FieldDef, Kind, Schema, TypeDef
from gateway.errors import Mistake

__all__ = ["covariant", "wrong_implementations"]


def wrong_implementations(schema: Schema) -> Iterator[Mistake]:
    """A mistake for each thing an implementing type lacks or has differently."""
    for definition in schema.types.values():
        for name in definition.interfaces:
            interface = schema.types.get(name)
            if interface is None or interface.kind is not Kind.INTERFACE:
                continue
            if interface is definition:
                message = f"Type {name} cannot implement itself."
                yield _mistake(message, name, definition.line, "leave it out of its own implements")
                continue
            yield from _transitive(definition, interface)
            yield from _fields(definition, interface, schema)


def _transitive(definition: TypeDef, interface: TypeDef) -> Iterator[Mistake]:
    for name in interface.interfaces:
        if name == definition.name:
            message = f"Type {definition.name} and interface {interface.name} implement each other."
            yield _mistake(message, definition.name, definition.line, "break the circle")
        elif name not in definition.interfaces:
            message = f"Type {definition.name} must implement {name} because {interface.name} does."
            yield _mistake(message, definition.name, definition.line, f"add & {name} to its implements")


def _fields(definition: TypeDef, interface: TypeDef, schema: Schema) -> Iterator[Mistake]:
    for expected in interface.fields.values():
        item = definition.fields.get(expected.name)
        if item is None:
            message = f"Interface field {expected.coordinate} expected but {definition.name} does not provide it."
            yield _mistake(message, definition.name, definition.line, f"add the field {expected.name}")
            continue
        if not covariant(item.type, expected.type, schema):
            message = (
                f"Interface field {expected.coordinate} expects type {expected.type} "
                f"but {item.coordinate} is of type {item.type}."
            )
            yield _mistake(message, item.coordinate, item.line, "give it that type or a subtype of it")
        yield from _arguments(item, expected)


def _arguments(item: FieldDef, expected: FieldDef) -> Iterator[Mistake]:
    for name, argument in expected.args.items():
        own = item.args.get(name)
        if own is None:
            message = (
                f"Interface field argument {expected.coordinate}({name}:) expected but {item.coordinate} lacks it."
            )
            yield _mistake(message, item.coordinate, item.line, f"add the argument {name}: {argument.type}")
        elif own.type != argument.type:
            message = (
                f"Interface field argument {expected.coordinate}({name}:) expects type {argument.type} "
                f"but {item.coordinate}({name}:) is of type {own.type}."
            )
            yield _mistake(message, item.coordinate, own.line, f"give it the type {argument.type}")
    for name, own in item.args.items():
        if name not in expected.args and own.required:
            message = f"Field {item.coordinate} requires argument {name}, which {expected.coordinate} does not have."
            yield _mistake(message, item.coordinate, own.line, "make it optional")


def covariant(sub: str, sup: str, schema: Schema) -> bool:
    """Whether output type ``sub`` may stand where ``sup`` is promised."""
    if sub == sup:
        return True
    if typerefs.non_null(sup):
        return typerefs.non_null(sub) and covariant(sub[:-1], sup[:-1], schema)
    if typerefs.non_null(sub):
        return covariant(sub[:-1], sup, schema)
    if typerefs.is_list(sup) or typerefs.is_list(sub):
        return (
            typerefs.is_list(sup)
            and typerefs.is_list(sub)
            and covariant(typerefs.item(sub), typerefs.item(sup), schema)
        )
    return schema.is_subtype(sub, sup)


def _mistake(message: str, where: str, line: int, hint: str) -> Mistake:
    return Mistake("INVALID_GRAPHQL", message, f"{where}, line {line}", hint)
