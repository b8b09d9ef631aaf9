"""What a look-up asks first, and what is left to ask once it is known whose the record is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from gateway.coordinates import Coordinate
from gateway.enforcement.lookups import first_operation, guarded_lookups, rest_operation, subject_of, withheld
from gateway.enforcement.permitted import Permitted
from tests.enforcement.kit import NAMES, OPEN, P1367, permitted, policy_of, shapes_for, shown

POLICY = policy_of(OPEN, NAMES, prohibitions=(P1367,))
SHAPES = shapes_for(POLICY)
QUERY = '{ one: visa(number: "S1") { status kind { code } revocation { at ground } holder { name } } person(id: "p1") { name } }'


def asked(query: str = QUERY) -> Permitted:
    return permitted(query, POLICY)


def test_a_record_that_a_flag_decides_on_is_looked_up_for_its_person_first() -> None:
    found = asked()
    (lookup,) = guarded_lookups(found, POLICY, SHAPES)
    assert (lookup.field.key, lookup.kind) == ("one", "Visa")
    assert [str(each) for each in lookup.own] == [
        "Visa.status", "Visa.kind", "Coded.code", "Visa.revocation", "Revocation.at", "Revocation.ground", "Visa.holder",
    ]  # fmt: skip
    first = first_operation(found, (lookup,), SHAPES)
    assert shown(first.selections) == 'one: visa(number: "S1") { __typename __f_holder: holder { __f_id: id } }'
    assert guarded_lookups(found, POLICY, SHAPES) == (lookup,)
    assert first_operation(found, (lookup,), SHAPES).selections is first.selections


@pytest.mark.parametrize(
    "query",
    [
        '{ person(id: "p1") { name } }',  # a traveler's own number is known before
        "{ visas { nodes { status } } }",  # no look-up
        '{ search(text: "x") { ... on Visa { status } } }',
        '{ visa(number: "S1") { __typename } }',
    ],
)
def test_anything_else_is_asked_for_at_once(query: str) -> None:
    assert guarded_lookups(asked(query), POLICY, SHAPES) == ()


def test_without_a_flag_that_decides_a_look_up_is_asked_for_at_once() -> None:
    plain = policy_of(OPEN, NAMES)
    assert guarded_lookups(permitted(QUERY, plain), plain, SHAPES) == ()


@pytest.mark.parametrize(
    ("data", "whose"),
    [
        ({"one": {"__f_holder": {"__f_id": "p1"}}}, "p1"),
        ({"one": {"__f_holder": None}}, ""),
        ({"one": None}, None),
        ({}, None),
    ],
)
def test_whose_the_record_is(data: Mapping[str, Any], whose: str | None) -> None:
    (lookup,) = guarded_lookups(asked(), POLICY, SHAPES)
    assert subject_of(lookup, data, SHAPES) == whose


def test_what_could_not_be_given_is_left_out_and_the_facts_stay() -> None:
    """Nothing of the revocation and no status; of a record that could not be there nothing is asked, and all else is."""
    found = asked()
    (lookup,) = guarded_lookups(found, POLICY, SHAPES)
    never = {"Visa.status", "Revocation.at", "Revocation.ground", "Visa.revocation"}
    gone = withheld(lookup, {}, lambda place, _: str(place) not in never, SHAPES)
    assert gone == frozenset(map(Coordinate.parse, never))
    rest = rest_operation(found, {"one": gone}, SHAPES)
    assert rest is not None
    text = shown(rest.selections)
    assert "kind { code }" in text
    assert "holder" in text
    assert "__f_holder" in text
    assert "status" not in text
    assert "revocation" not in text
    assert "person(" in text
    assert withheld(lookup, {}, lambda place, _: place.field in ("id", "holder"), SHAPES) is None
    without = rest_operation(found, {"one": None}, SHAPES)
    assert without is not None
    assert shown(without.selections).startswith("person(")


def test_an_object_of_which_only_inner_values_could_not_be_given_is_still_asked_for() -> None:
    """Whether it is there shows in the answer."""
    found = asked('{ visa(number: "S1") { revocation { at } } }')
    (lookup,) = guarded_lookups(found, POLICY, SHAPES)
    gone = withheld(lookup, {}, lambda place, _: place.type != "Revocation", SHAPES)
    assert gone is not None
    rest = rest_operation(found, {"visa": gone}, SHAPES)
    assert rest is not None
    assert "revocation { __typename }" in shown(rest.selections)


def test_the_operation_is_the_permitted_one_where_nothing_is_gone_and_none_where_nothing_is_left() -> None:
    found = asked('{ visa(number: "S1") { status } }')
    assert rest_operation(found, {"visa": frozenset()}, SHAPES) is found.operation
    assert rest_operation(found, {"visa": None}, SHAPES) is None
