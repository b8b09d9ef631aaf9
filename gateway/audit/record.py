"""The audit record: who was answered what, on which basis, about whom; never a value that was read."""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from graphql import GraphQLSyntaxError
from graphql.language import Lexer, Source, TokenKind

from gateway.audit.sized import by_size
from gateway.caller import Application, Caller

__all__ = [
    "KINDS",
    "AuditRecord",
    "Disclosed",
    "FailureNote",
    "FetchNote",
    "Truths",
    "digest",
    "instant",
    "without_literals",
]

KINDS = frozenset(
    {"release", "intent", "epoch", "retention", "shredding", "look", "sharing", "refusal", "notice", "restoring"}
)
"""What a record can be of: an answer; the intent to give one that is made in parts, changes something, or is under
break-glass; a new policy; payloads deleted; a month's key shredded; somebody's look into the log; a step in a request for sharing;
a question that was refused because of what its caller had been given before; the acknowledgment of an event that had to be pushed; the record's own restoring from a backup."""

_MOST_KNOWN = 2_048  # parts of records that are known in writing
_LITERALS = {TokenKind.STRING: '"*"', TokenKind.BLOCK_STRING: '"*"', TokenKind.INT: "0", TokenKind.FLOAT: "0"}
_TIGHT = {TokenKind.DOLLAR, TokenKind.AT, TokenKind.SPREAD, TokenKind.PAREN_L, TokenKind.BRACKET_L}
_CLOSING = {TokenKind.PAREN_R, TokenKind.BRACKET_R, TokenKind.COLON, TokenKind.BANG, TokenKind.PAREN_L}
_LONG_NUMBER = re.compile(r"(?<![\w$.-])-?\d{5,}\b")
_QUOTED = re.compile(r'"""(?:[^"]|"(?!""))*"""|"(?:[^"\\\n]|\\.)*"')


@dataclass(frozen=True, slots=True)
class Truths:
    """How the conditions that were weighed came out, for ``count`` values: (atom, ``true``, ``false`` or ``unknown``).

    An atom is a condition in the words of the agreement (``case.state is open``). What the fact was is not kept: only
    whether the condition held, so that the request can be decided again under another policy.
    """

    count: int
    atoms: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Disclosed:
    """What became of one coordinate: the outcome, how many values it covers, and the agreement it rests on.

    ``outcome`` is a name of ``gateway.policy.Outcome`` (``ALLOW``, ``MASK``, ``DENY``, ``ABSENT``, ``UNAVAILABLE``);
    ``count`` how many values came out that way; ``owner`` the agency the value originates from. ``truths`` tells how
    the conditions came out, once for each way they did.
    """

    coordinate: str
    outcome: str
    owner: str = ""
    count: int = 0
    mask: str = ""
    reason: str = ""
    agreement: str = ""
    version: int = 0
    article: str = ""
    truths: tuple[Truths, ...] = ()


