"""Rulings carried out on what came back: rows, counts, masks, the ledger, and what could not be decided."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gateway.policy import UNREACHABLE, Policy
from tests.enforcement.kit import NAMES, OPEN, P1367, agreement, applied, permitted, policy_of, shown

BY_KIND = agreement(
    more="""
    [[grant]]
    article = "I"
    fields = ["Visa.number", "Visa.status"]
    when = { attr = "record.kind.code", is = "B2" }
    """
)


def _rows(*kinds: str) -> dict[str, Any]:
    """A connection as a subgraph answers it: one visa for each kind, with the hidden fields that were asked for."""

    def visa(index: int, kind: str) -> dict[str, Any]:
        return {"number": f"V{index}", "__f_kind": {"__f_code": kind}}

    return {
        "visas": {
            "totalCount": len(kinds),
            "nodes": [visa(index, kind) for index, kind in enumerate(kinds)],
            "edges": [{"cursor": f"c{index}", "node": visa(index, kind)} for index, kind in enumerate(kinds)],
            "pageInfo": {"hasNextPage": False, "endCursor": "c9"},
            "__f_edges": [{"cursor": f"c{index}", "__f_node": visa(index, kind)} for index, kind in enumerate(kinds)],
            "__f_pageInfo": {"hasNextPage": False},
        }
    }


def _asked(query: str, data: dict[str, Any], made: Policy) -> dict[str, Any]:
    applied(permitted(query, made), data, made)
    return data


def test_a_row_that_is_withheld_was_never_there() -> None:
    """Lists, edges, counts and cursors are as if the withheld rows did not exist."""
    made = policy_of(BY_KIND)
    query = (
        "{ visas { totalCount nodes { number } edges { cursor node { number } } pageInfo { hasNextPage endCursor } } }"
    )
    found = _asked(query, _rows("B2", "T1", "B2"), made)["visas"]
    assert [row["number"] for row in found["nodes"]] == ["V0", "V2"]
    assert [edge["cursor"] for edge in found["edges"]] == ["c0", "c2"]
    assert found["totalCount"] == 2
    assert found["pageInfo"] == {"hasNextPage": False, "endCursor": "c2"}


def test_pages_are_cut_from_the_rows_that_are_left() -> None:
    """`first` counts visible rows, and a next page exists only where a visible row does."""
    made = policy_of(BY_KIND)
    query = "query { visas(first: 1) { nodes { number } pageInfo { hasNextPage endCursor } } }"
    found = _asked(query, _rows("B2", "T1", "B2", "T1"), made)["visas"]
    assert [row["number"] for row in found["nodes"]] == ["V0"]
    assert found["pageInfo"] == {"hasNextPage": True, "endCursor": "c0"}
    query = 'query { visas(first: 1, after: "c0") { nodes { number } pageInfo { hasNextPage endCursor } } }'
    found = _asked(query, _rows("B2", "T1", "B2", "T1"), made)["visas"]
    assert [row["number"] for row in found["nodes"]] == ["V2"]
    assert found["pageInfo"] == {"hasNextPage": False, "endCursor": "c2"}


def test_a_count_alone_leaks_nothing() -> None:
    """The count is computed from the rows that are there even when no row was asked for."""
    found = _asked("{ visas { totalCount } }", _rows("T1", "T1"), policy_of(BY_KIND))["visas"]
    assert found["totalCount"] == 0


def test_a_single_record_that_is_withheld_is_null_without_an_entry() -> None:
    """A record of another kind and a record that does not exist answer alike."""
    made = policy_of(BY_KIND)
    query = '{ visa(number: "V") { number } }'
    withheld, missing = permitted(query, made), permitted(query, made)
    one: dict[str, Any] = {"visa": {"number": "V", "__f_kind": {"__f_code": "T1"}}}
    other: dict[str, Any] = {"visa": None}
    first, second = applied(withheld, one, made), applied(missing, other, made)
    assert one == other == {"visa": None}
    assert first.ledger == second.ledger == []


def test_a_fact_that_could_not_be_had_makes_the_value_unavailable() -> None:
    """No fact, no value, and the client is told that it was not for want of a record."""
    made = policy_of(BY_KIND)
    data: dict[str, Any] = {"visa": {"number": "V"}}
    done = applied(permitted('{ visa(number: "V") { number } }', made), data, made)
    assert data["visa"]["number"] is None
    assert [(entry.outcome, entry.path) for entry in done.ledger] == [("UNAVAILABLE", ("visa", "number"))]
    assert [each.path for each in done.unavailable] == [("visa", "number")]


def test_a_place_with_two_outcomes_has_an_entry_for_each() -> None:
    """One row of a list is masked, of another the deciding fact is missing: neither hides the other in the ledger."""
    made = policy_of(
        BY_KIND.replace('"Visa.number",', '"Visa.issuedOn",').replace(
            "when", 'mask = { "Visa.issuedOn" = "year-only" }\n    when'
        )
    )
    data = _rows("B2", "B2")
    for row in data["visas"]["nodes"]:
        row["issuedOn"] = "2026-05-07"
    del data["visas"]["nodes"][1]["__f_kind"]
    done = applied(permitted("{ visas { nodes { issuedOn } } }", made), data, made)
    assert [row["issuedOn"] for row in data["visas"]["nodes"]] == ["2026-01-01", None]
    assert [(entry.outcome, entry.path) for entry in done.ledger] == [
        ("MASK", ("visas", "nodes", "[]", "issuedOn")),
        ("UNAVAILABLE", ("visas", "nodes", "[]", "issuedOn")),
    ]


def test_a_mask_is_laid_on_at_the_gateway_as_well() -> None:
    """Even when the source sent the value in clear, the client gets it masked."""
    data: dict[str, Any] = {"visa": {"revocation": {"ground": "212(a)(2)(A)(i)(II)"}}}
    applied(permitted('{ visa(number: "V") { revocation { ground } } }'), data)
    assert data["visa"]["revocation"]["ground"] == "INADMISSIBILITY"


def test_a_person_whom_a_statute_hides_is_gone_wherever_they_turn_up() -> None:
    """The flag of a person that only the answer named decides before anything leaves."""
    made = policy_of(OPEN, NAMES, prohibitions=(P1367,))
    query = '{ search(text: "x") { ... on Person { name } ... on Visa { number } } }'
    found = permitted(query, made)
    assert found.needs_subjects

    def data() -> dict[str, Any]:
        return {
            "search": [
                {"__typename": "Person", "__f_id": "p1", "name": "Ann"},
                {"__typename": "Person", "__f_id": "p2", "name": "Ben"},
                {"__typename": "Visa", "__f_holder": {"__f_id": "p2"}, "number": "V1"},
            ]
        }

    flags = {"p1": {"subject.p1367": False}, "p2": {"subject.p1367": True}}
    answered = data()
    applied(found, answered, made, subjects=flags)
    assert [row.get("name") for row in answered["search"]] == ["Ann"]
    answered = data()
    done = applied(found, answered, made, subjects={**flags, "p2": {"subject.p1367": UNREACHABLE}})
    assert [row.get("name") for row in answered["search"]] == ["Ann", None, None]
    assert {entry.outcome for entry in done.ledger} == {"UNAVAILABLE"}


def test_a_merged_list_is_in_order_and_cut_after_policy() -> None:
    """Events of several agencies come in one order; `first` counts what is left; kinds are matched."""
    found = permitted('{ person(id: "p") { timeline(first: 2) { at summary } } }')
    data: dict[str, Any] = {
        "person": {
            "__f_timeline__visaEvents": [
                {"at": "2026-03-01", "__f_at": "2026-03-01", "summary": "issued"},
                {"at": "2026-01-01", "__f_at": "2026-01-01", "summary": "applied"},
            ],
            "__f_timeline__nameEvents": [{"at": "2026-02-01", "__f_at": "2026-02-01", "summary": "renamed"}],
        }
    }
    applied(found, data)
    assert [event["summary"] for event in data["person"]["timeline"]] == ["applied", "renamed"]


def test_an_object_of_a_type_that_was_not_decided_on_is_dropped() -> None:
    """A subgraph that answers with another type than the schema has gets nothing through."""
    data: dict[str, Any] = {"search": [{"__typename": "Secret", "number": "V1"}]}
    applied(permitted('{ search(text: "x") { ... on Visa { number } } }'), data)
    assert data == {"search": []}


def test_a_person_known_from_the_argument_is_known_in_all_chapters() -> None:
    """The flags came with the argument: the chapters need no hidden id to be decided on."""
    made = policy_of(OPEN, NAMES, prohibitions=(P1367,))
    query = '{ person(id: "p") { name visas { totalCount nodes { number } } } }'
    flags = {"p": {"subject.p1367": False}}
    data = {"person": {"name": "A", **_rows("B2", "B2")}}
    told = applied(permitted(query, made, subjects=flags), data, made, subjects=flags)
    assert data["person"]["visas"]["totalCount"] == 2
    assert [row["number"] for row in data["person"]["visas"]["nodes"]] == ["V0", "V1"]
    assert told.ledger == []


def test_an_absent_connection_keeps_the_shape_that_was_asked_for() -> None:
    """Nobody was asked, and the answer is an empty page with the client's own keys, not a null."""
    made = policy_of(OPEN, NAMES, prohibitions=(P1367.replace('"Visa", "Person"', '"Visa"'),))
    query = """{ person(id: "p") { visas(first: 5) {
      count: totalCount nodes { number } edges { cursor } pageInfo { more: hasNextPage endCursor } } } }"""
    flags = {"p": {"subject.p1367": True}}
    data: dict[str, Any] = {"person": {}}
    found = permitted(query, made, subjects=flags)
    assert "visas" not in shown(found.operation.selections)
    applied(found, data, made, subjects=flags)
    assert data["person"]["visas"] == {
        "count": 0,
        "nodes": [],
        "edges": [],
        "pageInfo": {"more": False, "endCursor": None},
    }


