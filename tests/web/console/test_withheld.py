"""The withheld report: what was refused to whom and how often, what would have to be agreed on, and what stays unsaid."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from tests.web.console.visiting import Visit

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def rows(room: Visit, persona: str, query: str = "") -> list[dict[str, Any]]:
    page = await room.get(f"/audit/withheld.json{query}", persona)
    assert page.status == 200, page.text
    return list(page.json["rows"])


async def test_oversight_reads_what_was_refused_by_whom_and_which_agreement_is_missing(room: Visit) -> None:
    every = await rows(room, "auditor")
    found = [
        each for each in every if (each["agency"], each["owner"], each["reason"]) == ("CBP", "USCIS", "NO_AGREEMENT")
    ]
    assert found
    for each in found:
        assert each["missing"].startswith("none of USCIS's agreements with CBP names them (")
        assert each["answers"] >= 1
        assert each["last"].startswith("2026-11-01")
        assert each["askable"] == []  # oversight asks for nothing
    assert any("Query.petition" in each["fields"] for each in found)
    assert [each["answers"] for each in every] == sorted((each["answers"] for each in every), reverse=True)


async def test_an_officer_reads_their_own_side_and_can_ask_from_a_row(room: Visit) -> None:
    found = await rows(room, "sharing-officer-cbp")
    assert found
    assert all("CBP" in (each["agency"], each["owner"]) for each in found)
    assert all(each["reason"] != "ABSENT" for each in found)
    row = next(each for each in found if each["owner"] == "USCIS" and "Query.petition" in each["fields"])
    assert "Query.petition" in row["askable"]
    page = await room.get("/audit/withheld", "sharing-officer-cbp")
    assert "Ask USCIS for it" in page.text
    theirs = [each for each in found if each["agency"] != "CBP"]
    assert all(each["askable"] == [] and each["users"] is None for each in theirs)


async def test_the_owner_reads_the_same_refusal_from_the_other_side(room: Visit) -> None:
    found = await rows(room, "sharing-officer-uscis", "?agency=CBP&owner=USCIS")
    assert found
    assert {(each["agency"], each["owner"]) for each in found} == {("CBP", "USCIS")}
    assert all(each["users"] is None for each in found)  # who asked is the other agency's to know
    assert all(each["askable"] == [] for each in found)


async def test_what_was_withheld_without_a_word_is_in_nobodys_report_but_oversights(room: Visit) -> None:
    for persona in ("sharing-officer-cbp", "sharing-officer-uscis", "sharing-officer-ca"):
        for each in await rows(room, persona):
            assert each["reason"] not in ("ABSENT", ""), each


async def test_what_no_agreement_could_change_is_not_to_be_asked_for(room: Visit) -> None:
    for each in await rows(room, "sharing-officer-cbp"):
        if each["reason"] in ("STATUTE", "SOURCE_UNAVAILABLE", "FACT_UNAVAILABLE"):
            assert each["askable"] == []


async def test_a_refused_link_is_laid_to_the_agreements_that_name_what_it_leads_to(room: Visit) -> None:
    found = await rows(room, "sharing-officer-ca")
    row = next(each for each in found if each["reason"] == "ROLE_NOT_COVERED" and each["owner"] == "STATE_CA")
    assert {"id": "CA-CBP-VISA", "state": "active"} in row["agreements"]


async def test_the_report_as_csv_has_a_line_for_each_field(room: Visit) -> None:
    page = await room.get("/audit/withheld.csv", "sharing-officer-cbp")
    lines = list(csv.DictReader(io.StringIO(page.text)))
    found = await rows(room, "sharing-officer-cbp")
    assert len(lines) == sum(len(each["fields"]) for each in found)
    assert any(line["field"] == "Query.petition" and line["owner"] == "USCIS" for line in lines)


async def test_looking_is_on_record_and_a_span_it_does_not_know_is_refused(room: Visit) -> None:
    await room.get("/audit/withheld?owner=USCIS&days=7")
    note = room.looks()[0].record["note"]
    assert (note["page"], note["days"], note["owner"]) == ("withheld report", "7", "USCIS")
    page = await room.get("/audit/withheld.json?days=8")
    assert (page.status, page.json["error"]["code"]) == (400, "DAYS_UNKNOWN")
    page = await room.get("/audit/withheld.json", "cbp-primary-nyc")
    assert (page.status, page.json["error"]["code"]) == (403, "ROOM_CLOSED")
