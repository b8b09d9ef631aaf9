"""The page of notices: what is overdue, open and acknowledged, to whom it is shown, and that the look is on record."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import pytest_asyncio

from gateway.duties import EventNotice
from tests.scenarios.asking import TODAY
from tests.web.console.test_requests import CBP, ERO
from tests.web.console.visiting import Visit

pytestmark = pytest.mark.asyncio(loop_scope="module")


def notice(name: str, minutes: int) -> EventNotice:
    at = TODAY - timedelta(minutes=minutes)
    return EventNotice(
        name, "CA-CBP-VISA", "STATE_CA", "CBP", "visas", "visaRevoked", 7000 + minutes, at, at + timedelta(minutes=5)
    )


@pytest_asyncio.fixture(loop_scope="module", scope="module", autouse=True)
async def kept(room: Visit) -> None:
    """One notice in each state, one told too late, and one between two other agencies."""
    duties = room.face.opened.house.duties
    assert duties is not None
    other = replace(notice("EN-OTHER", 2), agreement="USCIS-ERO-X", creditor="USCIS", debtor="ICE_ERO")
    late, told, done = notice("EN-LATE", 20), notice("EN-TOLD", 3), notice("EN-DONE", 30)
    duties.events.add([notice("EN-WAITING", 1), told, late, done, notice("EN-UNTOLD-LATE", 40), other])
    duties.events.tell([told, late, done], "port-officer", "main/1", TODAY - timedelta(minutes=2))
    duties.events.acknowledge("EN-DONE", "port-officer", TODAY - timedelta(minutes=1))


async def ids(room: Visit, persona: str) -> list[str]:
    return [each["id"] for each in (await room.get("/audit/notices.json", persona)).json["notices"]]


async def test_oversight_sees_all_of_them_the_overdue_first(room: Visit) -> None:
    page = (await room.get("/audit/notices.json")).json
    assert [(each["id"], each["state"]) for each in page["notices"]] == [
        ("EN-UNTOLD-LATE", "overdue"),
        ("EN-LATE", "overdue"),
        ("EN-TOLD", "told"),
        ("EN-OTHER", "waiting"),
        ("EN-WAITING", "waiting"),
        ("EN-DONE", "acknowledged"),
    ]
    assert page["agreements"][0] == {
        "agreement": "CA-CBP-VISA", "from": "STATE_CA", "to": "CBP",
        "overdue": 2, "waiting": 1, "told": 1, "acknowledged": 1,
    }  # fmt: skip
    assert "EN-LATE" in (await room.get("/audit/notices")).text


async def test_an_agency_is_told_nothing_of_others_nor_of_what_nobody_of_it_was_told(room: Visit) -> None:
    """A notice that waits says that something happened: to the recipient that is the event's to tell."""
    assert await ids(room, CBP) == ["EN-LATE", "EN-TOLD", "EN-DONE"]
    (line,) = (await room.get("/audit/notices.json", CBP)).json["agreements"]
    assert (line["overdue"], line["waiting"]) == (1, 0)
    assert await ids(room, ERO) == []
    for ending in ("", ".csv"):
        text = (await room.get(f"/audit/notices{ending}", CBP)).text
        assert "EN-DONE" in text
        assert "EN-WAITING" not in text
        assert "USCIS-ERO-X" not in text


async def test_an_agency_that_sends_sees_what_it_sent_with_what_waits(room: Visit) -> None:
    assert await ids(room, "sharing-officer-uscis") == ["EN-OTHER"]


async def test_no_record_is_named_nor_the_event_and_the_officer_only_to_oversight(room: Visit) -> None:
    for persona, officer in (("auditor", True), (CBP, False)):
        for ending in ("", ".json", ".csv"):
            text = (await room.get(f"/audit/notices{ending}", persona)).text
            assert "EN-DONE" in text
            assert ("port-officer" in text) is officer
            assert "7030" not in text


@pytest.mark.parametrize("ending", ["", ".json", ".csv"])
async def test_the_look_is_on_record_and_who_only_asks_is_not_let_in(room: Visit, ending: str) -> None:
    before = len(room.looks())
    assert (await room.get(f"/audit/notices{ending}", CBP)).status == 200
    assert room.looks()[0].record["note"]["page"] == "notices"
    assert len(room.looks()) == before + 1
    assert (await room.get(f"/audit/notices{ending}", "cbp-primary-atl")).status == 403
    assert len(room.looks()) == before + 1
