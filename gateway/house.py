"""What a request is answered with: the graph under its policy, and the house around it (transport, record, clock)."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Protocol

from gateway.alarms import Alarms
from gateway.audit.record import AuditRecord
from gateway.caller import Application, Caller, Claims
from gateway.cost import Budgets, Pricing
from gateway.duties import Duties
from gateway.enforcement.access import Access
from gateway.enforcement.flows import check_plan
from gateway.enforcement.permits import Permits
from gateway.enforcement.shapes import Shapes, shapes_of
from gateway.enforcement.view import Views
from gateway.execution import Budget
from gateway.execution.columnar import FastPath, Told
from gateway.execution.lookups import Entries, ask_by_lookups
from gateway.execution.transport import SubgraphRequest, SubgraphResponse, Transport
from gateway.identity.assertions import HEADER
from gateway.operation import Documents, Limits, Operation
from gateway.planning import LabelRules, Plan, plan_operation
from gateway.policy import Policy
from gateway.resilience import Joined
from gateway.supergraph import Supergraph
from gateway.telemetry import watching
from gateway.traffic import SubjectBudget

__all__ = ["Asked", "Graph", "House", "Question", "Record", "Reply", "Signer", "Vouched"]

_MOST_PLANS = 1000
_MOST_ASKED = 256


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked: the document, its variables, and the operation chosen. ``safe_only``: mutations are refused.

    ``extensions`` may name a break-glass grant (``breakGlass``) and agreements whose terms the caller ``acknowledged``.
    ``claims`` are those of whoever asks a graph that governs nothing; None where nobody said who it is.
    ``application`` is what the program that asks calls itself: it goes on record and decides nothing.
    """

    query: str
    variables: Mapping[str, Any] = field(default_factory=dict)
    name: str | None = None
    safe_only: bool = False
    extensions: Mapping[str, Any] = field(default_factory=dict)
    claims: Claims | None = None
    application: Application | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """The bytes that may leave, already on record."""

    body: bytes
    request_id: str
    status: int = 200


class Record(Protocol):
    """Where disclosures are recorded."""

    async def append(self, record: AuditRecord) -> Any:
        """The record's place in the log, once it is durable; raises ``RecordUnavailable``."""
        ...


class Signer(Protocol):
    """Vouches for one request to one subgraph: returns the assertion that travels with it. ``grants`` are JSON."""

    def __call__(self, subgraph: str, body: bytes, caller: Caller, epoch: str, grants: bytes, at: datetime) -> str: ...


@dataclass(frozen=True, slots=True)
class Asked:
    """What a kind of caller asked of the operation ``name`` of a document, and what was known then: one example.

    It stays in memory, a few hundred at the most, and names no user; it is replayed up to the plan and no further.
    """

    caller: Caller
    text: str
    name: str = ""
    variables: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    flags: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(slots=True)
class _Planned:
    """A plan, and for which epoch and until when its flows have been found covered."""

    plan: Plan
    checked: tuple[str, datetime | None] | None = None


