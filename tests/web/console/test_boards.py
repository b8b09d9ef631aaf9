"""Differences, properties, break-glass and the log's health: what each says, to whom, and that the look is on record."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from gateway.audit import Signer, load_public_key, store_cosignatures, witness
from gateway.audit.witness import Cosigned
from gateway.duties import approve, ask_for, review
from gateway.errors import GatewayError
from gateway.reloading import reload
from gateway.web.console import proofs
from tests.scenarios.asking import ROOT, TODAY, open_world
from tests.web.client import Face
from tests.web.console.test_requests import CBP, ERO, USCIS, code, drafted, sent
from tests.web.console.visiting import Visit

pytestmark = pytest.mark.asyncio(loop_scope="module")


def file(name: str) -> str:
    return (ROOT / "schema" / "agreements" / name).read_text()


# ---- differences ----------------------------------------------------------------------------------------------------------


async def test_a_file_is_told_in_sentences_with_a_case_and_its_flows_are_drawn(room: Visit) -> None:
    text = file("uscis-cbp-overstay-input.toml").replace("version = 1", "version = 2") + (
        '\n[[grant]]\narticle = "II.1"\nfields = ["Petition.status"]\nwhen = { attr = "case.state", is = "open" }\n'
        '\n[[flow]]\narticle = "III.2"\nto = "CBP"\nfields = ["Petition.receiptNumber"]\nuse = "join"\n'
    )
    page = await room.post("/audit/diff.json", {"toml": text})
    found = page.json
    first = found["changes"][0]
    assert first["kind"] == "released"
    assert first["sentence"].startswith("CBP newly reads Petition.status of USCIS")
    assert first["witness"]["facts"]["case.state"] == "open"
    assert (first["witness"]["before"]["outcome"], first["witness"]["after"]["outcome"]) == ("DENY", "ALLOW")
    assert found["releases"] == [{"from": "USCIS", "to": "CBP", "fields": 1}]
    assert found["flows"] == [{"from": "USCIS", "to": "CBP", "use": "join", "field": "Petition.receiptNumber"}]
    shown = await room.post("/audit/diff", {"toml": text})
    assert shown.text.count('class="band"') == 2


async def test_an_agency_reads_its_own_side_of_a_difference(room: Visit) -> None:
    text = file("state_ca-cbp-visa.toml").replace('"Visa.status", ', "")
    assert (await room.post("/audit/diff.json", {"toml": text}, CBP)).json["changes"]
    assert (await room.post("/audit/diff.json", {"toml": text}, ERO)).json["changes"] == []


async def test_the_files_in_force_differ_in_nothing_and_mistakes_are_told(room: Visit) -> None:
    page = await room.get("/audit/diff")
    assert "The files on disk are the ones in force" in page.text
    wrong = await room.post("/audit/diff.json", {"toml": "id ="})
    assert wrong.status == 400
    assert [each["code"] for each in wrong.json["mistakes"]] == ["POLICY_TOML"]


async def test_what_is_on_disk_and_not_in_force_is_told(seeded: Path, tmp_path: Path) -> None:
    schema = tmp_path / "schema"
    shutil.copytree(ROOT / "schema", schema)
    shutil.copytree(seeded / "data", tmp_path / "data")
    async with open_world(tmp_path, schema) as world:
        visit = Visit(Face(world.opened))
        page = schema / "agreements" / "state_ca-cbp-visa.toml"
        page.write_text(page.read_text().replace('"Visa.status", ', ""))
        found = (await visit.get("/audit/diff.json")).json
        assert found["epoch"] != found["before"]
        assert found["changes"][0]["kind"] == "withheld"
        page.write_text("id = ")
        assert (await visit.get("/audit/diff.json")).json["mistakes"]
        other = await visit.get("/audit/diff.json", ERO)
        assert "state_ca-cbp-visa" not in other.text  # whose file it is, and what is wrong in it, is not ERO's to know
        assert len(other.json["mistakes"]) == 1


async def test_why_the_record_cannot_be_written_is_not_told_in_the_room(seeded: Path, tmp_path: Path) -> None:
    shutil.copytree(seeded / "data", tmp_path / "data")
    async with open_world(tmp_path) as world:
        visit = Visit(Face(world.opened))
        assert world.opened.log is not None
        world.opened.log.close()
        found = await visit.get("/audit/diff.json")
        assert found.status == 503
        assert found.json["error"]["code"] == "AUDIT_UNAVAILABLE"
        assert found.json["error"]["where"] == ""
        assert "it is closed" not in found.text


# ---- properties -----------------------------------------------------------------------------------------------------------

FEW = """
[[property]]
id = "GAP"
says = "CBP reads nothing of petitions."
agencies = ["CBP"]
fields = ["Petition.status"]

