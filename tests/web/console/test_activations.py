"""The page of activations: what was in force when, each side's changes to that side, as a page, as JSON and as CSV."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from gateway.journal import Activation, Published, stood
from tests.scenarios.asking import TODAY
from tests.web.console.test_requests import CBP, ERO
from tests.web.console.visiting import Visit

pytestmark = pytest.mark.asyncio(loop_scope="module")

SUSPENDED = TODAY + timedelta(minutes=1)
LEFT = TODAY + timedelta(minutes=2)


@pytest_asyncio.fixture(loop_scope="module", scope="module", autouse=True)
async def changed(room: Visit) -> None:
    """State's agreement with CBP is suspended; then CBP is no party to it any more. Two days later it is."""
    opened = room.face.opened
    first = opened.journal.entries()[-1]
    deeds = {each.id: each for each in opened.graph.policy.agreements}
    visa = deeds["CA-CBP-VISA"]
    for version, at, changed in (
        (1, SUSPENDED, replace(visa, status="suspended")),
        (2, LEFT, replace(visa, recipients=("USCIS",), status="suspended")),
    ):
        deeds[visa.id] = changed
        told = Published(version, "state.example/publisher", "ruth.okafor", "the text of the reason")
        added = Activation(at, f"sha256:{version}" + 60 * "0", first.supergraph, stood(deeds.values()), told)
        assert opened.journal.add(added) is not None
    later = TODAY + timedelta(days=2)
    opened.house = replace(opened.house, clock=lambda: later)


async def told(room: Visit, persona: str, at: str = "") -> list[Any]:
    """What changed with each activation, the latest first, as that persona is shown it."""
    page = (await room.get(f"/audit/activations.json{at}", persona)).json
    return [[(each["agreement"], each["kinds"]) for each in row["changes"]] for row in page["activations"]]


async def test_oversight_sees_every_activation_and_what_it_changed(room: Visit) -> None:
    """The latest first; what it was published as, who answers for it and why."""
    page = (await room.get("/audit/activations.json")).json
    newest, before, *_ = page["activations"]
    assert newest["changes"][0]["kinds"] == ["AMENDED"]
    assert newest["changes"][0]["recipients"] == ["USCIS"]
    assert (before["bundle"], before["author"], before["reason"]) == (1, "ruth.okafor", "the text of the reason")
    assert [(each["agreement"], each["kinds"], each["state"]) for each in before["changes"]] == [
        ("CA-CBP-VISA", ["SUSPENDED"], "suspended")
    ]
    html = (await room.get("/audit/activations")).text
    assert "the text of the reason" in html
    assert "CA-CBP-VISA" in html


async def test_what_was_in_force_at_an_instant_is_told(room: Visit) -> None:
    """Before the suspension, and after it: a bare day means all of it."""

    async def state(at: str) -> str:
        page = (await room.get(f"/audit/activations.json?at={at}")).json
        return str({each["id"]: each["state"] for each in page["agreements"]}.get("CA-CBP-VISA"))

    assert await state((TODAY + timedelta(seconds=30)).strftime("%Y-%m-%dT%H:%M:%SZ")) == "active"
    assert await state(f"{TODAY:%Y-%m-%d}") == "suspended"
    assert await state("2020-01-01") == "None"
    assert "Nothing was in force here" in (await room.get("/audit/activations?at=2020-01-01")).text


async def test_an_agency_sees_its_own_side_and_who_is_out_not_the_new_text(room: Visit) -> None:
    """CBP hears of the suspension, and that it is out; nothing of who is in; ERO nothing of either."""
    assert (await told(room, CBP))[:2] == [[("CA-CBP-VISA", ["LEFT"])], [("CA-CBP-VISA", ["SUSPENDED"])]]
    out = (await room.get("/audit/activations.json", CBP)).json["activations"][0]["changes"][0]
    assert (out["version"], out["recipients"], out["digest"], out["articles"]) == ("", [], "", [])
    assert (await told(room, ERO))[:2] == [[], []]
    for ending in ("", ".json", ".csv"):
        for persona in (CBP, ERO):
            text = (await room.get(f"/audit/activations{ending}", persona)).text
            assert "the text of the reason" not in text
        assert "CA-CBP-VISA" not in (await room.get(f"/audit/activations{ending}", ERO)).text
    mine = (await room.get("/audit/activations.json", CBP)).json["agreements"]
    assert mine
    assert all("CBP" in (each["provider"], *each["recipients"]) for each in mine)


async def test_the_changes_are_there_as_a_table_to_keep(room: Visit) -> None:
    """One line a change, the oldest first."""
    rows = list(csv.DictReader(io.StringIO((await room.get("/audit/activations.csv")).text)))
    assert [(each["agreement"], each["kinds"], each["bundle"]) for each in rows[-2:]] == [
        ("CA-CBP-VISA", "SUSPENDED", "1"),
        ("CA-CBP-VISA", "AMENDED", "2"),
    ]
    assert all(each["digest"].startswith("sha256:") for each in rows)


async def test_nobody_else_is_let_in(room: Visit) -> None:
    """The room's own rule."""
    assert (await room.get("/audit/activations", "cbp-primary-atl")).status == 403
