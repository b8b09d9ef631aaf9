"""Relay connections over rows: keyset cursors, a stable order, a total count on demand.

Two ways in, one shape out. :func:`connect` pages in SQL, for queues and long lists. :func:`connect_rows` pages rows
already loaded in one batch for many parents (``info.context.many``), for a traveler's few records.
Specification: https://relay.dev/graphql/connections.htm
"""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

import strawberry
from sqlalchemy import Select, func, select

from subgraphs.kit.directives import DEFAULT_PAGE, resolved, sys, value
from subgraphs.kit.errors import Refusal
from subgraphs.kit.keyset import Keyset, OrderBy
from subgraphs.kit.types import PageInfo

if TYPE_CHECKING:
    from subgraphs.kit.context import Context

__all__ = ["MAX_PAGE", "Connection", "Direction", "Edge", "OrderBy", "Page", "connect", "connect_rows"]

T = TypeVar("T")
R = TypeVar("R")
MAX_PAGE = 1_000
"""Rows of one page at most: the gateway asks for that many where it pages itself, after its policy."""


@strawberry.enum(name="SortDirection", description="Which way a list is ordered.")
class Direction(enum.Enum):
    ASC = "ASC"
    DESC = "DESC"


@dataclass(frozen=True, slots=True)
class Page:
    """The four paging arguments of a connection field, as the client gave them."""

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None

    @property
    def backwards(self) -> bool:
        """Whether the page is counted from the end."""
        return self.last is not None

    def size(self) -> int:
        """How many rows to give; raises ``Refusal`` BAD_PAGE."""
        if self.first is not None and self.last is not None:
            raise Refusal("BAD_PAGE", "Give first or last, not both")
        size = self.last if self.last is not None else DEFAULT_PAGE if self.first is None else self.first
        if not 0 <= size <= MAX_PAGE:
            raise Refusal("BAD_PAGE", f"first and last go from 0 to {MAX_PAGE}")
        return size


@value(name="Edge", description="One item of a list, with its cursor.")
class Edge(Generic[T]):
    cursor: str = sys(required=True)
    node: T | None = sys()


@value(name="Connection", description="One page of a list.")
class Connection(Generic[T]):
    edges: list[Edge[T]] = sys(required=True)
    pageInfo: PageInfo = sys(required=True)
    count: strawberry.Private[Callable[[], Awaitable[int]]]

    @resolved("SYS")
    def nodes(self) -> list[T]:
        return [edge.node for edge in self.edges if edge.node is not None]

    @resolved("SYS")
    async def totalCount(self) -> int:  # noqa: N802 - the name in the graph
        return await self.count()


async def connect(
    context: Context,
    statement: Select[R],
    node: Callable[[R], T],
    *,
    order: Sequence[OrderBy],
    page: Page,
) -> Connection[T]:
    """One page of ``statement`` (a plain ``select(Row).where(...)``), each row made a ``node``.

    ``order`` must end in a unique column. Raises ``Refusal`` BAD_PAGE, BAD_CURSOR.
    """
    size = page.size()
    keys = Keyset(context.cursors, order)
    paged = statement.order_by(*keys.ordering(backwards=page.backwards)).limit(size + 1)
    if page.after is not None:
        paged = paged.where(keys.beyond(keys.open(page.after), reverse=False))
    if page.before is not None:
        paged = paged.where(keys.beyond(keys.open(page.before), reverse=True))
    rows = list(await context.rows(paged))
    more = len(rows) > size
    rows = rows[:size][::-1] if page.backwards else rows[:size]
    counted = select(func.count()).select_from(statement.order_by(None).subquery())

    async def count() -> int:  # asked of the database only where totalCount is selected
        return int(await context.scalar(counted))

    return _connection(keys, rows, node, page=page, more=more, count=count)


async def connect_rows(
    context: Context,
    rows: Sequence[R],
    node: Callable[[R], T],
    *,
    order: Sequence[OrderBy],
    page: Page,
) -> Connection[T]:
    """One page of ``rows`` (all of one parent's, loaded in a batch), sorted by ``order``, which ends uniquely.

    Raises ``Refusal`` BAD_PAGE, BAD_CURSOR.
    """
    size = page.size()
    keys = Keyset(context.cursors, order)
    found = keys.sort(rows)
    if page.after is not None:
        mark = keys.open(page.after)
        found = [row for row in found if keys.follows(row, mark)]
    if page.before is not None:
        mark = keys.open(page.before)
        found = [row for row in found if keys.precedes(row, mark)]
    more = len(found) > size
    shown = found[max(len(found) - size, 0) :] if page.backwards else found[:size]

    async def count() -> int:
        return len(rows)

    return _connection(keys, shown, node, page=page, more=more, count=count)


def _connection(
    keys: Keyset,
    rows: Sequence[R],
    node: Callable[[R], T],
    *,
    page: Page,
    more: bool,
    count: Callable[[], Awaitable[int]],
) -> Connection[T]:
    edges = [Edge(cursor=keys.cursor(row), node=node(row)) for row in rows]
    info = PageInfo(
        hasNextPage=page.before is not None if page.backwards else more,
        hasPreviousPage=more if page.backwards else page.after is not None,
        startCursor=edges[0].cursor if edges else None,
        endCursor=edges[-1].cursor if edges else None,
    )
    return Connection(edges=edges, pageInfo=info, count=count)
