"""The traveler's page under full policy and record, beside the same requests and data with neither."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from gateway.enforcement.permits import Permits
from gateway.enforcement.permitted import Permitted
from gateway.execution import execute, project
from gateway.execution.columnar import FastPath
from gateway.execution.transport import SubgraphRequest, SubgraphResponse, Transport
from gateway.execution.wire import encode
from gateway.house import Question
from gateway.operation import Operation
from gateway.pipeline import answer
from gateway.telemetry.watch import start_watch, stop_watch
from tests.benchmarks.measured import micros_of, table
from tests.scenarios.asking import TODAY, open_world, seed_world

__all__ = ["PERSONA", "QUERY", "TRAVELER", "Kept", "Ticking", "governed"]

PERSONA, TRAVELER = "cbp-secondary-nyc", "TRV-01KST0RY000000000000000029"
QUERY = """query Traveler($id: ID!) { traveler(id: $id) {
  id sex citizenships legalCategory names { family given } birth { date { value } }
  visas { nodes { foilNumber controlNumber issuedOn expiresOn entries annotation status statusBasis passportNumber
    visaClass { code label } } }
  admissions { nodes { i94Number admittedAt classOfAdmission { code label } poe { code label } updateFlag } }
  petitions { nodes { receiptNumber formType classification { code label } receivedOn decidedOn status validFrom validTo
    jobTitle wageAnnualUsd worksite premium } }
  overstay { status basis }
} }"""


@dataclass(slots=True)
class Kept:
    """Subgraphs' answers, made once by ``inner`` and the same at every equal request."""

    inner: Transport
    known: dict[tuple[str, bytes], SubgraphResponse] = field(default_factory=dict)

    async def send(self, request: SubgraphRequest) -> SubgraphResponse:
        """The kept answer."""
        key = request.subgraph, request.body
        if key not in self.known:
            self.known[key] = await self.inner.send(request)
        return self.known[key]


@dataclass(slots=True)
class Ticking:
    """A clock by which no two requests have the same instant, as none have."""

    at: datetime = TODAY

    def __call__(self) -> datetime:
        """The next instant."""
        self.at += timedelta(milliseconds=1)
        return self.at


async def governed(folder: Path) -> str:
    """The table: what the traveler's page costs by stage, and what the same requests and data cost without policy."""
    await asyncio.to_thread(seed_world, folder)
    async with open_world(folder) as world:
        opened, kept = world.opened, Kept(world.traffic.inner)
        house = replace(
            opened.house, transport=opened.telemetry.measured(kept), record=world.kept.inner, clock=Ticking()
        )
        caller, question = opened.personas[PERSONA].caller, Question(QUERY, {"id": TRAVELER})
        cut: list[Operation] = []
        stages: Counter[str] = Counter()
        times = 0

        async def by_stage() -> None:  # reading a clock of CPU time costs something itself, so the whole is told apart
            nonlocal times
            watch, token = start_watch(clock=time.thread_time)
            await answer(question, caller, opened.graph, house)
            stop_watch(token)
            stages.update({name: int(each * 1e9) for name, each in watch.timings().items()})
            times += 1

        async def under_policy() -> None:
            _, token = start_watch()
            reply = await answer(question, caller, opened.graph, house)
            stop_watch(token)
            assert len(reply.body) > 1_000

        of = Permits.of

        def permitted(*given: Any) -> Permitted:
            found = of(*given)
            cut.append(replace(found.operation, variables=question.variables))
            return found

        with patch.object(Permits, "of", permitted):
            await under_policy()
        fast, plan = FastPath(opened.graph.supergraph), opened.graph.plan(cut[0], TODAY)

        async def without() -> Any:
            told = await fast.answer(cut[0], plan, opened.telemetry.measured(kept))
            assert told.fast
            return told

        async def plainly() -> Any:
            merged = await execute(plan, opened.graph.supergraph, cut[0].variables, opened.telemetry.measured(kept))
            return encode(project(cut[0], merged.data, opened.graph.supergraph.api_schema, merged.failures).as_json())

        stages.clear()
        times = 0
        taken = await micros_of(
            {"policy": under_policy, "stages": by_stage, "without": without, "plainly": plainly}, budget=0.3
        )
        rows: list[tuple[str, object]] = [(name, each / 1e3 / times) for name, each in stages.items()]
        rows += [
            ("all of it, under policy and on record", taken["policy"]),
            ("the same requests and data with neither, by the reference executor", taken["plainly"]),
            ("the same requests and data with neither, by the fast executor", taken["without"]),
        ]
        title = "The traveler's page (40 fields) of a CBP officer: microseconds of CPU on the event loop, by stage"
        return table(title, ("stage", "us"), rows)
