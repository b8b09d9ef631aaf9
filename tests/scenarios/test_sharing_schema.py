"""What real answers hold in ``extensions.sharing`` is what ``schema/sharing.schema.json`` says, and a broken one is not."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import Any

import pytest

from gateway.web.explorer import ready_queries
from tests.policy.schema_checker import violations
from tests.scenarios.asking import ROOT, Answered, Asker, World
from tests.scenarios.test_faults import GRACE, QUESTION, down

WRITTEN: dict[str, Any] = json.loads((ROOT / "schema" / "sharing.schema.json").read_text("utf-8"))
ENTRY = {
    "outcome": "DENY",
    "coordinate": "Traveler.petitions",
    "path": ["traveler", "petitions"],
    "owner": "USCIS",
    "reason": "NO_AGREEMENT",
}


def wrong(ledger: Any) -> list[str]:
    """The places at which a ledger is not what the schema says."""
    return violations(ledger, WRITTEN, WRITTEN)


@pytest.mark.asyncio(loop_scope="session")
async def test_real_answers_are_what_the_schema_says(ask: Asker, world: World) -> None:
    """The explorer's twelve questions and one to an agency that is down show all three outcomes."""
    answers: list[Answered] = [
        await ask(each["persona"], each["query"], **each["variables"]) for each in ready_queries()
    ]
    world.traffic.broken["visas"] = down
    answers.append(await ask("cbp-secondary-nyc", QUESTION, t=GRACE))

    ledgers = [each.page["extensions"]["sharing"] for each in answers]

    assert [wrong(each) for each in ledgers] == [[]] * len(ledgers)
    assert {entry["outcome"] for each in ledgers for entry in each} == {"MASK", "DENY", "UNAVAILABLE"}


def test_the_entry_of_the_broken_ones_is_right() -> None:
    assert wrong([ENTRY]) == []


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"outcome": "ABSENT"}, "[0].outcome"),
        ({"coordinate": "petitions"}, "[0].coordinate"),
        ({"path": []}, "[0].path"),
        ({"path": ["traveler", 0]}, "[0].path[1]"),
        ({"reason": "because"}, "[0].reason"),
        ({"mask": ""}, "[0].mask"),
        ({"value": 1}, "[0].value"),
    ],
)
def test_a_broken_entry_is_not_and_the_place_is_named(change: dict[str, Any], place: str) -> None:
    assert place in wrong([ENTRY | change])


def test_the_types_for_typescript_are_those_of_the_schema() -> None:
    """``sharing.d.mts`` names the keys of an entry, those that may be missing with a question mark, as the JSON Schema does."""
    text = (ROOT / "docs" / "clients" / "sharing.d.mts").read_text(encoding="utf-8")
    entry = text.partition("export interface Entry {")[2].partition("\n}")[0]
    written = {name: not optional for name, optional in re.findall(r"readonly (\w+)(\??):", entry)}
    item = json.loads((ROOT / "schema" / "sharing.schema.json").read_text(encoding="utf-8"))["items"]
    assert written == {name: name in item["required"] for name in item["properties"]}


@pytest.mark.skipif(shutil.which("node") is None, reason="no Node here; docs/clients is tested where there is one")
@pytest.mark.parametrize(("module", "tests"), [("sharing", 7), ("assertion", 15)])
def test_the_javascript_modules_keep_their_word(module: str, tests: int) -> None:
    """Their own tests, by Node's own runner: why a value is null, and whether a request is the gateway's."""
    ran = subprocess.run(
        ["node", "--test", f"docs/clients/{module}.test.mjs"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"pass {tests}" in ran.stdout
