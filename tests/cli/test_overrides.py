"""``schema/overrides.toml``: a finding passes until a day, with a reason and an author, and every output says so."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from gateway.cli.checking import check_all
from gateway.cli.overrides import overridden
from gateway.cli.reports import markdown, sarif
from gateway.cli.steps import Checked, Step
from gateway.errors import Mistake
from tests.cli.conftest import Gateway

TODAY = date(2026, 11, 24)
ENTRY = """
[[override]]
code = "{code}"
where = "{where}"
reason = "The views follow on Friday."
author = "A. Clerk, CBP"
until = {until}
"""
STALE = Mistake("GENERATED_FILE_STALE", "The file is not what its sources make.", "schema/api.graphql", "Run it.")
VIEW = Mistake("GENERATED_FILE_STALE", "The file is not what its sources make.", "schema/views/CBP.graphql", "Run it.")
FLOW = Mistake("FLOW_MISSING", "No agreement lets it.", "Visa.expiresOn", "Sign one.")
WRONG = Step("generated", "10 of 11 files are up to date", (STALE,))


def entry(
    schema: Path, code: str = "GENERATED_FILE_STALE", where: str = "api.graphql", until: str = "2026-12-01"
) -> None:
    """Add one entry to the page of overrides."""
    path = schema / "overrides.toml"
    before = path.read_text("utf-8") if path.exists() else ""
    path.write_text(before + ENTRY.format(code=code, where=where, until=until), encoding="utf-8")


def held(schema: Path, *steps: Step, today: date = TODAY) -> Checked:
    return Checked(overridden(steps, schema, today))


def step(checked: Checked, name: str) -> Step:
    return next(each for each in checked.steps if each.name == name)


def codes(checked: Checked) -> list[str]:
    return [mistake.code for each in checked.steps for mistake in each.mistakes]


@pytest.mark.parametrize("page", [None, "# nothing passes\n"])
def test_without_an_entry_nothing_is_said_of_the_page(tmp_path: Path, page: str | None) -> None:
    if page is not None:
        (tmp_path / "overrides.toml").write_text(page, encoding="utf-8")
    assert held(tmp_path, WRONG).steps == (WRONG,)


def test_a_named_finding_passes_before_its_day(tmp_path: Path) -> None:
    entry(tmp_path)
    checked = held(tmp_path, WRONG, today=date(2026, 11, 30))
    assert checked.ok
    (passed,) = step(checked, "generated").passed
    assert (passed.mistake, passed.override.author) == (STALE, "A. Clerk, CBP")
    assert step(checked, "overrides").told == "1 of 1 overrides let something pass"


@pytest.mark.parametrize(
    ("code", "where"),
    [
        ("GENERATED_FILE_STALE", "views/CBP.graphql"),
        ("GENERATED_FILE_STALE", "pi.graphql"),
        ("POLICY_EXAMPLE_FAILS", "api.graphql"),
    ],
)
def test_only_that_finding_at_that_place_passes(tmp_path: Path, code: str, where: str) -> None:
    entry(tmp_path, code=code, where=where)
    checked = held(tmp_path, WRONG)
    assert codes(checked) == ["GENERATED_FILE_STALE"]
    assert step(checked, "overrides").notes == ("overrides.toml:2 names nothing that was found; take it out",)


def test_what_is_not_named_stays_a_mistake(tmp_path: Path) -> None:
    entry(tmp_path)
    checked = held(tmp_path, Step("generated", "wrong", (STALE, VIEW)))
    assert step(checked, "generated").mistakes == (VIEW,)


@pytest.mark.parametrize("today", [date(2026, 12, 1), date(2027, 2, 1)])
def test_from_its_day_on_it_fails_and_so_does_the_finding(tmp_path: Path, today: date) -> None:
    entry(tmp_path)
    checked = held(tmp_path, WRONG, today=today)
    assert codes(checked) == ["GENERATED_FILE_STALE", "OVERRIDE_EXPIRED"]
    (expired,) = step(checked, "overrides").mistakes
    assert expired.where == "overrides.toml:2"


def test_an_expired_one_fails_even_when_its_finding_is_gone(tmp_path: Path) -> None:
    entry(tmp_path, until="2026-11-24")
    assert codes(held(tmp_path, Step("generated", "11 of 11"))) == ["OVERRIDE_EXPIRED"]


@pytest.mark.parametrize("name", ["composition", "supergraph", "access", "policy", "flows", "arguments"])
def test_what_a_gateway_would_not_serve_passes_under_no_override(tmp_path: Path, name: str) -> None:
    """A page of reasons is no signature under an agreement."""
    entry(tmp_path, code="FLOW_MISSING", where="Visa.expiresOn")
    checked = held(tmp_path, Step(name, "wrong", (FLOW,)))
    assert step(checked, name).mistakes == (FLOW,)
    assert codes(checked) == ["FLOW_MISSING", "OVERRIDE_FORBIDDEN"]


@pytest.mark.parametrize(
    ("page", "line"),
    [
        ("[[override]]\ncode = ", 2),
        ('[[override]]\ncode = "A_B"\nwhere = "x"\nauthor = "me"\nuntil = 2026-12-01\n', 1),
        ('[[override]]\ncode = "A_B"\nwhere = "x"\nreason = " "\nauthor = "me"\nuntil = 2026-12-01\n', 1),
        ('[[override]]\ncode = "A_B"\nwhere = "x"\nreason = "y"\nauthor = "me"\nuntil = "soon"\n', 6),
        ('[[override]]\ncode = "A_B"\nwhere = "x"\nreason = "y"\nauthor = "me"\nuntil = 2028-01-01\n', 1),
        ('[[override]]\ncode = "A_B"\nwhere = "x"\nreason = "y"\nauthor = "me"\nuntil = 2026-12-01\nall = true\n', 7),
        ("overide = []\n", 1),
    ],
)
def test_a_page_that_cannot_be_used_is_told_by_its_line(tmp_path: Path, page: str, line: int) -> None:
    (tmp_path / "overrides.toml").write_text(page, encoding="utf-8")
    checked = held(tmp_path, WRONG)
    assert {(each.code, each.where) for each in step(checked, "overrides").mistakes} == {
        ("OVERRIDES_WRONG", f"overrides.toml:{line}")
    }
    assert "GENERATED_FILE_STALE" in codes(checked)


def test_every_output_says_what_passes_and_why(tmp_path: Path) -> None:
    entry(tmp_path)
    checked = held(tmp_path, WRONG)

    (found,) = step(checked, "generated").passed
    assert str(found) == (
        "passes until 2026-12-01: GENERATED_FILE_STALE [schema/api.graphql]: The file is not what its sources make. "
        "A. Clerk, CBP: The views follow on Friday."
    )
    (data,) = checked.as_json()["steps"][0]["overridden"]
    assert (data["code"], data["author"], data["until"]) == ("GENERATED_FILE_STALE", "A. Clerk, CBP", "2026-12-01")

    (result,) = sarif(checked, tmp_path)["runs"][0]["results"]
    because = "A. Clerk, CBP, until 2026-12-01: The views follow on Friday."
    assert result["suppressions"] == [{"kind": "external", "status": "accepted", "justification": because}]
    assert "### gateway check: nothing is wrong" in markdown(checked)
    assert "  * passes until 2026-12-01: GENERATED\\_FILE\\_STALE" in markdown(checked)


def test_the_command_passes_or_fails_by_the_page(gateway: Gateway, schema: Path) -> None:
    (schema / "api.graphql").write_text("# by hand\n", encoding="utf-8")
    entry(schema, until="2020-01-01")
    result = gateway("check", "--schema", schema, "--json")
    assert result.exit_code == 1, result.output
    found = {
        each["name"]: [mistake["code"] for mistake in each["mistakes"]] for each in json.loads(result.stdout)["steps"]
    }
    assert (found["generated"], found["overrides"]) == (["GENERATED_FILE_STALE"], ["OVERRIDE_EXPIRED"])
    assert check_all(schema, today=date(2019, 12, 31)).ok
