"""The line: what happens to a question, in order, on one screen.

question -> Operation -> Permitted -> Plan -> Merged -> Applied -> Answer -> AuditRecord (durable) -> bytes. Each stage
is one call with a type of its own, and ``Policy`` and ``Caller`` are required: a path without them cannot be written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from gateway.caller import Caller
from gateway.casework import Flags, find_facts, read_flags
from gateway.demand import Demand, demand_of
from gateway.enforcement.access import Open
from gateway.enforcement.apply import Applied, apply_rulings, subject_ids
from gateway.enforcement.facts import NOBODY, named_subjects
from gateway.enforcement.gate import Gate
from gateway.enforcement.grants import written_grants
from gateway.enforcement.lookups import guarded_lookups
from gateway.enforcement.missing import REFUSED, missing_entries, shown_keys
from gateway.enforcement.permitted import Permitted
from gateway.errors import RequestError
from gateway.execution import Answer, FetchFailure, Merged, execute, project
from gateway.execution.columnar import Told
from gateway.execution.reading import MESSAGES
from gateway.execution.wire import decode, encode
from gateway.house import Graph, House, Question, Reply, Vouched
from gateway.lookups import look_up
from gateway.operation import Documents, Operation, read_operation
from gateway.planning import Plan
from gateway.recording import record_of
from gateway.telemetry import watching
from gateway.terms import admit, announce, obligations_of, settle, spend
from gateway.traffic import Spent

__all__ = ["answer", "answer_unrestricted", "encode_answer", "fetch", "respond"]


async def answer(question: Question, caller: Caller, graph: Graph, house: House) -> Reply:
    """The reply to ``question`` for ``caller``: what the agreements allow, and nothing that is not on record.

    Raises ``GatewayError`` when there is nothing to answer: the document is wrong (400), a limit was passed (400), an
    argument reads what is withheld or a break-glass grant is missing (403), something was given of too many travelers
    (429), or the record cannot be written (503).
    """
    at, request_id, watch = house.clock(), house.new_id(), watching()
    watch.request_id = request_id
    operation = _read(question, graph, graph.views.documents(caller, at))
    watch.lap("read")
    caller = await admit(question, operation, caller, graph, house, at, request_id)
    key = graph.key_of(request_id, caller)
    demand = demand_of(operation, caller.role, key, graph, house)
    facts, flags = await find_facts(operation, caller, graph, house, at, key)
    graph.asked(caller, question.query, operation, facts, flags)
    watch.lap("facts")
    permitted = graph.permits.of(operation, caller, facts, flags, at)
    watch.lap("authorize")
    plan = graph.plan(permitted.operation, at, key)
    watch.lap("plan")
    await announce(question, permitted, caller, graph, house, at, request_id)
    merged, flags = await fetch(permitted, plan, flags, caller, graph, house, at, key)
    watch.lap("fetch")
    watch.failures = len(merged.failures)
    applied = apply_rulings(
        permitted, merged.data, graph.policy, caller, graph.shapes, flags, at, house.mask_key,
        [path for failure in merged.failures for path in failure.everywhere],
    )  # fmt: skip
    watch.decided(applied.outcomes, permitted.ledger)
    watch.lap("enforce")
    spent = await spend(applied, question, operation, caller, graph, house, at, request_id)
    told = respond(operation, merged, applied, permitted, caller, graph, at)
    body = encode_answer(told, applied, graph, request_id, demand, spent)
    watch.lap("answer")
    if house.record is not None:
        await house.record.append(
            record_of(request_id, at, question, permitted, plan, merged, applied, body, caller, graph, house, spent)
        )
        watch.lap("record")
    await settle(applied, caller, graph, house, at, request_id)
    return Reply(body, request_id)


async def answer_unrestricted(question: Question, graph: Graph, house: House) -> Reply:
    """The reply to ``question`` on a graph that governs nothing: the same line without caller, rulings and record.

    What the graph's own access directives close to the claims that came is not planned, and told as an error.
    """
    request_id, watch = house.new_id(), watching()
    watch.request_id = request_id
    ready, demand, access = graph.ready(question), None, None
    if ready is not None:
        operation, plan = ready
        watch.asked(operation.name, operation.kind, operation.text_hash)
        watch.lap("read")
        watch.planned("hit")
    else:
        operation = _read(question, graph, graph.documents)
        watch.lap("read")
        key, at = graph.key_of(request_id), house.clock()
        demand = demand_of(operation, "", key, graph, house)
        access = graph.access.open(operation, question.claims)
        plan = graph.plan(access.operation, at, key)
        if demand is None:
            graph.keep_ready(question, operation, plan, at)
    watch.lap("plan")
    if access is not None and access.closed:
        told = await _answer_open(access, plan, graph, house)
    elif house.joined is None or operation.kind != "query":
        told = await graph.fast.answer(operation, plan, house.transport, graph.budget)
    else:
        # the running answer holds operation and plan, so their identities are theirs while its key is known
        same = (id(operation.selections), id(plan), encode(operation.variables) if operation.variables else b"")
        told = await house.joined.run(same, lambda: graph.fast.answer(operation, plan, house.transport, graph.budget))
    watch.failures = told.failures
    watch.lap("fetch")
    return Reply(told.body if demand is None else _with_cost(told.body, demand), request_id)


async def _answer_open(access: Open, plan: Plan, graph: Graph, house: House) -> Told:
    """The answer to an operation of which a part is closed to whoever asks."""
    variables = access.operation.variables
    merged = await execute(plan, graph.supergraph, variables, house.transport, graph.budget)
    found = project(access.shown, merged.data, graph.supergraph.api_schema, merged.failures)
    errors = (*found.errors, *(each.as_json() for each in access.told(variables)))
    return Told(encode(Answer(found.data, errors).as_json()), False, len(merged.failures))


def _with_cost(body: bytes, demand: Demand) -> bytes:
    """``body``, an object, with what its caller may know of its cost."""
    extensions = demand.after(decode(body).get("data"))
    return body[:-1] + b',"extensions":' + encode(extensions) + b"}" if extensions else body


def _read(question: Question, graph: Graph, documents: Documents) -> Operation:
    """The operation that the question asks for: within limits, valid on what the caller may name, and normalized."""
    operation = read_operation(
        question.query, graph.supergraph.api_schema, question.variables, question.name, graph.limits, documents
    )
    watching().asked(operation.name, operation.kind, operation.text_hash)
    if operation.kind == "subscription":
        raise RequestError(
            "SUBSCRIPTION_NOT_STREAMED",
            "A subscription is answered by a stream, and this request accepts none.",
            where="operation",
            hint='Accept "text/event-stream" or "multipart/mixed", or subscribe over a WebSocket at the same path.',
        )
    if question.safe_only and operation.kind != "query":
        raise RequestError(
            "MUTATION_BY_GET", "A mutation has to be sent by POST.", status=405, where="method", hint="Use POST."
        )
    return operation


async def fetch(
    permitted: Permitted,
    plan: Plan,
    flags: Flags,
    caller: Caller,
    graph: Graph,
    house: House,
    at: datetime,
    key: str,
    event: Mapping[str, Any] | None = None,
) -> tuple[Merged, Flags]:
    """What the subgraphs answered about whom they may be asked, merged; and every traveler's flags known by then.

    ``key`` is that of the request (``Graph.key_of``). ``event`` stands for the answer of a subscription's source. Where a record is looked up by a number, the flags of
    nobody are read when it found nobody new: otherwise the time that reading them takes would tell a protected record
    from none.
    """
    asked: set[str] = set()

    async def read(travelers: set[str]) -> Flags:
        asked.update(travelers)
        return await read_flags(travelers, caller, graph, house, at, key)

    gate = Gate(permitted, graph.policy, caller, graph.shapes, at, dict(flags), read)
    transport = Vouched(
        house, caller, graph.policy.epoch, at, lambda coordinates: written_grants(permitted, coordinates)
    )
    lookups = guarded_lookups(permitted, graph.policy, graph.shapes)
    first, rest = (
        await look_up(lookups, gate, caller, graph, transport, at, key) if lookups else (None, permitted.operation)
    )
    if len(permitted.operation.selections) > len(lookups):
        asked.clear()  # what is asked beside look-ups is a second time at which reading flags takes its time
    if rest is None:
        merged = Merged({})
    else:
        plan = plan if rest.selections is permitted.operation.selections else graph.plan(rest, at, key)
        merged = await execute(plan, graph.supergraph, permitted.client.variables, transport, graph.budget, gate, event)
    if first is not None:
        merged.data.update(first.data)
        merged.failures = (*first.failures, *merged.failures)
        merged.fetched += first.fetched
    if permitted.needs_subjects:
        gate.flags.update(await read(subject_ids(merged.data, graph.shapes) - gate.flags.keys()))
        if not asked and not named_subjects(permitted.client, graph.policy):
            await read({NOBODY})
    return merged, gate.flags


def respond(
    operation: Operation,
    merged: Merged,
    applied: Applied,
    permitted: Permitted,
    caller: Caller,
    graph: Graph,
    at: datetime,
) -> Answer:
    """The answer in the shape the client asked for; what could not be had is entered in the ledger as well."""
    missing = tuple(_as_shown(merged.failures, shown_keys(permitted))) if merged.failures else ()
    applied.ledger.extend(missing_entries(permitted, missing, graph.policy))
    undecided = (
        FetchFailure(
            each.owner, "FACT_UNAVAILABLE", MESSAGES["FACT_UNAVAILABLE"],
            (each.path,), (each.coordinate,),
        )
        for each in applied.unavailable
    )  # fmt: skip
    reached = (each for each in missing if each.code != REFUSED or operation.kind == "mutation")
    failures = (*reached, *undecided)  # what its owner refused is a denial, and denials are answers
    described = graph.views.of(caller, at) if _describes(permitted) else None
    return project(operation, merged.data, graph.supergraph.api_schema, failures, described=described)


def _describes(permitted: Permitted) -> bool:
    """Whether the client asks for the graph itself."""
    asked: bool | None = permitted.worked.get("describes")
    if asked is None:
        names = {each.name for each in permitted.client.fields()}
        asked = permitted.worked["describes"] = bool(names & {"__schema", "__type"})
    return asked


def _as_shown(failures: Iterable[FetchFailure], keys: Mapping[str, str]) -> Iterator[FetchFailure]:
    """``failures`` at the places the client knows: the parts of a merged list are fetched under keys of the gateway's."""
    for each in failures:
        paths = tuple(dict.fromkeys(tuple(keys.get(str(step), step) for step in path) for path in each.paths))
        yield replace(each, paths=paths) if keys else each


def encode_answer(
    told: Answer,
    applied: Applied,
    graph: Graph,
    request_id: str,
    demand: Demand | None = None,
    spent: Spent | None = None,
    more: Mapping[str, Any] | None = None,
) -> bytes:
    """The answer's bytes; ``more`` are extensions that an event has besides: its cursor, what is to be acknowledged.

    ``spent``: of how many travelers the caller was given something, once a warning is due.
    """
    page: dict[str, Any] = {"data": told.data}
    if told.errors:
        page["errors"] = told.errors
    page["extensions"] = {"sharing": [entry.as_json() for entry in applied.ledger], "record": request_id}
    duties = obligations_of(applied, graph)
    if duties:
        page["extensions"]["obligations"] = duties
    if spent is not None:
        page["extensions"]["subjects"] = {"used": spent.used, "most": spent.most, "seconds": spent.seconds}
    if demand is not None:
        page["extensions"].update(demand.after(told.data))
    page["extensions"].update(more or {})
    return encode(page)
