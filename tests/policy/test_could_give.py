"""Whether something could still be given: what is known to refuse refuses, and a source that failed stays silent."""

from __future__ import annotations

import pytest

from gateway.coordinates import Coordinate
from gateway.policy import UNREACHABLE, Policy, Value
from tests.policy.kit import AT, agreement, caller, policy

BOTH = agreement(
    more="""
    [[grant]]
    article = "I"
    fields = ["Visa.number"]
    when = { all = [ { attr = "subject.id", same_as = "case.subject" }, { attr = "record.fee", is = 1 } ] }
    """
)
FLAG = """
id = "usc-1367"
title = "8 U.S.C. 1367"
authority = ["8 U.S.C. 1367"]
overridable = false
effect = "absent"
[[rule]]
article = "a"
fields = ["Visa"]
when = { attr = "subject.p1367", is = true }
"""


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, True),
        ({"subject.id": "a", "case.subject": "a"}, True),
        ({"subject.id": "a", "case.subject": "b"}, False),
        ({"subject.id": "a", "case.subject": UNREACHABLE}, True),  # the fee is not known yet either
        ({"subject.id": "a", "case.subject": UNREACHABLE, "record.fee": 1}, False),
        ({"record.fee": 2}, False),
        ({"subject.p1367": True}, False),
        ({"subject.p1367": UNREACHABLE}, False),
        ({"subject.p1367": False, "subject.id": "a", "case.subject": "a", "record.fee": 1}, True),
    ],
)
def test_a_conditional_field(facts: dict[str, Value], expected: bool) -> None:
    """One fact that refuses is enough; facts that are missing leave it open."""
    made: Policy = policy(BOTH, prohibitions=(FLAG,))
    assert made.could_give(caller(), Coordinate("Visa", "number"), facts, AT) is expected


def test_what_is_never_given_cannot_be() -> None:
    """No grant, no hope; and an unknown coordinate is nobody's."""
    made = policy(BOTH)
    assert not made.could_give(caller(), Coordinate("Visa", "notes"), {}, AT)
    assert not made.could_give(caller(), Coordinate("Nobody", "knows"), {}, AT)
