"""Why is this null? The client's answers, from ledgers as the gateway writes them."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.client import Answer, NotGiven

DENIED = {
    "outcome": "DENY", "coordinate": "Traveler.petitions", "path": ["traveler", "petitions"], "owner": "USCIS",
    "reason": "NO_AGREEMENT", "howToRequest": "Ask USCIS's information sharing office.",
}  # fmt: skip
MASKED = {
    "outcome": "MASK", "coordinate": "Identifier.value", "path": ["traveler", "identifiers", "[]", "value"], "owner": "OBIM",
    "reason": "MASKED", "mask": "LAST4",
}  # fmt: skip
LOST = {
    "outcome": "UNAVAILABLE", "coordinate": "Traveler.removalCases", "path": ["traveler", "removalCases"],
    "owner": "ICE_ERO", "reason": "FACT_UNAVAILABLE",
}  # fmt: skip


def answer(data: Any, *ledger: dict[str, Any], **more: Any) -> Answer:
    return Answer.read({"data": data, "extensions": {"sharing": list(ledger), "record": "r1"}, **more})


def test_a_null_without_a_line_is_nothing_on_record() -> None:
    given = answer({"traveler": {"overstay": None}})

    assert given.why("traveler.overstay").outcome == "ALLOW"
    assert given.given("traveler.overstay") is None
    assert str(given.why("traveler.overstay")) == "traveler.overstay: nothing on record"
    assert given.record == "r1"


def test_what_is_withheld_says_by_whom_and_whom_to_ask() -> None:
    given = answer({"traveler": {"petitions": None}}, DENIED)

    told = given.why("traveler.petitions")
    assert told.outcome == "DENY"
    assert told.certain
    assert str(told) == "traveler.petitions: withheld by USCIS: NO_AGREEMENT. Ask USCIS's information sharing office."
    with pytest.raises(NotGiven, match="withheld by USCIS") as caught:
        given.given("traveler.petitions")
    assert caught.value.why == told


def test_what_is_inside_of_what_is_withheld_is_withheld() -> None:
    told = answer({"traveler": {"petitions": None}}, DENIED).why("traveler.petitions.nodes.0.status")

    assert (told.outcome, told.entry and told.entry.coordinate) == ("DENY", "Traveler.petitions")


def test_a_mask_of_a_list_is_not_sure_of_one_row() -> None:
    given = answer({"traveler": {"identifiers": [{"value": "*****6789"}, {"value": "S2900001"}]}}, MASKED)

    told = given.why(["traveler", "identifiers", 1, "value"])
    assert (told.outcome, told.value, told.certain) == ("MASK", "S2900001", False)
    assert "in some or all rows" in str(told)
    assert given.given("traveler.identifiers.0.value") == "*****6789"


def test_what_could_not_be_had_is_never_none() -> None:
    given = answer({"traveler": {"removalCases": None}}, LOST)

    assert given.why("traveler.removalCases").outcome == "UNAVAILABLE"
    with pytest.raises(NotGiven, match="does not mean that there is none"):
        given.given("traveler.removalCases")


def test_a_null_under_a_failure_could_not_be_had() -> None:
    failed = {"message": "m", "path": ["traveler", "visas"], "extensions": {"code": "SUBGRAPH_TIMEOUT"}}
    given = answer({"traveler": {"visas": None, "overstay": None}}, errors=[failed])

    assert given.why("traveler.visas.nodes").outcome == "UNAVAILABLE"
    assert given.why("traveler.overstay").outcome == "ALLOW"
    assert given.failures[0].code == "SUBGRAPH_TIMEOUT"


def test_a_path_that_leads_nowhere_is_none_and_no_fault() -> None:
    given = answer({"traveler": {"names": [{"family": "Adeyemi"}]}})

    assert given.get("traveler.names.0.family") == "Adeyemi"
    assert given.get("traveler.names.-1.family") == "Adeyemi"
    assert given.get("traveler.names.5.family") is None
    assert given.get("traveler.names.family") is None
    assert given.get("") == given.data
