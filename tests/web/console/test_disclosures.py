"""Who saw what: searching, one record whole, the look that is on record, and what an agency must not find out."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from gateway.audit import AuditRecord, Disclosed, Pseudonyms, load_public_key, verify_export
from gateway.caller import Caller
from tests.scenarios.asking import TODAY, open_world
from tests.web.client import Face
from tests.web.console.conftest import GRACE
from tests.web.console.visiting import Page, Visit

pytestmark = pytest.mark.asyncio(loop_scope="module")

SEEN, HIDDEN, THEIRS = (
    "TRV-01KST0RY0000000000000000AA",
    "TRV-01KST0RY0000000000000000BB",
    "TRV-01KST0RY0000000000000000CC",
)
OFFICER = Caller("CBP", "cbp-primary", "border-inspection-primary", "INS-ATL-00240001", "cbp-atl-1", "ATL")
STATUS = Disclosed("Visa.status", "ALLOW", "STATE_CA", 1, agreement="CA-CBP-VISA", version=3, article="III.1")
HISTORY = Disclosed("Inspection.outcome", "ALLOW", "CBP", 2, agreement="CBP-INTERNAL", version=1, article="1.1")
GONE = Disclosed("Visa.status", "ABSENT", "STATE_CA", 1)
STATUTE = Disclosed("Petition.status", "DENY", "USCIS", 1, reason="STATUTE", agreement="USC-1367")
REFUSED = Disclosed("Petition.status", "DENY", "USCIS", 0, reason="NO_AGREEMENT")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def street(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Visit]:
    """A record written by hand: what CBP's officers were shown of one person, and not of another."""
    folder: Path = tmp_path_factory.mktemp("street")
    async with open_world(folder) as world:
        keys, log = Pseudonyms(folder / "keys"), world.opened.log
        assert log is not None
        seen, hidden, theirs = (keys.of(each, TODAY) for each in (SEEN, HIDDEN, THEIRS))
        base = AuditRecord("r0", TODAY, OFFICER, "sha256:e", "sha256:g", operation_name="Visas", operation_text="{a}")
        for record in (
            # both were looked at; of HIDDEN's visa every row was absent
            replace(base, request_id="both", subjects=(seen, hidden), given=((seen, ("STATE_CA",)),), disclosed=(STATUS, GONE)),
            # a traveler was there, and every chapter of theirs was absent
            replace(base, request_id="none", subjects=(hidden,), disclosed=(GONE, STATUTE)),
            # shown by CBP's own records, nothing of State's
            replace(base, request_id="own", subjects=(theirs,), given=((theirs, ("CBP",)),), disclosed=(HISTORY, GONE, REFUSED)),
        ):  # fmt: skip
            await log.append(replace(record, at=TODAY - timedelta(hours=1)))
        yield Visit(Face(world.opened))


async def _person(room: Visit, traveler: str, persona: str) -> Page:
    form = {"traveler": traveler, "why": "Redress request RED-2026-000014"}
    return await room.post("/audit/disclosures.json", form, persona)


def _requests(page: Page) -> int:
    return len([each for each in page.json["records"] if each["kind"] == "release"])


# ---- what an agency must not find out --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("traveler", "persona", "found"),
    [
        (SEEN, "sharing-officer-cbp", 1),
        (SEEN, "sharing-officer-ca", 1),
        (HIDDEN, "sharing-officer-cbp", 0),
        (HIDDEN, "sharing-officer-ca", 0),
        (HIDDEN, "sharing-officer-uscis", 0),
        (THEIRS, "sharing-officer-cbp", 1),
        (THEIRS, "sharing-officer-ca", 0),
        (HIDDEN, "auditor", 2),
    ],
)
async def test_a_person_is_found_only_where_something_of_them_was_shown(
    street: Visit, traveler: str, persona: str, found: int
) -> None:
    page = await _person(street, traveler, persona)

    assert (page.status, _requests(page)) == (200, found)


async def test_a_hidden_person_is_told_like_one_who_was_never_looked_at(street: Visit) -> None:
    hidden = await _person(street, HIDDEN, "sharing-officer-cbp")
    nobody = await _person(street, "TRV-01KST0RY0000000000000000ZZ", "sharing-officer-cbp")

    assert hidden.text == nobody.text
    assert hidden.headers == nobody.headers


