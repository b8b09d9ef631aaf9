"""An independent check that an answer has the form its operation asks for and the types its schema promises."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from graphql import GraphQLSchema
from graphql.type import GraphQLEnumType, GraphQLList, GraphQLNonNull, GraphQLObjectType, is_composite_type

from gateway.operation.model import Field, Operation, Selection

__all__ = ["part_of", "why_not"]

_PYTHON: dict[str, tuple[type, ...]] = {
    "Int": (int,),
    "Float": (int, float),
    "String": (str,),
    "ID": (str,),
    "Boolean": (bool,),
}


def why_not(operation: Operation, data: Any, schema: GraphQLSchema) -> str:
    """Why ``data`` is no answer to ``operation``; "" when it is one."""
    root = schema.type_map[operation.root]
    return "" if data is None else _value(data, root, [operation.selections], operation.variables, schema)


def _value(value: Any, type_: Any, sets: list[Iterable[Selection]], variables: Mapping[str, Any], schema: Any) -> str:
    if isinstance(type_, GraphQLNonNull):
        return "null in a non-null place" if value is None else _value(value, type_.of_type, sets, variables, schema)
    if value is None:
        return ""
    if isinstance(type_, GraphQLList):
        if not isinstance(value, list):
            return f"no list: {value!r}"
        return next((why for item in value if (why := _value(item, type_.of_type, sets, variables, schema))), "")
    if is_composite_type(type_):
        if not isinstance(value, dict):
            return f"no object: {value!r}"
        possible = [type_] if isinstance(type_, GraphQLObjectType) else list(schema.get_possible_types(type_))
        reasons = [_object(value, each, sets, variables, schema) for each in possible]
        if not isinstance(type_, GraphQLObjectType) and hasattr(type_, "fields"):
            reasons.append(_object(value, type_, sets, variables, schema))  # an interface whose type nobody knows
        return "" if "" in reasons else f"fits no type: {reasons}"
    if isinstance(type_, GraphQLEnumType):
        return "" if value in type_.values else f"no enum value: {value!r}"
    fits = type(value) in _PYTHON.get(type_.name, (type(value),))
    return "" if fits else f"no {type_.name}: {value!r}"


def _object(value: dict[str, Any], type_: Any, sets: list[Iterable[Selection]], variables: Any, schema: Any) -> str:
    grouped: dict[str, list[Field]] = {}
    for each in sets:
        _collect(each, type_, variables, schema, grouped)
    if list(value) != list(grouped):
        return f"keys {list(value)}, wanted {list(grouped)}"
    for key, fields in grouped.items():
        if fields[0].name == "__typename":
            if value[key] != type_.name:
                return f"type name {value[key]!r}"
            continue
        inner: list[Iterable[Selection]] = [field.selections for field in fields]
        why = _value(value[key], type_.fields[fields[0].name].type, inner, variables, schema)
        if why:
            return f"{key}: {why}"
    return ""


def _collect(
    selections: Iterable[Selection], type_: Any, variables: Any, schema: Any, grouped: dict[str, list[Field]]
) -> None:
    for item in selections:
        if not all(condition.holds(variables) for condition in item.conditions):
            continue
        if isinstance(item, Field):
            if not item.hidden:
                grouped.setdefault(item.key, []).append(item)
            continue
        condition = schema.type_map[item.type]
        if condition is type_ or (
            not isinstance(condition, GraphQLObjectType) and schema.is_sub_type(condition, type_)
        ):
            _collect(item.selections, type_, variables, schema, grouped)


def part_of(told: Any, whole: Any) -> bool:
    """Whether ``told`` is ``whole`` with nothing but losses: values that became null."""
    if told is None:
        return True
    if isinstance(told, dict):
        return (
            isinstance(whole, dict) and list(told) == list(whole) and all(part_of(v, whole[k]) for k, v in told.items())
        )
    if isinstance(told, list):
        return isinstance(whole, list) and len(told) == len(whole) and all(map(part_of, told, whole))
    return type(told) is type(whole) and bool(told == whole)
