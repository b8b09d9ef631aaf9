"""Explanations, the matrix and the examples: they show decisions, and show them whole."""

from __future__ import annotations

import json

from gateway.caller import Caller
from gateway.coordinates import Coordinate
from gateway.policy import Policy, compile_policy, unrestricted
from gateway.policy.examples import check_examples
from gateway.policy.explain import explain_json, explain_lines, would_change
from gateway.policy.matrix import access_matrix, field_matrix
from tests.policy.kit import AT, agreement, bundle, caller, decide, policy, small_graph

GRANTS = """
    [[grant]]
    article = "III.1"
    fields = ["Visa.status"]
    when = { attr = "case.state", is = "open" }
    [[grant]]
    article = "III.2"
    roles = ["secondary"]
    fields = ["Visa.issuedOn"]
    mask = { "Visa.issuedOn" = "year-only" }
    [[obligation]]
    kind = "notify-provider"
    within = "PT5M"
"""


def test_an_allowed_value_is_explained_with_its_basis_and_its_duties() -> None:
    book = policy(agreement(more=GRANTS))
    assert explain_lines(decide(book, "Visa.status", case_state="open"), "sha256:x") == [
        "Visa.status (STATE_CA) is shared.",
        "Because of CA-CBP-VISA version 3, article III.1 (Visas to ports of entry).",
        "With it come: notify-provider within PT5M.",
        "  grant CA-CBP-VISA@3 III.1: true\n      true    case.state is open",
        "Policy sha256:x.",
    ]


def test_a_denied_value_is_explained_with_what_would_change_it() -> None:
    book = policy(agreement(more=GRANTS, disclosure='"marked"'))
    decision = decide(book, "Visa.status", case_state="closed")
    assert explain_lines(decision) == [
        "Visa.status (STATE_CA) is withheld, and the client is told so.",
        "Reason CASE_CONDITION: the caller's case does not meet the agreement's conditions.",
        "To get it: Ask the Visa Office.",
        "  grant CA-CBP-VISA@3 III.1: false, its condition is not met\n      false   case.state is open",
        "  would change it: CA-CBP-VISA@3 III.1 if case.state is open",
    ]


def test_what_is_not_settled_says_what_it_waits_for() -> None:
    lines = explain_lines(decide(policy(agreement(more=GRANTS)), "Visa.status"))
    assert "Not settled: it can change once known: case.state." in lines


def test_a_clause_that_fell_out_says_why() -> None:
    decision = decide(policy(agreement(more=GRANTS)), "Visa.issuedOn")
    assert [(each.result, each.because) for each in decision.candidates] == [("false", "the role is not covered")]
    assert would_change(decision) == []


def test_the_json_holds_what_the_lines_say() -> None:
    book = policy(agreement(more=GRANTS))
    shown = explain_json(decide(book, "Visa.issuedOn", caller(role="secondary")), book.epoch)
    assert json.loads(json.dumps(shown)) == shown
    assert (shown["outcome"], shown["mask"], shown["epoch"]) == ("MASK", "YEAR_ONLY", book.epoch)
    assert shown["basis"] == {
        "agreement": "CA-CBP-VISA",
        "version": 3,
        "article": "III.2",
        "title": "Visas to ports of entry",
    }
    assert shown["candidates"][0]["mask"] == "YEAR_ONLY"


def test_an_explanation_tells_the_facts_that_were_weighed_however_late_it_is_asked() -> None:
    book = policy(agreement(more=GRANTS))
    facts = {"case.state": "open"}
    decision = book.decide(caller(), Coordinate("Visa", "status"), facts, AT)
    facts["case.state"] = "closed"
    assert decision.candidates[0].result == "true"
    assert decision.candidates[0].atoms[0].result == "true"
    assert len(decision.candidates) == 1


