"""The terms of a stream are those of the moment: another policy, a closed case, a broken glass that is whole again."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from gateway.caller import Caller
from gateway.errors import AccessError, GatewayError
from gateway.house import Question
from gateway.live import Beat, Ended, Message, Next
from gateway.live.event import check_hearable, read_subscription
from gateway.live.watch import parts_of
from gateway.reloading import reload
from tests.live.listening import Listener, Street, until
from tests.live.test_sse import REVOKED, revoke
from tests.scenarios.asking import ROOT, TODAY, Asker, World, open_world

pytestmark = pytest.mark.asyncio(loop_scope="session")

CROSSINGS = "subscription { departureRecorded { at } }"
DEPART = """mutation { recordDeparture(input: { travelerId: "%s", at: "2026-11-01T11:00:00Z", poe: "ATL",
  mode: AIR, method: MANIFEST }) { departureId } }"""


@pytest_asyncio.fixture(loop_scope="session")
async def movable(seeded: Path, tmp_path: Path) -> AsyncIterator[World]:
    """A world of one's own under a policy of one's own, in files that a test may change."""
    folder, schema = tmp_path / "world", tmp_path / "schema"
    shutil.copytree(seeded, folder)
    shutil.copytree(ROOT / "schema", schema)
    async with open_world(folder, schema) as world:
        yield world


async def ended(port: Listener) -> str:
    """The code with which the stream ends; it says nothing else before."""
    heard = await port.next()
    while heard.name == "":
        heard = await port.next()
    (error,) = heard.page["errors"]
    assert "data" not in heard.page
    assert (await port.next()).name == "complete"
    return str(error["extensions"]["code"])


async def test_an_agreement_that_is_gone_is_not_told_under(movable: World) -> None:
    """The agreement with the ports ends while a stream is open: nothing more under it, and at its beat the stream ends."""
    street, opened = Street(movable), movable.opened
    async with street.listen("cbp-primary-atl", REVOKED) as port:
        await port.next()
        (opened.settings.schema / "agreements" / "state_ca-cbp-visa.toml").unlink()
        assert (await reload(opened)).code == ""
        await revoke(movable, "S2400001")
        await until(lambda: b'status="204"' in opened.telemetry.metrics.text())  # decided: there is nothing to tell
        assert port.blocks.empty()
        street.clock.move(15)
        assert await ended(port) == "SUBSCRIPTION_DENIED"
    assert b"S2400001" not in port.whole


async def test_a_new_epoch_moves_a_stream_over(movable: World) -> None:
    """Another agreement changes: the stream stays open, and what it is told next is on record under the new epoch."""
    street, opened = Street(movable), movable.opened
    before = opened.graph.policy.epoch
    async with street.listen("cbp-primary-atl", REVOKED) as port:
        await port.next()
        changed = opened.settings.schema / "agreements" / "ice_sevp-state_ca-ds2019.toml"
        changed.write_text(changed.read_text().replace('title = "', 'title = "Renewed: ', 1))
        assert (await reload(opened)).epoch != before
        street.clock.move(15)
        assert (await port.next()).name == ""
        await revoke(movable, "S2400001")
        heard = await port.next()
    record = movable.kept.records[heard.page["extensions"]["record"]]
    assert record.epoch == opened.graph.policy.epoch != before


async def test_what_no_record_could_give_is_refused_at_once(fresh: World) -> None:
    """A caller of no role that any agreement names, past the view: refused by the policy as well."""
    graph = fresh.opened.graph
    caller = Asker(fresh).caller("cbp-primary-atl")
    operation = read_subscription(Question(REVOKED), caller, graph, TODAY)
    check_hearable(parts_of(operation, graph), caller, graph, TODAY, "1")
    with pytest.raises(AccessError) as raised:
        check_hearable(parts_of(operation, graph), Asker(fresh).caller("ero-officer"), graph, TODAY, "1")
    assert raised.value.code == "SUBSCRIPTION_DENIED"


async def test_a_stream_whose_case_is_closed_ends_though_nothing_happens(fresh: World) -> None:
    """The inspection is over: the idle stream looks at its case once a minute, and ends at that beat and not before."""
    street = Street(fresh)
    async with street.listen("cbp-primary-atl", REVOKED) as port:
        await port.next()
        officer = Asker(fresh).caller("cbp-primary-atl")
        closing = f"""mutation {{ recordInspection(input: {{ inspectionId: "{officer.case}", outcome: ADMITTED,
          classOfAdmission: "H1B", stay: {{ kind: DATE, until: "2027-09-22" }} }}) {{ state }} }}"""
        made = await Asker(fresh)(officer, closing)
        assert made.data == {"recordInspection": {"state": "CLOSED"}}, made.page
        for _ in range(3):
            street.clock.move(15)
            assert (await port.next()).name == ""
        street.clock.move(15)
        assert await ended(port) == "CASE_CLOSED"


async def heard_under_glass(street: Street, caller: Caller, glass: str) -> list[Message]:
    """What a supervisor hears of a departure, and of another one after the grant has run out."""
    world, live = street.world, street.app.state.live
    question = Question(CROSSINGS, extensions={"breakGlass": glass})
    subject = "TRV-01KST0RY000000000000000026"
    messages: list[Message] = []
    async with live.subscribe(question, caller) as stream:
        assert isinstance(await anext(stream), Beat)
        await depart(world, subject)
        messages.append(await anext(stream))
        world.opened.house = live.house = replace(world.opened.house, clock=lambda: TODAY + timedelta(hours=2))
        street.clock.move(60)
        messages += [each async for each in stream]
    return messages


async def depart(world: World, traveler: str) -> None:
    """CBP records that ``traveler`` left."""
    officer = Asker(world).caller("cbp-primary-atl")
    made = await Asker(world)(officer, DEPART % traveler)
    assert made.data["recordDeparture"]


async def test_under_a_broken_glass_a_stream_lasts_as_long_as_the_grant(fresh: World) -> None:
    """Without a grant it does not begin; with one it is told, its intent on record before; and it ends with the grant."""
    street = Street(fresh)
    supervisor = Asker(fresh).caller(31)
    with pytest.raises(GatewayError) as raised:
        async with street.app.state.live.subscribe(Question(CROSSINGS), supervisor):
            pass
    assert raised.value.code == "BREAK_GLASS_REQUIRED"
    grant = Asker(fresh).glass(supervisor)
    messages = await heard_under_glass(street, supervisor, grant.id)
    assert isinstance(messages[0], Next)
    assert [each.kind for each in fresh.kept.records.values()][:1] == ["intent"]
    (over,) = (each.error for each in messages if isinstance(each, Ended))
    assert over is not None
    assert over.code == "BREAK_GLASS_EXPIRED"
    assert street.app.state.live.places.open == 0


async def test_the_obligations_of_an_agreement_travel_with_its_events(fresh: World) -> None:
    """What the ports may do with it stands in every event: it goes no further, and is pushed within five minutes."""
    street = Street(fresh)
    async with street.listen("cbp-primary-atl", REVOKED) as port:
        await port.next()
        await revoke(fresh, "S2400001")
        heard = await port.next()
    duties = {(each["agreement"], each["kind"]) for each in heard.page["extensions"]["obligations"]}
    assert ("CA-CBP-VISA", "no-onward-disclosure") in duties
