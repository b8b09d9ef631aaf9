"""The line: what happens to a question, in order, on one screen.

question -> Operation -> Permitted -> Plan -> Merged -> Answer -> AuditRecord (durable) -> bytes. Each stage is one call with
its own type, and ``Policy`` and ``Caller`` are required: a path without them cannot be written.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Protocol

import orjson

from gateway.audit import AuditRecord, Disclosed, FailureNote, FetchNote, digest
from gateway.caller import Caller
from gateway.enforcement.apply import Applied, apply_rulings, subject_ids
from gateway.enforcement.authorize import authorize
from gateway.enforcement.facts import CaseReading, flags_of, read_case, read_flags
from gateway.enforcement.grants import grants_for
from gateway.enforcement.permitted import Permitted
from gateway.enforcement.shapes import Shapes
from gateway.errors import AccessError, GatewayError, RequestError
from gateway.execution import Answer, FetchFailure, Merged, execute, project
from gateway.execution.transport import SubgraphRequest, SubgraphResponse, Transport
from gateway.operation import Documents, Limits, Operation, read_operation
from gateway.planning import Plan, plan_operation, print_plan
from gateway.policy import Policy
from gateway.supergraph import Supergraph

__all__ = ["Graph", "House", "Question", "Record", "Reply", "Signer", "answer"]


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked: the document, its variables, and the operation chosen. ``safe_only``: mutations are refused."""

    query: str
    variables: Mapping[str, Any] = field(default_factory=dict)
    name: str | None = None
    safe_only: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """The bytes that may leave, already on record."""

    body: bytes
    request_id: str
    status: int = 200


class Record(Protocol):
    """Where disclosures are recorded: ``append`` returns when the record is durable, or raises ``RecordUnavailable``."""

    async def append(self, record: AuditRecord) -> Any:
        """The place of the record in the log."""
        ...


class Signer(Protocol):
    """Vouches for one request to one subgraph."""

    def __call__(self, subgraph: str, body: bytes, caller: Caller, grants: Mapping[str, str], at: datetime) -> str: ...


@dataclass(slots=True)
class Graph:
    """One supergraph under one policy, with what was learned about them: read documents and made plans."""

    supergraph: Supergraph
    policy: Policy
    shapes: Shapes
    hash: str
    limits: Limits = field(default_factory=Limits)
    documents: Documents = field(init=False)
    plans: OrderedDict[Operation, Plan] = field(default_factory=OrderedDict)

    def __post_init__(self) -> None:
        self.documents = Documents(self.supergraph.api_schema, self.limits)

    def plan(self, operation: Operation) -> Plan:
        """The plan of a permitted operation, from the cache where it is known."""
        known = self.plans.get(operation)
        if known is None:
            known = self.plans[operation] = plan_operation(self.supergraph, operation)
            if len(self.plans) > 1000:
                self.plans.popitem(last=False)
        return known


@dataclass(frozen=True, slots=True)
class House:
    """What a request needs besides the graph: ways to the subgraphs, the record, the clock."""

    transport: Transport
    record: Record | None  # None only where nothing is governed
    sign: Signer | None
    pseudonym: Callable[[str, datetime], str]
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    new_id: Callable[[], str] = lambda: secrets.token_hex(12)


async def answer(question: Question, caller: Caller, graph: Graph, house: House) -> Reply:
    """The reply to ``question`` for ``caller``: what the agreements allow, and nothing that is not on record.

    Raises ``GatewayError`` when there is nothing to answer: the document is wrong (400), a limit was passed (400), an
    argument reads what is withheld (403), or the record cannot be written (503).
    """
    at, request_id = house.clock(), house.new_id()
    operation = read(question, graph)
    facts, subjects, trouble = await find_facts(operation, caller, graph, house, at)
    permitted = authorize(operation, graph.policy, caller, graph.shapes, facts, subjects, at)
    plan = graph.plan(permitted.operation)
    merged = await fetch(plan, operation, permitted, caller, graph, house, at)
    subjects = await find_flags(merged.data, permitted, subjects, caller, graph, house, at)
    applied = apply_rulings(permitted, merged.data, graph.policy, caller, graph.shapes, subjects, at)
    told = respond(operation, merged, applied, graph)
    body = encode(told, applied, request_id)
    await put_on_record(request_id, at, question, operation, permitted, plan, merged, applied, body, caller, graph, house)
    return Reply(body, request_id)


def read(question: Question, graph: Graph) -> Operation:
    """The operation that the question asks for, within limits, valid and normalized."""
    operation = read_operation(
        question.query, graph.supergraph.api_schema, question.variables, question.name, graph.limits, graph.documents
    )
    if operation.kind == "subscription":
        raise RequestError(
            "SUBSCRIPTIONS_NOT_SERVED", "Subscriptions are not served over this transport.", where="operation"
        )
    if question.safe_only and operation.kind != "query":
        raise RequestError(
            "MUTATION_BY_GET", "A mutation has to be sent by POST.", status=405, where="method", hint="Use POST."
        )
    return operation
