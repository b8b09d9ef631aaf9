"""The access matrix, who sees a field, what a role sees, and the agreements: as pages and as data, each side its own."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.policy.matrix import access_matrix
from tests.scenarios.asking import TODAY
from tests.web.console.visiting import Visit

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_matrix_says_what_the_command_line_says(room: Visit) -> None:
    page = (await room.get("/audit/matrix.json?at=2026-11-01")).json
    expected = {
        (row.agency, row.role)
        for row in access_matrix(room.face.opened.graph.policy, TODAY)
        if row.owner != row.agency
    }  # fmt: skip
    cells = {(row["agency"], row["role"]): row["cells"] for row in page["rows"]}

    assert set(cells) == expected
    assert cells["CBP", "cbp-primary"]["TDOC"]["state"] == "CONDITIONAL"
    assert "CA-CBP-VISA" in cells["CBP", "cbp-primary"]["TDOC"]["agreements"]
    assert "DELIB" not in page["categories"]


async def test_the_matrix_of_another_day_is_another(room: Visit) -> None:
    before, after = [
        (await room.get(f"/audit/matrix.json?at={day}")).json["rows"] for day in ("2020-01-01", "2026-11-01")
    ]

    assert len(before) < len(after)


async def test_a_cell_leads_to_fields_agreement_article_and_condition(room: Visit) -> None:
    matrix = await room.get("/audit/matrix?agency=CBP")
    link = next(each for each in matrix.links if "role=cbp-primary" in each and "category=TDOC" in each)
    cell = await room.get(link.replace("/cell?", "/cell.json?"))
    found = {each["coordinate"]: each for each in cell.json["coordinates"]}
    grant = found["Visa.foilNumber"]["grants"][0]

    assert (grant["agreement"], grant["article"]) == ("CA-CBP-VISA", "III.1")
    assert grant["when"]["word"] == "all of"
    assert "the case is open" in str(grant["when"])
    assert "III.1" in (await room.get(link)).text


async def test_the_matrix_as_csv(room: Visit) -> None:
    answer = await room.get("/audit/matrix.csv?at=2026-11-01&agency=CBP")
    rows = list(csv.DictReader(io.StringIO(answer.text)))

    assert answer.headers["content-disposition"] == 'attachment; filename="access-matrix-2026-11-01.csv"'
    assert {row["recipient"] for row in rows} == {"CBP"}
    assert all(row["state"] in ("ALLOW", "CONDITIONAL", "MASKED") for row in rows)


async def test_an_agency_sees_the_rows_it_gives_to_or_gets_from(room: Visit) -> None:
    page = (await room.get("/audit/matrix.csv", "sharing-officer-cbp")).text
    rows = list(csv.DictReader(io.StringIO(page)))

    assert rows
    assert all("CBP" in (row["recipient"], row["owner"]) for row in rows)
    assert {row["recipient"] for row in rows} > {"CBP"}


async def test_who_sees_a_field_and_why(room: Visit) -> None:
    page = (await room.get("/audit/field.json?coordinate=Visa.status&at=2026-11-01")).json
    who = {(each["agency"], each["role"]): each for each in page["who"]}
    primary = who["CBP", "cbp-primary"]

    assert (page["owner"], primary["state"]) == ("STATE_CA", "CONDITIONAL")
    assert (primary["grants"][0]["agreement"], primary["grants"][0]["article"]) == ("CA-CBP-VISA", "III.1")
    assert who["ICE_ERO", "ero-officer"]["state"] == ""
    assert set(who["ICE_ERO", "ero-officer"]["reasons"].values()) <= {
        "NO_AGREEMENT", "PURPOSE_NOT_COVERED", "ROLE_NOT_COVERED", "NOT_SHARED", "NOT_IN_FORCE", "WITHHELD_BY_PROVIDER",
    }  # fmt: skip


async def test_the_reverse_agrees_field_by_field(room: Visit) -> None:
    page = (await room.get("/audit/role.json?role=CBP/cbp-primary")).json
    states = {each["coordinate"]: each["state"] for each in page["fields"]}
    for coordinate in list(states)[:40:8]:
        field = (await room.get(f"/audit/field.json?coordinate={coordinate}")).json
        own = next(each for each in field["who"] if (each["agency"], each["role"]) == ("CBP", "cbp-primary"))
        assert own["state"] == states[coordinate]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/audit/field.json?coordinate=Visa.nothing", "NO_SUCH_FIELD"),
        ("/audit/field.json?coordinate=%3Cscript%3E", "NO_SUCH_FIELD"),
        ("/audit/role.json?role=CBP/consul", "UNKNOWN_ROLE"),
        ("/audit/matrix/cell.json?agency=CBP&role=auditor&category=BIO", "UNKNOWN_ROLE"),
        ("/audit/matrix.json?at=tomorrow", "DATE_MALFORMED"),
        ("/audit/agreements/NOBODY.json", "AGREEMENT_UNKNOWN"),
    ],
)
async def test_what_is_not_there_is_told_with_a_code_and_a_remedy(room: Visit, path: str, code: str) -> None:
    answer = await room.get(path)

    assert (answer.status in (400, 404), answer.json["error"]["code"]) == (True, code)
    assert answer.json["error"]["hint"]
    html = await room.get(path.replace(".json", ""))
    assert code in html.text
    assert "<script>" not in html.text


async def test_another_agencys_field_is_told_like_one_that_is_nowhere(room: Visit) -> None:
    """CBP is given nothing of a petition, so its own room does not say who is."""
    theirs, nowhere = [
        (await room.get(f"/audit/field.json?coordinate={name}", "sharing-officer-cbp")).json["error"]
        for name in ("Petition.fraudReferral", "Petition.nothing")
    ]

    assert theirs["message"].replace("fraudReferral", "nothing") == nowhere["message"]
    assert {name: text for name, text in theirs.items() if name != "message"} == {
        name: text for name, text in nowhere.items() if name != "message"
    }


async def test_an_agency_is_shown_who_sees_its_own_field_and_of_others_only_itself(room: Visit) -> None:
    own = (await room.get("/audit/field.json?coordinate=Visa.status", "sharing-officer-ca")).json
    others = (await room.get("/audit/field.json?coordinate=Visa.status", "sharing-officer-cbp")).json

    assert {each["agency"] for each in own["who"]} > {"CBP", "STATE_CA", "ICE_ERO"}
    assert {each["agency"] for each in others["who"]} == {"CBP"}


# ---- agreements ----------------------------------------------------------------------------------------------------------


async def test_the_agreements_with_their_state_and_what_is_to_be_done(room: Visit) -> None:
    page = (await room.get("/audit/agreements.json")).json
    rows = {each["id"]: each for each in page["agreements"]}

    assert rows["CA-CBP-VISA"]["state"] == "active"
    assert rows["CBP-VSP-HISTORY"]["state"] == "review-overdue"
    assert rows["CBP-VSP-HISTORY"]["needs"]
    assert not [name for name in rows if name.endswith("-INTERNAL")]
    assert "CBP-INTERNAL" in (await room.get("/audit/agreements.json?internal=yes")).text


async def test_an_agreement_whole_text_beside_words_use_and_examples(room: Visit) -> None:
    page = (await room.get("/audit/agreements/CA-CBP-VISA.json")).json

    assert page["provider"] == "STATE_CA"
    assert page["text"].startswith(('id = "CA-CBP-VISA"', "#"))
    assert page["text_in_force"] is True
    assert [each["came"] for each in page["examples"]] == [each["expected"].upper() for each in page["examples"]]
    assert page["use"]["fields"]["Visa.status"]["answers"] >= 1
    assert set(page["use"]["unused"]).isdisjoint(page["use"]["fields"])
    assert page["use"]["granted"] >= len(page["use"]["unused"])
    assert any("STATE_CA lets CBP read" in line for line in page["english"])


async def test_the_agreements_file_as_it_is(room: Visit) -> None:
    answer = await room.get("/audit/agreements/CA-CBP-VISA.toml")

    assert answer.headers["content-type"].startswith("application/toml")
    assert answer.text == (room.face.opened.settings.schema / "agreements" / "state_ca-cbp-visa.toml").read_text()


async def test_agreements_of_others_are_nobodys_business(room: Visit) -> None:
    every = {each["id"] for each in (await room.get("/audit/agreements.json")).json["agreements"]}
    own = {each["id"] for each in (await room.get("/audit/agreements.json", "sharing-officer-cbp")).json["agreements"]}
    other = await room.get("/audit/agreements/USCIS-CA-PETITION.json", "sharing-officer-cbp")

    assert own < every
    assert (other.status, other.json["error"]["code"]) == (404, "AGREEMENT_UNKNOWN")


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for each in value.values():
            yield from _strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)
    elif isinstance(value, str):
        yield value


async def test_a_recipient_sees_its_own_use_of_an_agreement_of_many(room: Visit) -> None:
    """OBIM's cross-reference serves everybody: CBP is told what CBP read under it, OBIM's other readers are not."""
    every = (await room.get("/audit/agreements/OBIM-ALL-IDENTITY.json")).json["use"]
    own = (await room.get("/audit/agreements/OBIM-ALL-IDENTITY.json", "sharing-officer-cbp")).json["use"]

    assert (every["by"], own["by"]) == ("", "CBP")
    assert set(own["roles"]) <= {"cbp-primary", "cbp-secondary"}
    assert set(every["roles"]) > set(own["roles"])
    assert "consular-officer" not in set(_strings(own["roles"]))
