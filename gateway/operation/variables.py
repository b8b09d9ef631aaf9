"""Coercion of the variables a client sent, by the rules of the specification, into values that travel as JSON.

Differs from graphql-core's in two ways, both on purpose: enum values stay names, and defaults of *input fields* are
left to the subgraph that declares them (a merged default may belong to a field the subgraph does not have).
See https://spec.graphql.org/draft/#sec-Coercing-Variable-Values
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphql import GraphQLError, GraphQLSchema
from graphql.language import (
    BooleanValueNode,
    EnumValueNode,
    FloatValueNode,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    StringValueNode,
    ValueNode,
    VariableDefinitionNode,
)
from graphql.type import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    is_input_type,
    is_required_input_field,
    is_specified_scalar_type,
)
from graphql.utilities import type_from_ast

from gateway.errors import GatewayError, OperationError

__all__ = ["coerce_variables", "literal"]

# how many wrong variables one answer lists
MAX_ERRORS = 20


class _WrongError(Exception):
    """A value that does not fit, at ``where`` (``$filter.ids[2]``)."""

    def __init__(self, where: str, message: str) -> None:
        super().__init__(message)
        self.where = where
        self.message = message


def literal(node: ValueNode) -> Any:
    """The JSON value of a GraphQL literal without variables; enum values become their names."""
    match node:
        case NullValueNode():
            return None
        case IntValueNode():
            return int(node.value)
        case FloatValueNode():
            return float(node.value)
        case StringValueNode() | BooleanValueNode() | EnumValueNode():
            return node.value
        case ListValueNode():
            return [literal(item) for item in node.values]
        case ObjectValueNode():
            return {item.name.value: literal(item.value) for item in node.fields}
    raise ValueError(f"{node.kind} is not a literal")


def coerce_variables(
    operation: OperationDefinitionNode, schema: GraphQLSchema, given: Mapping[str, Any]
) -> dict[str, Any]:
    """The variables' values with defaults applied, in order of definition; one that is absent stays absent.

    Raises ``OperationError`` (WRONG_VARIABLE) that lists every wrong variable. Values the operation does not define
    are ignored, as the specification says.
    """
    values: dict[str, Any] = {}
    wrong: list[GatewayError] = []
    for definition in operation.variable_definitions or ():
        name = definition.variable.name.value
        type_ = type_from_ast(schema, definition.type)
        if not is_input_type(type_):  # validation refuses it; never guess
            wrong.append(_error(definition, _WrongError(f"${name}", "its type is not an input type")))
            continue
        try:
            if name in given:
                values[name] = _coerce(given[name], type_, f"${name}")
            elif definition.default_value is not None:
                values[name] = _coerce(literal(definition.default_value), type_, f"${name}")
            elif isinstance(type_, GraphQLNonNull):
                raise _WrongError(f"${name}", f"a value of type {type_} is required")
        except _WrongError as problem:
            wrong.append(_error(definition, problem))
    if wrong:
        first = wrong[0]
        raise OperationError(
            first.code,
            first.message,
            where=first.where,
            hint=first.hint,
            locations=first.locations,
            errors=tuple(wrong[:MAX_ERRORS]),
        )
    return values


def _error(definition: VariableDefinitionNode, problem: _WrongError) -> GatewayError:
    place = definition.loc
    locations = ((place.start_token.line, place.start_token.column),) if place else ()
    return GatewayError(
        "WRONG_VARIABLE",
        f"Variable {problem.where} is wrong: {problem.message}.",
        status=400,
        where=problem.where,
        hint="Send a value of the declared type.",
        locations=locations,
    )


def _coerce(value: Any, type_: GraphQLInputType, where: str) -> Any:
    """``value`` as ``type_``; raises ``_WrongError`` at the innermost place that does not fit."""
    if isinstance(type_, GraphQLNonNull):
        if value is None:
            raise _WrongError(where, f"null where {type_} is required")
        return _coerce(value, type_.of_type, where)
    if value is None:
        return None
    if isinstance(type_, GraphQLList):
        if isinstance(value, list | tuple):
            return [_coerce(item, type_.of_type, f"{where}[{index}]") for index, item in enumerate(value)]
        return [_coerce(value, type_.of_type, where)]
    if isinstance(type_, GraphQLInputObjectType):
        return _coerce_object(value, type_, where)
    if isinstance(type_, GraphQLEnumType):
        if not isinstance(value, str) or value not in type_.values:
            raise _WrongError(where, f"it is not a value of enum {type_.name}")
        return value
    return _coerce_scalar(value, type_, where)


def _coerce_object(value: Any, type_: GraphQLInputObjectType, where: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise _WrongError(where, f"an object of type {type_.name} is expected")
    result: dict[str, Any] = {}
    for key, item in value.items():
        field = type_.fields.get(key)
        if field is None:
            raise _WrongError(f"{where}.{key}", f"{type_.name} has no such field")
        result[key] = _coerce(item, field.type, f"{where}.{key}")
    for key, field in type_.fields.items():
        if key not in value and is_required_input_field(field):
            raise _WrongError(f"{where}.{key}", f"a value of type {field.type} is required")
    if type_.is_one_of and (len(result) != 1 or None in result.values()):
        raise _WrongError(where, f"exactly one field of {type_.name} must be given, and not null")
    return result


def _coerce_scalar(value: Any, type_: GraphQLScalarType, where: str) -> Any:
    """A built-in scalar checked and normalized; a custom one goes to the subgraph as it came."""
    if not is_specified_scalar_type(type_):
        return value
    try:
        return type_.parse_value(value)
    except GraphQLError:
        raise _WrongError(where, f"it is not a value of type {type_.name}") from None
