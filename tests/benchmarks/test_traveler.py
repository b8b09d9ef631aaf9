"""What policy and audit cost on a traveler with forty fields. Ratios are printed, none is asserted.

The subgraphs' answers are played back, so what is measured is the gateway alone: the whole line, its policy stages, and
the same plan run without a policy by either executor.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from gateway.audit import AuditRecord
from gateway.casework import find_facts
from gateway.enforcement.apply import apply_rulings
from gateway.enforcement.authorize import authorize
from gateway.execution import execute, project
from gateway.execution.transport import SubgraphRequest, SubgraphResponse, Transport
from gateway.execution.wire import encode
from gateway.house import Question
from gateway.operation import read_operation
from gateway.pipeline import answer
from gateway.terms import admit
from tests.scenarios.asking import TODAY, Asker, World, open_world, seed_world

TRAVELER = "TRV-01KST0RY000000000000000009"
QUESTION = 10  # USCIS adjudicates this traveler's petition
QUERY = """query($t: ID!) { traveler(id: $t) {
  id names { given family kind } birthDate placesOfBirth { country { code } } sex citizenships { country { code } }
  visas { totalCount nodes { visaClass { code } status issuedOn expiresOn entries post { code } } }
  visaApplications { nodes { visaClass { code } post { code } status refusals { ground } passport { number } } }
  petitions { nodes { receiptNumber form { code } status receivedOn classification { code } validFrom validTo } } } }"""


@dataclass(slots=True)
class Playback:
    """A transport that asks ``inner`` once for each body and gives the same answer from then on."""

    inner: Transport
    known: dict[tuple[str, bytes], SubgraphResponse] = field(default_factory=dict)

    async def send(self, request: SubgraphRequest) -> SubgraphResponse:
        """The answer that the same body had before."""
        key = (request.subgraph, request.body)
        if key not in self.known:
            self.known[key] = await self.inner.send(request)
        return self.known[key]


class Forgetful:
    """A record that keeps nothing, so that what the record costs can be told apart."""

    async def append(self, record: AuditRecord) -> None:
        """Nothing is kept."""


async def cpu(run: Callable[[], Awaitable[object]], rounds: int) -> float:
    """CPU milliseconds of one run, the best of three series: other programs only ever add to it."""
    await run()
    best = float("inf")
    for _ in range(3):
        begin = time.process_time()
        for _ in range(rounds):
            await run()
        best = min(best, (time.process_time() - begin) * 1000 / rounds)
    return best


async def measured(world: World, rounds: int) -> dict[str, float]:
    """CPU milliseconds by what was run."""
    ask, graph = Asker(world), world.opened.graph
    caller, text = ask.caller(QUESTION), ask.nameable(QUESTION, QUERY)
    house = replace(world.opened.house, transport=Playback(world.traffic.inner))
    unrecorded = replace(house, record=Forgetful())
    question = Question(text, {"t": TRAVELER})

    async def line() -> None:
        reply = await answer(question, caller, graph, house)
        assert b"EXPIRED" in reply.body

    async def without_record() -> None:
        reply = await answer(question, caller, graph, unrecorded)
        assert b"EXPIRED" in reply.body

    await line()
    operation = read_operation(text, graph.supergraph.api_schema, question.variables, limits=graph.limits)
    caller = await admit(question, operation, caller, graph, house, TODAY, "")
    facts, flags = await find_facts(operation, caller, graph, house, TODAY, "")
    permitted = authorize(operation, graph.policy, caller, graph.shapes, facts, flags, TODAY)
    plan = graph.plan(permitted.operation, TODAY)

    async def plain() -> Any:
        return await execute(plan, graph.supergraph, operation.variables, unrecorded.transport)

    merged = await plain()
    assert not merged.failures
    assert len(encode(project(operation, merged.data, graph.supergraph.api_schema).data)) > 700

    async def reference() -> None:
        merged = await plain()
        encode({"data": project(operation, merged.data, graph.supergraph.api_schema).data})

    async def fast() -> None:
        await graph.fast.answer(permitted.operation, plan, unrecorded.transport)

    async def deciding() -> None:
        authorize(operation, graph.policy, replace(caller, token_id="t"), graph.shapes, facts, flags, TODAY)

    async def ruled() -> None:
        merged = await plain()
        apply_rulings(permitted, merged.data, graph.policy, caller, graph.shapes, flags, TODAY, house.mask_key)

    found = {each.__name__: await cpu(each, rounds) for each in (line, without_record, plain, reference, fast)}
    return found | {"authorize": await cpu(deciding, rounds), "enforce": await cpu(ruled, rounds) - found["plain"]}


@pytest.mark.slow
def test_a_traveler_with_forty_fields(benchmark: Any, tmp_path: Path) -> None:
    seed_world(tmp_path)
    timing = benchmark.enabled

    async def run() -> dict[str, float]:
        async with open_world(tmp_path) as world:
            return await measured(world, 60 if timing else 1)

    found = benchmark.pedantic(lambda: asyncio.run(run()), rounds=1, iterations=1)
    assert set(found) == {"line", "without_record", "plain", "reference", "fast", "authorize", "enforce"}
    if timing:
        print("".join(f"\n{name:15} {value:6.2f} ms CPU, {value / found['reference']:5.2f} of the reference without "
                      "policy" for name, value in found.items()))  # fmt: skip


if __name__ == "__main__":
    raise SystemExit(pytest.main([__file__, "-p", "no:xdist", "--benchmark-only", "-q", "-s"]))
