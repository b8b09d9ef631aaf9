"""``gateway check``, ``explain`` and ``matrix``."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from gateway.caller import Caller
from gateway.coordinates import Coordinate
from gateway.opening import open_graph
from gateway.policy.explain import explain_json
from tests.cli.conftest import Gateway, told
from tests.scenarios.asking import TODAY

PRIMARY = "CBP/cbp-primary/border-inspection-primary"
AT = "2026-11-01T12:00:00+00:00"


# ---- check ---------------------------------------------------------------------------------------------------------------


def test_check_of_what_is_sound(gateway: Gateway, composed: Path) -> None:
    result = gateway("check", "--schema", composed)

    assert result.exit_code == 0, result.output
    assert [line.split()[:2] for line in result.stdout.splitlines()] == [
        ["ok", "composition"],
        ["ok", "policy"],
        ["ok", "examples"],
        ["ok", "flows"],
        ["ok", "arguments"],
        ["ok", "generated"],
    ]
    assert (
        "12 values cross from one agency to another, each let by an agreement in force on 2026-11-01" in result.stdout
    )
    assert result.stderr == ""


def test_check_as_data(gateway: Gateway, composed: Path) -> None:
    page = json.loads(gateway("check", "--schema", composed, "--json").stdout)

    assert page["ok"] is True
    assert [step["name"] for step in page["steps"]] == [
        "composition",
        "policy",
        "examples",
        "flows",
        "arguments",
        "generated",
    ]


def test_check_prints_every_mistake_of_the_policy_with_file_and_line(gateway: Gateway, schema: Path) -> None:
    path = schema / "agreements" / "state_ca-cbp-visa.toml"
    lines = path.read_text().count("\n")
    extra = '\n[[grant]]\narticle = "IX.9"\nfields = ["Visa.nothing", "Nobody.name"]\n'
    path.write_text(path.read_text() + extra)

    result = gateway("check", "--schema", schema)

    assert result.exit_code == 1
    assert "FAIL  policy" in result.stdout
    assert "Visa.nothing" in result.stderr
    assert "Nobody.name" in result.stderr
    assert f"agreements/state_ca-cbp-visa.toml:{lines + 2}" in result.stderr


def test_check_runs_every_example(gateway: Gateway, schema: Path) -> None:
    path = schema / "agreements" / "all-oversight-audit.toml"
    path.write_text(path.read_text().replace('expect = "allow"', 'expect = "deny"'))

    result = gateway("check", "--schema", schema, "--json")
    examples = next(step for step in json.loads(result.stdout)["steps"] if step["name"] == "examples")

    assert result.exit_code == 1
    assert {each["code"] for each in examples["mistakes"]} == {"POLICY_EXAMPLE_FAILS"}
    assert all(each["where"].startswith("agreements/all-oversight-audit.toml:") for each in examples["mistakes"])
    assert "expected deny, got allow" in examples["mistakes"][0]["message"]


def test_check_names_the_stale_file(gateway: Gateway, schema: Path) -> None:
    (schema / "api.graphql").write_text("type Query { nothing: Int }\n")

    result = gateway("check", "--schema", schema)

    assert result.exit_code == 1
    assert "FAIL  generated    10 of 11" in result.stdout
    assert f"GENERATED_FILE_STALE [{schema / 'api.graphql'}]" in result.stderr
    assert "make schema" in result.stderr


def test_check_of_subgraphs_that_do_not_compose_still_reads_the_agreements(gateway: Gateway, schema: Path) -> None:
    path = schema / "subgraphs" / "visas.graphql"
    path.write_text(path.read_text().replace("issuedOn: Date", "issuedOn: Nowhere", 1))

    result = gateway("check", "--schema", schema)

    assert result.exit_code == 1
    assert "FAIL  composition" in result.stdout
    assert "ok    policy" in result.stdout
    assert "Nowhere" in result.stderr


def test_check_without_a_registry(gateway: Gateway, tmp_path: Path) -> None:
    result = gateway("check", "--schema", tmp_path)

    assert result.exit_code == 1
    assert "REGISTRY_WRONG" in result.stderr


VSP = "agreements/state_ca-ice_vsp-application.toml"


def unsigned(schema: Path) -> None:
    """State lets nothing go to the visa security program any more."""
    path = schema / VSP
    text = path.read_text(encoding="utf-8")
    kept = [part for part in text.split("\n[[") if not part.startswith("flow]]")]
    assert len(kept) == text.count("\n[[") - 1  # two clauses less
    path.write_text("\n[[".join(kept), encoding="utf-8")


def test_check_finds_a_flow_that_no_agreement_lets(gateway: Gateway, schema: Path) -> None:
    unsigned(schema)

    result = gateway("check", "--schema", schema)

    assert result.exit_code == 1
    assert "FAIL  flows" in result.stdout
    assert "FLOW_MISSING [VisaApplication." in result.stderr
    assert "ICE_VSP" in result.stderr


def test_check_names_an_argument_that_does_not_say_what_it_reads(gateway: Gateway, schema: Path) -> None:
    path = schema / "subgraphs" / "visas.graphql"
    text = path.read_text(encoding="utf-8")
    key, filtered = ' @reads(fields: ["Visa.foilNumber"])', ' @reads(fields: ["VisaApplication.post"])'
    assert text.count(key) == text.count(filtered) == 1
    path.write_text(text.replace(key, "").replace(filtered, ""), encoding="utf-8")

    result = gateway("check", "--schema", schema)

    assert result.exit_code == 1
    assert "FAIL  arguments" in result.stdout
    assert "ARGUMENT_WITHOUT_READS [Query.visa]: Query.visa(foilNumber:)" in result.stderr
    assert "ARGUMENT_WITHOUT_READS [Query.visaApplications]: VisaApplicationFilter.post" in result.stderr
    assert result.stderr.count("ARGUMENT_WITHOUT_READS") == 2


def test_check_names_a_field_that_could_not_be_withheld_alone(gateway: Gateway, schema: Path) -> None:
    """A visa's status that is never null would take the visa with it; its key may be what it is."""
    path = schema / "subgraphs" / "visas.graphql"
    text = path.read_text(encoding="utf-8")
    visa = text.partition("\ntype Visa ")[2].partition("\n}")[0]
    changed, count = re.subn(r"(\n  status: \w+)", r"\1!", visa, count=1)
    assert count == 1
    path.write_text(text.replace(visa, changed), encoding="utf-8")

    result = gateway("check", "--schema", schema)

    assert result.exit_code == 1
    assert "FAIL  nullability" in result.stdout
    assert "FIELD_NEVER_NULL [Visa.status]: Visa.status is never null" in result.stderr
    assert result.stderr.count("FIELD_NEVER_NULL") == 1


