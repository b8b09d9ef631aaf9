"""Server-sent events: each caller hears what its agreements allow, on record, and nothing of anything else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import orjson
import pytest

from gateway.caller import Caller
from gateway.errors import FetchError
from gateway.execution.transport import SubgraphRequest, SubgraphResponse
from tests.live.listening import Street
from tests.scenarios.asking import Asker, World

pytestmark = pytest.mark.asyncio(loop_scope="session")

REVOKED = "subscription { visaRevoked { foilNumber status } }"
OFFICER = Caller("STATE_CA", "consular-officer", "visa-adjudication", "AA00S24001", "co-nwd-1", "NWD")


async def revoke(world: World, foil: str, case: str = "AA00S24001") -> None:
    """State revokes the visa ``foil``."""
    text = f'''mutation {{ revokeVisa(input: {{ foilNumber: "{foil}", kind: PRUDENTIAL, ground: "212(a)(3)(B)" }}) {{
      status }} }}'''
    made = await Asker(world)(replace(OFFICER, case=case), text)
    assert made.data == {"revokeVisa": {"status": "REVOKED"}}, made.page


async def test_the_port_hears_of_a_revocation_and_it_is_on_record(fresh: World) -> None:
    """The officer who inspects the traveler is told at once; what was told stands in the record under its number."""
    street = Street(fresh)
    async with street.listen("cbp-primary-atl", REVOKED) as port:
        began = await port.next()
        assert (began.name, began.data) == ("", "")
        assert began.cursor
        await revoke(fresh, "S2400001")
        heard = await port.next()
    assert (port.status, port.headers["content-type"]) == (200, "text/event-stream")
    assert heard.name == "next"
    assert heard.page["data"] == {"visaRevoked": {"foilNumber": "S2400001", "status": "REVOKED"}}
    record = fresh.kept.records[heard.page["extensions"]["record"]].as_json()
    assert record["operation"]["kind"] == "subscription"
    assert {(each["coordinate"], each["outcome"]) for each in record["disclosed"]} >= {("Visa.status", "ALLOW")}


async def test_what_another_may_not_hear_makes_no_sound_and_no_gap(fresh: World) -> None:
    """New York is told of its own traveler only: nothing of Atlanta's, not its number, and no record of a telling."""
    street = Street(fresh)
    async with street.listen("cbp-primary-nyc", REVOKED) as port:
        await port.next()
        await revoke(fresh, "S2400001")
        await revoke(fresh, "S0600001")
        heard = await port.next()
        assert heard.page["data"] == {"visaRevoked": {"foilNumber": "S0600001", "status": "REVOKED"}}
        assert port.blocks.empty()
    assert b"S2400001" not in port.whole
    told = [each for each in fresh.kept.records.values() if each.operation_kind == "subscription"]
    assert [each.request_id for each in told] == [heard.page["extensions"]["record"]]


async def test_two_cursors_of_one_place_do_not_look_alike(fresh: World) -> None:
    """A cursor that counted would tell how much was withheld: beats of one place have nothing in common but length."""
    street = Street(fresh)
    cursors = []
    for _ in range(2):
        async with street.listen("cbp-primary-nyc", REVOKED) as port:
            cursors.append((await port.next()).cursor)
    assert cursors[0] != cursors[1]
    assert len(cursors[0]) == len(cursors[1])


async def test_a_stream_goes_on_after_its_last_event(fresh: World) -> None:
    """Cut off and back again, on another gateway process too: what came meanwhile is heard once, in order."""
    street = Street(fresh)
    async with street.listen("cbp-primary-atl", REVOKED) as port:
        before = (await port.next()).cursor
    await revoke(fresh, "S2400001")
    again = Street(fresh)  # another process: nothing is kept but the cursor
    async with again.listen("cbp-primary-atl", REVOKED, resume=before) as port:
        await port.next()
        heard = await port.next()
        assert heard.page["data"] == {"visaRevoked": {"foilNumber": "S2400001", "status": "REVOKED"}}
    async with again.listen("cbp-primary-atl", REVOKED, resume=heard.cursor) as port:
        await port.next()
        again.clock.move(15)
        assert (await port.next()).name == ""  # a beat, and not the same event again