[[property]]
id = "CAN"
kind = "can"
says = "CBP can read a visa's status."
agencies = ["CBP"]
fields = ["Visa.status"]
"""


async def proven(room: Visit, asked: str = "", persona: str = "auditor") -> dict[str, Any]:
    begun = await room.post("/audit/properties.json", {"request": asked}, persona)
    assert begun.status == 202, begun.text
    for thread in threading.enumerate():
        if thread.name == "room-proof":
            await asyncio.to_thread(thread.join)
    page = (await room.get(f"/audit/properties.json?request={asked}", persona)).json
    assert page["job"]["state"] == "done", page
    return {each["id"]: each for each in page["properties"]}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def small(seeded: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Visit]:
    """A house with two properties, so that proving takes a second."""
    folder = tmp_path_factory.mktemp("few")
    schema = folder / "schema"
    shutil.copytree(ROOT / "schema", schema)
    shutil.copytree(seeded / "data", folder / "data")
    (schema / "properties.toml").write_text(FEW)
    async with open_world(folder, schema) as world:
        yield Visit(Face(world.opened))


async def test_the_board_shows_what_is_proven_and_what_a_draft_would_break(small: Visit) -> None:
    page = await small.get("/audit/properties.json")
    assert {each["verdict"] for each in page.json["properties"]} == {""}
    today = await proven(small)
    assert (today["GAP"]["verdict"], today["CAN"]["verdict"]) == ("proven", "shown")

    name = await sent(small)
    await drafted(small, name)
    under = await proven(small, name, USCIS)
    assert (under["GAP"]["verdict"], under["GAP"]["today"]) == ("refuted", "proven")
    assert under["GAP"]["world"]["coordinate"] == "Petition.status"
    assert under["GAP"]["world"]["caller"] == "CBP/cbp-primary/border-inspection-primary"
    shown = await small.get(f"/audit/properties?request={name}", CBP)
    assert "CBP/cbp-primary/border-inspection-primary" in shown.text
    assert code(await small.get(f"/audit/properties.json?request={name}", ERO)) == (404, "SHARING_UNKNOWN")
    assert small.looks()[0].record["note"]["page"] == "properties"


async def test_without_the_prover_the_board_says_so(small: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> Any:
        raise GatewayError("PROVER_MISSING", "The prover z3 is not installed.", hint="Install the test extra.")

    monkeypatch.setattr(proofs, "load_z3", missing)
    page = await small.get("/audit/properties")
    assert "The prover z3 is not installed." in page.text
    assert "Prove them" not in page.text
    refused = await small.post("/audit/properties.json", {})
    assert (refused.status, refused.json["error"]["code"]) == (500, "PROVER_MISSING")


# ---- break-glass ----------------------------------------------------------------------------------------------------------


async def test_the_queue_has_who_why_who_let_them_and_what_the_review_found(room: Visit) -> None:
    opened = room.face.opened
    assert opened.house.duties is not None
    glass_file, words = opened.house.duties.glass, opened.graph.policy.vocabulary
    supervisor = room.face.caller("cbp-supervisor-atl")
    page = {"reason": "A child of nine is missing since noon.", "case": supervisor.case, "minutes": 30}
    for name in ("BG-1", "BG-2", "BG-3"):
        glass_file.add(ask_for(supervisor, page, words, TODAY.replace(hour=6), name))
    other = replace(supervisor, user="cbp-atl-8")
    for name in ("BG-1", "BG-2"):
        asked = glass_file.find(name)
        assert asked is not None
        glass_file.approve(approve(asked, other, words, TODAY.replace(hour=6, minute=5)))
        open_one = glass_file.find(name)
        assert open_one is not None
        glass_file.notify(open_one, ["OBIM"], "r1", TODAY.replace(hour=6, minute=6))
    done = glass_file.find("BG-1")
    assert done is not None
    glass_file.review(review(done, "priv-1", "justified", "The child was found.", TODAY.replace(hour=9)))

    found = (await room.get("/audit/break-glass.json")).json["grants"]
    assert [(each["id"], each["review"]) for each in found] == [("BG-2", "due"), ("BG-3", "none"), ("BG-1", "done")]
    first = found[0]
    assert (first["user"], first["approvedBy"], first["reason"]) == ("cbp-atl-9", "cbp-atl-8", page["reason"])
    assert found[2]["finding"] == "justified"
    assert first["notices"][0]["agency"] == "OBIM"
    assert first["notices"][0]["overdue"]
    shown = await room.get("/audit/break-glass")
    assert "The child was found." in shown.text
    assert room.looks()[0].record["note"]["page"] == "break-glass"

    assert len((await room.get("/audit/break-glass.json", CBP)).json["grants"]) == 3
    assert (await room.get("/audit/break-glass.json", ERO)).json["grants"] == []  # nothing of theirs was looked at


# ---- the log's health -----------------------------------------------------------------------------------------------------


async def test_the_log_says_how_far_it_is_signed_and_how_far_its_witnesses_lag(room: Visit, tmp_path: Path) -> None:
    before = (await room.get("/audit/health.json")).json
    [shard] = before["shards"]
    assert (before["writable"], before["witnesses"], shard["unsigned"]) == (True, [], 0)
    assert before["records"] == shard["records"] == shard["checkpoint"]

    settings = room.face.opened.settings
    where, key = settings.var / "record" / "record.sqlite3", load_public_key(settings.var / "keys")
    signer = Signer.make("state.example/witness", tmp_path / "state.key")
    at = datetime(2026, 11, 1, 13, tzinfo=UTC)
    cosigned = [each for each in witness(where, key, signer, tmp_path / "kept", at) if isinstance(each, Cosigned)]
    store_cosignatures(where, cosigned, signer)
    for path in ("/audit", "/audit"):
        await room.get(path)
    after = (await room.get("/audit/health.json")).json
    [line] = after["shards"][0]["witnesses"]
    assert line["name"] == "state.example/witness"
    assert line["lag"] == after["records"] - line["records"] == after["unwitnessed"] == 3
    assert line["at"].startswith("2026-11-01T13:00")
    shown = await room.get("/audit/health", CBP)
    assert "3 behind" in shown.text or "4 behind" in shown.text
    assert room.looks()[0].record["note"]["page"] == "log health"
    assert code(await room.get("/audit/health.json", "cbp-primary-nyc")) == (403, "ROOM_CLOSED")


async def test_two_policies_that_were_in_force_are_compared(seeded: Path, tmp_path: Path) -> None:
    """Each policy is kept when it comes into force; what changed between two is told whatever stands on disk now."""
    schema = tmp_path / "schema"
    shutil.copytree(ROOT / "schema", schema)
    shutil.copytree(seeded / "data", tmp_path / "data")
    async with open_world(tmp_path, schema) as world:
        visit = Visit(Face(world.opened))
        first = world.opened.graph.policy.epoch
        page = schema / "agreements" / "state_ca-cbp-visa.toml"
        text = page.read_text()
        page.write_text(text.replace('"Visa.status", ', ""))
        second = (await reload(world.opened)).epoch
        page.write_text(text)
        assert second != first

        found = (await visit.get(f"/audit/diff.json?from={first}&to={second}")).json
        assert {each["epoch"] for each in found["epochs"]} == {first, second}
        assert (found["before"], found["epoch"]) == (first, second)
        assert found["changes"][0]["kind"] == "withheld"
        back = (await visit.get(f"/audit/diff.json?from={second}&to=disk")).json
        assert back["changes"][0]["kind"] == "released"
        assert "Both are the same policy" in (await visit.get(f"/audit/diff?from={first}&to={first}")).text
        assert f'<option value="{first}" selected>' in (await visit.get(f"/audit/diff?from={first}")).text
        for unknown in ("sha256:0000", "sha256:../../keys/gateway", "nothing"):
            lost = (await visit.get(f"/audit/diff.json?from={unknown}")).json
            assert [each["code"] for each in lost["mistakes"]] == ["EPOCH_UNKNOWN"]


async def test_a_policy_that_cannot_be_kept_stops_nothing(
    seeded: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copytree(seeded / "data", tmp_path / "data")
    (tmp_path / "record").mkdir()
    (tmp_path / "record" / "epochs").write_text("a file where the folder belongs")
    async with open_world(tmp_path) as world:
        assert "the policy's files cannot be kept" in caplog.text
        assert (await Visit(Face(world.opened)).get("/audit/diff")).status == 200
