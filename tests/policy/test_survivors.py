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


RESTING = agreement(more='[[grant]]\narticle = "I"\nfields = ["Visa.status"]\nwhen = { attr = "record.fee", is = 1 }\n')


@pytest.mark.parametrize(
    ("fee", "expected"),
    [({}, True), ({"record.fee": 1}, True), ({"record.fee": 2}, False), ({"record.fee": UNREACHABLE}, False)],
)
def test_what_rests_on_a_fact_that_failed_can_no_longer_be_given(fee: dict[str, Value], expected: bool) -> None:
    assert policy(RESTING).could_give(caller(), Coordinate("Visa", "status"), fee, AT) is expected


CLOSED = """
id = "usc-closed"
title = "Closed cases"
authority = ["a statute"]
overridable = false
effect = "absent"
[[rule]]
article = "a"
fields = ["Visa.status"]
when = { attr = "case.state", is = "closed" }
"""


@pytest.mark.parametrize(("state", "settled"), [("closed", True), ("open", False)])
def test_a_prohibition_that_the_case_makes_true_settles_before_any_record_is_read(state: str, settled: bool) -> None:
    """Else the value would be asked for, only to be withheld."""
    decision = decide(policy(RESTING, prohibitions=(CLOSED,)), "Visa.status", case_state=state)
    assert (decision.outcome, decision.settled) == (Outcome.ABSENT, settled)
    assert decision.needs == (frozenset() if settled else frozenset({"record.fee"}))


@pytest.mark.parametrize(("state", "outcome"), [("closed", Outcome.ABSENT), ("open", Outcome.DENY)])
def test_a_prohibition_comes_before_what_the_provider_withholds(state: str, outcome: Outcome) -> None:
    """docs/policy.md, 4: step 2 before step 3."""
    withheld = agreement(
        more='[[grant]]\narticle = "I"\nfields = ["Visa.status"]\n[[withhold]]\narticle = "II"\nfields = ["Visa.status"]\n'
    )
    assert decide(policy(withheld, prohibitions=(CLOSED,)), "Visa.status", case_state=state).outcome is outcome