def test_a_fact_that_came_with_an_error_is_unreachable() -> None:
    """Null with an error is not null: a condition that null would settle stays open, so nothing is shown."""
    made = policy_of(BY_KIND)
    data: dict[str, Any] = {"visa": {"number": "V0", "__f_kind": None}}
    found = permitted('{ visa(number: "V0") { number } }', made)
    told = applied(found, data, made, failed=[("visa", "__f_kind")])
    assert data == {"visa": {"number": None, "__f_kind": UNREACHABLE}}
    assert [(entry.outcome, entry.path) for entry in told.ledger] == [("UNAVAILABLE", ("visa", "number"))]


def test_what_is_laid_out_for_a_permit_follows_the_conditions_of_each_request() -> None:
    """One permit, asked with a field, without it, and with it again: what is counted is what takes part."""
    query = 'query($w: Boolean!) { visa(number: "A") { status number @include(if: $w) ... on Visa @skip(if: $w) { kind { code } } } }'
    found, made = permitted(query, variables={"w": True}), policy_of()
    for with_number in (True, False, True):
        asked = replace(found, client=replace(found.client, variables={"w": with_number}))
        data = {"visa": {"number": "A", "status": "ISSUED", "kind": {"code": "B1"}}}
        counted = {coordinate for coordinate, *_ in applied(asked, data, made).outcomes}
        assert counted >= {"Visa.status"}
        assert ("Visa.number" in counted, "Visa.kind" in counted) == (with_number, not with_number)
