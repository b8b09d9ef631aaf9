"""The arguments of a field as plain values, and the traveler that one of them may name."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from graphql import ValueNode, parse_value, value_from_ast_untyped

from gateway.operation.model import Field
from gateway.policy import Policy

__all__ = ["NOBODY_NAMED", "Named", "argument_value", "argument_values", "named_by", "subject_argument"]


class Named(NamedTuple):
    """A traveler that an argument names: the id, and the argument's text (``$id``, ``"TRV-..."``)."""

    id: str
    text: str


NOBODY_NAMED = Named("", "")


def argument_values(field: Field, variables: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments written on ``field`` as plain values, variables filled in; unset variables are left out."""
    values: dict[str, Any] = {}
    for argument in field.arguments:
        text = argument.text
        if text.startswith("$") and text[1:] not in variables:
            continue
        values[argument.name] = argument_value(text, variables)
    return values


def argument_value(text: str, variables: Mapping[str, Any]) -> Any:
    """The plain value of one argument's ``text``; None for a variable that is not set."""
    if text.startswith("$"):
        return variables.get(text[1:])
    return value_from_ast_untyped(_parsed(text), dict(variables))


@lru_cache(maxsize=4096)
def _parsed(text: str) -> ValueNode:
    return parse_value(text)


def subject_argument(policy: Policy, coordinate: str, values: Mapping[str, Any]) -> str:
    """The traveler's id among a field's argument ``values``, where the vocabulary says that one of them is that."""
    for name, value in values.items():
        if f"{coordinate}({name}:)" in policy.vocabulary.subject_arguments and isinstance(value, str):
            return value
    return ""


def named_by(policy: Policy, parent: str, field: Field, variables: Mapping[str, Any]) -> Named:
    """The traveler that an argument of ``field`` on ``parent`` names; ``NOBODY_NAMED`` when none does."""
    for argument in field.arguments:
        if f"{parent}.{field.name}({argument.name}:)" in policy.vocabulary.subject_arguments:
            value = argument_value(argument.text, variables)
            if isinstance(value, str):
                return Named(value, argument.text)
    return NOBODY_NAMED