@dataclass(slots=True)
class Graph:
    """One supergraph under one policy, with what was learned about them: documents read and plans made."""

    supergraph: Supergraph
    policy: Policy
    shapes: Shapes
    hash: str
    limits: Limits = field(default_factory=Limits)
    labels: LabelRules = field(default_factory=LabelRules)
    documents: Documents = field(init=False)
    views: Views = field(init=False)
    permits: Permits = field(init=False)
    plans: OrderedDict[tuple[Operation, frozenset[str]], _Planned] = field(default_factory=OrderedDict)
    fast: FastPath = field(init=False)
    pricing: Pricing = field(init=False)
    budget: Budget = field(init=False)
    access: Access = field(init=False)
    _met: OrderedDict[tuple[int, frozenset[str]], tuple[Operation, _Planned]] = field(default_factory=OrderedDict)
    _lately: OrderedDict[tuple[Any, ...], Asked] = field(default_factory=OrderedDict)
    _ready: OrderedDict[tuple[str, str | None], tuple[Operation, Plan]] = field(init=False)

    def __post_init__(self) -> None:
        self._ready = OrderedDict()
        self.documents = Documents(self.supergraph.api_schema, self.limits)
        self.fast = FastPath(self.supergraph)
        self.pricing = Pricing(self.supergraph, self.limits.list_size)
        self.budget = Budget(entities=self.limits.representations, executions=self.limits.executions)
        self.access = Access(self.supergraph)
        self.views = Views(self.supergraph.api_schema, self.policy, self.limits)
        self.permits = Permits(self.policy, self.shapes)

    def under(self, policy: Policy, labels: LabelRules | None = None, limits: Limits | None = None) -> Graph:
        """This graph under another policy, and other labels and limits where given.

        It has the plans made so far, since they follow from operations alone.
        """
        renewed = replace(
            self,
            policy=policy,
            shapes=shapes_of(self.supergraph, policy),
            labels=self.labels if labels is None else labels,
            limits=self.limits if limits is None else limits,
        )
        if renewed.limits == self.limits:
            renewed.documents, renewed.pricing = self.documents, self.pricing
        return renewed

    def learning_from(self, other: Graph) -> Graph:
        """This graph, with what was asked lately of ``other``."""
        self._lately = other._lately
        return self

    def asked(
        self,
        caller: Caller,
        text: str,
        operation: Operation,
        facts: Mapping[str, Any],
        flags: Mapping[str, Mapping[str, Any]],
    ) -> None:
        """Keep in mind, for the next policy, that callers of this kind ask for this."""
        key = (caller.kind, caller.unmet, text, operation.name)
        if key in self._lately:
            self._lately.move_to_end(key)
            return
        nobody = replace(caller, user="", token_id="", expires_at=None)
        self._lately[key] = Asked(nobody, text, operation.name, operation.variables, facts, flags)
        if len(self._lately) > _MOST_ASKED:
            self._lately.popitem(last=False)

    def lately(self) -> tuple[Asked, ...]:
        """What was asked lately, under this policy and those before it, the latest first."""
        return tuple(reversed(self._lately.values()))

    def key_of(self, request_id: str, caller: Caller | None = None) -> str:
        """What decides which progressive overrides count for a request: its own id, or its caller's user or case."""
        if caller is None or self.labels.key == "request":
            return request_id
        return (caller.user if self.labels.key == "user" else caller.case) or request_id

    def plan(self, operation: Operation, at: datetime, key: str = "") -> Plan:
        """The plan of a permitted operation, from the cache where it is known, with every flow in it covered at ``at``.

        ``key`` (see ``key_of``) decides which override labels are on; without it, those are that are on for everyone.
        Raises ``AccessError`` ``FLOW_FORBIDDEN`` when it would send a value where no agreement in force lets it go.
        """
        known = self._planned(operation, key)
        until = self.policy.next_change(at)
        if known.checked is None or known.checked != (self.policy.epoch, until):
            check_plan(known.plan, self.supergraph, self.policy, at)
            known.checked = (self.policy.epoch, until)
        return known.plan

    def ready(self, question: Question) -> tuple[Operation, Plan] | None:
        """The query that ``question`` asks and its plan, where both follow from its text alone and are known."""
        key = (question.query, question.name)
        known = None if question.variables else self._ready.get(key)
        if known is not None:
            self._ready.move_to_end(key)
        return known

    def keep_ready(self, question: Question, operation: Operation, plan: Plan, at: datetime) -> None:
        """Keep what ``ready`` gives, unless anything else has a say in it: variables, overrides, claims, the day."""
        graph = self.supergraph
        settled = not (question.variables or graph.labels or graph.access_demands or self.policy.next_change(at))
        if settled and operation.kind == "query":
            self._ready[question.query, question.name] = operation, plan
            if len(self._ready) > _MOST_PLANS:
                self._ready.popitem(last=False)

    def plan_as_asked(self, operation: Operation, key: str = "") -> Plan:
        """The plan of an operation before policy, for what it tells of costs; it is never run, so no flow is checked."""
        return self._planned(operation, key).plan

    def _planned(self, operation: Operation, key: str) -> _Planned:
        labels = self.labels.on(self.supergraph.labels, key)
        known = self._at_once(operation, labels) or self._known(operation, labels)
        watching().planned("miss" if known is None else "hit")
        return known or self._made(operation, labels)

    def knows(self, operation: Operation) -> bool:
        """Whether there is a plan of a permitted operation; nothing is noted of the question."""
        return (operation, self.labels.on(self.supergraph.labels, "")) in self.plans

    def make_plan(self, operation: Operation) -> Plan:
        """A plan of a permitted operation, kept nowhere; raises as ``plan_operation`` does."""
        return plan_operation(self.supergraph, operation, self.labels.on(self.supergraph.labels, ""))

    def keep(self, operation: Operation, plan: Plan) -> None:
        """Put a plan that was made elsewhere into the cache."""
        self.plans[operation, self.labels.on(self.supergraph.labels, "")] = _Planned(plan)
        if len(self.plans) > _MOST_PLANS:
            self.plans.popitem(last=False)

    def _known(self, operation: Operation, labels: frozenset[str]) -> _Planned | None:
        """The plan of an operation equal to one met before."""
        known = self.plans.get((operation, labels))
        if known is not None:
            self.plans.move_to_end((operation, labels))
            self._remember(operation, labels, known)
        return known

    def _made(self, operation: Operation, labels: frozenset[str]) -> _Planned:
        """A new plan. Planning does not wait for anything, so no two requests ever make the same one side by side."""
        made = self.plans[operation, labels] = _Planned(plan_operation(self.supergraph, operation, labels))
        if len(self.plans) > _MOST_PLANS:
            self.plans.popitem(last=False)
        self._remember(operation, labels, made)
        return made

    def _remember(self, operation: Operation, labels: frozenset[str], planned: _Planned) -> None:
        self._met[id(operation.selections), labels] = (operation, planned)
        if len(self._met) > _MOST_PLANS:
            self._met.popitem(last=False)

    def _at_once(self, operation: Operation, labels: frozenset[str]) -> _Planned | None:
        """The plan of an operation met before, by the identity of its selections: hashing them costs more than a plan.

        An entry holds the selections, so their identity cannot be given away while it is in use.
        """
        found = self._met.get((id(operation.selections), labels))
        if found is None:
            return None
        met, planned = found
        same = (
            met.selections is operation.selections
            and met.definitions == operation.definitions
            and (met.kind, met.root, met.name, met.text_hash)
            == (operation.kind, operation.root, operation.name, operation.text_hash)
        )
        if not same:
            return None
        self._met.move_to_end((id(operation.selections), labels))
        return planned


