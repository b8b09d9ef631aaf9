"""What truths come to is kept for all callers of a kind: each is told what it would be told if nothing were kept."""

from __future__ import annotations

import gc
import random
from collections.abc import Mapping
from datetime import timedelta

import pytest

from gateway.caller import Caller
from gateway.coordinates import Coordinate
from gateway.policy import UNREACHABLE, Case, Policy, Value
from tests.policy.kit import AT, agreement, caller, policy

DEED = agreement(
    more="""
    [[grant]]
    article = "I"
    fields = ["Visa.status"]
    when = { all = [ { attr = "case.state", is = "open" }, { attr = "caller.user", is = "maria" } ] }
    [[grant]]
    article = "II"
    fields = ["Visa.status", "Visa.fee"]
    mask = { "Visa.fee" = "bucket" }
    when = { any = [ { attr = "case.port", same_as = "caller.location" }, { attr = "record.issuedOn", within = "P30D" } ] }
    [[withhold]]
    article = "III"
    fields = ["Visa.fee"]
    when = { attr = "record.status", is = "REVOKED" }
    """
)
LAW = """
id = "law"
title = "A law"
authority = ["8 U.S.C. 1367"]
overridable = false
effect = "absent"
[[rule]]
article = "a"
fields = ["Visa"]
when = { attr = "subject.p1367", is = true }
[[exempt]]
roles = ["primary", "secondary"]
training = "1367"
because = "the law"
"""
FIELDS = tuple(Coordinate("Visa", name) for name in ("status", "fee", "number", "holder"))
KNOWN: Mapping[str, tuple[Value, ...]] = {
    "case.state": ("open", "closed", UNREACHABLE),
    "case.port": ("NYC", "LAX", None),
    "record.issuedOn": ("2026-10-15", "2026-09-01", None, UNREACHABLE),
    "record.status": ("ISSUED", "REVOKED"),
    "subject.p1367": (True, False, None, UNREACHABLE),
}
CALLERS = [
    caller(role, user=user, location=location, training=training, case=case)
    for role in ("primary", "secondary")
    for user in ("maria", "juan")
    for location in ("NYC", "LAX")
    for training in ((), ("1367",))
    for case in ("INS1", "")
]


def told(made: Policy, who: Caller, facts: Mapping[str, Value], days: int) -> list[object]:
    """Each decision with every candidate behind it."""
    decisions = [made.decide(who, each, facts, AT + timedelta(days=days)) for each in FIELDS]
    return [(each, tuple(each.candidates), each.truths()) for each in decisions]


@pytest.mark.parametrize("seed", range(3))
def test_callers_with_other_users_places_certificates_and_facts_are_each_told_their_own(seed: int) -> None:
    """A policy that has decided hundreds of requests against one that has decided none; the seed is printed by pytest."""
    chance = random.Random(seed)
    kept = policy(DEED, prohibitions=(LAW,))
    asked = []
    for _ in range(150):
        facts = {name: chance.choice(values) for name, values in KNOWN.items() if chance.random() < 0.8}
        asked.append((chance.choice(CALLERS), facts, chance.choice((0, 5, 40))))
    found = [told(kept, *each) for each in asked]
    assert len({repr(each) for each in found}) > 40
    for each, was in list(zip(asked, found, strict=True))[::5]:
        assert was == told(policy(DEED, prohibitions=(LAW,)), *each)


def test_a_certificate_is_not_lent_to_a_colleague() -> None:
    made = policy(DEED, prohibitions=(LAW,))
    facts: dict[str, Value] = {
        "case.state": "open",
        "case.port": "NYC",
        "record.status": "ISSUED",
        "subject.p1367": True,
    }
    for _ in range(2):
        assert told(made, caller(training=("1367",)), facts, 0)[0] != told(made, caller(), facts, 0)[0]


def test_no_fact_is_kept_with_what_it_came_to() -> None:
    """Only words of the agreements are found in what the policy keeps for a kind of caller."""
    made, who = policy(DEED, prohibitions=(LAW,)), caller(user="a-user", location="a-port", case="INS4711")
    told(made, who, {"case.state": "a-state", "case.port": "a-place", "record.status": "a-status"}, 0)
    column = made.column(who, AT)
    assert column.weighed
    held, seen, stack = set(), set(), [column.weighed]
    while stack:
        each: object = stack.pop()
        if id(each) not in seen and not isinstance(each, type | Policy):
            seen.add(id(each))
            held.update([each] if isinstance(each, str) else [])
            stack.extend(gc.get_referents(each))
    assert "case.state is open" in held
    assert not held & {"a-user", "a-port", "INS4711", "a-state", "a-place", "a-status"}


@pytest.mark.parametrize("seed", range(3))
def test_records_of_one_case_share_what_it_comes_to_and_nothing_else(seed: int) -> None:
    """Each record among others of its case is told what it would be told alone, by a policy that has decided nothing."""
    chance = random.Random(seed)
    kept = policy(DEED, prohibitions=(LAW,))
    for _ in range(12):
        who, days = chance.choice(CALLERS), chance.choice((0, 3))
        drawn = {name: chance.choice(values) for name, values in KNOWN.items() if chance.random() < 0.8}
        shared = {name: value for name, value in drawn.items() if name.startswith("case.")}
        decisions, case = kept.decisions(who, AT + timedelta(days=days)), Case()
        for _ in range(6):
            own = {n: chance.choice(v) for n, v in KNOWN.items() if not n.startswith("case.") and chance.random() < 0.6}
            record = decisions.on({**shared, **own}, case)
            found = [(each, tuple(each.candidates), each.truths()) for each in map(record.of, FIELDS)]
            assert found == told(policy(DEED, prohibitions=(LAW,)), who, {**shared, **own}, days)
            assert not record.failed
