"""Ask for the facts that decisions rest on: the case record and the statutory flags of travelers.

What to ask and what an answer means is enforcement's to say (``gateway.enforcement.facts``); here it is asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from gateway.caller import Caller
from gateway.enforcement.facts import CaseReading, case_facts, case_reading, flags_of, flags_request, named_subjects
from gateway.enforcement.grants import fact_grants
from gateway.errors import FetchError
from gateway.execution import execute
from gateway.execution.transport import SubgraphRequest
from gateway.house import Graph, House, Vouched
from gateway.operation import Operation

__all__ = ["Flags", "find_facts", "read_flags"]

Flags = dict[str, dict[str, Any]]


async def find_facts(
    operation: Operation, caller: Caller, graph: Graph, house: House, at: datetime, key: str
) -> tuple[dict[str, Any], Flags]:
    """What is known before anything is fetched: the ``case.*`` facts, and the flags of the travelers named so far.

    ``key`` is that of the request (``Graph.key_of``): the case is read where its labels have what is shown read.
    """
    reading = case_reading(graph.policy, caller, graph.shapes)
    named = named_subjects(operation, graph.policy)
    if reading is None:
        return {}, await read_flags(named, caller, graph, house, at, key)
    facts, flags = await asyncio.gather(
        _read_case(reading, caller, graph, house, at, key), read_flags(named, caller, graph, house, at, key)
    )
    subject = facts.get("case.subject")
    if isinstance(subject, str) and subject not in flags:
        flags |= await read_flags({subject}, caller, graph, house, at, key)
    return facts, flags


async def _read_case(
    reading: CaseReading, caller: Caller, graph: Graph, house: House, at: datetime, key: str
) -> dict[str, Any]:
    if reading.operation is None:
        return case_facts(reading, None, failed=False)
    plan = graph.plan(reading.operation, at, key)
    transport = Vouched(house, caller, graph.policy.epoch, at, fact_grants)
    merged = await execute(plan, graph.supergraph, reading.operation.variables, transport)
    return case_facts(reading, merged.data, failed=bool(merged.failures))


async def read_flags(
    travelers: Iterable[str], caller: Caller, graph: Graph, house: House, at: datetime, key: str = ""
) -> Flags:
    """The statutory flags of ``travelers`` as facts; UNREACHABLE where the authority did not answer.

    ``key`` is that of the request (``Graph.key_of``): its labels may have the flags read of another subgraph.
    """
    labels = graph.labels.on(graph.supergraph.labels, key)
    request = flags_request(graph.policy, graph.supergraph, travelers, labels, graph.shapes)
    if request is None:
        return {}
    transport = Vouched(house, caller, graph.policy.epoch, at, fact_grants)
    try:
        response = await transport.send(SubgraphRequest(request.subgraph, request.body, request.coordinates))
    except FetchError:
        return flags_of(graph.policy, request, None)
    return flags_of(graph.policy, request, response.body if response.status == 200 else None)