def test_check_counts_flows_on_the_day_the_views_name(gateway: Gateway, schema: Path) -> None:
    """Not today: the same files check the same whenever they are checked."""
    for path in (schema / "views").iterdir():
        path.write_text(path.read_text(encoding="utf-8").replace("2026-11-01", "1999-01-01"), encoding="utf-8")

    result = gateway("check", "--schema", schema)

    assert "FAIL  flows" in result.stdout
    assert "on 1999-01-01" in result.stdout


def test_check_against_another_folder_prints_what_moves_newly(gateway: Gateway, schema: Path, tmp_path: Path) -> None:
    before = tmp_path / "before"
    shutil.copytree(schema, before)
    unsigned(before)

    result = gateway("check", "--schema", schema, "--against", before)
    page = json.loads(gateway("check", "--schema", schema, "--against", before, "--json").stdout)
    same = gateway("check", "--schema", schema, "--against", schema)

    assert result.exit_code == 0, result.output
    assert "ok    against" in result.stdout
    notes = next(step for step in page["steps"] if step["name"] == "against")["notes"]
    assert notes
    assert all(" now sends " in note and " to ICE_VSP, as " in note for note in notes)
    assert all(note in result.stdout for note in notes)
    assert "no value moves otherwise than in" in same.stdout


def test_check_against_a_folder_names_the_consent_that_is_missing(
    gateway: Gateway, schema: Path, tmp_path: Path
) -> None:
    before = tmp_path / "before"
    shutil.copytree(schema, before)
    unsigned(schema)

    result = gateway("check", "--schema", schema, "--against", before)

    assert result.exit_code == 1
    assert "still sends VisaApplication." in result.stdout
    assert "needs STATE_CA's consent" in result.stdout


def test_check_against_what_is_no_schema_folder_says_so(gateway: Gateway, schema: Path, tmp_path: Path) -> None:
    result = gateway("check", "--schema", schema, "--against", tmp_path / "nowhere")

    assert result.exit_code == 1
    assert "FAIL  against" in result.stdout
    assert "SUPERGRAPH_MISSING" in result.stderr


# ---- explain -------------------------------------------------------------------------------------------------------------


def test_explain_prints_the_decision_that_enforcement_uses(gateway: Gateway, composed: Path) -> None:
    result = gateway("explain", "--as", PRIMARY, "Visa.status", "--at", AT, "--json", "--schema", composed)
    policy = open_graph(composed).policy
    decision = policy.decide(
        Caller("CBP", "cbp-primary", "border-inspection-primary"), Coordinate("Visa", "status"), {}, TODAY
    )

    assert json.loads(result.stdout) == json.loads(json.dumps(explain_json(decision, policy.epoch)))


