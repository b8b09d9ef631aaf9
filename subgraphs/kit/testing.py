"""For an agency's own tests: a subgraph asked as the gateway asks it, and what it owes the graph in a line each.

``migrated`` and ``opened`` make a subgraph over a database of its own, with no server and no gateway. An ``Asked`` sends an
operation over ASGI, as a caller (``OFFICER``), with a signed assertion for exactly the body sent, under a policy that says
what is denied (``Denies``). Its assertions fail with what was asked and what came back:

    await asked.assert_entities({"__typename": "Visa", "foilNumber": "S2900001"}, ...)
    await asked.assert_batches(visas, "... on Visa { foilNumber status }")
    await asked.assert_needs_agreement("Visa.status", visas, "... on Visa { status }")
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import event, select
from starlette.types import ASGIApp, Message, Scope

from subgraphs.kit.app import Subgraph, make_app
from subgraphs.kit.database import Database
from subgraphs.kit.migrate import upgrade
from subgraphs.kit.registry import Entry
from subgraphs.kit.settings import Settings
from subgraphs.kit.trust_testing import Denies, SigningKey, sign_assertion
from subgraphs.kit.trust_words import HEADER, Caller

__all__ = ["NOW", "OFFICER", "Answer", "Asked", "Denies", "migrated", "opened", "send"]

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
OFFICER = Caller("STATE_CA", "consular-officer", "visa-adjudication", case="AA00000001", user="test", location="NWD")


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
        return await send(self.app, "POST", "/graphql", body, {HEADER: token})

    async def ask(self, query: str, variables: Mapping[str, Any] | None = None, **more: Any) -> Any:
        """The GraphQL answer to ``query``, as decoded JSON."""
        return (await self.send(query, variables, **more)).json()

    async def entities(self, representations: Iterable[Mapping[str, Any]], selection: str, **more: Any) -> Any:
        """The ``_entities`` of an answer, in order; fails on errors."""
        query = f"query($r: [_Any!]!) {{ _entities(representations: $r) {{ {selection} }} }}"
        answer = await self.ask(query, {"r": list(representations)}, **more)
        _expect("errors" not in answer, f"Errors instead of entities: {answer}")
        return answer["data"]["_entities"]

    async def events(self) -> list[dict[str, Any]]:
        """The outbox's rows, oldest first."""
        table = self.subgraph.events
        if table is None:
            raise AssertionError(f"{self.subgraph.name} keeps no outbox")
        async with self.subgraph.database.session() as session:
            rows = (await session.scalars(select(table).order_by(table.id))).all()
        names = ("at", "kind", "entity", "entity_key", "payload", "actor", "case_reference")
        return [{name: getattr(row, name) for name in names} for row in rows]

    @contextmanager
    def selects(self) -> Iterator[list[str]]:
        """A list that fills with the SELECT statements that the subgraph sends to its database, until the block ends."""
        sent: list[str] = []
        engine = self.subgraph.database.engine.sync_engine

        def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            if statement.startswith("SELECT"):
                sent.append(statement)

        event.listen(engine, "before_cursor_execute", note)
        try:
            yield sent
        finally:
            event.remove(engine, "before_cursor_execute", note)

    async def assert_entities(self, *representations: Mapping[str, Any], **more: Any) -> None:
        """Fails unless each representation, made of ``__typename`` and its key, leads to the entity with that key.

        In the order asked for and in the reverse, and twice where it is asked for twice: what a gateway relies on.
        """
        _expect(bool(representations), "No representation was given")
        selection = " ".join(sorted({f"... on {each['__typename']} {_selection(each)}" for each in representations}))
        for asked in (representations, representations[::-1], (*representations, representations[0])):
            found = await self.entities(asked, selection, **more)
            led = len(found) == len(asked) and all(map(_covers, found, asked))
            _expect(led, f"Asked for {[dict(each) for each in asked]}, found {found}")

    async def assert_batches(self, representations: Sequence[Mapping[str, Any]], selection: str, **more: Any) -> None:
        """Fails unless ``selection`` takes no more statements for all ``representations`` than for the first alone.

        Give at least three, all of them in the database and alike: what is not there, or has no rows, is not read.
        """
        _expect(len(representations) > 2, "Two can hide behind each other: give at least three representations")
        counts: list[list[str]] = []
        for asked in (representations[:1], representations):
            with self.selects() as sent:
                found = await self.entities(asked, selection, **more)
            _expect(None not in found, f"One of them is not in the database: {found}")
            counts.append(sent)
        one, all_of_them = counts
        _expect(bool(one), f"Nothing was read from the database for {selection}")
        _expect(
            len(all_of_them) <= len(one),
            f"{len(one)} statements for one, {len(all_of_them)} for {len(representations)}: " + "; ".join(all_of_them),
        )

    async def assert_needs_agreement(
        self, coordinate: str, representations: Sequence[Mapping[str, Any]], selection: str, **more: Any
    ) -> None:
        """Fails unless ``selection``, which reads ``coordinate``, is answered under an agreement and refused without one.

        Refused whole, naming the coordinate, by both locks: an assertion that does not grant it, and the agency's own copy
        of the policy that denies it.
        """
        query = f"query($r: [_Any!]!) {{ _entities(representations: $r) {{ {selection} }} }}"
        variables = {"r": list(representations)}
        coordinates = self.subgraph.operations.prepare(query, None).coordinates
        _expect(coordinate in coordinates, f"The selection does not read {coordinate}, but {sorted(coordinates)}")
        given = await self.send(query, variables, **more)
        _expect(given.status == 200 and "errors" not in given.json(), f"Not even granted: {given.body.decode()}")

        others = dict.fromkeys(coordinates - {coordinate}, "allow")
        _refused(await self.send(query, variables, grants=others, **more), coordinate, "without a grant")
        before = self.policy.denied
        self.policy.denied = before | {coordinate}
        try:
            _refused(await self.send(query, variables, **more), coordinate, "against the agency's own agreements")
        finally:
            self.policy.denied = before


