"""What the arguments of a list leave of a mock's rows: filters and orders on the rows' own fields.

A filter's field says with ``@reads`` which field it compares, and by its name how: ``receivedOnOrAfter`` takes the days from
that one on, any other what is equal, of a coded value its code. What compares in another way is the owner's code alone, and
is left to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from graphql import GraphQLField, GraphQLInputObjectType, GraphQLObjectType, get_named_type, is_leaf_type

from subgraphs.kit.types import CodedValue

__all__ = ["in_order", "narrowing", "order_of", "passes"]

T = TypeVar("T")
_FROM_ON: Final = "OnOrAfter"
_CODED: Final = "CodedValue"


def narrowing(field: GraphQLField) -> frozenset[str]:
    """The names of the arguments that choose among the field's rows, or order them."""
    return frozenset(
        name for name, each in field.args.items() if isinstance(get_named_type(each.type), GraphQLInputObjectType)
    )


def passes(field: GraphQLField, asked: Mapping[str, Any], row: GraphQLObjectType, value: Callable[[str], Any]) -> bool:
    """Whether a row of type ``row`` is one of those that ``asked``, the arguments of the list ``field``, ask for;
    ``value`` gives its value of a field by name."""
    for argument, given in asked.items():
        kind = get_named_type(field.args[argument].type)
        if isinstance(kind, GraphQLInputObjectType) and isinstance(given, Mapping) and "direction" not in kind.fields:
            for name, wanted in given.items():
                read = _compared(kind, name, row) if wanted is not None else None
                if read is not None and not _fits(name, wanted, value(read)):
                    return False
    return True


def _compared(kind: GraphQLInputObjectType, name: str, row: GraphQLObjectType) -> str | None:
    """The field of ``row`` that the filter's field ``name`` compares; None where it is none of the same sort."""
    marked = kind.fields[name].extensions.get("strawberry-definition")
    read = (
        [each for mark in marked.directives for each in mark.fields] if marked is not None else [f"{row.name}.{name}"]
    )
    owner, _, found = read[0].partition(".")
    if len(read) != 1 or owner != row.name or found not in row.fields:
        return None
    has, wants = get_named_type(row.fields[found].type), get_named_type(kind.fields[name].type)
    same = has.name in (wants.name, _CODED) and (has.name == _CODED or is_leaf_type(has))
    return found if same or name.endswith(_FROM_ON) else None


def _fits(name: str, wanted: Any, has: Any) -> bool:
    has = _plain(has)
    if has is None:
        return False
    return str(has)[:10] >= str(wanted)[:10] if name.endswith(_FROM_ON) else bool(has == wanted)


def order_of(field: GraphQLField, asked: Mapping[str, Any], row: GraphQLObjectType) -> tuple[str, bool]:
    """By which field of ``row`` the arguments order, "" by none of them; and whether the greatest comes first."""
    for given in (asked[name] for name in narrowing(field) & asked.keys()):
        if isinstance(given, Mapping) and "direction" in given:
            first, *more = str(given.get("field", "")).lower().split("_")
            by = first + "".join(each.title() for each in more)
            return (by, given["direction"] == "DESC") if by in row.fields else ("", False)
    return "", False


def in_order(rows: Sequence[T], value: Callable[[T], Any], descending: bool) -> list[T]:
    """``rows`` by their ``value``, equal ones as they are, those that have none last."""
    there = [(plain, each) for each in rows if (plain := _plain(value(each))) is not None]
    there.sort(key=lambda pair: pair[0], reverse=descending)
    return [each for _, each in there] + [each for each in rows if _plain(value(each)) is None]


def _plain(value: Any) -> Any:
    value = value.code if isinstance(value, CodedValue) else value
    return value if value is None or isinstance(value, int | float) else str(value)
