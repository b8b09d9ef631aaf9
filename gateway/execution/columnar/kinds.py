"""The types that answers are decoded into: msgspec Struct types, strict, shared by shape.

Every type here accepts only what the reference executor would pass on unchanged; the decoder refuses the rest, which
then takes the reference's way.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec
from graphql.type import (
    GraphQLEnumType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLOutputType,
    GraphQLScalarType,
    is_specified_scalar_type,
)

__all__ = ["ABSENT", "Column", "leaf_kind", "listed", "many", "plain", "struct", "type_name"]

# a field that another fetch brings: the decoder takes nothing but null for it
ABSENT: Final = type(None)

_INT: Final = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]
_BUILT_IN: Final[dict[str, Any]] = {"Int": _INT, "Float": int | float, "String": str, "Boolean": bool, "ID": str}
_PLAIN: Final = frozenset({"Int", "String", "Boolean", "ID"})
_KEPT: Final = 2_000

# (name in JSON, type) or (name in JSON, type, default)
Column: TypeAlias = "tuple[str, Any] | tuple[str, Any, Any]"


def leaf_kind(type_: GraphQLOutputType, *, checked: bool) -> Any:
    """The Python type that values of a leaf type are decoded as, lists and nulls included.

    Where the value is not shown (``checked`` is False) null is never wrong.
    """
    if isinstance(type_, GraphQLNonNull):
        inner = _bare(type_.of_type, checked)
        return inner if checked else inner | None
    return _bare(type_, checked) | None


def _bare(type_: Any, checked: bool) -> Any:
    if isinstance(type_, GraphQLList):
        inner: Any = leaf_kind(type_.of_type, checked=checked)
        return list[inner]
    if isinstance(type_, GraphQLEnumType):
        return Literal[tuple(type_.values)]
    if isinstance(type_, GraphQLScalarType) and is_specified_scalar_type(type_):
        return _BUILT_IN[type_.name]
    return Any


def type_name(name: str) -> Any:
    """The type of a type name that can be nothing but ``name``."""
    return Literal[name]


def plain(type_: GraphQLOutputType | None) -> bool:
    """Whether values of ``type_`` are equal exactly where their JSON is: text, integers and truth values."""
    if type_ is None:
        return True
    bare = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
    return isinstance(bare, GraphQLEnumType) or (
        isinstance(bare, GraphQLScalarType) and is_specified_scalar_type(bare) and bare.name in _PLAIN
    )


def listed(type_: GraphQLOutputType, inner: Any, *, checked: bool) -> Any:
    """``type_`` with ``inner``, an object's Struct type, in the place of its named type."""
    if isinstance(type_, GraphQLNonNull):
        found = _around(type_.of_type, inner, checked)
        return found if checked else found | None
    return _around(type_, inner, checked) | None


def _around(type_: Any, inner: Any, checked: bool) -> Any:
    if isinstance(type_, GraphQLList):
        below: Any = listed(type_.of_type, inner, checked=checked)
        return list[below]
    return inner


def many(row: Any) -> Any:
    """The type of what an entity call brings: a list of ``row``, null where there is no such entity."""
    return list[row | None]


_known: OrderedDict[Any, Any] = OrderedDict()


def struct(columns: tuple[Column, ...], *, strict: bool = True, tag: str | None = None) -> Any:
    """The Struct type with ``columns`` as attributes f0, f1, ...; the same shape gives the same type.

    ``strict`` refuses fields that are not named. ``tag`` is encoded first, as ``__typename``.
    """
    key = (columns, strict, tag)
    try:
        known = _known.get(key)
    except TypeError:
        known, key = None, None  # type: ignore[assignment]
    if known is not None:
        _known.move_to_end(key)
        return known
    names = [f"f{number}" for number in range(len(columns))]
    made = msgspec.defstruct(
        "Row",
        [(name, *column[1:]) for name, column in zip(names, columns, strict=True)],
        rename={name: column[0] for name, column in zip(names, columns, strict=True)},
        gc=False,
        kw_only=tag is None,
        forbid_unknown_fields=strict,
        tag=tag,
        tag_field="__typename" if tag is not None else None,
    )
    if key is not None:
        _known[key] = made
        if len(_known) > _KEPT:
            _known.popitem(last=False)
    return made