@dataclass(frozen=True, slots=True)
class FetchNote:
    """One request that was sent to a subgraph: how many entities it asked for and what was selected."""

    id: int
    subgraph: str
    kind: str
    entities: int = 0
    coordinates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FailureNote:
    """One fetch that failed: the subgraph, the stable code, and what could not be answered because of it."""

    subgraph: str
    code: str
    coordinates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """The durable account of one answer.

    ``at`` is the request's one instant (aware, kept in UTC). ``operation_text`` and ``plan`` have their literals
    blanked here, whatever the caller handed in: a literal can be a receipt number. ``subjects`` are pseudonyms
    (``gateway.audit.keys.Pseudonyms``), never traveler numbers: of everybody whose record was looked at. ``given`` names
    those of whom something was shown, each with the agencies whose values those were. ``epoch`` and ``supergraph`` are the hashes of the
    policy and of the graph that decided. ``answer_bytes`` and ``answer_hash`` describe the bytes that leave. ``kind`` is
    one of ``KINDS``; ``application`` is what the asking program calls itself, and nothing rests on it;
    ``note`` says what a record of another kind than ``release`` has to say, and to which request an
    answer in parts belongs. Raises ``ValueError`` for a naive ``at``, a subject that is not a pseudonym, or another kind.
    """

    request_id: str
    at: datetime
    caller: Caller
    epoch: str
    supergraph: str
    operation_text: str = ""
    operation_name: str = ""
    operation_kind: str = "query"
    operation_hash: str = ""
    disclosed: tuple[Disclosed, ...] = ()
    subjects: tuple[str, ...] = ()
    given: tuple[tuple[str, tuple[str, ...]], ...] = ()
    plan: str = ""
    fetches: tuple[FetchNote, ...] = ()
    failures: tuple[FailureNote, ...] = ()
    answer_bytes: int = 0
    answer_hash: str = ""
    kind: str = "release"
    application: Application | None = None
    note: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise ValueError("an audit record's `at` needs a time zone; pass the request's aware instant")
        if self.kind not in KINDS:
            raise ValueError(f"an audit record's kind is one of {', '.join(sorted(KINDS))}")
        for subject in (*self.subjects, *(name for name, _ in self.given)):
            if "." not in subject or subject.startswith("TRV-"):
                raise ValueError("an audit record's subjects are pseudonyms; use Pseudonyms.of(traveler_id, at)")
        put = object.__setattr__
        put(self, "at", self.at.astimezone(UTC))
        put(self, "subjects", tuple(sorted(set(self.subjects))))
        put(self, "operation_text", without_literals(self.operation_text))
        put(self, "plan", _blank_quotes(self.plan, frozenset(fetch.subgraph for fetch in self.fetches)))

    def as_json(self) -> dict[str, Any]:
        """The record as plain JSON values (strings, whole numbers, lists, objects)."""
        found = {
            "kind": self.kind,
            "request": self.request_id,
            "at": instant(self.at),
            "caller": _caller(self.caller),
            "epoch": self.epoch,
            "supergraph": self.supergraph,
            "operation": {
                "name": self.operation_name,
                "kind": self.operation_kind,
                "hash": self.operation_hash,
                "text": self.operation_text,
            },
            "disclosed": [_disclosed(item) for item in self.disclosed],
            "subjects": list(self.subjects),
            "plan": self.plan,
            "fetches": [_fields(item) for item in self.fetches],
            "failures": [_fields(item) for item in self.failures],
            "answer": {"bytes": self.answer_bytes, "hash": self.answer_hash},
        }
        if self.given:
            found["given"] = {subject: list(owners) for subject, owners in self.given}
        if self.application is not None:
            found["application"] = _named(self.application)
        if self.note:
            found["note"] = dict(self.note)
        return found

    def canonical(self) -> bytes:
        """The record's canonical JSON: UTF-8, keys sorted, no spaces, no fractions; what the leaf commits to.

        It is ``as_json`` with its keys sorted, byte for byte; put together from what was written of equal parts before.
        """
        given = b""
        if self.given:
            given = b'"given":%b,' % _sorted({subject: list(owners) for subject, owners in self.given})
        note = b'"note":%b,' % _sorted(dict(self.note)) if self.note else b""
        return (
            b'{"answer":{"bytes":%d,"hash":%b},%b"at":"%b","caller":%b,"disclosed":[%b],"epoch":%b,"failures":[%b],'
            b'"fetches":[%b],%b"kind":%b,%b"operation":{"hash":%b,"kind":%b,"name":%b,"text":%b},"plan":%b,"request":%b,'
            b'"subjects":%b,"supergraph":%b}'
        ) % (
            self.answer_bytes,
            orjson.dumps(self.answer_hash),
            b'"application":%b,' % _sorted(_named(self.application)) if self.application is not None else b"",
            instant(self.at).encode(),
            _sorted(_caller(self.caller)),
            b",".join(map(_written, self.disclosed)),
            _text(self.epoch),
            b",".join([_sorted(_fields(each)) for each in self.failures]),
            b",".join(map(_written, self.fetches)),
            given,
            _text(self.kind),
            note,
            _text(self.operation_hash),
            _text(self.operation_kind),
            _text(self.operation_name),
            _text(self.operation_text),
            _text(self.plan),
            orjson.dumps(self.request_id),
            orjson.dumps(self.subjects),
            _text(self.supergraph),
        )


