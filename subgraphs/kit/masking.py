"""Masks at the source: a masked field's value is masked before it is part of any answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import isawaitable
from typing import Any, TypeAlias

from graphql import GraphQLOutputType, GraphQLResolveInfo, GraphQLString, get_named_type, is_leaf_type

from subgraphs.kit.types import CodedValue

__all__ = ["Mask", "MaskingMiddleware"]

Mask: TypeAlias = Callable[[str, Any, GraphQLOutputType, str], Any]
"""(method, JSON value, GraphQL type, coordinate) -> the masked JSON value."""


class MaskingMiddleware:
    """A graphql-core middleware: resolves as always, then masks the coordinates that are granted masked.

    A value that cannot be masked is withheld (``null``): better nothing than the value.
    """

    def __init__(self, masks: Mapping[str, str], mask: Mask) -> None:
        self._masks = masks
        self._mask = mask

    def resolve(self, next_: Callable[..., Any], source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
        """The field's value, masked where the grant says so."""
        value = next_(source, info, **arguments)
        method = self._masks.get(f"{info.parent_type.name}.{info.field_name}")
        if method is None:
            return value
        if isawaitable(value):
            return self._later(value, method, info)
        return self._masked(value, method, info)

    async def _later(self, value: Any, method: str, info: GraphQLResolveInfo[Any]) -> Any:
        return self._masked(await value, method, info)

    def _masked(self, value: Any, method: str, info: GraphQLResolveInfo[Any]) -> Any:
        type_ = get_named_type(info.return_type)
        coordinate = f"{info.parent_type.name}.{info.field_name}"
        try:
            if isinstance(value, CodedValue):  # its list is public, its label says what its code says
                code = self._mask(method, value.code, GraphQLString, coordinate)
                return CodedValue(list=value.list, code=code, label=None)
            if value is None or not is_leaf_type(type_):
                return None
            if isinstance(value, list):
                return self._mask(method, [type_.serialize(item) for item in value], type_, coordinate)
            return self._mask(method, type_.serialize(value), type_, coordinate)
        except Exception:  # whatever went wrong, the clear value must not leave
            return None
