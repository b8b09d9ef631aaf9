"""The audit record: who was answered what, on which basis, about whom; never a value that was read."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from graphql import GraphQLSyntaxError
from graphql.language import Lexer, Source, TokenKind

from gateway.caller import Caller

__all__ = ["AuditRecord", "Disclosed", "FailureNote", "FetchNote", "digest", "instant", "without_literals"]

_LITERALS = {TokenKind.STRING: '"*"', TokenKind.BLOCK_STRING: '"*"', TokenKind.INT: "0", TokenKind.FLOAT: "0"}
_TIGHT = {TokenKind.DOLLAR, TokenKind.AT, TokenKind.SPREAD, TokenKind.PAREN_L, TokenKind.BRACKET_L}
_CLOSING = {TokenKind.PAREN_R, TokenKind.BRACKET_R, TokenKind.COLON, TokenKind.BANG, TokenKind.PAREN_L}
_LONG_NUMBER = re.compile(r"(?<![\w$.-])-?\d{5,}\b")
_QUOTED = re.compile(r'"""(?:[^"]|"(?!""))*"""|"(?:[^"\\\n]|\\.)*"')


@dataclass(frozen=True, slots=True)
class Disclosed:
    """What became of one coordinate: the outcome, how many values it covers, and the agreement it rests on.

    ``outcome`` is a name of ``gateway.policy.Outcome`` (``ALLOW``, ``MASK``, ``DENY``, ``ABSENT``, ``UNAVAILABLE``);
    ``count`` how many values came out that way; ``owner`` the agency the value originates from.
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
    (``gateway.audit.keys.Pseudonyms``), never traveler numbers. ``epoch`` and ``supergraph`` are the hashes of the
    policy and of the graph that decided. ``answer_bytes`` and ``answer_hash`` describe the bytes that leave. Raises
    ``ValueError`` for a naive ``at`` or a subject that is not a pseudonym.
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
    plan: str = ""
    fetches: tuple[FetchNote, ...] = ()
    failures: tuple[FailureNote, ...] = ()
    answer_bytes: int = 0
    answer_hash: str = ""
    kind: str = "release"

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise ValueError("an audit record's `at` needs a time zone; pass the request's aware instant")
        for subject in self.subjects:
            if "." not in subject or subject.startswith("TRV-"):
                raise ValueError("an audit record's subjects are pseudonyms; use Pseudonyms.of(traveler_id, at)")
        put = object.__setattr__
        put(self, "at", self.at.astimezone(UTC))
        put(self, "subjects", tuple(sorted(set(self.subjects))))
        put(self, "operation_text", without_literals(self.operation_text))
        put(self, "plan", _blank_quotes(self.plan, {fetch.subgraph for fetch in self.fetches}))

    def as_json(self) -> dict[str, Any]:
        """The record as plain JSON values (strings, whole numbers, lists, objects)."""
        return {
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
            "disclosed": [_fields(item) for item in self.disclosed],
            "subjects": list(self.subjects),
            "plan": self.plan,
            "fetches": [_fields(item) for item in self.fetches],
            "failures": [_fields(item) for item in self.failures],
            "answer": {"bytes": self.answer_bytes, "hash": self.answer_hash},
        }

    def canonical(self) -> bytes:
        """The record's canonical JSON: UTF-8, keys sorted, no spaces, no fractions; what the chain hashes."""
        return orjson.dumps(self.as_json(), option=orjson.OPT_SORT_KEYS)


def instant(at: datetime) -> str:
    """``at`` as fixed-width UTC text, so that text order is time order: ``2026-11-01T12:00:00.000000Z``."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def digest(answer: bytes | Iterable[bytes]) -> str:
    """``sha256:`` and the hex digest of the bytes that leave (whole, or chunk by chunk)."""
    hasher = hashlib.sha256()
    for chunk in (answer,) if isinstance(answer, bytes) else answer:
        hasher.update(chunk)
    return f"sha256:{hasher.hexdigest()}"


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


def _blank_quotes(text: str, keep: set[str]) -> str:
    # a plan is not GraphQL, but quotes what GraphQL quotes; the names of subgraphs are no values
    blank = _QUOTED.sub(lambda found: found[0] if found[0].strip('"') in keep else '"*"', text)
    return _LONG_NUMBER.sub("0", blank)


def _caller(caller: Caller) -> dict[str, str]:
    names = ("agency", "role", "purpose", "case", "user", "location", "token_id")
    return {name: getattr(caller, name) for name in names}


def _fields(item: Disclosed | FetchNote | FailureNote) -> dict[str, Any]:
    values = ((name, getattr(item, name)) for name in item.__slots__)
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values}
