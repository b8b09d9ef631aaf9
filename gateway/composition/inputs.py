"""Whether a constant fits an input type, by GraphQL's own coercion rules for literals."""

from __future__ import annotations

from collections.abc import Iterator

from graphql.language import (
    BooleanValueNode,
    EnumValueNode,
    FloatValueNode,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    StringValueNode,
    ValueNode,
    print_ast,
)

from gateway.composition import typerefs
from gateway.composition.schema import Argument, Kind, Schema

__all__ = ["argument_problems", "value_problems"]

_BUILT_IN: dict[str, tuple[type[ValueNode], ...]] = {
    "Int": (IntValueNode,),
    "Float": (IntValueNode, FloatValueNode),
    "String": (StringValueNode,),
    "Boolean": (BooleanValueNode,),
    "ID": (StringValueNode, IntValueNode),
}


def value_problems(node: ValueNode, ref: str, schema: Schema) -> Iterator[str]:
    """What keeps the constant from being a value of the type; nothing when it is one."""
    if isinstance(node, NullValueNode):
        if typerefs.non_null(ref):
            yield f'expected a value of type "{ref}", found null'
        return
    ref = typerefs.nullable(ref)
    if typerefs.is_list(ref):
        for value in node.values if isinstance(node, ListValueNode) else (node,):
            yield from value_problems(value, typerefs.item(ref), schema)
        return
    if ref in _BUILT_IN:
        if not isinstance(node, _BUILT_IN[ref]) or (ref == "Int" and not -(2**31) <= int(_text(node)) < 2**31):
            yield f'"{ref}" cannot represent {print_ast(node)}'
        return
    definition = schema.types.get(ref)
    if definition is None:
        return
    if definition.kind is Kind.ENUM:
        if not isinstance(node, EnumValueNode) or node.value not in definition.values:
            yield f'enum "{ref}" has no value {print_ast(node)}'
    elif definition.kind is Kind.INPUT:
        yield from _object_problems(node, ref, definition.inputs, schema)


def _text(node: ValueNode) -> str:
    return str(getattr(node, "value", "0"))


def _object_problems(node: ValueNode, ref: str, fields: dict[str, Argument], schema: Schema) -> Iterator[str]:
    if not isinstance(node, ObjectValueNode):
        yield f'expected an object of type "{ref}", found {print_ast(node)}'
        return
    given = {entry.name.value: entry.value for entry in node.fields}
    # Missing required fields are let through, as the reference does.
    for name, value in given.items():
        if name not in fields:
            yield f'field "{name}" is not defined by type "{ref}"'
        else:
            yield from value_problems(value, fields[name].type, schema)


def argument_problems(given: dict[str, ValueNode], accepted: dict[str, Argument], schema: Schema) -> Iterator[str]:
    """What is wrong with arguments given to a field or directive: unknown, missing, or not of their type."""
    for name, node in given.items():
        if name not in accepted:
            yield f'unknown argument "{name}"'
            continue
        for problem in value_problems(node, accepted[name].type, schema):
            yield f'argument "{name}": {problem}'
    for name, argument in accepted.items():
        if argument.required and name not in given:
            yield f'argument "{name}" of type "{argument.type}" is required but was not given'
