"""Keyset paging: SQL and memory give the same pages, and every page chain gives the whole list."""

from __future__ import annotations

import asyncio
import datetime as dt
import enum
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from gateway.caller import Caller
from subgraphs.kit import Connection, OrderBy, Page, Refusal, connect, connect_rows
from subgraphs.kit.connections import MAX_PAGE
from subgraphs.kit.context import Context
from subgraphs.kit.cursors import Cursors
from subgraphs.kit.database import Database
from subgraphs.kit.tables import COLUMN_TYPES, table_metadata
from subgraphs.kit.testing import NOW


class Color(enum.Enum):
    RED = "RED"
    BLUE = "BLUE"


class Base(DeclarativeBase):
    metadata = table_metadata()
    type_annotation_map = COLUMN_TYPES


class Thing(Base):
    __tablename__ = "things"

    id: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[dt.date | None]
    at: Mapped[dt.datetime | None]
    color: Mapped[Color | None]
    size: Mapped[int]


COUNT = 37
ORDERS = {
    "by key": [OrderBy(Thing.id)],
    "by key, backwards": [OrderBy(Thing.id, descending=True)],
    "by a date that may be empty": [OrderBy(Thing.day), OrderBy(Thing.id)],
    "by a date, newest first": [OrderBy(Thing.day, descending=True), OrderBy(Thing.id)],
    "by an instant": [OrderBy(Thing.at, descending=True), OrderBy(Thing.id, descending=True)],
    "by an enum": [OrderBy(Thing.color), OrderBy(Thing.size, descending=True), OrderBy(Thing.id)],
    "by a number": [OrderBy(Thing.size), OrderBy(Thing.id)],
}


def things() -> list[Thing]:
    rng = random.Random(7)
    days = [None, *(dt.date(2026, 1, day) for day in range(1, 5))]
    instants = [None, *(NOW - dt.timedelta(hours=hours) for hours in range(4))]
    return [
        Thing(
            id=f"T{number:03}",
            day=rng.choice(days),
            at=rng.choice(instants),
            color=rng.choice([None, *Color]),
            size=rng.randrange(4),
        )
        for number in range(COUNT)
    ]


@pytest.fixture
async def context(tmp_path: Path) -> AsyncIterator[Context]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'things.sqlite3'}", "things")
    async with database.engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    async with database.writing() as session:
        session.add_all(things())
    context = Context(database, Cursors(b"secret", "things"), Caller("CBP", "r", "p"), NOW)
    yield context
    await context.close()
    await database.dispose()


async def page(context: Context, way: str, order: list[OrderBy], page: Page) -> Connection[str]:
    def name(row: Thing) -> str:
        return row.id

    if way == "sql":
        return await connect(context, select(Thing), name, order=order, page=page)
    return await connect_rows(context, await context.rows(select(Thing)), name, order=order, page=page)


def shown(connection: Connection[str]) -> list[str]:
    return [edge.node for edge in connection.edges if edge.node is not None]


@pytest.mark.parametrize("order", ORDERS)
async def test_every_page_forwards_and_backwards_is_the_same_list(context: Context, order: str) -> None:
    by = ORDERS[order]
    chains: list[list[str]] = []
    for way in ("sql", "memory"):
        forwards: list[str] = []
        found = await page(context, way, by, Page(first=5))
        while True:
            forwards += shown(found)
            if not found.pageInfo.hasNextPage:
                break
            found = await page(context, way, by, Page(first=5, after=found.pageInfo.endCursor))
        backwards: list[str] = []
        found = await page(context, way, by, Page(last=6))
        while True:
            backwards = shown(found) + backwards
            if not found.pageInfo.hasPreviousPage:
                break
            found = await page(context, way, by, Page(last=6, before=found.pageInfo.startCursor))
        chains += [forwards, backwards]
        assert await found.count() == COUNT
    assert sorted(chains[0]) == sorted(row.id for row in things())
    assert chains[1:] == [chains[0]] * 3