class _Ids:
    """Makes identifiers of requests: 24 hex digits that nobody can guess. The system is asked for many at once."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left: list[str] = []

    def __call__(self) -> str:
        left = self._left
        if not left:
            drawn = os.urandom(12 * 64).hex()
            left.extend(drawn[place : place + 24] for place in range(0, len(drawn), 24))
        return left.pop()


@dataclass(frozen=True, slots=True)
class House:
    """What a request needs besides the graph: the way to the subgraphs, the record, keys, the clock.

    ``record``, ``sign`` and ``duties`` are None only where nothing is governed: without a record or a place for what is
    owed, no agreement that asks for them gives anything. ``joined``: whole answers are shared by who asks at once, where
    nothing is governed. ``joining``: requests to subgraphs say with whom their answers may be shared.
    ``entered`` are the subgraphs that have no ``_entities``. ``subjects`` bounds of how many travelers one user is given something; None where nothing does.
    """

    transport: Transport
    record: Record | None
    sign: Signer | None
    pseudonym: Callable[[str, datetime], str]
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    new_id: Callable[[], str] = field(default_factory=_Ids)
    mask_key: bytes = b""
    alarms: Alarms = field(default_factory=Alarms)
    duties: Duties | None = None
    joined: Joined[Told] | None = None
    joining: bool = False
    budgets: Budgets = field(default_factory=Budgets)
    subjects: SubjectBudget | None = None
    entered: Mapping[str, Entries] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Vouched:
    """A transport that sends with every request the gateway's signed word on who asks and what was granted.

    ``grants`` says what is granted of a request's coordinates, as JSON.
    """

    house: House
    caller: Caller
    epoch: str
    at: datetime
    grants: Callable[[tuple[str, ...]], bytes]

    async def send(self, request: SubgraphRequest) -> SubgraphResponse:
        """The subgraph's answer to ``request``."""
        entries = self.house.entered.get(request.subgraph)
        return await (self._send(request) if entries is None else ask_by_lookups(self._send, entries, request))

    async def _send(self, request: SubgraphRequest) -> SubgraphResponse:
        if self.house.sign is not None:
            grants = self.grants(request.coordinates)
            word = self.house.sign(request.subgraph, request.body, self.caller, self.epoch, grants, self.at)
            request = SubgraphRequest(
                request.subgraph,
                request.body,
                request.coordinates,
                request.idempotent,
                {**request.headers, HEADER: word},
                (self.caller, self.epoch, grants) if self.house.joining else None,
            )
        response = await self.house.transport.send(request)
        self.house.alarms.note(request, response)
        return response
