"""Relay connections after policy: counts, cursors and page boundaries computed from the rows that are left.

Source: https://relay.dev/graphql/connections.htm (pagination algorithm), with the edges cut to visible ones first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.enforcement.permitted import RuledField
from gateway.enforcement.values import argument_values
from gateway.operation.model import Field, Selection

__all__ = ["Window", "empty_connection", "page_connection"]

_DEFAULT_ROWS = 20
_MOST_ROWS = 100


@dataclass(frozen=True, slots=True)
class Window:
    """The page that the client asked for."""

    first: int | None
    last: int | None
    after: str | None
    before: str | None

    @classmethod
    def of(cls, field: Field, variables: Mapping[str, Any]) -> Window:
        """The window in ``field``'s arguments; 20 rows where none is given, 100 at most."""
        values = argument_values(field, variables)
        first, last = values.get("first"), values.get("last")
        if first is None and last is None:
            first = _DEFAULT_ROWS
        return cls(_bounded(first), _bounded(last), values.get("after"), values.get("before"))

    def cut(self, rows: list[int], cursors: Sequence[Any]) -> tuple[list[int], bool, bool]:
        """The rows on this page, whether visible rows come before it, and whether any come after."""
        start, stop = 0, len(rows)
        if self.after is not None and self.after in cursors:
            edge = cursors.index(self.after)
            start = sum(1 for row in rows if row <= edge)
        if self.before is not None and self.before in cursors:
            edge = cursors.index(self.before)
            stop = sum(1 for row in rows if row < edge)
        if self.first is not None:
            stop = min(stop, start + self.first)
        if self.last is not None:
            start = max(start, stop - self.last)
        return rows[start:stop], start > 0, stop < len(rows)


def _bounded(count: Any) -> int | None:
    return None if count is None else max(0, min(int(count), _MOST_ROWS))


def page_connection(
    value: dict[str, Any],
    type_name: str,
    groups: Mapping[str, list[RuledField]],
    window: Window,
    order: list[int],
    cursors: Sequence[Any],
) -> dict[str, Any]:
    """``value`` with its lists, count and page information as if the rows not in ``order`` did not exist."""
    shown, before, after = window.cut(order, cursors)
    info = {
        "hasNextPage": after,
        "hasPreviousPage": before,
        "startCursor": cursors[shown[0]] if shown else None,
        "endCursor": cursors[shown[-1]] if shown else None,
    }
    for key, group in groups.items():
        name = group[0].field.name
        if name in ("edges", "nodes"):
            rows = value.get(key) or []
            value[key] = [rows[index] for index in shown if index < len(rows)]
        elif name == "totalCount":
            value[key] = len(order)
        elif name == "pageInfo":
            value[key] = _info(group, info)
        elif name == "__typename":
            value[key] = type_name
    return value


def _info(group: list[RuledField], info: Mapping[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for each in group:
        for child in each.children:
            if isinstance(child, RuledField):
                shown[child.field.key] = info.get(child.field.name)
    return shown


_EMPTY: dict[str, Any] = {
    "totalCount": 0,
    "hasNextPage": False,
    "hasPreviousPage": False,
    "startCursor": None,
    "endCursor": None,
}


def empty_connection(
    fields: Iterable[Field], type_name: str, applies: Callable[[str], bool], variables: Mapping[str, Any]
) -> dict[str, Any]:
    """A connection without rows in the shape that ``fields``, the client's own under one response key, select.

    ``applies`` says whether a fragment on a type is about the connection. For what nobody was asked about.
    """
    shown: dict[str, Any] = {}
    for each in _selected((child for field in fields for child in field.selections), applies, variables):
        if each.name in ("edges", "nodes"):
            shown[each.key] = []
        elif each.name == "pageInfo":
            inner = _selected(each.selections, lambda _: True, variables)
            shown[each.key] = {child.key: _EMPTY.get(child.name) for child in inner} | shown.get(each.key, {})
        elif each.name == "__typename":
            shown[each.key] = type_name
        else:
            shown[each.key] = _EMPTY.get(each.name)
    return shown


def _selected(
    selections: Iterable[Selection], applies: Callable[[str], bool], variables: Mapping[str, Any]
) -> Iterator[Field]:
    for each in selections:
        if not all(condition.holds(variables) for condition in each.conditions):
            continue
        if isinstance(each, Field):
            yield each
        elif applies(each.type):
            yield from _selected(each.selections, applies, variables)