@pytest.mark.parametrize("way", ["sql", "memory"])
async def test_the_window_between_two_cursors(context: Context, way: str) -> None:
    by = ORDERS["by a date that may be empty"]
    whole = await page(context, way, by, Page(first=37))
    after, before = whole.edges[3].cursor, whole.edges[9].cursor
    assert shown(await page(context, way, by, Page(first=100, after=after, before=before))) == shown(whole)[4:9]
    assert shown(await page(context, way, by, Page(last=2, after=after, before=before))) == shown(whole)[7:9]
    none = await page(context, way, by, Page(first=0))
    assert (shown(none), none.pageInfo.hasNextPage, none.pageInfo.endCursor) == ([], True, None)


@pytest.mark.parametrize("way", ["sql", "memory"])
@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (Page(first=MAX_PAGE + 1), "BAD_PAGE"),
        (Page(first=-1), "BAD_PAGE"),
        (Page(last=MAX_PAGE + 1), "BAD_PAGE"),
        (Page(first=1, last=1), "BAD_PAGE"),
        (Page(after=""), "BAD_CURSOR"),
        (Page(after="é"), "BAD_CURSOR"),
        (Page(before="AAAAAAAAAAAAAAAAAAAAAAAAAAAA"), "BAD_CURSOR"),
    ],
)
async def test_pages_that_cannot_be(context: Context, way: str, asked: Page, code: str) -> None:
    with pytest.raises(Refusal) as caught:
        await page(context, way, ORDERS["by key"], asked)
    assert caught.value.code == code


async def test_a_cursor_is_for_one_order_of_one_subgraph(context: Context) -> None:
    found = await page(context, "sql", ORDERS["by key"], Page(first=1))
    cursor = found.pageInfo.endCursor
    assert cursor is not None
    with pytest.raises(Refusal, match="cursor"):
        await page(context, "sql", ORDERS["by key, backwards"], Page(after=cursor))
    for stranger in (Cursors(b"secret", "others"), Cursors(b"another secret", "things")):
        with pytest.raises(Refusal, match="cursor"):
            stranger.open("+id", cursor)


@given(st.lists(st.one_of(st.none(), st.integers(), st.text(max_size=30)), max_size=4), st.text(max_size=10))
def test_a_cursor_opens_to_what_was_sealed_and_tells_nothing(values: list[Any], order: str) -> None:
    cursors = Cursors(b"secret", "things")
    sealed = cursors.seal(order, values)
    assert cursors.open(order, sealed) == values
    assert sealed == cursors.seal(order, values)
    assert sealed.isascii()
    assert not any(isinstance(value, str) and len(value) > 4 and value in sealed for value in values)


async def test_reads_of_one_tick_are_one_statement(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    statements: list[Any] = []
    rows = Context.rows

    async def counted(self: Context, statement: Any) -> Any:
        statements.append(statement)
        return await rows(self, statement)

    monkeypatch.setattr(Context, "rows", counted)
    found = await asyncio.gather(*(context.one(Thing, Thing.id, key) for key in ("T001", "T404", "T002", "T001")))
    assert [row.id if row else None for row in found] == ["T001", None, "T002", "T001"]
    assert len(statements) == 1
    many = await asyncio.gather(
        *(context.many(Thing, Thing.size, size) for size in (0, 1, 9)),
        context.many(Thing, Thing.size, 0, where=(Thing.color == Color.RED,)),
        context.many(Thing, Thing.size, 1, where=(Thing.color == Color.RED,)),
        context.many(Thing, Thing.size, 1, where=(Thing.color == Color.BLUE,)),
    )
    assert len(statements) == 4
    assert [row.size for row in many[0]] == [0] * len(many[0])
    assert many[2] == []
    assert {row.color for row in many[4]} == {Color.RED}
    assert {row.color for row in many[5]} == {Color.BLUE}
