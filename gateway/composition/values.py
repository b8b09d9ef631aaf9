"""Constant values as plain Python data: read from syntax, compared without types, printed for an expected type.

The reference composer holds values as JavaScript does, and prints them again from there; the differences from the
source text that follow (``1.50`` becomes ``1.5``, an enum literal for a custom scalar becomes a string) are kept.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from graphql.language import (
    BooleanValueNode,
    FloatValueNode,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    ValueNode,
    VariableNode,
)

from gateway.composition.typerefs import base, is_list, item, nullable

__all__ = ["ABSENT", "Absent", "key_of", "of_node", "print_number", "print_value", "same"]


class Absent:
    """The type of ``ABSENT``: no value was written, which differs from ``null``."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = Absent()
_SAFE_INTEGER = 2**53
_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")


def of_node(node: ValueNode) -> Any:
    """The value a constant stands for; enum literals become their names."""
    if isinstance(node, NullValueNode):
        return None
    if isinstance(node, IntValueNode):
        number = int(node.value)
        return number if abs(number) <= _SAFE_INTEGER else float(number)
    if isinstance(node, FloatValueNode):
        return float(node.value)
    if isinstance(node, BooleanValueNode):
        return bool(node.value)
    if isinstance(node, ListValueNode):
        return [of_node(value) for value in node.values]
    if isinstance(node, ObjectValueNode):
        return {field.name.value: of_node(field.value) for field in node.fields}
    if isinstance(node, VariableNode):
        return f"${node.name.value}"
    return getattr(node, "value", None)


def key_of(value: Any) -> Any:
    """A hashable stand-in for a value: equal exactly when ``same`` says so."""
    if isinstance(value, bool) or value is None or isinstance(value, Absent):
        return (type(value).__name__, value if isinstance(value, bool) else None)
    if isinstance(value, int | float):
        return ("number", float(value))
    if isinstance(value, list):
        return ("list", tuple(key_of(entry) for entry in value))
    if isinstance(value, dict):
        return ("object", frozenset((name, key_of(entry)) for name, entry in value.items()))
    return ("string", value)


def same(left: Any, right: Any) -> bool:
    """Whether two values are equal: ``1`` equals ``1.0`` but neither ``"1"`` nor ``true``; key order is irrelevant."""
    return bool(key_of(left) == key_of(right))


def print_number(number: float) -> str:
    """The number as JavaScript writes it: no trailing ``.0``, exponents from 1e21 on and below 1e-6."""
    if isinstance(number, int):
        return str(number)
    if number.is_integer() and abs(number) < 1e21:
        return str(int(number))
    if math.isinf(number) or math.isnan(number):
        return "null"
    text = repr(number)
    mantissa, _, exponent = text.partition("e")
    if not exponent:
        return text
    power = int(exponent)
    if -7 < power < 0:
        return f"{number:.{len(mantissa.replace('.', '').lstrip('-')) - 1 - power}f}"
    return f"{mantissa.removesuffix('.0')}e{'+' if power > 0 else '-'}{abs(power)}"


def print_value(value: Any, ref: str, kind_of: Callable[[str], Mapping[str, str] | str | None]) -> str:
    """The value as GraphQL text for the type ``ref``.

    ``kind_of`` answers for a type's name: ``"enum"`` for an enum, the field types for an input object, else ``None``.
    """
    ref = nullable(ref)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        inner = item(ref) if is_list(ref) else ref
        return f"[{', '.join(print_value(entry, inner, kind_of) for entry in value)}]"
    kind = kind_of(base(ref)) if ref else None
    if isinstance(value, dict):
        types = kind if isinstance(kind, Mapping) else {}
        entries = (f"{name}: {print_value(entry, types.get(name, ''), kind_of)}" for name, entry in value.items())
        return "{" + ", ".join(entries) + "}"
    if isinstance(value, int | float):
        return print_number(value)
    if kind == "enum":
        return str(value)
    if base(ref) == "ID" and _INTEGER.fullmatch(value):
        return str(value)
    return json.dumps(value, ensure_ascii=False)
