"""The gateway and a naive monolith answer the same, on random graphs split at random and random operations."""

from __future__ import annotations

import asyncio
import json
import random

import pytest

from gateway.execution.engine import Plans
from gateway.operation import Limits
from gateway.supergraph import load_supergraph
from tests.execution.executors import EXECUTORS, answer_by
from tests.execution.operations import random_operation
from tests.execution.oracle import Simulated, ask_monolith
from tests.execution.world import make_world

WORLDS = 40
OPERATIONS = 10


def check_world(seed: int, executor: str, operations: int = OPERATIONS) -> None:
    """Raise AssertionError for the first operation on which gateway and monolith differ."""
    world = make_world(seed)
    supergraph = load_supergraph(world.supergraph())
    plans = Plans(supergraph, Limits(repeats=10**6, aliases=10_000))
    source = random.Random(seed)
    for number in range(operations):
        text, variables = random_operation(supergraph.api_schema, source)
        expected = ask_monolith(world, supergraph.api_schema, text, variables)
        transport = Simulated(world)
        told = asyncio.run(answer_by(executor, text, variables, transport, plans))
        context = f"world {seed}, operation {number}: {text} with {variables}"
        assert not told.errors, f"{context}: {told.errors}"
        # compared as text, so that the order of keys counts
        assert json.dumps(told.data) == json.dumps(expected), context
        assert not transport.violations, f"{context}: {transport.violations}"


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("seed", range(WORLDS))
def test_gateway_and_monolith_agree(seed: int, executor: str) -> None:
    """Same data in the same order, no errors, and no subgraph was asked what it should not be."""
    check_world(seed, executor)
