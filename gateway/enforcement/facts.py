"""Facts that decisions need before anything is fetched: the case record, and the statutory flags of its subject.

The case is read once per request from its system of record; flags come from the authority that the vocabulary names.
This room says what to ask and what the answer means; the pipeline does the asking.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

from gateway.caller import Caller
from gateway.enforcement.hidden import HIDDEN, hidden_fields, read_hidden
from gateway.enforcement.shapes import Shapes
from gateway.enforcement.values import argument_values, subject_argument
from gateway.operation.model import Argument, Field, Operation
from gateway.policy import UNREACHABLE, CaseKind, Policy
from gateway.supergraph import Supergraph
from gateway.supergraph.model import FieldDef, named_type
from gateway.supergraph.moves import Moves

__all__ = [
    "NOBODY",
    "CaseReading",
    "FlagsRequest",
    "case_facts",
    "case_reading",
    "flags_of",
    "flags_request",
    "named_subjects",
]


NOBODY: Final = "TRV-00000000000000000000000000"
"""The number of no traveler."""


@dataclass(frozen=True, slots=True)
class CaseReading:
    """How to read the case a caller names: the operation to run, None for a case kept outside the graph."""

    kind: CaseKind
    operation: Operation | None


@dataclass(frozen=True, slots=True)
class FlagsRequest:
    """One request for the statutory flags of travelers: to which subgraph, with which body, reading what."""

    subgraph: str
    body: bytes
    coordinates: tuple[str, ...]
    ids: tuple[str, ...]


def case_reading(policy: Policy, caller: Caller, shapes: Shapes) -> CaseReading | None:
    """What to read for the caller's case; None when it names none, or one of no known kind."""
    if not caller.case:
        return None
    kind = policy.vocabulary.case_kind(caller.case, caller.agency)
    if kind is None:
        return None
    root = shapes.schema.query_type
    if not kind.root or root is None or kind.root not in root.fields:
        return CaseReading(kind, None)
    asked: Operation | None = shapes.worked.get(("case", kind.name))
    if asked is None:  # the same selections every time: that is how their plan is known
        paths = {path for path in (kind.subject, kind.state, *kind.facts.values()) if path}
        argument = root.fields[kind.root].args[kind.argument]
        field = Field(
            HIDDEN + "case",
            kind.root,
            root.name,
            (Argument(kind.argument, "$case", frozenset({"case"})),),
            selections=hidden_fields(shapes, shapes.target(root.name, kind.root), paths),
            hidden=True,
        )
        asked = Operation("query", root.name, (field,), (("case", str(argument.type)),), name="Case")
        shapes.worked["case", kind.name] = asked
    return CaseReading(kind, replace(asked, variables={"case": kind.identifier(caller.case)}))


def case_facts(reading: CaseReading, data: Mapping[str, Any] | None, *, failed: bool) -> dict[str, Any]:
    """The ``case.*`` facts of what came back: UNREACHABLE when it could not be read, state ``none`` when not there.

    ``failed``: something of it was not answered. What is null then is not known to be nothing.
    """
    kind = reading.kind
    facts: dict[str, Any] = {"case.kind": kind.name}
    if reading.operation is None:
        return facts
    record = data.get(HIDDEN + "case") if data else None
    if failed and record is None:
        names = ("state", "subject", *kind.facts)
        return facts | {f"case.{name}": UNREACHABLE for name in names}
    if record is None:
        return facts | {"case.state": "none", "case.subject": None} | {f"case.{name}": None for name in kind.facts}

    def read(path: str) -> Any:
        value = read_hidden(record, path)
        return UNREACHABLE if failed and value is None else value

    for name, path in kind.facts.items():
        facts[f"case.{name}"] = read(path)
    state = read(kind.state) if kind.state else None
    facts["case.state"] = "open" if not kind.state or str(state) in kind.open else "closed"
    if state is UNREACHABLE:
        facts["case.state"] = UNREACHABLE
    facts["case.subject"] = read(kind.subject) if kind.subject else None
    return facts


def named_subjects(operation: Operation, policy: Policy) -> set[str]:
    """The travelers whose ids the client wrote itself, in arguments that the vocabulary knows to name a subject."""
    found: set[str] = set()
    for field in operation.fields():
        if field.arguments:
            values = argument_values(field, operation.variables)
            subject = subject_argument(policy, f"{field.parent}.{field.name}", values)
            if subject:
                found.add(subject)
    return found


