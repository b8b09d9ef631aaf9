"""The fast executor gives the reference executor's bytes: on healthy worlds, on faulty ones, and asks the same things."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from gateway.execution import execute, project
from gateway.execution.columnar import FastPath
from gateway.execution.transport import SubgraphRequest, SubgraphResponse, Transport
from gateway.execution.wire import encode
from gateway.operation import Limits, read_operation
from gateway.planning import plan_operation
from gateway.resilience import Timeouts
from gateway.supergraph import load_supergraph
from tests.execution.faults import LOSSY, LYING, Faulty
from tests.execution.operations import random_operation
from tests.execution.oracle import Simulated
from tests.execution.virtual import run
from tests.execution.world import make_world

WORLDS = 24
OPERATIONS = 12
LIMITS = Limits(repeats=10**6, aliases=10_000)


class Tape:
    """A transport that notes what is asked; equal requests are answered equally, whoever asks first."""

    def __init__(self, inner: Transport) -> None:
        self.inner = inner
        self.asked: list[tuple[str, bytes]] = []
        self.told: dict[tuple[str, bytes], SubgraphResponse | Exception] = {}

    async def send(self, request: SubgraphRequest) -> SubgraphResponse:
        """The first answer that an equal request had."""
        key = (request.subgraph, request.body)
        self.asked.append(key)
        if key not in self.told:
            try:
                self.told[key] = await self.inner.send(request)
            except Exception as error:
                self.told[key] = error
        told = self.told[key]
        if isinstance(told, Exception):
            raise told
        return told


class Both:
    """One operation answered by both executors from the same subgraphs."""

    def __init__(self, seed: int, source: random.Random, transport: Transport | None = None) -> None:
        world = make_world(seed)
        self.supergraph = load_supergraph(world.supergraph())
        self.text, self.variables = random_operation(self.supergraph.api_schema, source)
        self.operation = read_operation(self.text, self.supergraph.api_schema, self.variables, limits=LIMITS)
        self.plan = plan_operation(self.supergraph, self.operation)
        self.tape = Tape(transport or Simulated(world))
        self.path = FastPath(self.supergraph)

    async def reference(self) -> bytes:
        """What the reference executor answers."""
        merged = await execute(self.plan, self.supergraph, self.operation.variables, self.tape)
        told = project(self.operation, merged.data, self.supergraph.api_schema, merged.failures)
        return encode(told.as_json())

    def check(self, *, faulty: bool = False) -> tuple[bool, str]:
        """Compare the two; returns whether the fast one made its answer itself, and why it has no program.

        ``faulty``: errors come in the order in which subgraphs failed, which is not the same when they are asked again.
        """
        expected, _ = run(self.reference())
        wanted = sorted(self.tape.asked)
        self.tape.asked.clear()
        told, _ = run(self.path.answer(self.operation, self.plan, self.tape))
        if faulty:
            assert _in_any_order(told.body) == _in_any_order(expected), self
        else:
            assert told.body == expected, self
        assert sorted(self.tape.asked) == wanted, self
        return told.fast, self.path.entry(self.operation, self.plan).why_not

    def __str__(self) -> str:
        return f"{self.text} with {self.variables}"


def _in_any_order(body: bytes) -> tuple[str, list[str]]:
    """The data as text, and the errors as texts, sorted."""
    page = json.loads(body)
    return json.dumps(page["data"]), sorted(json.dumps(each) for each in page.get("errors", ()))


@pytest.mark.parametrize("seed", range(WORLDS))
def test_healthy_worlds(seed: int) -> None:
    """Same bytes, and the same requests; where there is a program, nothing deviates from it."""
    source = random.Random(f"fast/{seed}")
    for _ in range(OPERATIONS):
        both = Both(seed, source)
        fast, why_not = both.check()
        assert fast or why_not, both


def test_most_operations_have_a_program() -> None:
    """The comparison means something: part of these operations, most of which meet abstract types, is answered by the fast executor."""
    source = random.Random("share")
    outcomes = [Both(seed, source).check() for seed in range(WORLDS) for _ in range(4)]
    assert sum(fast for fast, _ in outcomes) > len(outcomes) // 6, outcomes


@pytest.mark.parametrize("faults", [LOSSY, LYING], ids=["lossy", "lying"])
@pytest.mark.parametrize("seed", range(WORLDS))
def test_faulty_worlds(seed: int, faults: dict[str, Any]) -> None:
    """Whatever subgraphs do, both executors say the same, and nobody is asked twice because one gave up."""
    for attempt in range(8):
        source = random.Random(f"fast/{seed}/{attempt}")
        world = make_world(seed)
        faulty = Faulty(Simulated(world), faults, source)
        Both(seed, source, Timeouts(faulty, 5.0)).check(faulty=True)
