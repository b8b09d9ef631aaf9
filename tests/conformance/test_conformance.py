"""The recorded verdicts of the reference composer, as tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.composition.jsonl import compose_record
from gateway.supergraph import load_supergraph
from tests.conformance.canonical import canonical, difference
from tests.conformance.score import CASES, PROBES, expected_codes, failures, judge, load, run, summary

# Cases whose codes differ from the reference's for a reason, the verdict being the same.
DEVIATIONS = {
    "b10/ul4": "an unknown version of the link spec that imports an element fails in two ways there, in one here",
}


def present(path: Path) -> Path:
    """The file, or a skip that says what is missing."""
    if not path.exists():
        pytest.skip(f"{path} is not there: the recorded verdicts are kept outside the repository")
    return path


def test_probes() -> None:
    cases = load(present(PROBES))
    outcomes = [judge(case) for case in cases]
    assert [outcome.id for outcome in failures(outcomes) if outcome.id not in DEVIATIONS] == []
    assert all(outcome.verdict for outcome in outcomes)
    assert summary("probes", cases, outcomes) == "probes: verdict 273/273, codes 156/157, supergraphs 116/116"


def test_every_composed_probe_loads_and_keeps_its_bytes() -> None:
    for case in load(present(PROBES)):
        if not case["ok"]:
            continue
        composed = compose_record(case)["supergraphSdl"]
        turned = {**case, "subgraphs": list(reversed(case["subgraphs"]))}
        assert compose_record(turned)["supergraphSdl"] == composed, case["id"]
        assert len(load_supergraph(composed).api_schema.type_map) > 0, case["id"]


@pytest.mark.slow
def test_recorded_cases() -> None:
    cases = load(present(CASES))
    outcomes = run(cases)
    assert [(outcome.id, outcome.detail) for outcome in failures(outcomes)] == []
    assert summary("cases", cases, outcomes) == "cases: verdict 1670/1670, codes 771/771, supergraphs 899/899"


def test_canonical_ignores_order_but_not_content() -> None:
    left = 'type A @join__type(graph: A) @tag(name: "x") { a: Int b(x: Int = 1, y: Int): Int }'
    right = 'type A @tag(name: "x") @join__type(graph: A) { b(y: Int, x: Int = 1): Int a: Int }'
    assert canonical(left) == canonical(right)
    assert canonical(left) != canonical(right.replace("= 1", "= 2"))
    assert canonical("enum E { A B }") != canonical("enum E { A }")


def test_canonical_keeps_the_order_of_list_literals() -> None:
    assert canonical('type A @p(p: ["a", "b"]) { a: Int }') != canonical('type A @p(p: ["b", "a"]) { a: Int }')


def test_canonical_leaves_machinery_aside() -> None:
    assert canonical("scalar join__FieldSet directive @link on SCHEMA type A { a: Int }") == canonical(
        "type A { a: Int }"
    )
    assert canonical("directive @mine on OBJECT type A { a: Int }") != canonical("type A { a: Int }")
    assert canonical("enum join__Graph { A }") != canonical("enum join__Graph { B }")


def test_difference_names_the_definition_of_each_line() -> None:
    assert (
        difference("type A {\n  a: Int\n}", "type A {\n  a: String\n}") == "- type A :: a: Int\n+ type A :: a: String"
    )


def test_expected_codes_of_both_formats() -> None:
    assert expected_codes({"codes": ["A"]}) == {"A"}
    assert expected_codes({"errors": [{"code": "B"}, {"code": "B"}]}) == {"B"}
    assert expected_codes({"ok": True}) == set()


def test_a_wrong_verdict_is_told() -> None:
    case = {
        "id": "x",
        "ok": False,
        "codes": ["NO_QUERIES"],
        "subgraphs": [{"name": "a", "sdl": "type Query { a: Int }"}],
    }
    outcome = judge(case)
    assert (outcome.verdict, outcome.codes, outcome.supergraph) == (False, False, False)
    assert failures([outcome]) == [outcome]
