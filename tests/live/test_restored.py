"""An agency's database is restored from a backup: whoever has a place in its lost events is told, and nothing is passed over."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, func, select

from gateway.live import keeping
from subgraphs.kit.registry import read_registry
from subgraphs.kit.restored import SKIPPED, mark_restored
from subgraphs.visas.tables import Event
from tests.broker import running_nats
from tests.live.listening import Listener, Street, until
from tests.live.test_sse import REVOKED, revoke
from tests.scenarios.asking import TODAY, World, open_world

pytestmark = pytest.mark.asyncio(loop_scope="session")

VISAS = read_registry()["visas"]


def database(world: World) -> Any:
    """The visas' own."""
    return world.apps["visas"].state.subgraph.database


async def last(world: World) -> int:
    """The number of the last event of the visas."""
    async with database(world).session() as session:
        return int(await session.scalar(select(func.max(Event.id))) or 0)


async def lose_events(world: World, after: int) -> None:
    """As a backup from then would: the events after ``after`` never were."""
    async with database(world).writing() as session:
        await session.execute(delete(Event).where(Event.id > after))


async def told(port: Listener) -> str:
    """The code with which the stream ends."""
    heard = await port.next()
    while heard.name != "complete":
        code = str(heard.page["errors"][0]["extensions"]["code"]) if heard.name == "next" else ""
        heard = await port.next()
    return code


@pytest.mark.parametrize("marked", [True, False], ids=["marked", "not marked"])
async def test_an_open_stream_is_told_that_events_are_gone(fresh: World, marked: bool) -> None:
    """Without the mark too: its last event is not there any more."""
    street = Street(fresh)
    backup = await last(fresh)
    async with street.listen("cbp-primary-atl", REVOKED) as port:
        await port.next()
        await revoke(fresh, "S2400001")
        await port.next()
        await lose_events(fresh, backup)
        if marked:
            await mark_restored(database(fresh), VISAS, TODAY)
        assert await told(port) == "EVENTS_LOST"


async def test_a_cursor_from_before_is_refused_and_a_new_stream_hears_what_comes(fresh: World) -> None:
    """Of a lost event, and of one that was restored: between that and now there may have been others. Then as ever."""
    street = Street(fresh)
    backup = await last(fresh)
    async with street.listen("cbp-primary-atl", REVOKED) as port:
        kept = (await port.next()).cursor
        await revoke(fresh, "S2400001")
        lost = (await port.next()).cursor
    await lose_events(fresh, backup)
    assert await mark_restored(database(fresh), VISAS, TODAY) == (backup, backup + SKIPPED)
    for cursor in (kept, lost):
        async with street.listen("cbp-primary-atl", REVOKED, resume=cursor) as port:
            await port.holding(b"EVENTS_LOST")
        assert port.status == 410
    async with street.listen("cbp-primary-nyc", REVOKED) as port:
        beat = await port.next()
        await revoke(fresh, "S0600001")
        heard = await port.next()
        assert heard.page["data"]["visaRevoked"]["foilNumber"] == "S0600001"
    assert await last(fresh) > backup + SKIPPED
    async with street.listen("cbp-primary-nyc", REVOKED, resume=beat.cursor) as port:
        await port.next()
        assert (await port.next()).page["data"] == heard.page["data"]


async def test_notices_go_on_after_the_restoring(fresh: World) -> None:
    """What has to be pushed is noticed after it as before, though the place that the notices had reached is gone."""
    street, duties = Street(fresh), fresh.opened.house.duties
    assert duties is not None
    events, backup = duties.events, await last(fresh)
    async with keeping(street.app.state.live):
        await revoke(fresh, "S2400001")
        await until(lambda: (events.place("visas") or 0) > backup)
        await lose_events(fresh, backup)
        _, mark = await mark_restored(database(fresh), VISAS, TODAY)
        await until(lambda: (events.place("visas") or 0) >= mark)
        await revoke(fresh, "S0600001")
        await until(lambda: {each.event > mark for each in events.all()} == {True, False})
    assert b'gateway_events_total{event="events_lost",of="visas"} 1.0' in fresh.opened.telemetry.metrics.text()


async def test_over_nats_as_well(seeded: Path, tmp_path: Path) -> None:
    """The stream has no event between the last one and those after the restoring: the distance tells."""
    folder = tmp_path / "world"
    shutil.copytree(seeded, folder)
    with running_nats(tmp_path / "nats") as server:
        async with open_world(folder, events=server.url) as world:
            street = Street(world)
            async with street.app.state.live.broker as broker:
                await until(lambda: broker.there)
                backup = await last(world)
                async with street.listen("cbp-primary-atl", REVOKED) as port:
                    await port.next()
                    await revoke(world, "S2400001")
                    await port.next()
                    await lose_events(world, backup)
                    await mark_restored(database(world), VISAS, TODAY)
                    await revoke(world, "S0600001")
                    assert await told(port) == "EVENTS_LOST"
