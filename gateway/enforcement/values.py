"""The arguments of a field as plain values, and the traveler that one of them may name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphql import parse_value, value_from_ast_untyped

from gateway.operation.model import Field
from gateway.policy import Policy

__all__ = ["argument_values", "subject_argument"]


def argument_values(field: Field, variables: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments written on ``field`` as plain values, variables filled in; unset variables are left out."""
    values: dict[str, Any] = {}
    for argument in field.arguments:
        text = argument.text
        if text.startswith("$") and text[1:] not in variables:
            continue
        values[argument.name] = value_from_ast_untyped(parse_value(text), dict(variables))
    return values


def subject_argument(policy: Policy, coordinate: str, values: Mapping[str, Any]) -> str:
    """The traveler's id among a field's argument ``values``, where the vocabulary says that one of them is that."""
    for name, value in values.items():
        if f"{coordinate}({name}:)" in policy.vocabulary.subject_arguments and isinstance(value, str):
            return value
    return ""
