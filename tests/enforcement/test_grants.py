"""What the gateway vouches for: one coordinate in several places is granted as its most open place needs it."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest

from gateway.enforcement.grants import grants_for, written_grants
from gateway.policy import Decision, Outcome
from tests.enforcement.kit import NAMES, OPEN, P1367, permitted, policy_of

STATUS_ONLY = P1367.replace('fields = ["Visa", "Person", "VisaEvent", "NameEvent"]', 'fields = ["Visa.status"]')
ANY_VISA = 'visa(number: "A") { number status }'
OF_A_PERSON = 'person(id: "p") { visas { nodes { number status } } }'


@pytest.mark.parametrize("query", [f"{{ {ANY_VISA} {OF_A_PERSON} }}", f"{{ {OF_A_PERSON} {ANY_VISA} }}"])
@pytest.mark.parametrize("flag", [True, False])
def test_what_is_withheld_in_one_place_is_still_granted_in_another(query: str, flag: bool) -> None:
    """A protected person's visas, cut before the fetch, must not close the same field of a visa looked up beside them."""
    made = policy_of(OPEN, NAMES, prohibitions=(STATUS_ONLY,))
    found = permitted(query, made, subjects={"p": {"subject.p1367": flag}})
    assert grants_for(found, ["Visa.number", "Visa.status"]) == {"Visa.number": "allow", "Visa.status": "conditional"}


@pytest.mark.parametrize(
    ("decision", "fact", "mask", "grant"),
    [
        (None, True, "", "fact"),
        (None, False, "", "key"),
        ((Outcome.ABSENT, False), False, "", "conditional"),
        ((Outcome.ABSENT, False), False, "LAST4", "mask:LAST4"),
        ((Outcome.ABSENT, False), True, "LAST4", "conditional"),  # a decision needs it in clear
        ((Outcome.ALLOW, True), True, "", "allow"),
        ((Outcome.ALLOW, True), False, "", "allow"),
        ((Outcome.MASK, True), False, "", "mask:YEAR_ONLY"),
        ((Outcome.MASK, True), True, "", "fact"),
        ((Outcome.DENY, True), True, "", "fact"),
        ((Outcome.DENY, True), False, "", "key"),
    ],
)
def test_each_coordinate_is_granted_as_what_it_is_read_for(
    decision: tuple[Outcome, bool] | None, fact: bool, mask: str, grant: str
) -> None:
    """Nothing is vouched for as more than the gateway needs it for."""
    name = "Visa.fee"
    made = {} if decision is None else {name: Decision(decision[0], name, "", mask="YEAR_ONLY", settled=decision[1])}
    found = replace(
        permitted("{ visas { totalCount } }"),
        decisions=made,
        facts=frozenset({name} if fact else ()),
        masks={name: mask},
    )
    assert grants_for(found, [name]) == {name: grant}


def test_written_grants_are_worked_out_once_for_each_request() -> None:
    found = permitted("{ visas { nodes { number } } }")
    for names in (("Visa.number",), ("Visa.number", "Visa.fee")):
        written = written_grants(found, names)
        assert orjson.loads(written) == grants_for(found, names)
        assert written_grants(found, names) is written