async def test_a_cursor_is_its_callers_own(fresh: World) -> None:
    """Somebody else's cursor, and a made-up one, are refused alike."""
    street = Street(fresh)
    async with street.listen("cbp-primary-atl", REVOKED) as port:
        cursor = (await port.next()).cursor
    for wrong in (cursor, "AAAA", cursor[:-4] + "AAAA", "no base64 at all"):
        async with street.listen("cbp-primary-nyc", REVOKED, resume=wrong) as other:
            pass
        assert other.status == 400
        assert b"CURSOR_WRONG" in other.whole


async def test_a_beat_comes_at_its_time_and_not_before(fresh: World) -> None:
    """Every fifteen seconds by the clock given, and each remembers the place."""
    street = Street(fresh)
    async with street.listen("cbp-primary-atl", REVOKED) as port:
        await port.next()
        street.clock.move(14.9)
        await revoke(fresh, "S2400001")
        assert (await port.next()).name == "next"  # the first thing since the beginning: no beat yet
        street.clock.move(0.1)
        beat = await port.next()
        assert (beat.name, beat.data, bool(beat.cursor)) == ("", "", True)


async def test_a_stream_ends_with_its_token(fresh: World) -> None:
    """Not a moment longer: the stream says why, completes, and its place among the caller's streams is free again."""
    street = Street(fresh)
    token = street.token("cbp-primary-atl", timedelta(seconds=600))
    async with street.listen("cbp-primary-atl", REVOKED, token=token) as port:
        await port.next()
        assert street.app.state.live.places.open == 1
        street.clock.move(601)
        ended = await port.next()
        while ended.name == "":
            ended = await port.next()
        assert [each["extensions"]["code"] for each in ended.page["errors"]] == ["TOKEN_EXPIRED"]
        assert (await port.next()).name == "complete"
    assert street.app.state.live.places.open == 0
    assert not street.app.state.live.places.each


async def test_one_user_holds_so_many_streams_and_no_more(fresh: World) -> None:
    """The next is refused with 429; another user, and the same one after closing, is not."""
    street = Street(fresh)
    street.app.state.live.places.most_each = 1
    async with street.listen("cbp-primary-atl", REVOKED) as port:
        await port.next()
        async with street.listen("cbp-primary-atl", REVOKED) as second:
            pass
        assert second.status == 429
        assert b"TOO_MANY_STREAMS" in second.whole
        async with street.listen("cbp-primary-nyc", REVOKED) as other:
            await other.next()
        street.app.state.live.places.most = 1
        async with street.listen("cbp-primary-nyc", REVOKED) as other:
            pass
        assert other.status == 429
    async with street.listen("cbp-primary-atl", REVOKED) as port:
        await port.next()


async def test_an_event_that_is_never_the_callers_is_refused_at_once(fresh: World) -> None:
    """ERO has no agreement about visas: the subscription is refused before anything is listened to."""
    street = Street(fresh)
    async with street.listen("ero-officer", REVOKED) as port:
        pass
    assert port.status == 403
    assert b"SUBSCRIPTION_DENIED" in port.whole
    assert street.app.state.live.places.open == 0
    assert not street.app.state.live.tails


async def test_while_a_case_cannot_be_read_the_event_waits(fresh: World) -> None:
    """CBP's own subgraph is away when State revokes: nothing is told or passed over, and then it is told."""
    street = Street(fresh)

    def away(request: SubgraphRequest) -> SubgraphResponse:
        raise FetchError("SUBGRAPH_UNREACHABLE", "Away.")

    async with street.listen("cbp-primary-atl", REVOKED) as port:
        await port.next()
        fresh.traffic.broken["admissions"] = away
        await revoke(fresh, "S2400001")
        await street.clock.paused(0.1)  # the first of its pauses between tries
        assert port.blocks.empty()
        fresh.traffic.broken.clear()
        street.clock.move(0.1)
        heard = await port.next()
        assert heard.page["data"] == {"visaRevoked": {"foilNumber": "S2400001", "status": "REVOKED"}}


