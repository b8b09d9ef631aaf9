"""The line for one event: the same stages as for a question, and the same record, before a byte leaves.

The plan of a subscription begins with its source; the other fetches complete what that brought. What the source says of
one event is either asked for (an event of an outbox is a number, and what it is about is read for each caller, under
the agreements) or has come by itself (from a subgraph that serves subscriptions).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, TypeAlias

from gateway.caller import Caller
from gateway.casework import find_facts
from gateway.enforcement.access import UNAUTHORIZED
from gateway.enforcement.apply import Applied, apply_rulings
from gateway.enforcement.authorize import authorize
from gateway.enforcement.grants import written_grants
from gateway.enforcement.hidden import read_hidden
from gateway.errors import AccessError, FetchError, RequestError
from gateway.execution import Merged, execute, project, source_request
from gateway.execution.transport import SubgraphRequest, Transport
from gateway.execution.wire import NotJson, decode, encode
from gateway.house import Graph, House, Question, Reply, Vouched
from gateway.live.notices import made, shown, tell
from gateway.live.watch import Part
from gateway.operation import Operation, read_operation
from gateway.pipeline import encode_answer, fetch, respond
from gateway.policy import UNREACHABLE
from gateway.recording import record_of
from gateway.telemetry import watching
from gateway.terms import settle, spend, standing, used_of

__all__ = [
    "Happened",
    "Told",
    "answer_event",
    "answer_event_unrestricted",
    "brought",
    "check_hearable",
    "numbered",
    "read_subscription",
]

Source: TypeAlias = Callable[[SubgraphRequest, Transport], Awaitable[Mapping[str, Any]]]
"""What the source of a plan says of one event, decoded; it may ask the subgraph with the request that opens it."""
_FOR_NOW: Final = frozenset(
    {"SUBGRAPH_UNREACHABLE", "SUBGRAPH_TIMEOUT", "SUBGRAPH_UNAVAILABLE", "DATABASE_UNAVAILABLE"}
)
"""Failures that pass: what they concern is asked again. Any other is an answer."""


@dataclass(frozen=True, slots=True)
class Happened:
    """One event. ``cursor`` is where the client goes on from after it; ``""`` where its source keeps no events.

    ``number`` is its number in the outbox of ``subgraph``.
    """

    source: Source
    cursor: str = ""
    subgraph: str = ""
    number: int = 0


@dataclass(frozen=True, slots=True)
class Told:
    """What one event comes to for one caller: a reply on record, or nothing at all. ``closed``: so is its case."""

    reply: Reply | None
    closed: bool = False


def numbered(event: int) -> Source:
    """The event of that number in the outbox of the subgraph, which is asked what it is about."""

    async def source(request: SubgraphRequest, transport: Transport) -> Mapping[str, Any]:
        body = request.body[:-1] + b',"extensions":{"event":%d}}' % event
        response = await transport.send(replace(request, body=body))
        try:
            page = decode(response.body)
        except NotJson:
            page = None
        if not isinstance(page, dict) or not ("data" in page or "errors" in page):
            raise _undecided()  # no answer at all: an event that it let pass would be lost for good
        return page

    return source


def brought(page: Mapping[str, Any]) -> Source:
    """The event of which the subgraph said ``page`` by itself."""

    async def source(_request: SubgraphRequest, _transport: Transport) -> Mapping[str, Any]:
        return page

    return source


def read_subscription(question: Question, caller: Caller | None, graph: Graph, at: datetime) -> Operation:
    """The subscription that the question asks for, valid on what the caller may name.

    Raises ``OperationError`` or ``LimitError`` as for any document, ``RequestError`` ``NOT_A_SUBSCRIPTION``, and
    ``AccessError`` where the graph's own directives close a part of it: an event is told whole or not at all.
    """
    documents = graph.documents if caller is None else graph.views.documents(caller, at)
    operation = read_operation(
        question.query, graph.supergraph.api_schema, question.variables, question.name, graph.limits, documents
    )
    if operation.kind != "subscription":
        raise RequestError(
            "NOT_A_SUBSCRIPTION",
            f"A {operation.kind} is not streamed.",
            where="operation",
            hint='Send it by POST and accept "application/json"; only subscriptions are streamed.',
        )
    if caller is None and graph.access.open(operation, question.claims).told(operation.variables):
        raise AccessError(
            UNAUTHORIZED,
            "Unauthorized field or type",
            where="operation",
            hint="Subscribe with a token that carries the scopes or policies which its fields demand.",
        )
    return operation


def check_hearable(parts: Sequence[Part], caller: Caller, graph: Graph, at: datetime, request_id: str) -> None:
    """Raise ``AccessError`` ``SUBSCRIPTION_DENIED`` where no record whatever could give ``caller`` an event of any part.

    That is decided before any record is read, so the refusal tells nothing of one.
    """
    key = graph.key_of(request_id, caller)
    permitted = [authorize(each.operation, graph.policy, caller, graph.shapes, {}, {}, at) for each in parts]
    if all(graph.plan(each.operation, at, key).source is None for each in permitted):
        raise AccessError(
            "SUBSCRIPTION_DENIED",
            "No agreement gives you these events.",
            where="operation",
            hint="Ask which agreements tell of them: `/explain` names those that a field rests on.",
        )


async def answer_event(
    happened: Happened,
    operation: Operation,
    question: Question,
    caller: Caller,
    graph: Graph,
    house: House,
    about: str = "",
) -> Told:
    """What an event comes to for ``caller``, decided as any answer is and on record before it is returned.

    Where the record that the event is about is withheld there is no reply: no error, no null, no gap. Nor is there where
    it is not that of the traveler ``about``, "" for anybody. Raises
    ``FetchError`` ``EVENT_UNDECIDED`` while what decides on it cannot be reached, ``RequestError`` ``SUBJECT_BUDGET_SPENT``,
    ``RecordUnavailable``.
    """
    at, request_id, watch = house.clock(), house.new_id(), watching()
    watch.request_id = request_id
    caller = await standing(question, caller, graph, house, at)
    key = graph.key_of(request_id, caller)
    facts, flags = await find_facts(operation, caller, graph, house, at, key)
    watch.lap("facts")
    if about:  # whose record it is has to be read with it, whatever the decisions need
        permitted = authorize(operation, graph.policy, caller, graph.shapes, facts, flags, at, attributed=True)
    else:
        permitted = graph.permits.of(operation, caller, facts, flags, at)
    watch.lap("authorize")
    plan = graph.plan(permitted.operation, at, key)
    watch.lap("plan")
    closed = facts.get("case.state") == "closed"
    if any(value is UNREACHABLE for value in facts.values()):
        raise _undecided()
    if plan.source is None:  # nothing of it could be shown
        return Told(None, closed)
    vouched = Vouched(house, caller, graph.policy.epoch, at, lambda coordinates: written_grants(permitted, coordinates))
    page = await happened.source(source_request(plan, operation.variables), vouched)
    merged, flags = await fetch(permitted, plan, flags, caller, graph, house, at, key, page)
    watch.lap("fetch")
    watch.failures = len(merged.failures)
    if about and not _is_about(about, operation, merged, graph):
        return Told(None, closed)
    applied = apply_rulings(
        permitted, merged.data, graph.policy, caller, graph.shapes, flags, at, house.mask_key,
        [path for failure in merged.failures for path in failure.everywhere],
    )  # fmt: skip
    watch.decided(applied.outcomes, permitted.ledger)
    watch.lap("enforce")
    if not _to_be_told(operation, merged, applied):
        return Told(None, closed)
    spent = await spend(applied, question, operation, caller, graph, house, at, request_id)
    told = respond(operation, merged, applied, permitted, caller, graph, at)
    name = next(operation.fields()).name
    notices = await made(happened.subgraph, name, happened.number, graph, house, at, used_of(applied))
    more = {"cursor": happened.cursor, **({"notices": shown(notices)} if notices else {})}
    body = encode_answer(told, applied, graph, request_id, spent=spent, more=more)
    watch.lap("answer")
    if house.record is not None:
        await house.record.append(
            record_of(request_id, at, question, permitted, plan, merged, applied, body, caller, graph, house, spent)
        )
        watch.lap("record")
    await settle(applied, caller, graph, house, at, request_id)
    await tell(notices, caller, request_id, house, at)
    return Told(Reply(body, request_id), closed)


async def answer_event_unrestricted(happened: Happened, operation: Operation, graph: Graph, house: House) -> Told:
    """What an event comes to on a graph that governs nothing: what it brought, completed by the other subgraphs."""
    request_id = house.new_id()
    plan = graph.plan(operation, house.clock(), graph.key_of(request_id))
    page = await happened.source(source_request(plan, operation.variables), house.transport)
    merged = await execute(plan, graph.supergraph, operation.variables, house.transport, graph.budget, event=page)
    told = project(operation, merged.data, graph.supergraph.api_schema, merged.failures)
    return Told(Reply(encode(told.as_json()), request_id))


def _is_about(traveler: str, operation: Operation, merged: Merged, graph: Graph) -> bool:
    """Whether the record of an event is that traveler's; raises ``FetchError`` while that cannot be known."""
    root = next(operation.fields())
    record = merged.data.get(root.key)
    path = graph.shapes.subjects.get(graph.shapes.target(operation.root, root.name), "")
    found = read_hidden(record, path) if path else None
    if found is None and any(each.code in _FOR_NOW for each in merged.failures):
        raise _undecided()
    return bool(found == traveler)


def _to_be_told(operation: Operation, merged: Merged, applied: Applied) -> bool:
    """Whether there is something to tell of an event; raises ``FetchError`` while that cannot be decided."""
    there = merged.data.get(next(operation.fields()).key) is not None
    codes = {each.code for each in merged.failures}
    if applied.unavailable or "FACT_UNAVAILABLE" in codes or (not there and codes & _FOR_NOW):
        raise _undecided()
    return there or bool(merged.failures)


def _undecided() -> FetchError:
    return FetchError("EVENT_UNDECIDED", "What decides on an event cannot be reached; it is tried again.")
