"""Writing: a change and its event are durable together, or neither is."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import func, select

from subgraphs.kit import Refusal
from subgraphs.kit.context import Context
from subgraphs.kit.testing import NOW, OFFICER, Asked
from subgraphs.kit.types import Provenance, utc
from subgraphs.travelers.enums import Sex
from subgraphs.travelers.tables import Event, TravelerRow
from tests.subgraphs.conftest import SubgraphFactory
from tests.subgraphs.test_travelers import ANA, traveler


def context(app: Asked) -> Context:
    return Context(app.subgraph.database, app.subgraph.cursors, OFFICER, NOW, Event)


async def test_a_change_and_its_event_are_one(subgraph: SubgraphFactory) -> None:
    app = await subgraph("travelers", [traveler()])
    ctx = context(app)
    before = await ctx.one(TravelerRow, TravelerRow.id, ANA)
    assert before is not None
    assert before.sex is Sex.F
    async with ctx.writing() as write:
        row = await write.get(TravelerRow, ANA, name="traveler")
        row.sex = Sex.X
        row.touch(NOW + timedelta(hours=1))
        write.emit("travelerChanged", "Traveler", ANA, {"field": "sex"})
    after = await ctx.one(TravelerRow, TravelerRow.id, ANA)  # a read after the write sees it, in the same request
    assert after is not None
    assert (after.sex, after.record_version, after.as_of) == (Sex.X, "2", NOW + timedelta(hours=1))
    await ctx.close()
    assert await app.events() == [
        {
            "at": NOW,
            "kind": "travelerChanged",
            "entity": "Traveler",
            "entity_key": ANA,
            "payload": {"field": "sex"},
            "actor": "STATE_CA/consular-officer/test",
            "case_reference": "AA00000001",
        }
    ]


async def test_an_error_takes_both_back(subgraph: SubgraphFactory) -> None:
    app = await subgraph("travelers", [traveler()])
    ctx = context(app)

    async def fail() -> None:
        async with ctx.writing() as write:
            row = await write.get(TravelerRow, ANA, name="traveler")
            row.sex = Sex.X
            write.emit("travelerChanged", "Traveler", ANA)
            await write.session.flush()
            raise Refusal("BAD_INPUT", "no")

    with pytest.raises(Refusal):
        await fail()
    kept = await ctx.one(TravelerRow, TravelerRow.id, ANA)
    assert kept is not None
    assert kept.sex is Sex.F
    assert await app.events() == []
    await ctx.close()


async def test_a_record_that_is_not_there_is_refused(subgraph: SubgraphFactory) -> None:
    ctx = context(await subgraph("travelers"))
    with pytest.raises(Refusal) as caught:
        async with ctx.writing() as write:
            await write.get(TravelerRow, "TRV-nobody", name="traveler")
    assert caught.value.code == "NO_SUCH_RECORD"
    await ctx.close()


async def test_a_row_that_is_there_already_is_a_conflict(subgraph: SubgraphFactory) -> None:
    app = await subgraph("travelers", [traveler()])
    ctx = context(app)

    async def again() -> None:
        async with ctx.writing() as write:
            write.emit("travelerAdded", "Traveler", ANA)
            write.add(traveler())

    with pytest.raises(Refusal) as caught:
        await again()
    assert (caught.value.code, ANA in caught.value.message) == ("CONFLICT", False)
    assert await app.events() == []
    await ctx.close()


async def test_writers_at_once_lose_no_change(subgraph: SubgraphFactory) -> None:
    app = await subgraph("travelers", [traveler()])

    async def once() -> None:
        ctx = context(app)
        async with ctx.writing() as write:
            row = await write.get(TravelerRow, ANA, name="traveler")
            await asyncio.sleep(0)
            row.touch(NOW)
        await ctx.close()

    await asyncio.gather(*(once() for _ in range(8)))
    async with app.subgraph.database.session() as session:
        assert await session.scalar(select(TravelerRow.record_version)) == "9"


async def test_events_are_numbered_in_the_order_in_which_they_become_visible(subgraph: SubgraphFactory) -> None:
    """Whoever has read the outbox up to a number must not have passed an event that is committed later under a lower one."""
    app = await subgraph("travelers", [traveler()])
    slow, quick = context(app), context(app)
    async with slow.writing() as write:
        write.emit("begunFirst", "Traveler", ANA)
        await write.session.flush()
        assert await write.session.scalar(select(func.count()).select_from(Event)) == 0  # it has no number yet
        if not app.subgraph.database.on_sqlite:  # SQLite has one writer at a time
            async with quick.writing() as other:
                other.emit("doneFirst", "Traveler", ANA)
    async with app.subgraph.database.session() as session:
        told = (await session.scalars(select(Event.kind).order_by(Event.id))).all()
    assert list(told) == (["begunFirst"] if app.subgraph.database.on_sqlite else ["doneFirst", "begunFirst"])
    await slow.close()
    await quick.close()


async def test_instants_come_back_aware_and_naive_ones_are_refused(subgraph: SubgraphFactory) -> None:
    app = await subgraph("travelers")
    elsewhere = datetime(2026, 11, 1, 17, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    row = traveler()
    row.as_of = elsewhere
    async with app.subgraph.database.writing() as session:
        session.add(row)
    async with app.subgraph.database.session() as session:
        found = await session.scalar(select(TravelerRow.as_of))
    assert found == elsewhere
    assert found is not None
    assert found.tzinfo is UTC
    assert utc(found) == "2026-11-01T12:00:00Z"
    row = traveler("TRV-2")
    row.as_of = datetime(2026, 11, 1)
    with pytest.raises(Exception, match="time zone"):
        async with app.subgraph.database.writing() as session:
            session.add(row)


def test_a_copy_that_came_late_is_stale() -> None:
    row = traveler()
    assert Provenance.of(row).stale is False
    row.as_of = NOW - timedelta(days=1, seconds=1)
    assert Provenance.of(row).stale is True


async def test_what_comes_late_reads_nothing_and_holds_no_connection(subgraph: SubgraphFactory) -> None:
    """One resolver's error ends a request while others are still under way; nobody would close what they open then."""
    app = await subgraph("travelers", [traveler()])
    ctx = context(app)
    assert await ctx.one(TravelerRow, TravelerRow.id, ANA) is not None
    late = asyncio.ensure_future(ctx.rows(select(TravelerRow)))
    await ctx.close()
    with pytest.raises(Refusal) as refused:
        await late
    assert refused.value.code == "REQUEST_OVER"
    with pytest.raises(Refusal):
        await ctx.one(TravelerRow, TravelerRow.id, ANA)
    held = app.subgraph.database.engine.pool.checkedout()  # type: ignore[attr-defined]
    assert held == 0
