"""Random graphs, split at random, with random operations: every plan is proven, and nothing is planned twice apart."""

from __future__ import annotations

import random

import pytest

from gateway.operation import Limits
from gateway.operation.read import read_operation
from gateway.planning import plan_operation
from gateway.planning.prove import prove
from gateway.supergraph import load_supergraph
from tests.execution.operations import random_operation
from tests.execution.world import make_world

WIDE = Limits(repeats=10**6, aliases=10_000)


def test_optimising_changes_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """With every pass off there are more requests, and each plan is still proven."""
    saved = 0
    for seed in range(1000, 1006):
        supergraph = load_supergraph(make_world(seed).supergraph())
        source = random.Random(seed)
        for _ in range(4):
            text, variables = random_operation(supergraph.api_schema, source)
            operation = read_operation(text, supergraph.api_schema, variables, limits=WIDE)
            best = plan_operation(supergraph, operation)
            with monkeypatch.context() as patched:
                patched.setattr("gateway.planning.planner.optimize", lambda plan: plan)
                plain = plan_operation(supergraph, operation)
            assert prove(supergraph, operation, plain) == []
            assert len(best.fetches) <= len(plain.fetches)
            assert best.depth <= plain.depth
            saved += len(plain.fetches) - len(best.fetches)
    assert saved > 0


@pytest.mark.parametrize("seed", range(1000, 1025))
def test_plans_of_random_operations_are_proven(seed: int) -> None:
    supergraph = load_supergraph(make_world(seed).supergraph())
    source = random.Random(seed)
    for number in range(5):
        text, variables = random_operation(supergraph.api_schema, source)
        operation = read_operation(text, supergraph.api_schema, variables, limits=WIDE)
        plan = plan_operation(supergraph, operation)
        assert prove(supergraph, operation, plan) == [], f"world {seed}, operation {number}: {text}"
        entity_calls = [(fetch.subgraph, fetch.depends) for fetch in plan.fetches if fetch.batches]
        assert len(entity_calls) == len(set(entity_calls)), "two requests to one subgraph that could go out together"
