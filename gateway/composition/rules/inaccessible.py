"""``@inaccessible`` must leave an API schema that stands on its own.

Codes: QUERY_ROOT_TYPE_INACCESSIBLE, REFERENCED_INACCESSIBLE, ONLY_INACCESSIBLE_CHILDREN, REQUIRED_INACCESSIBLE,
IMPLEMENTED_BY_INACCESSIBLE, DEFAULT_VALUE_USES_INACCESSIBLE.
An element inside an inaccessible one is not visible itself, and exempt.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gateway.composition import typerefs
from gateway.composition.facts import Marked, applied
from gateway.composition.schema import Argument, FieldDef, Kind, Schema, TypeDef
from gateway.errors import Mistake

__all__ = ["hidden", "wrongly_inaccessible"]


def hidden(element: Marked) -> bool:
    """Whether the element itself is marked ``@inaccessible``."""
    return applied(element, "inaccessible") is not None


def wrongly_inaccessible(schema: Schema) -> Iterator[Mistake]:
    """A mistake for each inaccessible element that something visible cannot do without."""
    query = schema.types.get("Query")
    if query is not None and hidden(query):
        message = 'Type "Query" is @inaccessible but is the root of every query.'
        yield Mistake(
            "QUERY_ROOT_TYPE_INACCESSIBLE", message, "Query", "leave out @inaccessible on the query root type"
        )
    for definition in schema.types.values():
        if hidden(definition):
            continue
        yield from _childless(definition, schema)
        for item in definition.fields.values():
            if hidden(item):
                yield from _implements_visible(definition, item, schema)
                continue
            yield from _reference(item.type, item.coordinate, schema)
            for argument in item.args.values():
                yield from _argument(definition, item, argument, schema)
        for entry in definition.inputs.values():
            yield from _input(f"{definition.name}.{entry.name}", entry, schema, "field")


def _childless(definition: TypeDef, schema: Schema) -> Iterator[Mistake]:
    if definition.kind is Kind.UNION:
        children = [hidden(schema.types[name]) for name in definition.members if name in schema.types]
    else:
        members: list[Marked] = [*definition.fields.values(), *definition.inputs.values()]
        members.extend(definition.values.values())
        children = [hidden(member) for member in members]
    if children and all(children):
        message = f'Type "{definition.name}" is in the API schema but all of its members are @inaccessible.'
        hint = f'mark "{definition.name}" itself @inaccessible, or leave one member accessible'
        yield Mistake("ONLY_INACCESSIBLE_CHILDREN", message, definition.name, hint)


def _reference(ref: str, coordinate: str, schema: Schema) -> Iterator[Mistake]:
    target = schema.types.get(typerefs.base(ref))
    if target is not None and hidden(target):
        message = f'Type "{target.name}" is @inaccessible but "{coordinate}", which is in the API schema, is of it.'
        hint = f'mark "{coordinate}" @inaccessible too'
        yield Mistake("REFERENCED_INACCESSIBLE", message, coordinate, hint)


def _implements_visible(definition: TypeDef, item: FieldDef, schema: Schema) -> Iterator[Mistake]:
    for expected in _interface_fields(definition, item.name, schema):
        message = (
            f'Field "{item.coordinate}" is @inaccessible but implements the visible field "{expected.coordinate}".'
        )
        hint = f'mark "{expected.coordinate}" @inaccessible too'
        yield Mistake("IMPLEMENTED_BY_INACCESSIBLE", message, item.coordinate, hint)


def _interface_fields(definition: TypeDef, name: str, schema: Schema) -> Iterator[FieldDef]:
    """The visible fields of visible interfaces that the type's field implements."""
    for interface_name in definition.interfaces:
        interface = schema.types.get(interface_name)
        expected = interface.fields.get(name) if interface is not None and not hidden(interface) else None
        if expected is not None and not hidden(expected):
            yield expected


def _argument(definition: TypeDef, item: FieldDef, argument: Argument, schema: Schema) -> Iterator[Mistake]:
    coordinate = f"{item.coordinate}({argument.name}:)"
    yield from _input(coordinate, argument, schema, "argument")
    for expected in _interface_fields(definition, item.name, schema):
        other = expected.args.get(argument.name)
        if other is None:
            continue
        theirs = f"{expected.coordinate}({argument.name}:)"
        if hidden(argument) and not hidden(other):
            message = f'Argument "{coordinate}" is @inaccessible but implements the visible argument "{theirs}".'
            hint = f'mark "{theirs}" @inaccessible too'
            yield Mistake("IMPLEMENTED_BY_INACCESSIBLE", message, coordinate, hint)
        if hidden(other) and not hidden(argument) and argument.required:
            message = f'Argument "{theirs}" is @inaccessible but "{coordinate}", which implements it, is required.'
            hint = f'make "{coordinate}" optional, or mark it @inaccessible too'
            yield Mistake("REQUIRED_INACCESSIBLE", message, theirs, hint)


def _input(coordinate: str, entry: Argument, schema: Schema, what: str) -> Iterator[Mistake]:
    if hidden(entry):
        if entry.required:
            message = f'"{coordinate}" is @inaccessible but is a required {what}.'
            hint = "make it optional or give it a default, or leave it accessible"
            yield Mistake("REQUIRED_INACCESSIBLE", message, coordinate, hint)
        return
    yield from _reference(entry.type, coordinate, schema)
    if entry.default is not None:
        for name in _hidden_in(entry.default_value, entry.type, schema):
            message = f'"{name}" is @inaccessible but the default value of "{coordinate}", which is visible, uses it.'
            hint = f'give "{coordinate}" another default, or mark it @inaccessible too'
            yield Mistake("DEFAULT_VALUE_USES_INACCESSIBLE", message, coordinate, hint)


def _hidden_in(value: Any, ref: str, schema: Schema) -> Iterator[str]:
    if isinstance(value, list):
        for entry in value:
            yield from _hidden_in(entry, typerefs.item(ref) if typerefs.is_list(ref) else ref, schema)
        return
    definition = schema.types.get(typerefs.base(ref))
    if definition is None:
        return
    if definition.kind is Kind.ENUM and isinstance(value, str) and value in definition.values:
        if hidden(definition.values[value]):
            yield f"{definition.name}.{value}"
    elif definition.kind is Kind.INPUT and isinstance(value, dict):
        for name, entry in value.items():
            field = definition.inputs.get(name)
            if field is None:
                continue
            if hidden(field):
                yield f"{definition.name}.{name}"
            yield from _hidden_in(entry, field.type, schema)
