"""What a request did, for whoever sent it: its plan, and each call to a subgraph with its time. Development only.

Times tell of records (an empty answer is a quick one), so nothing of this exists outside development.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.caller import Caller
from gateway.casework import find_facts
from gateway.enforcement.authorize import authorize
from gateway.errors import GatewayError, RequestError
from gateway.execution.transport import SubgraphRequest, SubgraphResponse, Transport
from gateway.house import House, Question
from gateway.opening import OpenHouse
from gateway.operation import read_operation
from gateway.planning import Plan, plan_json
from gateway.web.callers import read_caller

__all__ = ["Call", "Trace", "Traces", "trace"]

_MOST: Final = 200


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a subgraph: ``began`` and ``took`` in milliseconds since the trace began, sizes in bytes."""

    subgraph: str
    body: bytes
    began: float
    took: float
    status: int
    received: int

    def as_json(self) -> dict[str, Any]:
        """The call for the page: the operation's text and how many representations went with it, never a value."""
        sent: Any = msgspec.json.decode(self.body)
        lists = [each for each in (sent.get("variables") or {}).values() if isinstance(each, list)]
        entities = sum(isinstance(item, dict) and "__typename" in item for each in lists for item in each)
        return {
            "subgraph": self.subgraph,
            "text": sent.get("query", ""),
            "representations": entities,
            "began": round(self.began, 3),
            "took": round(self.took, 3),
            "status": self.status,
            "sent": len(self.body),
            "received": self.received,
        }


@dataclass(slots=True)
class Trace:
    """One request of one caller and its calls, in the order in which they ended; also the transport that notes them."""

    question: Question
    caller: Caller
    inner: Transport
    clock: Callable[[], float] = time.perf_counter
    calls: list[Call] = field(default_factory=list)
    start: float = 0.0
    took: float = 0.0
    stages: Mapping[str, float] = field(default_factory=dict)

    async def send(self, request: SubgraphRequest) -> SubgraphResponse:
        """The subgraph's answer, noted."""
        began = self.clock()
        status = received = 0
        try:
            response = await self.inner.send(request)
            status, received = response.status, len(response.body)
            return response
        finally:
            ended = self.clock()
            self.calls.append(
                Call(
                    request.subgraph,
                    request.body,
                    (began - self.start) * 1000,
                    (ended - began) * 1000,
                    status,
                    received,
                )
            )


@dataclass(slots=True)
class Traces:
    """The latest traces, by the number of the disclosure."""

    kept: OrderedDict[str, Trace] = field(default_factory=OrderedDict)
    clock: Callable[[], float] = time.perf_counter

    def begin(self, question: Question, caller: Caller, house: House) -> tuple[Trace, House]:
        """A new trace, and ``house`` with its calls noted in it."""
        made = Trace(question, caller, house.transport, self.clock, start=self.clock())
        return made, replace(house, transport=made)

    def end(self, made: Trace, record: str, stages: Mapping[str, float]) -> None:
        """Keep ``made`` under the disclosure's number, with the seconds of each stage; the oldest trace goes."""
        made.stages = stages
        made.took = (self.clock() - made.start) * 1000
        self.kept[record] = made
        if len(self.kept) > _MOST:
            self.kept.popitem(last=False)


async def trace(request: Request) -> Response:
    """Plan and calls of the request that was recorded under ``{record}``, for the caller who sent it."""
    opened: OpenHouse = request.app.state.opened
    traces: Traces | None = request.app.state.traces
    if traces is None or opened.tokens is None:
        raise GatewayError(
            "DEVELOPMENT_ONLY",
            "Plans and times are told in development only: elsewhere they would tell of records.",
            status=403,
            hint="Plan the operation with `gateway plan --as`.",
        )
    caller = read_caller(request, opened.tokens)
    found = traces.kept.get(request.path_params["record"])
    if found is None or _person(found.caller) != _person(caller):
        raise RequestError(
            "TRACE_UNKNOWN",
            "No request of yours is kept under this number.",
            status=404,
            where="path",
            hint="Run it again; the latest 200 are kept while the gateway runs.",
        )
    plan, cost = await _plan(found, request.path_params["record"], opened)
    page = {
        "cost": cost,
        "took": round(found.took, 3),
        "stages": {name: round(seconds * 1000, 3) for name, seconds in found.stages.items()},
        "plan": plan_json(plan),
        "calls": [call.as_json() for call in sorted(found.calls, key=lambda each: each.began)],
    }
    return JSONResponse(page, headers={"cache-control": "no-store"})


def _person(caller: Caller) -> Caller:
    """The caller without what differs between two tokens of the same person."""
    return replace(caller, token_id="", expires_at=None)


async def _plan(found: Trace, request_id: str, opened: OpenHouse) -> tuple[Plan, int]:
    """The plan that the traced question has now, the line of the pipeline as far as the plan; and its estimated cost."""
    graph, house, at = opened.graph, opened.house, opened.house.clock()
    question, caller = found.question, found.caller
    documents = graph.views.documents(caller, at)
    operation = read_operation(
        question.query, graph.supergraph.api_schema, question.variables, question.name, graph.limits, documents
    )
    key = graph.key_of(request_id, caller)
    facts, flags = await find_facts(operation, caller, graph, house, at, key)
    permitted = authorize(operation, graph.policy, caller, graph.shapes, facts, flags, at)
    return graph.plan(permitted.operation, at, key), graph.pricing.estimate(operation)
