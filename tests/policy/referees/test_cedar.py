"""Cedar, given the same policy in its own language, allows what the decider gives and nothing else; unknown facts too."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import cedarpy
import pytest

from gateway.caller import Caller
from gateway.coordinates import Coordinate
from gateway.policy import UNREACHABLE, Outcome, Policy, Value
from gateway.policy.cedar import (
    READ,
    READ_CLEAR,
    cedar_context,
    cedar_entities,
    cedar_policies,
    cedar_resource,
)
from gateway.policy.proof import FactShapes, realise
from gateway.policy.proof.solver import spans_of
from gateway.supergraph import load_supergraph
from tests.policy.conftest import SCHEMA
from tests.policy.kit import agreement, policy, small_graph
from tests.policy.referees.bundles import random_policy
from tests.policy.referees.sampling import Sampler


@dataclass
class Asked:
    """One request, the decider's outcome, and Cedar's two answers."""

    coordinate: Coordinate
    caller: Caller
    facts: dict[str, Value]
    at: datetime
    outcome: Outcome
    read: bool = False
    clear: bool = False


class Referee:
    """Cedar over one policy."""

    def __init__(self, made: Policy) -> None:
        self.policy = made
        self.policies = cedarpy.PolicySet.from_str(cedar_policies(made))
        self.entities = cedar_entities(made)

    def judge(self, asked: list[Asked]) -> None:
        """Fill in Cedar's answers; an error inside Cedar is a failure, because it would skip a forbid."""
        requests: list[dict[str, Any]] = []
        for each in asked:
            context = cedar_context(self.policy, each.caller, each.facts, each.at)
            requests.extend(
                {
                    "principal": 'Caller::"anybody"',
                    "action": action,
                    "resource": cedar_resource(each.coordinate),
                    "context": context,
                }
                for action in (READ, READ_CLEAR)
            )
        wanted = {str(each.coordinate) for each in asked}
        entities = [each for each in self.entities if each["uid"]["id"] in wanted]
        answers = cedarpy.is_authorized_batch(requests, self.policies, entities)
        assert not [answer.diagnostics.errors for answer in answers if answer.diagnostics.errors]
        for each, read, clear in zip(asked, answers[::2], answers[1::2], strict=True):
            each.read, each.clear = read.allowed, clear.allowed


def requests(made: Policy, shapes: FactShapes, rng: random.Random, count: int) -> Iterator[Asked]:
    """Random requests with the decider's outcome; what is unknown is missing or unreachable."""
    sampler = Sampler(made, shapes, spans_of(made), rng)
    given = [each.coordinate for each in made.catalogue.entries.values() if each.coordinate in made.compiled.grants]
    others = [each.coordinate for each in made.catalogue.entries.values() if each.governed]
    for _ in range(count):
        coordinate = rng.choice(given if given and rng.random() < 0.95 else others)
        world = sampler.world(coordinate)
        caller, facts = realise(world.kind, world.facts, world.at)
        if rng.random() < 0.5:  # a record's fact that nobody asked for is as unknown as one that failed
            facts = {
                name: value
                for name, value in facts.items()
                if value is not UNREACHABLE or name.startswith(("case.", "caller."))
            }
        outcome = made.decide(caller, coordinate, facts, world.at).outcome
        yield Asked(coordinate, caller, facts, world.at, outcome)


def check(referee: Referee, asked: list[Asked]) -> Counter[Outcome]:
    """Every outcome, after Cedar agreed with all of them."""
    referee.judge(asked)
    for each in asked:
        assert each.read == (each.outcome in (Outcome.ALLOW, Outcome.MASK)), each
        assert each.clear == (each.outcome is Outcome.ALLOW), each
    return Counter(each.outcome for each in asked)


def real_requests(real: Policy, seed: int, count: int) -> Counter[Outcome]:
    """``count`` requests on the real agreements."""
    graph = load_supergraph((SCHEMA / "supergraph.graphql").read_text("utf-8"))
    return check(Referee(real), list(requests(real, FactShapes(real, graph), random.Random(seed), count)))


def random_requests(bundles: range, each: int) -> Counter[Outcome]:
    """``each`` requests on every random bundle of ``bundles``."""
    seen: Counter[Outcome] = Counter()
    for seed in bundles:
        made = random_policy(seed)
        shapes = FactShapes(made, small_graph())
        seen += check(Referee(made), list(requests(made, shapes, random.Random(seed), each)))
    return seen


def test_cedar_agrees_on_the_real_agreements(real: Policy) -> None:
    seen = real_requests(real, 1, 1000)
    assert set(seen) == set(Outcome)
    assert seen[Outcome.ALLOW] > 100


def test_cedar_agrees_on_random_bundles() -> None:
    seen = random_requests(range(50), 20)
    assert set(seen) == set(Outcome)
    assert seen[Outcome.ALLOW] > 100


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_cedar_agrees_on_ten_thousand_more(real: Policy) -> None:
    assert sum(real_requests(real, 2, 10_000).values()) == 10_000


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_cedar_agrees_on_ten_thousand_more_on_random_bundles() -> None:
    assert sum(random_requests(range(1000, 1500), 20).values()) == 10_000


GRANT = '[[grant]]\narticle = "I"\nfields = ["Visa.status"]\n'
LAW = """
id = "L"
title = "t"
authority = []
effect = "deny"
overridable = false
[[rule]]
article = "1"
fields = ["Visa"]
when = { attr = "subject.p1367", is = true }
"""


@pytest.mark.parametrize(
    ("facts", "read"),
    [({"subject.p1367": False}, True), ({"subject.p1367": True}, False), ({}, False), ({"subject.p1367": None}, False)],
)
def test_a_forbid_whose_attribute_is_missing_still_forbids(facts: dict[str, Value], read: bool) -> None:
    made = policy(agreement(more=GRANT), prohibitions=(LAW,))
    at = datetime.fromisoformat("2026-11-01T12:00:00+00:00")
    caller = Caller("CBP", "primary", "inspection")
    place = Coordinate("Visa", "status")
    asked = Asked(place, caller, facts, at, made.decide(caller, place, facts, at).outcome)
    check(Referee(made), [asked])
    assert asked.read is read