@pytest.mark.parametrize("persona", ["sharing-officer-cbp", "sharing-officer-ca"])
async def test_an_agency_is_counted_the_people_it_was_shown_and_no_absent_row(street: Visit, persona: str) -> None:
    page = await street.get("/audit/disclosures.json?kind=release", persona)
    people = [each["people"] for each in page.json["records"]]
    first = page.json["records"][-1]
    record = await street.get(f"/audit/disclosures/{first['shard']}/{first['index']}.json", persona)

    assert max(people) == 1
    assert "ABSENT" not in page.text + record.text
    assert page.json["total"] is None
    for name in ("text", "plan", "subjects"):
        assert not record.json[name]
    assert "salt" not in record.json["proof"]


async def test_nothing_absent_can_be_searched_for(street: Visit) -> None:
    own = await street.get("/audit/disclosures.json?outcome=ABSENT", "sharing-officer-cbp")
    law = await street.get("/audit/disclosures.json?agreement=USC-1367", "sharing-officer-uscis")
    whole = await street.get("/audit/disclosures.json?outcome=ABSENT")

    assert (own.json["records"], law.json["records"]) == ([], [])
    assert len(whole.json["records"]) == 3


async def test_the_other_sides_officer_is_neither_named_nor_searched_by(street: Visit) -> None:
    every = await street.get("/audit/disclosures.json?agency=CBP", "sharing-officer-ca")
    named = await street.get("/audit/disclosures.json?user=cbp-atl-1", "sharing-officer-ca")
    own = await street.get("/audit/disclosures.json?user=cbp-atl-1&kind=release", "sharing-officer-cbp")

    assert every.json["records"]
    assert {each["user"] for each in every.json["records"]} == {""}
    assert named.json["records"] == []
    assert len(own.json["records"]) == 3


async def test_what_was_refused_is_known_to_the_owner_and_to_the_asker(street: Visit) -> None:
    for persona in ("sharing-officer-uscis", "sharing-officer-cbp"):
        page = await street.get("/audit/disclosures.json?outcome=DENY&coordinate=Petition.status", persona)
        assert [each["withheld"] for each in page.json["records"]] == [1]


async def test_a_record_of_others_is_told_like_none(street: Visit) -> None:
    shown = (await street.get("/audit/disclosures.json?kind=release")).json["records"]
    told = {
        (answer.status, answer.json["error"]["code"])
        for each in (*shown, {"shard": shown[0]["shard"], "index": 999}, {"shard": "nowhere", "index": 0})
        if (
            answer := await street.get(
                f"/audit/disclosures/{each['shard']}/{each['index']}.json", "sharing-officer-ero"
            )
        )
    }

    assert told == {(404, "RECORD_UNKNOWN")}


# ---- every look is on record ------------------------------------------------------------------------------------------------


async def test_every_page_that_reads_the_record_is_on_record_before_it_is_shown(room: Visit) -> None:
    first = (await room.get("/audit/disclosures.json?kind=release")).json["records"][0]
    place = f"{first['shard']}/{first['index']}"
    pages = [
        "/audit", "/audit/disclosures?coordinate=Visa.status", "/audit/disclosures.csv", f"/audit/disclosures/{place}",
        f"/audit/disclosures/{place}.jsonl", "/audit/agreements/CA-CBP-VISA",
    ]  # fmt: skip
    for path in pages:
        before = len(room.looks())
        assert (await room.get(path, "sharing-officer-ca" if path == "/audit" else "auditor")).status == 200
        looks = room.looks()
        assert len(looks) == before + 1, path
    assert looks[0].record["caller"]["user"] == "audit-1"
    assert {each.record["note"].get("coordinate", "") for each in looks} >= {"Visa.status"}


async def test_a_person_is_looked_for_with_a_reason_that_is_kept(room: Visit) -> None:
    before = len(room.looks())
    without = await room.post("/audit/disclosures.json", {"traveler": GRACE, "why": ""})
    nobody = await room.post("/audit/disclosures.json", {"traveler": "Grace", "why": "a good reason"})
    between = len(room.looks())
    page = await _person(room, GRACE, "auditor")
    look = room.looks()[0].record

    assert (without.status, without.json["error"]["code"]) == (400, "REASON_MISSING")
    assert (nobody.status, nobody.json["error"]["code"]) == (400, "TRAVELER_MALFORMED")
    assert between == before
    assert page.json["accounting"]
    assert look["note"]["why"] == "Redress request RED-2026-000014"
    assert look["subjects"] == list(Pseudonyms(room.face.opened.settings.var / "keys").every(GRACE))
    assert GRACE not in str(look)