async def migrated(url: str, entry: Entry) -> str:
    """``url``, once the database there has the subgraph's tables."""
    database = Database(url, entry.name)
    try:
        await upgrade(database, entry)
    finally:
        await database.dispose()
    return url


async def opened(
    entry: Entry,
    url: str,
    folder: Path,
    rows: Iterable[Any] = (),
    *,
    key: SigningKey | None = None,
    policy: Denies | None = None,
    **more: Any,
) -> Asked:
    """The subgraph of ``entry`` over the migrated database at ``url``, with ``rows`` in it, ready to be asked.

    ``folder`` is where it would look for keys and a policy, were they not given. ``more`` goes to ``make_app``. Whoever
    opens it disposes of ``asked.subgraph.database``.
    """
    key, policy = key or SigningKey.generate(), policy or Denies()
    settings = Settings(
        data=folder,
        keys=folder,
        policy=folder / "policy",
        supergraph=folder / "supergraph.graphql",
        database_urls={entry.name: url},
        cursor_secret="test secret",  # noqa: S106 - of a database that lasts as long as a test
    )
    app = make_app(
        entry.name,
        entry.load_schema(),
        settings,
        events=entry.load_events(),
        keys=key.public(),
        policy=policy,
        clock=lambda: NOW,
        **more,
    )
    asked = Asked(app, app.state.subgraph, key, policy)
    try:
        async with asked.subgraph.database.writing() as session:
            for row in rows:
                session.add(row)
                await session.flush()
    except BaseException:
        await asked.subgraph.database.dispose()
        raise
    return asked


def _selection(key: Mapping[str, Any]) -> str:
    """The selection set that reads back what a representation is made of."""
    fields = (f"{name} {_selection(value)}" if isinstance(value, Mapping) else name for name, value in key.items())
    return "{ " + " ".join(fields) + " }"


def _covers(found: Any, key: Any) -> bool:
    if isinstance(key, Mapping):
        return isinstance(found, Mapping) and all(_covers(found.get(name), value) for name, value in key.items())
    return bool(found == key)


def _expect(true: bool, otherwise: str) -> None:
    if not true:
        raise AssertionError(otherwise)


def _refused(answer: Answer, coordinate: str, how: str) -> None:
    told = answer.body.decode()
    _expect(answer.status == 403 and answer.code == "NOT_PERMITTED", f"{coordinate} was given {how}: {told}")
    _expect(coordinate in told, f"Refused {how}, but not for {coordinate}: {told}")