def test_the_matrix_shows_the_best_of_each_category() -> None:
    rows = {(row.agency, row.role): row.cells for row in access_matrix(policy(agreement(more=GRANTS)), AT, ["CBP"])}
    assert rows.keys() == {("CBP", "primary"), ("CBP", "secondary")}
    cell = rows["CBP", "secondary"]["ADJ"]
    assert (cell.state, cell.given, cell.agreements) == ("CONDITIONAL", 2, ("CA-CBP-VISA",))
    assert rows["CBP", "primary"]["ADJ"].given == 1
    assert rows["CBP", "primary"]["DELIB"].state == ""


def test_the_matrix_of_fields() -> None:
    book = policy(agreement(more=GRANTS))
    secondary = field_matrix(book, "CBP", "secondary", AT)
    assert {name: state for name, state in secondary.items() if state} == {
        "Visa.status": "CONDITIONAL",
        "Visa.issuedOn": "MASKED",
    }
    assert not any(field_matrix(book, "CBP", "nobody", AT).values())


def test_a_view_is_what_some_record_could_give() -> None:
    book = policy(agreement(more=GRANTS))
    seen = {str(each) for each in book.view("CBP", "primary", AT)}
    assert {"Visa.status", "Query.visa", "Person.visas", "Person.id"} <= seen
    assert not seen & {"Visa.issuedOn", "Visa.notes", "Mutation.revokeVisa", "Person.flags"}
    assert book.view("CBP", "consul", AT) == frozenset()


def test_a_failing_example_is_found_with_its_line() -> None:
    text = agreement(
        more=GRANTS
        + """
    [[example]]
    title = "wrong outcome"
    caller = { agency = "CBP", role = "primary", purpose = "inspection" }
    field = "Visa.status"
    facts = { "case.state" = "open" }
    expect = "deny"
    [[example]]
    title = "wrong article"
    caller = { agency = "CBP", role = "primary", purpose = "inspection" }
    field = "Visa.status"
    facts = { "case.state" = "open" }
    expect = "allow"
    because = "IX"
    [[example]]
    title = "not all facts"
    caller = { agency = "CBP", role = "primary", purpose = "inspection", case = "INS1" }
    field = "Visa.status"
    expect = "deny"
    [[example]]
    title = "no such field"
    caller = { agency = "CBP", role = "primary", purpose = "inspection" }
    field = "Visa.colour"
    expect = "deny"
    [[example]]
    title = "right"
    caller = { agency = "CBP", role = "primary", purpose = "inspection" }
    field = "Visa.status"
    facts = { "case.state" = "open" }
    expect = "allow"
    because = "III.1"
    """
    )
    found = check_examples(policy(text), AT)
    assert [(each.where.rpartition(":")[0], each.message) for each in found] == [
        ("agreements/0.toml", "example 'wrong outcome': expected deny, got allow"),
        ("agreements/0.toml", "example 'wrong article': expected because of IX, got CA-CBP-VISA III.1"),
        ("agreements/0.toml", "example 'not all facts': the facts leave it open: case.state must be given"),
        ("agreements/0.toml", "example 'no such field': 'Visa.colour' is in no subgraph"),
    ]


def test_an_ungoverned_graph_may_be_served_unrestricted() -> None:
    sdl = """
    type Query @in(graph: "visas") { word: Word @classified(category: "LINK") }
    type Word @in(graph: "visas") { text: String @classified(category: "SYS") }
    """
    book = unrestricted(bundle(), small_graph(sdl))
    decision = book.decide(Caller("", "", ""), Coordinate("Word", "text"), {}, AT)
    assert (decision.outcome.value, decision.basis and decision.basis.agreement) == ("ALLOW", "UNRESTRICTED")
    assert book.epoch == "unrestricted"
    assert book.decide(Caller("", "", ""), Coordinate("Nothing", "here"), {}, AT).reason == "NO_SUCH_FIELD"


def test_one_policy_answers_two_callers_apart() -> None:
    book = compile_policy(bundle(agreement(more=GRANTS)), small_graph())
    first = decide(book, "Visa.status", caller(case="INS1"), case_state="open")
    other = decide(book, "Visa.status", caller(case=""), case_state="closed")
    assert (first.outcome.value, other.outcome.value) == ("ALLOW", "DENY")
    assert isinstance(book, Policy)