async def test_while_the_agencys_database_is_away_the_event_waits(fresh: World) -> None:
    """State's subgraph answers that its database cannot be had: the revocation is not told as a null and passed over."""
    street = Street(fresh)

    async def lost(request: SubgraphRequest) -> SubgraphResponse:
        if b"visaRevoked" not in request.body:  # the change itself goes through, and that something happened is told
            return await fresh.traffic.inner.send(request)
        error = {"message": "no", "path": ["visaRevoked"], "extensions": {"code": "DATABASE_UNAVAILABLE"}}
        return SubgraphResponse(200, orjson.dumps({"data": {"visaRevoked": None}, "errors": [error]}))

    async with street.listen("cbp-primary-atl", REVOKED) as port:
        await port.next()
        fresh.traffic.broken["visas"] = lost
        await revoke(fresh, "S2400001")
        await street.clock.paused(0.1)
        assert port.blocks.empty()
        fresh.traffic.broken.clear()
        street.clock.move(0.1)
        heard = await port.next()
        assert heard.page["data"] == {"visaRevoked": {"foilNumber": "S2400001", "status": "REVOKED"}}


@pytest.mark.parametrize("said", [(500, b"Internal Server Error"), (200, b"{}"), (503, b"[]")], ids=str)
async def test_while_the_subgraph_answers_with_nothing_the_event_waits(fresh: World, said: tuple[int, bytes]) -> None:
    """State's database went away before the event could be looked up: what is no answer decides nothing."""
    street = Street(fresh)

    async def lost(request: SubgraphRequest) -> SubgraphResponse:
        if b"visaRevoked" not in request.body:
            return await fresh.traffic.inner.send(request)
        return SubgraphResponse(*said)

    async with street.listen("cbp-primary-atl", REVOKED) as port:
        await port.next()
        fresh.traffic.broken["visas"] = lost
        await revoke(fresh, "S2400001")
        await street.clock.paused(0.1)
        assert port.blocks.empty()
        fresh.traffic.broken.clear()
        street.clock.move(0.1)
        heard = await port.next()
        assert heard.page["data"] == {"visaRevoked": {"foilNumber": "S2400001", "status": "REVOKED"}}


async def test_a_gateway_that_stops_says_so(fresh: World) -> None:
    """Whoever listens is told to come back with its cursor, and nobody new is let in."""
    street = Street(fresh)
    async with street.listen("cbp-primary-atl", REVOKED) as port:
        await port.next()
        street.app.state.live.stop()
        assert (await port.next()).page["errors"][0]["extensions"]["code"] == "GATEWAY_CLOSING"
        assert (await port.next()).name == "complete"
    async with street.listen("cbp-primary-atl", REVOKED) as port:
        pass
    assert port.status == 503


async def test_a_query_by_a_client_of_streams_is_one_event(fresh: World) -> None:
    """Distinct connections mode: a query is answered by one event, then the end; it is the line's own answer."""
    street = Street(fresh)
    async with street.listen("cbp-primary-atl", 'query { visa(foilNumber: "S2400001") { status } }') as port:
        assert (await port.next()).page["data"] == {"visa": {"status": "ISSUED"}}
        assert (await port.next()).name == "complete"


async def test_multipart_carries_the_same(fresh: World) -> None:
    """The same events as parts; a beat is an empty object."""
    street = Street(fresh)
    accept = 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0,application/json'
    async with street.listen("cbp-primary-atl", REVOKED, accept=accept) as port:
        await port.holding(b"{}")
        await revoke(fresh, "S2400001")
        await port.holding(b"REVOKED")
    assert port.headers["content-type"].startswith("multipart/mixed")
    parts = port.whole.split(b"\r\n--graphql\r\ncontent-type: application/json\r\n\r\n")
    assert (parts[0], parts[1]) == (b"", b"{}")
    assert orjson.loads(parts[2])["payload"]["data"] == {"visaRevoked": {"foilNumber": "S2400001", "status": "REVOKED"}}