async def test_nothing_is_shown_while_the_record_cannot_be_written(room: Visit, tmp_path: Path) -> None:
    from gateway.audit import AuditLog, load_signing_key

    log = AuditLog(tmp_path / "record.sqlite3", load_signing_key(tmp_path / "keys"))
    log.close()
    other = Visit(room.face.instead(log=log))
    for path in ("/audit/disclosures.json", "/audit.json", "/audit/agreements/CA-CBP-VISA.json"):
        answer = await other.get(path)
        assert (answer.status, list(answer.json)) == (503, ["error"]), path


# ---- searching and one record ------------------------------------------------------------------------------------------------


async def test_searching_narrows_and_pages_go_back(room: Visit) -> None:
    visas = (await room.get("/audit/disclosures.json?coordinate=Visa.*&agency=CBP&kind=release")).json
    dated = (await room.get("/audit/disclosures.json?kind=release&since=2026-11-02")).json
    page = (await room.get("/audit/disclosures.json?kind=release")).json

    assert 0 < visas["total"] < page["total"]
    assert {each["agency"] for each in visas["records"]} == {"CBP"}
    assert dated["total"] == 0
    bad = await room.get("/audit/disclosures.json?before=nonsense")
    assert (bad.status, bad.json["error"]["code"]) == (400, "CURSOR_MALFORMED")


async def test_the_csv_holds_a_line_for_each_field_and_no_formula(room: Visit) -> None:
    rows = list(csv.DictReader(io.StringIO((await room.get("/audit/disclosures.csv?agency=CBP&kind=release")).text)))

    assert {row["agency"] for row in rows} == {"CBP"}
    assert "CA-CBP-VISA" in {row["agreement"] for row in rows}
    assert not [cell for row in rows for cell in row.values() if cell[:1] in "=+-@"]


async def test_one_record_whole_with_operation_plan_decisions_and_a_proof_that_holds(
    room: Visit, tmp_path: Path
) -> None:
    first = (await room.get("/audit/disclosures.json?coordinate=Visa.status&agency=CBP&kind=release")).json["records"][
        0
    ]
    path = f"/audit/disclosures/{first['shard']}/{first['index']}"
    page = (await room.get(f"{path}.json")).json
    status = next(each for each in page["items"] if each["coordinate"] == "Visa.status")
    export = tmp_path / "one.jsonl"
    export.write_text((await room.get(f"{path}.jsonl")).text)
    verdict = verify_export(export, load_public_key(room.face.opened.settings.var / "keys"))

    assert page["text"].startswith("query")
    assert "fetch 0" in page["plan"]
    assert (status["outcome"], status["agreement"], status["article"]) == ("ALLOW", "CA-CBP-VISA", "III.1")
    assert status["truths"][0]["atoms"]["case.state is open"] == "true"
    assert page["proof"]["checkpoint"].startswith("two-way-street")
    assert (verdict.sound, verdict.records) == (True, 1)


async def test_the_whole_record_leaves_only_with_oversight(room: Visit) -> None:
    first = (await room.get("/audit/disclosures.json?agency=CBP&kind=release")).json["records"][0]
    answer = await room.get(f"/audit/disclosures/{first['shard']}/{first['index']}.jsonl", "sharing-officer-cbp")

    assert (answer.status, "payload" in answer.text) == (303, False)


async def test_why_could_cbp_primary_see_this_visas_status_on_that_day_in_three_clicks(room: Visit) -> None:
    """The auditor's walk, each step a link of the page before."""
    overview = await room.get("/audit")
    assert "/audit/disclosures" in overview.links  # one
    listed = await room.get("/audit/disclosures?coordinate=Visa.status&role=cbp-primary")
    places = [each for each in listed.links if each.count("/") == 4]
    record = await room.get(places[0])  # two
    why = next(each for each in record.links if "/audit/field?coordinate=Visa.status" in each)
    assert "at=2026-11-01" in why
    field = await room.get(why)  # three

    assert "Why CBP / cbp-primary could see it on 2026-11-01" in field.text
    assert "CA-CBP-VISA" in field.text
    assert "the case is open" in field.text
    assert "the conditions that had to hold" in record.text
    assert "how they came out" in record.text


async def test_the_overview_counts_what_went_over_the_street(room: Visit) -> None:
    page = (await room.get("/audit.json")).json
    flows = {(each["from"], each["to"]): each["values"] for each in page["flows"]}

    assert page["answers"] == 12
    assert flows["STATE_CA", "CBP"] > 0
    assert page["crossed"] == sum(flows.values())
    assert page["withheld"] > 0
    own = (await room.get("/audit.json", "sharing-officer-cbp")).json
    assert all("CBP" in (each["from"], each["to"]) for each in own["flows"])
