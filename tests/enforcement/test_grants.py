"""What the gateway vouches for: one coordinate in several places is granted as its most open place needs it."""

from __future__ import annotations

import pytest

from gateway.enforcement.grants import grants_for
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
