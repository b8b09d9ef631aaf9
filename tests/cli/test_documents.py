"""``gateway documents extract``: a client's build learns of a withheld field before its users do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateway.cli.documents import reviewed
from gateway.cli.shared import caller_of
from gateway.documents.extract import Found, extract
from gateway.house import Graph
from gateway.opening import open_graph
from tests.cli.conftest import Gateway
from tests.scenarios.asking import ROOT, TODAY

CONSUL, PRIMARY = "consular-officer-nwd", "cbp-primary-nyc"
WAGE = "query Wage($id: ID!) { traveler(id: $id) { petitions { nodes { receiptNumber wageAnnualUsd rfeReasons } } } }"


@pytest.fixture(scope="module")
def graph() -> Graph:
    return open_graph(ROOT / "schema")


def documents(folder: Path, text: str) -> tuple[Found, ...]:
    (folder / "app").mkdir()
    (folder / "app" / "a.graphql").write_text(text, encoding="utf-8")
    return extract([folder / "app"]).documents


def test_a_field_withheld_from_every_caller_is_a_mistake_and_a_masked_one_a_note(graph: Graph, tmp_path: Path) -> None:
    callers = {CONSUL: caller_of(CONSUL, ROOT / "schema")}
    review = reviewed(documents(tmp_path, WAGE), graph, callers, TODAY)

    assert [(each.code, each.where) for each in review.mistakes] == [("DOCUMENT_WITHHELD", "app/a.graphql:1")]
    assert "Petition.rfeReasons" in review.mistakes[0].message
    assert "USCIS" in review.mistakes[0].message
    assert not any("receiptNumber" in each for each in review.notes)


def test_a_field_withheld_from_one_of_several_callers_is_a_note(graph: Graph, tmp_path: Path) -> None:
    text = "query Plain($id: ID!) { traveler(id: $id) { petitions { nodes { receiptNumber } } } }"
    callers = {each: caller_of(each, ROOT / "schema") for each in (CONSUL, PRIMARY)}
    review = reviewed(documents(tmp_path, text), graph, callers, TODAY)

    assert review.mistakes == ()
    assert f"app/a.graphql:1: Plain: Petition.receiptNumber is withheld from {PRIMARY}" in review.notes


def test_a_field_that_a_role_could_never_have_is_no_field(graph: Graph, tmp_path: Path) -> None:
    """The same refusal as at the gateway, so that a build tells no more of the graph than a request would."""
    text = "query Never($id: ID!) { traveler(id: $id) { statutoryProtections { p1367 } nothing } }"
    callers = {PRIMARY: caller_of(PRIMARY, ROOT / "schema")}
    review = reviewed(documents(tmp_path, text), graph, callers, TODAY)

    assert {each.code for each in review.mistakes} == {"UNKNOWN_FIELD"}
    assert any("nothing" in each.message for each in review.mistakes)


def test_the_manifest_is_written_when_all_is_well_and_not_otherwise(gateway: Gateway, tmp_path: Path) -> None:
    documents(tmp_path, "query Plain($id: ID!) { traveler(id: $id) { visas { nodes { status } } } }")
    out, ids = tmp_path / "documents.json", tmp_path / "ids.json"
    command = (
        "documents",
        "extract",
        tmp_path / "app",
        "--client",
        "desk",
        "--at",
        "2026-11-01",
        "--out",
        out,
        "--ids",
        ids,
    )

    result = gateway(*command, "--as", CONSUL, "--schema", ROOT / "schema")
    assert result.exit_code == 0, result.output
    (digest,) = json.loads(out.read_text())["desk"]
    assert json.loads(ids.read_text()) == {"Plain": digest}

    (tmp_path / "app" / "a.graphql").write_text("query Plain { nothing }")
    out.unlink()
    refused = gateway(*command, "--schema", ROOT / "schema")
    assert refused.exit_code == 1
    assert "DOCUMENTS_REFUSED" in refused.stderr
    assert "app/a.graphql:1" in refused.stderr
    assert not out.exists()
