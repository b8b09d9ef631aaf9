"""A watch: one stream of what happens to the traveler of an open case, each part as the caller's agreements give it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.live.listening import Listener, Street
from tests.live.test_sse import revoke
from tests.live.test_terms import ended
from tests.scenarios.asking import Asker, World

pytestmark = pytest.mark.asyncio(loop_scope="session")

WATCH = """subscription($case: ID!) { travelerWatch(case: $case) {
  __typename
  ... on Visa { foilNumber status }
  ... on Departure { at }
  ... on Inspection { inspectionId state }
  ... on VisaApplication { applicationId progress: status }
} }"""
LEFT = "2026-11-01T11:00:00Z"


def watch(case: str, text: str = WATCH) -> Mapping[str, Any]:
    """The subscription over ``case``."""
    return {"query": text, "variables": {"case": case}}


async def depart(world: World, traveler: str) -> None:
    """CBP records that ``traveler`` left."""
    made = await Asker(world)(
        Asker(world).caller("cbp-primary-atl"),
        f"""mutation {{ recordDeparture(input: {{ travelerId: "{traveler}", at: "{LEFT}", poe: "ATL",
          mode: AIR, method: MANIFEST }}) {{ departureId }} }}""",
    )
    assert made.data["recordDeparture"], made.page


async def subject_of(world: World, persona: str) -> str:
    """The traveler of the case that the persona works on: an inspection."""
    officer = Asker(world).caller(persona)
    made = await Asker(world)(officer, f'{{ inspection(inspectionId: "{officer.case}") {{ traveler {{ id }} }} }}')
    return str(made.data["inspection"]["traveler"]["id"])


async def told(port: Listener, many: int) -> list[Any]:
    """The next so many events."""
    found: list[Any] = []
    while len(found) < many:
        heard = await port.next()
        if heard.name:
            assert heard.name == "next"
            found.append(heard)
    return found


async def test_one_stream_hears_of_every_agency(fresh: World) -> None:
    """A revocation by State and a departure recorded by CBP, each under its own agreement and on record by itself."""
    street, officer = Street(fresh), Asker(fresh).caller("cbp-primary-atl")
    subject = await subject_of(fresh, "cbp-primary-atl")
    async with street.listen("cbp-primary-atl", watch(officer.case)) as port:
        await port.next()
        await revoke(fresh, "S2400001")
        (first,) = await told(port, 1)
        await depart(fresh, subject)
        (second,) = await told(port, 1)
    assert first.page["data"] == {
        "travelerWatch": {"__typename": "Visa", "foilNumber": "S2400001", "status": "REVOKED"}
    }
    assert second.page["data"] == {"travelerWatch": {"__typename": "Departure", "at": LEFT}}
    assert [each["agreement"] for each in first.page["extensions"]["notices"]] == ["CA-CBP-VISA"]
    records = [fresh.kept.records[each.page["extensions"]["record"]].as_json() for each in (first, second)]
    assert {(each["coordinate"], each["outcome"]) for each in records[0]["disclosed"]} >= {("Visa.status", "ALLOW")}
    assert {(each["coordinate"], each["outcome"]) for each in records[1]["disclosed"]} >= {("Departure.at", "ALLOW")}


async def test_what_happens_to_others_makes_no_sound(fresh: World) -> None:
    """CBP may read every departure it records itself; a watch tells of its own traveler's only, and records no more."""
    street, officer = Street(fresh), Asker(fresh).caller("cbp-primary-atl")
    subject, other = await subject_of(fresh, "cbp-primary-atl"), await subject_of(fresh, "cbp-primary-nyc")
    assert subject != other
    async with street.listen("cbp-primary-atl", watch(officer.case)) as port:
        await port.next()
        await depart(fresh, other)
        await revoke(fresh, "S0600001")
        await depart(fresh, subject)
        (heard,) = await told(port, 1)
        assert heard.page["data"]["travelerWatch"]["__typename"] == "Departure"
        assert port.blocks.empty()
    assert b"S0600001" not in port.whole
    kinds = [each for each in fresh.kept.records.values() if each.operation_kind == "subscription"]
    assert [each.request_id for each in kinds] == [heard.page["extensions"]["record"]]


async def test_a_watch_goes_on_after_its_last_event_of_each_agency(fresh: World) -> None:
    """Cut off between the two, and back at another process: the second once, the first not again."""
    officer = Asker(fresh).caller("cbp-primary-atl")
    subject = await subject_of(fresh, "cbp-primary-atl")
    async with Street(fresh).listen("cbp-primary-atl", watch(officer.case)) as port:
        await port.next()
        await depart(fresh, subject)
        (first,) = await told(port, 1)
    await revoke(fresh, "S2400001")
    again = Street(fresh)
    async with again.listen("cbp-primary-atl", watch(officer.case), resume=first.cursor) as port:
        (second,) = await told(port, 1)
        assert second.page["data"]["travelerWatch"]["__typename"] == "Visa"
    async with again.listen("cbp-primary-atl", watch(officer.case), resume=second.cursor) as port:
        await port.next()
        again.clock.move(15)
        assert (await port.next()).name == ""
        assert port.blocks.empty()


async def test_a_watch_ends_with_its_case(fresh: World) -> None:
    """The inspection is closed: at the next look, which is at a beat."""
    street, officer = Street(fresh), Asker(fresh).caller("cbp-primary-atl")
    async with street.listen("cbp-primary-atl", watch(officer.case, WATCH.replace("inspectionId", ""))) as port:
        await port.next()
        made = await Asker(fresh)(
            officer,
            f"""mutation {{ recordInspection(input: {{ inspectionId: "{officer.case}", outcome: ADMITTED,
              classOfAdmission: "H1B", stay: {{ kind: DATE, until: "2027-09-22" }} }}) {{ state }} }}""",
        )
        assert made.data == {"recordInspection": {"state": "CLOSED"}}, made.page
        (heard,) = await told(port, 1)
        assert heard.page["data"]["travelerWatch"]["state"] == "CLOSED"
        street.clock.move(15)
        assert await ended(port) == "CASE_CLOSED"


@pytest.mark.parametrize(
    ("persona", "case", "code"),
    [
        ("cbp-primary-atl", "INS-NYC-00060002", "CASE_NOT_YOURS"),
        ("cbp-primary-atl", "INS-ATL-99999999", "CASE_NOT_OPEN"),
    ],
)
async def test_a_watch_is_kept_over_the_tokens_own_open_case(fresh: World, persona: str, case: str, code: str) -> None:
    """Another's case, and a case that nobody has opened: refused before anything is streamed, nothing told of either."""
    street = Street(fresh)
    token = street.token(persona, case=case) if code == "CASE_NOT_OPEN" else ""
    async with street.listen(persona, watch(case), token=token) as port:
        await port.holding(code.encode())
    assert port.status == 403


async def test_a_caller_who_may_hear_nothing_of_it_is_refused(fresh: World) -> None:
    """What no record could give in any of its parts is no watch."""
    street, officer = Street(fresh), Asker(fresh).caller("ero-officer")
    text = "subscription($case: ID!) { travelerWatch(case: $case) { ... on SecurityReview { screeningResult } } }"
    async with street.listen("ero-officer", watch(officer.case, text)) as port:
        await port.holding(b"errors")
    assert port.status == 403
    assert b"SUBSCRIPTION_DENIED" in port.whole
