"""``gateway check --sarif`` and ``--markdown``: the same mistakes as in the terminal, where a review shows them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.cli.reports import markdown, sarif
from gateway.cli.steps import Checked, Step
from gateway.errors import Mistake
from tests.cli.conftest import Gateway

SOUND = Checked((Step("composition", "7 subgraphs make one graph"),))


def broken(schema: Path) -> int:
    """One agreement with a grant for two fields that are not; returns the grant's line."""
    path = schema / "agreements" / "state_ca-cbp-visa.toml"
    before = path.read_text("utf-8")
    path.write_text(before + '\n[[grant]]\narticle = "IX.9"\nfields = ["Visa.nothing", "Nobody.name"]\n', "utf-8")
    return before.count("\n") + 2


def run_of(page: dict[str, Any]) -> dict[str, Any]:
    """The only run of a log, whose version is known."""
    assert page["version"] == "2.1.0"
    (run,) = page["runs"]
    return dict(run)


def test_nothing_wrong_is_an_empty_log(tmp_path: Path) -> None:
    run = run_of(sarif(SOUND, tmp_path))
    assert (run["results"], run["tool"]["driver"]["rules"]) == ([], [])


def test_each_mistake_is_a_result_at_its_file_and_line(
    gateway: Gateway, schema: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = broken(schema)
    monkeypatch.chdir(schema.parent)

    result = gateway("check", "--schema", "schema", "--sarif")
    run = run_of(json.loads(result.stdout))

    assert result.exit_code == 1
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert [rules[each["ruleIndex"]] for each in run["results"]] == [each["ruleId"] for each in run["results"]]
    place = {"artifactLocation": {"uri": "schema/agreements/state_ca-cbp-visa.toml"}, "region": {"startLine": line}}
    at = [each for each in run["results"] if each["locations"] == [{"physicalLocation": place}]]
    assert {name for each in at for name in ("Visa.nothing", "Nobody.name") if name in each["message"]["text"]} == {
        "Visa.nothing",
        "Nobody.name",
    }


def test_a_report_names_no_folder_of_the_machine(
    gateway: Gateway, schema: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Run from elsewhere on a folder named whole: files are named as they are in that folder, a missing one as well."""
    broken(schema)
    (schema / "api.graphql").unlink()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    result = gateway("check", "--schema", schema, "--sarif")
    uris = {
        location["physicalLocation"]["artifactLocation"]["uri"]
        for each in run_of(json.loads(result.stdout))["results"]
        for location in each["locations"]
    }
    assert uris == {"agreements/state_ca-cbp-visa.toml", "api.graphql"}


def test_a_place_that_is_no_file_is_a_logical_one(tmp_path: Path) -> None:
    checked = Checked((Step("policy", "wrong", (Mistake("A", "Not classified.", "Visa.status"), Mistake("B", "No."))),))
    first, second = run_of(sarif(checked, tmp_path))["results"]
    assert first["locations"] == [{"logicalLocations": [{"fullyQualifiedName": "Visa.status"}]}]
    assert "locations" not in second


def test_the_summary_of_what_is_sound() -> None:
    assert markdown(SOUND) == "### gateway check: nothing is wrong\n\n* ok **composition**: 7 subgraphs make one graph"


def test_the_summary_has_a_row_for_each_mistake(gateway: Gateway, schema: Path) -> None:
    line = broken(schema)
    result = gateway("check", "--schema", schema, "--markdown")
    assert result.exit_code == 1
    rows = [row for row in result.stdout.splitlines() if row.startswith("| POLICY")]
    assert f"### gateway check: {len(rows)} mistakes" in result.stdout
    assert len(rows) >= 2
    assert all(f"agreements/state\\_ca-cbp-visa.toml:{line} |" in row for row in rows)
    assert "* FAIL **policy**: " in result.stdout


def test_what_a_mistake_quotes_is_text_in_the_summary() -> None:
    quoted = Mistake("A_B", "Field `x` | <b>\n@you [link](x)", "", "")
    told = markdown(Checked((Step("policy", "wrong", (quoted,)),)))
    assert told.splitlines()[-1] == r"| A\_B |  | Field \`x\` \| \<b\> \@you \[link\](x) |  |"


def test_one_form_at_a_time(gateway: Gateway, composed: Path) -> None:
    result = gateway("check", "--schema", composed, "--sarif", "--markdown")
    assert result.exit_code == 2
    assert "Give one of" in result.stderr