def test_explain_with_the_facts_of_a_case(gateway: Gateway, composed: Path) -> None:
    facts = [
        "case.kind=inspection", "case.state=open", "case.location=ATL", "case.subject=TRV-1", "subject.id=TRV-1",
        "subject.p1367=false", "subject.asylum2086=false", "subject.sealed=false",
    ]  # fmt: skip
    given = [word for fact in facts for word in ("--fact", fact)]
    base = ("explain", "--as", PRIMARY, "Visa.status", "--at", AT, "--location", "ATL", "--schema", composed)

    with_them = gateway(*base, *given)
    without = gateway(*base)

    assert with_them.stdout.splitlines()[:2] == [
        "Visa.status (STATE_CA) is shared.",
        "Because of CA-CBP-VISA version 3, article III.1 (Real-time visa issuance and revocation to ports of entry).",
    ]
    assert "withheld" in without.stdout.splitlines()[0]
    assert "unknown subject.id same as case.subject" in without.stdout


def test_explain_for_a_persona_with_another_case(gateway: Gateway, composed: Path) -> None:
    result = gateway("explain", "--as", "cbp-primary-atl", "--case", "x", "Petition.status", "--schema", composed)

    assert "Reason NO_AGREEMENT" in result.stdout
    assert "To get it: " in result.stdout


def test_explain_at_a_day_on_which_nothing_was_in_force(gateway: Gateway, composed: Path) -> None:
    result = gateway("explain", "--as", PRIMARY, "Visa.status", "--at", "1990-01-01", "--schema", composed)

    assert "NOT_IN_FORCE" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--as", PRIMARY, "Visa"), "COORDINATE_MALFORMED"),
        (("--as", "nobody", "Visa.status"), "CALLER_MALFORMED"),
        (("--as", "CBP/cbp-primary", "Visa.status"), "CALLER_MALFORMED"),
        (("--as", PRIMARY, "Visa.status", "--fact", "case.state"), "FACT_MALFORMED"),
        (("--as", PRIMARY, "Visa.status", "--fact", "weather.state=open"), "FACT_MALFORMED"),
        (("--as", PRIMARY, "Visa.status", "--at", "yesterday"), "DATE_MALFORMED"),
    ],
)
def test_explain_of_what_cannot_be_read(
    gateway: Gateway, composed: Path, arguments: tuple[str, ...], code: str
) -> None:
    told(gateway("explain", *arguments, "--schema", composed), code)


# ---- matrix --------------------------------------------------------------------------------------------------------------


def test_matrix_of_one_role(gateway: Gateway, composed: Path) -> None:
    result = gateway("matrix", "--agency", "CBP", "--role", "cbp-primary", "--at", AT, "--schema", composed)
    head, *rows = result.stdout.splitlines()

    assert head.split()[:3] == ["agency", "role", "owner"]
    assert {"XING", "ADJ", "TDOC"} <= set(head.split())
    assert rows[0].split()[:3] == ["CBP", "cbp-primary", "CBP"]
    assert [row.split()[0] for row in rows[1:] if row.split()] == [
        "ICE_ERO",
        "ICE_SEVP",
        "OBIM",
        "STATE_CA",
        "STATE_ECA",
    ]
    assert "…" not in result.stdout


def test_matrix_as_data_names_the_agreements(gateway: Gateway, composed: Path) -> None:
    rows = json.loads(gateway("matrix", "--at", AT, "--json", "--schema", composed).stdout)
    cell = next(row for row in rows if (row["role"], row["owner"]) == ("cbp-primary", "STATE_CA"))["cells"]["ADJ"]

    assert cell["state"] == "CONDITIONAL"
    assert cell["agreements"] == ["CA-CBP-VISA"]
    assert not [row for row in rows if (row["role"], row["owner"]) == ("cbp-primary", "USCIS")]


@pytest.mark.parametrize("arguments", [("--agency", "KGB"), ("--role", "spy")])
def test_matrix_of_a_name_nobody_knows(gateway: Gateway, composed: Path, arguments: tuple[str, str]) -> None:
    assert "Known: " in told(gateway("matrix", *arguments, "--schema", composed), "NAME_UNKNOWN")


def test_matrix_field_by_field(gateway: Gateway, composed: Path) -> None:
    one = ("--agency", "CBP", "--role", "cbp-primary", "--at", AT, "--schema", composed)
    pairs = [line.split() for line in gateway("matrix", "--fields", *one).stdout.splitlines()]
    lines = {coordinate: state for state, coordinate in pairs}
    page = json.loads(gateway("matrix", "--fields", "--json", *one).stdout)

    assert (lines["Visa.status"], lines["Petition.rfeReasons"]) == ("CONDITIONAL", "-")
    assert {name: state or "-" for name, state in page.items()} == lines
    told(gateway("matrix", "--fields", "--role", "cbp-primary", "--schema", composed), "RECIPIENT_MISSING")
