"""Obligations on the line: unmet, they keep everything shut; met, they travel with the answer or are owed after it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from typer.testing import CliRunner

from gateway.cli.main import app
from gateway.duties import Task, TaskFile
from gateway.errors import RecordUnavailable, RequestError
from gateway.house import Question
from gateway.pipeline import answer
from tests.scenarios.asking import Asker, World

pytestmark = pytest.mark.asyncio(loop_scope="module")

TODAY = ("--at", "2026-11-01")
STORY = "TRV-01KST0RY0000000000000000"
BENEFITS = "query($t: ID!) { traveler(id: $t) { names { family } benefitRequests { nodes { form status } } } }"
REVIEW = """{ visaApplication(applicationId: "AA00S03001") { securityReview { recommendation { value tearline } } } }"""


def owed_by(world: World, agency: str) -> list[Task]:
    duties = world.opened.house.duties
    assert duties is not None
    return [each for each in duties.tasks.all() if each.debtor == agency]


async def test_terms_not_acknowledged_nothing_is_asked_of_their_owner(ask: Asker, world: World) -> None:
    found = await ask("ero-officer", BENEFITS, t=STORY + "25")
    assert found.data["traveler"]["benefitRequests"] is None
    assert found.ledger()["traveler.benefitRequests"] == ("DENY", "OBLIGATION_UNMET")
    assert "benefitRequests" not in world.traffic.bodies()
    how = [each["howToRequest"] for each in found.page["extensions"]["sharing"]]
    assert how == [
        "Meet the obligations of USCIS-ERO-STATUS; what it asks to be acknowledged goes into extensions.acknowledged."
    ]


async def test_terms_acknowledged_the_answer_rests_on_their_agreement(world: World) -> None:
    found = await Asker(world)("ero-officer", BENEFITS, t=STORY + "25")
    assert found.data["traveler"]["benefitRequests"]["nodes"] == [{"form": "I485", "status": "PENDING"}]
    assert any("USCIS-ERO-STATUS/1" in line for line in world.basis(found))


async def test_acknowledging_one_agreement_opens_no_other_and_protects_as_before(world: World) -> None:
    """A protected person stays absent, whatever is acknowledged; the wrong id opens nothing."""
    wrong = await Asker(world, acknowledged=("CA-CBP-VISA", "no-such-agreement"))(
        "ero-officer", BENEFITS, t=STORY + "25"
    )
    assert wrong.ledger()["traveler.benefitRequests"] == ("DENY", "OBLIGATION_UNMET")
    protected = await Asker(world)("ero-supervisor-1367", BENEFITS, case="ERC-00250001", t=STORY + "10")
    nodes = (protected.data["traveler"] or {}).get("benefitRequests") or {"nodes": []}
    assert nodes["nodes"] == []


@pytest.mark.parametrize("given", ["USCIS-ERO-STATUS", [1], {"id": "USCIS-ERO-STATUS"}])
async def test_what_is_no_list_of_agreements_is_refused(world: World, given: Any) -> None:
    opened = world.opened
    caller = Asker(world).caller("ero-officer")
    with pytest.raises(RequestError) as refused:
        await answer(Question("{ __typename }", extensions={"acknowledged": given}), caller, opened.graph, opened.house)
    assert refused.value.code == "EXTENSION_MALFORMED"
    assert world.traffic.requests == []


async def test_what_is_owed_is_written_down_once_before_the_answer_leaves(ask: Asker, world: World) -> None:
    """The post reads a recommendation: a receipt and a report are owed to VSP, once a case, however often it reads."""
    first = await ask("consular-officer-cai", REVIEW)
    assert first.data["visaApplication"]["securityReview"]["recommendation"]["value"]
    told = first.page["extensions"]["obligations"]
    assert ("VSP-CA-RECOMMENDATION", "confirm-before-use") in {(each["agreement"], each["kind"]) for each in told}
    tasks = owed_by(world, "STATE_CA")
    assert [(each.kind, each.creditor, each.request) for each in tasks] == [
        ("read-receipt", "ICE_VSP", first.request_id),
        ("report-back", "ICE_VSP", first.request_id),
    ]
    await ask("consular-officer-cai", REVIEW)
    assert owed_by(world, "STATE_CA") == tasks


async def test_nothing_given_nothing_owed(ask: Asker, world: World) -> None:
    before = owed_by(world, "CBP")
    found = await ask("cbp-primary-atl", REVIEW)
    assert "obligations" not in found.page["extensions"]
    assert owed_by(world, "CBP") == before


def full(file: TaskFile, tasks: Iterable[Task]) -> None:
    """What a file of tasks does on a disk that has just become full."""
    raise RecordUnavailable("DUTIES_UNAVAILABLE", "The disk is full.")


async def test_a_task_that_cannot_be_kept_keeps_the_answer(
    ask: Asker, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No place for tasks: what would leave one is withheld. A place that breaks at the last moment: no answer."""
    house = world.opened.house
    world.opened.house = replace(house, duties=None)
    without = await ask("consular-officer-cai", REVIEW)
    assert without.ledger() == {"visaApplication.securityReview": ("DENY", "OBLIGATION_UNMET")}

    world.opened.house = house
    monkeypatch.setattr(TaskFile, "add", full)
    with pytest.raises(RecordUnavailable) as refused:
        await ask("consular-officer-cai", REVIEW)
    assert refused.value.code == "DUTIES_UNAVAILABLE"


async def test_the_command_lists_what_is_owed_and_notes_it_done(ask: Asker, world: World) -> None:
    await ask("consular-officer-cai", REVIEW)

    def run(*words: str) -> str:
        result = CliRunner().invoke(
            app, ["obligations", *words, "--var", str(world.opened.settings.var)], env={"COLUMNS": "300"}
        )
        assert result.exit_code == 0, result.output
        return result.output

    listed = [json.loads(line) for line in run("list", "--agency", "ICE_VSP", "--json", *TODAY).splitlines()]
    receipt = next(each for each in listed if each["kind"] == "read-receipt")
    assert (receipt["debtor"], receipt["agreement"], receipt["state"]) == (
        "STATE_CA",
        "VSP-CA-RECOMMENDATION@2",
        "open",
    )
    later = [json.loads(line) for line in run("list", "--overdue", "--json", "--at", "2026-11-03").splitlines()]
    assert receipt["number"] in {each["number"] for each in later if each["state"] == "overdue"}
    assert "read-receipt of VSP-CA-RECOMMENDATION@2 done by ca-cai-1" in run(
        "done", str(receipt["number"]), "--by", "ca-cai-1", "--at", "2026-11-02"
    )
    left = [json.loads(line)["number"] for line in run("list", "--agency", "ICE_VSP", "--json").splitlines()]
    assert receipt["number"] not in left
    with sqlite3.connect(world.opened.settings.var / "record" / "obligations.sqlite3") as database:
        assert database.execute("SELECT done_by FROM task WHERE number = ?", (receipt["number"],)).fetchone() == (
            "ca-cai-1",
        )
