"""Keyset paging: where a row stands in an ordered list, in SQL and in memory alike."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, and_, case, or_
from sqlalchemy.orm import InstrumentedAttribute

from subgraphs.kit.cursors import Cursors
from subgraphs.kit.errors import Refusal

__all__ = ["Keyset", "OrderBy"]

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class OrderBy:
    """One ordering column; empty values come last in ascending order, first in descending."""

    column: InstrumentedAttribute[Any]
    descending: bool = False

    @property
    def name(self) -> str:
        """Its name and direction; a cursor is bound to them."""
        return ("-" if self.descending else "+") + self.column.key

    @property
    def nullable(self) -> bool:
        """Whether rows may have no value there."""
        return bool(self.column.expression.nullable)


class Keyset:
    """An ordering that ends in a unique column, with the cursors of its rows."""

    def __init__(self, cursors: Cursors, order: Sequence[OrderBy]) -> None:
        self._cursors = cursors
        self._order = tuple(order)
        self._name = ",".join(item.name for item in order)

    def cursor(self, row: Any) -> str:
        """The sealed position of ``row``."""
        return self._cursors.seal(self._name, [_plain(value) for value in self._values(row)])

    def open(self, cursor: str) -> list[Any]:
        """The typed values of a cursor; raises ``Refusal`` BAD_CURSOR."""
        values = self._cursors.open(self._name, cursor)
        try:
            return [_typed(item, value) for item, value in zip(self._order, values, strict=True)]
        except (ValueError, KeyError, TypeError):
            raise Refusal("BAD_CURSOR", "The cursor does not belong to this list; start from its first page") from None

    def ordering(self, *, backwards: bool) -> list[ColumnElement[Any]]:
        """The ``ORDER BY`` expressions."""
        out: list[ColumnElement[Any]] = []
        for expression, descending, _ in self._expressions([None] * len(self._order)):
            out.append(expression.desc() if descending is not backwards else expression.asc())
        return out

    def beyond(self, mark: list[Any], *, reverse: bool) -> ColumnElement[bool]:
        """The condition that a row comes after ``mark`` (before it, when ``reverse``)."""
        options: list[ColumnElement[bool]] = []
        equal: list[ColumnElement[bool]] = []
        for expression, descending, value in self._expressions(mark):
            if value is None:  # both are empty here: the flag before this column already said which comes first
                equal.append(expression.is_(None))
                continue
            step = expression < value if descending is not reverse else expression > value
            options.append(and_(*equal, step))
            equal.append(expression == value)
        return or_(*options)

    def sort(self, rows: Sequence[R]) -> list[R]:
        """``rows`` in the same order as the database would give them."""
        out = list(rows)
        for item in reversed(self._order):
            out.sort(key=lambda row: _rank(getattr(row, item.column.key)), reverse=item.descending)
        return out

    def follows(self, row: Any, mark: list[Any]) -> bool:
        """Whether ``row`` comes after ``mark``."""
        for item, value, other in zip(self._order, self._values(row), mark, strict=True):
            ours, theirs = _rank(value), _rank(other)
            if ours != theirs:
                return bool(ours < theirs) if item.descending else bool(ours > theirs)
        return False

    def precedes(self, row: Any, mark: list[Any]) -> bool:
        """Whether ``row`` comes before ``mark``."""
        return not self.follows(row, mark) and [_plain(v) for v in self._values(row)] != [_plain(v) for v in mark]

    def _values(self, row: Any) -> list[Any]:
        return [getattr(row, item.column.key) for item in self._order]

    def _expressions(self, mark: list[Any]) -> list[tuple[ColumnElement[Any], bool, Any]]:
        out: list[tuple[ColumnElement[Any], bool, Any]] = []
        for item, value in zip(self._order, mark, strict=True):
            column = item.column.expression
            if item.nullable:
                out.append((case((column.is_(None), 1), else_=0), item.descending, int(value is None)))
            out.append((column, item.descending, value))
        return out


def _rank(value: Any) -> tuple[bool, Any]:
    return (value is None, value.name if isinstance(value, enum.Enum) else value)


def _plain(value: Any) -> Any:
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, dt.date):  # an instant is a date too
        return value.isoformat()
    return value


def _typed(item: OrderBy, value: Any) -> Any:
    kind = item.column.expression.type.python_type
    if value is None:
        return None
    if issubclass(kind, enum.Enum):
        return kind[value]
    if issubclass(kind, dt.datetime | dt.date):
        return kind.fromisoformat(value)
    if not isinstance(value, kind):
        raise TypeError("another type of value")
    return value
