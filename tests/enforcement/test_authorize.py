"""The operation is cut before planning: on concrete types, through aliases, fragments, unions, arguments."""

from __future__ import annotations

import pytest

from gateway.errors import AccessError
from tests.enforcement.kit import NAMES, OPEN, P1367, agreement, permitted, policy_of, shown


def test_what_no_agreement_gives_is_cut_and_entered_in_the_ledger() -> None:
    """A denied field is not asked for; the ledger says whose it is and why."""
    found = permitted('{ visa(number: "A") { number fee } }')
    assert shown(found.operation.selections) == 'visa(number: "A") { number }'
    (entry,) = found.ledger
    assert (entry.outcome, entry.coordinate, entry.path, entry.owner) == (
        "DENY",
        "Visa.fee",
        ("visa", "fee"),
        "STATE_CA",
    )


def test_aliases_hide_nothing() -> None:
    """A denied field under another field's name, twice, in a fragment, is still denied."""
    found = permitted('{ visa(number: "A") { number: fee ...F b: notes } } fragment F on Visa { status: fee }')
    assert shown(found.operation.selections) == 'visa(number: "A") { __typename }'
    assert {entry.path for entry in found.ledger} == {("visa", "number"), ("visa", "status"), ("visa", "b")}


def test_a_union_is_decided_on_each_member() -> None:
    """In a search each member's fields are decided for themselves; the runtime type is asked for."""
    found = permitted('{ search(text: "x") { ... on Visa { number fee } ... on Person { name } } }')
    assert shown(found.operation.selections) == (
        'search(text: "x") { ... on Visa { number } ... on Person { name } __typename }'
    )
    assert [entry.path for entry in found.ledger] == [("search", "[]", "fee")]


def test_an_interface_field_that_one_type_may_not_show_is_asked_on_the_others_only() -> None:
    """`summary` on the interface is two coordinates; only the allowed one is left, on its own type."""
    found = permitted('{ person(id: "p") { timeline { summary } } }', policy_of(OPEN))
    assert shown(found.operation.selections) == (
        'person(id: "p") { __f_timeline__visaEvents: visaEvents { summary __f_at: at } }'
    )
    assert [(entry.coordinate, entry.path) for entry in found.ledger] == [("Person.nameEvents", ("person", "timeline"))]


def test_a_merged_list_is_asked_for_as_the_lists_it_is_made_of() -> None:
    """The gateway asks each agency for its own events, with the field that orders them and the one that selects."""
    found = permitted('{ person(id: "p") { timeline(first: 2, kinds: ["a"]) { at } } }')
    assert shown(found.operation.selections) == (
        'person(id: "p") { '
        "__f_timeline__visaEvents: visaEvents { at __f_at: at __f_kind: kind } "
        "__f_timeline__nameEvents: nameEvents { at __f_at: at __f_kind: kind } }"
    )


def test_a_field_that_is_masked_for_certain_is_asked_for_and_entered_once() -> None:
    """A static mask is one entry, with `[]` for list positions, and names the agreement."""
    found = permitted("{ visas { nodes { revocation { ground } } } }")
    (entry,) = found.ledger
    assert (entry.outcome, entry.mask, entry.path) == (
        "MASK",
        "CATEGORY_ONLY",
        ("visas", "nodes", "[]", "revocation", "ground"),
    )
    assert entry.agreement == "CA-CBP-VISA"


def test_a_condition_on_the_record_brings_its_fact_along() -> None:
    """The deciding fact rides beside the guarded field, under a key no client can write."""
    made = policy_of(
        agreement(
            more="""
            [[grant]]
            article = "I"
            fields = ["Visa.number", "Visa.status"]
            when = { attr = "record.kind.code", is = "B2" }
            """
        )
    )
    found = permitted('{ visa(number: "A") { status } }', made)
    assert shown(found.operation.selections) == 'visa(number: "A") { status __f_kind: kind { __f_code: code } }'
    assert "Visa.kind" in found.facts


def test_rows_that_may_be_absent_are_paged_by_the_gateway() -> None:
    """With rows that a fact can remove, the gateway asks for all rows and counts what is left."""
    made = policy_of(
        agreement(
            more="""
            [[grant]]
            article = "I"
            fields = ["Visa.number"]
            when = { attr = "record.kind.code", is = "B2" }
            """
        )
    )
    found = permitted('{ visas(first: 2, after: "x") { totalCount nodes { number } } }', made)
    assert shown(found.operation.selections) == (
        "visas(first: 1000) { totalCount nodes { number __f_kind: kind { __f_code: code } } "
        "__f_edges: edges { cursor __f_node: node { __f_kind: kind { __f_code: code } } } "
        "__f_pageInfo: pageInfo { hasNextPage } }"
    )


def test_nothing_is_asked_about_a_person_whom_a_statute_hides() -> None:
    """With the flag known beforehand, neither the person nor a chapter is asked for: decide before fetch."""
    made = policy_of(OPEN, NAMES, prohibitions=(P1367,))
    query = '{ person(id: "p") { name visas { totalCount } timeline { at } } }'
    hidden = permitted(query, made, subjects={"p": {"subject.p1367": True}})
    assert hidden.operation.selections == ()
    assert hidden.ledger == ()
    plain = permitted(query, made, subjects={"p": {"subject.p1367": False}})
    assert shown(plain.operation.selections).startswith('person(id: "p") { name visas')


def test_the_flag_of_one_person_says_nothing_of_another() -> None:
    """From a visa to its holder the subject is not known any more, so the holder's own flag has to be asked for."""
    made = policy_of(OPEN, NAMES, prohibitions=(P1367,))
    query = '{ person(id: "p") { visas { nodes { holder { name } } } } }'
    found = permitted(query, made, subjects={"p": {"subject.p1367": False}})
    assert found.needs_subjects
    assert "holder { name __f_id: id" in shown(found.operation.selections)


@pytest.mark.parametrize(
    "query",
    ["{ visas(filter: {fee: 3}) { totalCount } }", "query($f: VisaFilter) { visas(filter: $f) { totalCount } }"],
)
def test_an_argument_that_reads_a_withheld_field_is_refused(query: str) -> None:
    """A filter on a field that the caller never sees would be a way to see it."""
    with pytest.raises(AccessError) as refused:
        permitted(query, variables={"f": {"fee": 3}})
    assert refused.value.code == "ARGUMENT_WITHHELD"
    assert refused.value.where == "Query.visas(filter.fee:)"
    assert "3" not in refused.value.message


def test_an_argument_that_reads_a_shared_field_is_fine() -> None:
    """A filter on a field the caller sees in clear passes."""
    found = permitted("{ visas(filter: {status: ISSUED}) { totalCount } }")
    assert shown(found.operation.selections) == "visas(filter: {status: ISSUED}) { totalCount }"
