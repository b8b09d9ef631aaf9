"""Asks a subgraph as the gateway would: over ASGI, with a signed assertion for exactly the body sent."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from starlette.types import ASGIApp, Message, Scope

from gateway.caller import Caller
from gateway.coordinates import Coordinate
from gateway.identity import SigningKey, sign_assertion
from gateway.policy.vocabulary import CaseKind
from subgraphs.kit.app import Subgraph

__all__ = ["NOW", "OFFICER", "Answer", "Asked", "Denies", "send"]

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
OFFICER = Caller("STATE_CA", "consular-officer", "visa-adjudication", case="AA00000001", user="test", location="NWD")


@dataclass(frozen=True)
class Verdict:
    """What a test's policy decides."""

    outcome: str
    settled: bool = True


@dataclass
class Denies:
    """A policy that denies the named coordinates to everyone and allows the rest."""

    denied: frozenset[str] = frozenset()
    facts: frozenset[str] = frozenset()
    flows: frozenset[str] = frozenset()
    unsettled: frozenset[str] = frozenset()
    case_roots: frozenset[str] = frozenset()
    epoch: str = "sha256:test"

    def decide(self, caller: Caller, coordinate: Coordinate, facts: Mapping[str, Any], at: datetime) -> Verdict:
        """DENY for what is named, ALLOW for what is not."""
        name = str(coordinate)
        return Verdict("DENY" if name in self.denied | self.unsettled else "ALLOW", name not in self.unsettled)

    @property
    def cases(self) -> Mapping[str, CaseKind]:
        """The kinds of cases, each found by one root field."""
        pattern = re.compile("x")
        return {root: CaseKind(root, pattern, frozenset(), root=root) for root in self.case_roots}

    def fact_coordinates(self) -> frozenset[Coordinate]:
        """What the gateway may read to decide."""
        return frozenset(Coordinate.parse(name) for name in self.facts)

    def flow(self, coordinate: Coordinate, to: str, use: str, at: datetime) -> str | None:
        """A clause for what is named, as a join to CBP."""
        return "a clause" if str(coordinate) in self.flows and (to, use) == ("CBP", "join") else None


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The code of the first error."""
        return str(self.json()["errors"][0]["extensions"]["code"])


async def send(
    app: ASGIApp, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
) -> Answer:
    """The answer of ``app`` to one HTTP request, with no server between."""
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()],
        "scheme": "http",
        "server": ("test", 80),
        "client": ("test", 1),
    }
    sent: list[Message] = []
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return pending.pop() if pending else {"type": "http.disconnect"}

    async def deliver(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, deliver)
    start = next(message for message in sent if message["type"] == "http.response.start")
    told = {name.decode(): value.decode() for name, value in start["headers"]}
    return Answer(
        start["status"], told, b"".join(m.get("body", b"") for m in sent if m["type"] == "http.response.body")
    )


@dataclass
class Asked:
    """One subgraph with a fresh database, ready to be asked."""

    app: ASGIApp
    subgraph: Subgraph
    key: SigningKey
    policy: Denies = field(default_factory=Denies)

    async def send(
        self,
        query: str,
        variables: Mapping[str, Any] | None = None,
        *,
        grants: Mapping[str, str] | None = None,
        caller: Caller = OFFICER,
        at: datetime = NOW,
    ) -> Answer:
        """The HTTP answer to ``query``; grants every coordinate the operation selects unless ``grants`` says which."""
        body = json.dumps({"query": query, "variables": dict(variables or {})}).encode()
        if grants is None:
            grants = dict.fromkeys(self.subgraph.operations.prepare(query, None).coordinates, "allow")
        token = sign_assertion(
            self.key,
            audience=self.subgraph.name,
            caller=caller,
            epoch=self.policy.epoch,
            grants=grants,
            body=body,
            at=at,
            now=NOW,
        )
        return await send(self.app, "POST", "/graphql", body, {"Gateway-Assertion": token})

    async def ask(self, query: str, variables: Mapping[str, Any] | None = None, **more: Any) -> Any:
        """The GraphQL answer to ``query``, as decoded JSON."""
        return (await self.send(query, variables, **more)).json()

    async def entities(self, representations: Iterable[Mapping[str, Any]], selection: str, **more: Any) -> Any:
        """The ``_entities`` of an answer, in order; fails on errors."""
        query = f"query($r: [_Any!]!) {{ _entities(representations: $r) {{ {selection} }} }}"
        answer = await self.ask(query, {"r": list(representations)}, **more)
        assert "errors" not in answer, answer
        return answer["data"]["_entities"]

    async def events(self) -> list[dict[str, Any]]:
        """The outbox's rows, oldest first."""
        table = self.subgraph.events
        assert table is not None
        async with self.subgraph.database.session() as session:
            rows = (await session.scalars(select(table).order_by(table.id))).all()
        names = ("at", "kind", "entity", "entity_key", "payload", "actor", "case_reference")
        return [{name: getattr(row, name) for name in names} for row in rows]
