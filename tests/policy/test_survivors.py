"""Tests that mutants have asked for: each names a check whose loss nothing else noticed."""

from __future__ import annotations

import pytest

from gateway.coordinates import Coordinate
from gateway.policy import UNREACHABLE, Outcome, Value
from gateway.policy.conditions import ConditionError, parse_condition
from tests.policy.kit import AT, agreement, caller, decide, policy

KEPT = agreement(
    more="""
    [[grant]]
    article = "I"
    fields = ["Visa.status"]
    [[withhold]]
    article = "II"
    fields = ["Visa.status"]
    when = { attr = "record.fee", is = 1 }
    """
)


@pytest.mark.parametrize(
    ("fee", "expected"),
    [({}, True), ({"record.fee": 2}, True), ({"record.fee": 1}, False), ({"record.fee": UNREACHABLE}, False)],
)
def test_what_a_withhold_keeps_or_may_keep_for_good_can_no_longer_be_given(
    fee: dict[str, Value], expected: bool
) -> None:
    assert policy(KEPT).could_give(caller(), Coordinate("Visa", "status"), fee, AT) is expected


@pytest.mark.parametrize("duration", [5, True, ["P1Y"]])
def test_a_duration_that_is_no_text_is_a_mistake_in_words(duration: object) -> None:
    with pytest.raises(ConditionError, match="cannot stand after 'within'"):
        parse_condition({"attr": "record.issuedOn", "within": duration})


def test_while_nobody_has_asked_for_a_record_s_fact_the_value_is_absent_and_not_denied() -> None:
    """What stays unknown must look like a record that does not exist: a denial would tell that there is one."""
    made = policy(
        agreement(more='[[grant]]\narticle = "I"\nfields = ["Visa.status"]\nwhen = { attr = "record.fee", is = 1 }\n')
    )
    decision = decide(made, "Visa.status")
    assert (decision.outcome, decision.settled, decision.needs) == (Outcome.ABSENT, False, frozenset({"record.fee"}))
