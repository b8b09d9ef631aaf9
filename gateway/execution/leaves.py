"""Leaf values of an answer, checked against the API schema: what does not fit its type is a null with an error.

Built-in scalars are checked as strictly as the specification's result coercion allows; a custom scalar passes as the
subgraph sent it; an enum value the API schema does not have is no value.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from graphql.type import GraphQLEnumType, GraphQLLeafType, is_specified_scalar_type

__all__ = ["BAD", "LeafCheck", "leaf_check"]

# stands for "this value does not fit", because None is a value
BAD: Final = object()

LeafCheck: TypeAlias = Callable[[Any], Any]


def _int(value: Any) -> Any:
    if type(value) is float and value.is_integer():
        value = int(value)
    return value if type(value) is int and -(2**31) <= value < 2**31 else BAD


def _float(value: Any) -> Any:
    return value if type(value) in (int, float) else BAD


def _string(value: Any) -> Any:
    return value if type(value) is str else BAD


def _boolean(value: Any) -> Any:
    return value if type(value) is bool else BAD


def _id(value: Any) -> Any:
    if type(value) is str:
        return value
    return str(value) if type(value) is int else BAD


def _anything(value: Any) -> Any:
    return value


_BUILT_IN: dict[str, LeafCheck] = {
    "Int": _int,
    "Float": _float,
    "String": _string,
    "Boolean": _boolean,
    "ID": _id,
}


def leaf_check(type_: GraphQLLeafType) -> LeafCheck:
    """The function that gives a value of ``type_`` as it may travel, or ``BAD``."""
    if isinstance(type_, GraphQLEnumType):
        names = frozenset(type_.values)
        return lambda value: value if type(value) is str and value in names else BAD
    if is_specified_scalar_type(type_):
        return _BUILT_IN[type_.name]
    return _anything