@dataclass(frozen=True, slots=True)
class Authority:
    """Who answers for the statutory flags: ``type.field`` holds one boolean field per fact (``subject.p1367``)."""

    type: str
    field: str
    facts: Mapping[str, str]


def authority_of(policy: Policy) -> Authority | None:
    """The authority for the flags, as ``[authorities]`` of the vocabulary names it; None when there are no flags."""
    places = {flag: dotted.split(".") for flag, dotted in policy.vocabulary.authorities.items()}
    if not places:
        return None
    holder, field = next(iter(places.values()))[:2]
    return Authority(holder, field, {flag: steps[2] for flag, steps in places.items()})


@dataclass(frozen=True, slots=True)
class FlagsAsking:
    """What is the same of every request for flags: ``prefix`` is the body up to the travelers."""

    subgraph: str
    type: str
    key: str
    prefix: bytes
    coordinates: tuple[str, ...]

    def of(self, ids: Iterable[str]) -> FlagsRequest | None:
        """The request for the flags of ``ids``; None for nobody's."""
        wanted = tuple(sorted(ids))
        if not wanted:
            return None
        representations = orjson.dumps([{"__typename": self.type, self.key: each} for each in wanted])
        return FlagsRequest(self.subgraph, b"%b%b}}" % (self.prefix, representations), self.coordinates, wanted)


def flags_request(
    policy: Policy, supergraph: Supergraph, ids: Iterable[str], labels: Iterable[str] = (), shapes: Shapes | None = None
) -> FlagsRequest | None:
    """The one request that reads every statutory flag of ``ids`` from the authority; None when nothing is to be read.

    ``labels`` are the progressive overrides that are on for the request: they may have another subgraph asked.
    ``shapes`` of the same graph under the same policy keep what is the same of every request.
    """
    wanted = tuple(ids)
    if not wanted:
        return None
    name = ("flags", "\n".join(sorted(labels)))
    if shapes is None:
        asking = _asking(policy, supergraph, labels)
    elif name in shapes.worked:
        asking = shapes.worked[name]
    else:
        asking = shapes.worked[name] = _asking(policy, supergraph, labels)
    return None if asking is None else asking.of(wanted)


def _asking(policy: Policy, supergraph: Supergraph, labels: Iterable[str]) -> FlagsAsking | None:
    authority = authority_of(policy)
    found = supergraph.field(authority.type, authority.field) if authority else None
    if authority is None or found is None or not found.joins:
        return None
    graph = _answering(supergraph, authority, found, labels)
    if graph is None:
        return None
    flags = sorted(set(authority.facts.values()))
    text = (
        f"query Flags($r: [_Any!]!) {{ _entities(representations: $r) "
        f"{{ ... on {authority.type} {{ {authority.field} {{ {' '.join(flags)} }} }} }} }}"
    )
    holder = named_type(found.type)
    return FlagsAsking(
        subgraph=supergraph.by_graph[graph].name,
        type=authority.type,
        key=policy.vocabulary.subjects.get(authority.type, "id"),
        prefix=b'{"query":%b,"variables":{"r":' % orjson.dumps(text),
        coordinates=(f"{authority.type}.{authority.field}", *(f"{holder}.{flag}" for flag in flags)),
    )


def _answering(supergraph: Supergraph, authority: Authority, field: FieldDef, labels: Iterable[str]) -> str | None:
    """The graph that answers for the flags of one request; None where none does."""
    moves, owner = Moves(supergraph, labels), supergraph.types[authority.type]
    return next((each.graph for each in field.joins if moves.resolves(owner, field, each.graph)), None)


def flags_of(policy: Policy, request: FlagsRequest, body: bytes | None) -> dict[str, dict[str, Any]]:
    """Each traveler's flags as facts (``subject.p1367``): UNREACHABLE when the authority did not answer for it."""
    authority = authority_of(policy)
    if authority is None:
        return {}
    answers: Any = None
    if body is not None:
        try:
            answers = orjson.loads(body)["data"]["_entities"]
        except (orjson.JSONDecodeError, KeyError, TypeError):
            answers = None
    if not isinstance(answers, list) or len(answers) != len(request.ids):
        answers = [None] * len(request.ids)
    found: dict[str, dict[str, Any]] = {}
    for traveler, item in zip(request.ids, answers, strict=True):
        flags = item.get(authority.field) if isinstance(item, dict) else None
        read = {fact: flags.get(name) if isinstance(flags, dict) else None for fact, name in authority.facts.items()}
        found[traveler] = {fact: value if isinstance(value, bool) else UNREACHABLE for fact, value in read.items()}
    return found