_known: OrderedDict[int, tuple[Disclosed | FetchNote, bytes]] = OrderedDict()  # by identity, which an entry holds


def _written(item: Disclosed | FetchNote) -> bytes:
    """``item`` as canonical JSON. The very same one is written once: answers to one question share most of theirs."""
    known = _known.get(id(item))
    if known is None:
        shown = _sorted(_disclosed(item) if isinstance(item, Disclosed) else _fields(item))
        known = _known[id(item)] = (item, _fitting(shown))
        if len(_known) > _MOST_KNOWN:
            _known.popitem(last=False)
    return known[1]


def _sorted(page: Mapping[str, Any]) -> bytes:
    return orjson.dumps(page, option=orjson.OPT_SORT_KEYS)


@by_size()
def _text(text: str) -> bytes:
    return _fitting(orjson.dumps(text))


def _fitting(written: bytes) -> bytes:
    """``written`` in as much memory as it needs: what orjson gives keeps the room it was written in, eight times a text's."""
    return bytes(memoryview(written))


def instant(at: datetime) -> str:
    """``at`` as fixed-width UTC text, so that text order is time order: ``2026-11-01T12:00:00.000000Z``."""
    return (at if at.tzinfo is UTC else at.astimezone(UTC)).isoformat(timespec="microseconds")[:26] + "Z"


def digest(answer: bytes | Iterable[bytes]) -> str:
    """``sha256:`` and the hex digest of the bytes that leave (whole, or chunk by chunk)."""
    hasher = hashlib.sha256()
    for chunk in (answer,) if isinstance(answer, bytes) else answer:
        hasher.update(chunk)
    return f"sha256:{hasher.hexdigest()}"


@by_size()
def without_literals(text: str) -> str:
    """GraphQL text with every string literal as ``"*"`` and every number as ``0``; names and variables stay.

    Text that is no GraphQL comes back as ``(unreadable)``, since nothing says what in it would be a value.
    """
    lexer = Lexer(Source(text))
    words: list[str] = []
    tight = True
    try:
        while (token := lexer.advance()).kind is not TokenKind.EOF:
            word = _LITERALS.get(token.kind) or (token.value if token.kind is TokenKind.NAME else token.kind.value)
            if not tight and token.kind not in _CLOSING:
                words.append(" ")
            words.append(word or "")
            tight = token.kind in _TIGHT
    except GraphQLSyntaxError:
        return "(unreadable)"
    return "".join(words)


@by_size()
def _blank_quotes(text: str, keep: frozenset[str]) -> str:
    # a plan is not GraphQL, but quotes what GraphQL quotes; the names of subgraphs are no values
    blank = _QUOTED.sub(lambda found: found[0] if found[0].strip('"') in keep else '"*"', text)
    return _LONG_NUMBER.sub("0", blank)


def _named(application: Application) -> dict[str, str]:
    return {"name": application.name, "version": application.version}


def _caller(caller: Caller) -> dict[str, str]:
    names = ("agency", "role", "purpose", "case", "user", "location", "token_id")
    return {name: getattr(caller, name) for name in names}


def _disclosed(item: Disclosed) -> dict[str, Any]:
    found: dict[str, Any] = {
        "coordinate": item.coordinate,
        "outcome": item.outcome,
        "owner": item.owner,
        "count": item.count,
        "mask": item.mask,
        "reason": item.reason,
        "agreement": item.agreement,
        "version": item.version,
        "article": item.article,
    }
    if item.truths:
        found["truths"] = [{"count": each.count, "atoms": dict(each.atoms)} for each in item.truths]
    return found


def _fields(item: FetchNote | FailureNote) -> dict[str, Any]:
    values = ((name, getattr(item, name)) for name in item.__slots__)
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values}
