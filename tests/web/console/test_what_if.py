"""What if, in the room: begun, watched, left; and what an agency must not find out by it."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from gateway.errors import GatewayError, RequestError
from gateway.web.console.jobs import Job, Jobs
from tests.web.console.test_requests import CBP, ERO, USCIS, code, drafted, sent
from tests.web.console.visiting import Page, Visit

pytestmark = pytest.mark.asyncio(loop_scope="module")

ME = ("CBP", "me")


async def finished(room: Visit, form: dict[str, Any], persona: str = "auditor") -> dict[str, Any]:
    """What came of a replay."""
    begun = await room.post("/audit/what-if.json", form, persona)
    assert begun.status == 202, begun.text
    for thread in threading.enumerate():
        if thread.name == "room-what-if":
            await asyncio.to_thread(thread.join)
    page = await room.get(f"/audit/what-if/{begun.json['job']}.json", persona)
    assert page.json["state"] == "done", page.text
    return dict(page.json)


def file(room: Visit, name: str) -> str:
    return (room.face.opened.settings.schema / "agreements" / name).read_text()


async def test_a_file_that_takes_fields_away_withholds_them_newly(room: Visit) -> None:
    text = file(room, "state_ca-cbp-visa.toml").replace('"Visa.status", ', "")
    found = await finished(room, {"toml": text, "days": "all"})
    [row] = found["result"]["changes"]
    assert (row["agency"], row["verdict"]) == ("CBP", "withheld")
    assert row["fields"].keys() == {"Visa.status"}
    assert row["values"] >= row["answers"] >= 1
    assert row["people"] >= 1
    assert row["places"]
    assert (found["done"], found["agreement"]) == (found["total"], "CA-CBP-VISA@3")
    shown = await room.get(f"/audit/what-if/{found['job']}")
    assert "newly withheld" in shown.text
    assert 'http-equiv="refresh"' not in shown.text


async def test_the_file_in_force_changes_nothing(room: Visit) -> None:
    found = await finished(room, {"toml": file(room, "state_ca-cbp-visa.toml"), "days": "30"})
    assert found["result"]["changes"] == []
    assert found["result"]["decisions"] > found["result"]["records"] > 10


async def test_a_requests_draft_is_replayed_for_both_its_agencies_and_no_third(room: Visit) -> None:
    name = await sent(room)
    await drafted(room, name)
    for persona in (CBP, USCIS, "auditor"):
        assert (await finished(room, {"request": name}, persona))["request"] == name
    assert code(await room.post("/audit/what-if.json", {"request": name}, ERO)) == (404, "SHARING_UNKNOWN")
    text = file(room, "state_ca-cbp-visa.toml")
    assert code(await room.post("/audit/what-if.json", {"toml": text}, ERO)) == (404, "AGREEMENT_UNKNOWN")


async def test_an_agency_cannot_find_out_by_a_draft_who_is_protected(room: Visit) -> None:
    """A draft that gives a field only of protected persons, or only of others, counts alike for the agency."""
    told = []
    for flag in ("true", "false"):
        condition = f'{{ attr = "subject.p1367", is = {flag} }}'
        text = file(room, "state_ca-cbp-visa.toml")
        text = text.replace('{ attr = "subject.id", same_as = "case.subject" }', condition)
        assert condition in text
        found = await finished(room, {"toml": text}, CBP)
        told.append([{**each, "places": []} for each in found["result"]["changes"]])
    assert told[0] == told[1]
    assert {each["verdict"] for each in told[0]} <= {"cannot-tell"}


async def test_nobody_sees_anothers_calculation_and_every_look_is_on_record(room: Visit) -> None:
    found = await finished(room, {"toml": file(room, "state_ca-cbp-visa.toml")}, CBP)
    for persona in ("auditor", USCIS, "privacy-officer"):
        page = await room.get(f"/audit/what-if/{found['job']}.json", persona)
        assert page.status in (403, 404)
    pages = [each.record["note"]["page"] for each in room.looks()[:2]]
    assert pages[0] == "what if: result"
    before = len(room.looks())
    assert (await room.get("/audit/what-if", CBP)).status == 200
    assert len(room.looks()) == before + 1
    assert code(await room.get("/audit/what-if.json", "cbp-primary-nyc")) == (403, "ROOM_CLOSED")


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({}, "SHARING_INCOMPLETE"), ({"toml": "id ="}, "POLICY_INVALID"), ({"toml": "x", "days": "8"}, "DAYS_UNKNOWN"),
        ({"request": "SR-00000000"}, "SHARING_UNKNOWN"),
    ],
)  # fmt: skip
async def test_what_cannot_be_tried_is_told(room: Visit, form: dict[str, str], expected: str) -> None:
    page: Page = await room.post("/audit/what-if.json", form)
    assert page.json["error"]["code"] == expected
    assert page.status in (400, 404)


# ---- jobs ----------------------------------------------------------------------------------------------------------------


async def ended(job: Job) -> None:
    for thread in threading.enumerate():
        if thread.name == f"room-{job.kind}":
            await asyncio.to_thread(thread.join)


async def test_a_job_is_left_where_its_owner_says_so_and_keeps_what_it_had() -> None:
    jobs, begun, go_on = Jobs(), threading.Event(), threading.Event()

    def work(job: Job) -> int:
        for turn in range(100):
            if not job.going(turn, 100):
                return turn
            begun.set()
            go_on.wait()
        return 100

    job = jobs.start("j1", "test-left", ME, {}, work)
    await asyncio.to_thread(begun.wait)
    assert (job.state, job.total) == ("running", 100)
    job.stop = True
    go_on.set()
    await ended(job)
    assert (job.state, job.result) == ("cancelled", 1)


async def test_two_jobs_at_once_are_enough_and_old_ones_are_forgotten() -> None:
    jobs, stop = Jobs(), threading.Event()
    running = [jobs.start(f"r{number}", "test-busy", ME, {}, lambda job: stop.wait()) for number in range(2)]
    with pytest.raises(RequestError) as problem:
        jobs.start("r3", "test-busy", ME, {}, lambda job: None)
    assert (problem.value.code, problem.value.status) == ("ROOM_BUSY", 503)
    stop.set()
    for job in running:
        await ended(job)
    for number in range(60):
        await ended(jobs.start(f"n{number}", "test-busy", ME, {}, lambda job: None))
    assert len(jobs.jobs) <= 41
    assert jobs.of("test-busy", ME)[0].id == "n59"


async def test_a_job_that_fails_says_so() -> None:
    jobs = Jobs()

    def refuse(job: Job) -> None:
        raise GatewayError("AUDIT_UNAVAILABLE", "no record")

    for work, expected in ((refuse, "AUDIT_UNAVAILABLE"), (lambda job: 1 // 0, "INTERNAL")):
        job = jobs.start("f", "test-fails", ME, {}, work)
        await ended(job)
        assert job.state == "failed"
        assert job.error is not None
        assert job.error.code == expected
    with pytest.raises(RequestError) as problem:
        jobs.find("f", "test-fails", ("USCIS", "me"))
    assert problem.value.code == "JOB_UNKNOWN"
