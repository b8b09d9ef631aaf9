"""The outbox, read: which events there are after a number, and the event that a subscription's field is answered for.

What the gateway is told of an event is its number and the fields of the subscription root that tell of it: no key, no
value. What the event is about is read afterwards, for each caller, under the agreements, as any record is. Events are
numbered in the order in which they became visible (``Write.put_events``), so a number is a cursor: at least once, in
order, and never twice for who remembers the last one.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import func, select

from subgraphs.kit.database import Database
from subgraphs.kit.errors import Refusal
from subgraphs.kit.operations import Prepared

__all__ = ["GRANT", "KIND_RESTORED", "RESTORED", "Asked", "Entry", "Outbox"]

GRANT = "_events"
"""What an assertion has to grant for the outbox to be read."""
KIND_RESTORED = "databaseRestored"
RESTORED = "outbox restored"
"""The kind and the key of the event that says that the database was restored from a backup (``subgraphs.kit.restored``)."""
MOST_EVENTS = 1_000
MOST_SECONDS = 20.0
POLL_SECONDS = 0.25
"""How soon an event of another process is noticed; one of this process is noticed at once."""


class Asked(msgspec.Struct):
    """What is asked of the outbox: events numbered above ``after`` (None: only where it ends), waiting if need be."""

    after: int | None = None
    limit: int = MOST_EVENTS
    wait: float = 0.0


class Entry(NamedTuple):
    """One event of the outbox that some field of the subscription root tells of; ``entity`` and ``key`` stay here."""

    number: int
    fields: tuple[str, ...]
    entity: str
    key: str
    at: datetime


class Outbox:
    """Reads one subgraph's events. ``heard`` maps fields of the subscription root to the kinds they tell of."""

    def __init__(self, database: Database, table: type[Any] | None, heard: Mapping[str, Sequence[str]]) -> None:
        self._database = database
        self._table = table
        self._heard = {field: frozenset(kinds) for field, kinds in heard.items()}
        self._fields: dict[str, list[str]] = {}
        for field, kinds in heard.items():
            for kind in kinds:
                self._fields.setdefault(kind, []).append(field)

    async def answer(self, asked: Asked, grants: Mapping[str, str]) -> dict[str, Any]:
        """``{"last": 17, "events": [[16, ["visaRevoked"]], ...]}``; raises ``Refusal`` NOT_PERMITTED.

        ``last`` is where to go on from: the number of the last event, or of the last one looked at. Where the database
        was restored from a backup after event ``after``, events are gone that nobody can be told of any more: then
        ``lost`` is true, and ``last`` where to go on from all the same.
        """
        if GRANT not in grants:
            raise Refusal("NOT_PERMITTED", "The assertion does not grant the events")
        if not self.told:
            return {"last": 0, "events": []}
        if asked.after is None:
            return {"last": await self.last(), "events": []}
        begins = await self._restored(asked.after)
        if begins is None:
            last, events = await self.after(asked.after, asked.limit, min(asked.wait, MOST_SECONDS))
            if last != asked.after:  # it may have been restored meanwhile
                begins = await self._restored(asked.after)
        if begins is not None:
            return {"last": begins, "events": [], "lost": True}
        return {"last": last, "events": [[each.number, each.fields] for each in events]}

    @property
    def told(self) -> bool:
        """Whether any field of the subscription root tells of events here."""
        return self._table is not None and bool(self._heard)

    async def after(self, number: int, limit: int, wait: float) -> tuple[int, list[Entry]]:
        """Where to go on from, and the events numbered above ``number``, once there is one or ``wait`` seconds are over."""
        until = time.monotonic() + wait
        while True:
            changes = self._database.changes
            number, events = await self._after(number, max(1, min(limit, MOST_EVENTS)))
            left = until - time.monotonic()
            if events or left <= 0:
                return number, events
            await self._database.changed(changes, min(left, POLL_SECONDS))

    async def event(self, operation: Prepared, number: int | None) -> Any:
        """The event ``number``, which the one root field of ``operation`` tells of; raises ``Refusal`` NO_SUCH_EVENT."""
        roots = [each.partition(".")[2] for each in operation.coordinates if each.startswith("Subscription.")]
        if self._table is not None and number is not None and len(roots) == 1:
            async with self._database.session() as session:
                found = await session.get(self._table, number)
            if found is not None and found.kind in self._heard.get(roots[0], ()):
                return found
        raise Refusal(
            "NO_SUCH_EVENT", "A subscription is answered for one event that its field tells of; there is none"
        )

    async def last(self, until: int | None = None) -> int:
        """The number of the last event, of those numbered up to ``until``; 0 where there is none."""
        table: Any = self._table
        found = select(func.max(table.id))
        async with self._database.session() as session:
            return int(await session.scalar(found if until is None else found.where(table.id <= until)) or 0)

    async def _restored(self, after: int) -> int | None:
        """Where the outbox begins anew after event ``after``; None where it goes on from it."""
        table: Any = self._table
        marks = select(func.max(table.id)).where(table.entity_key == RESTORED, table.id > after)
        async with self._database.session() as session:
            mark = await session.scalar(marks)
        if mark is not None:
            return int(mark)
        there = await self.last(after)
        return there if there != after else None  # restored, and nobody said so: there is no such event

    async def _after(self, after: int, limit: int) -> tuple[int, list[Entry]]:
        table: Any = self._table
        columns = (table.id, table.kind, table.entity, table.entity_key, table.at)
        statement = select(*columns).where(table.id > after).order_by(table.id).limit(limit)
        async with self._database.session() as session:
            rows = (await session.execute(statement)).all()
        told = [
            Entry(number, tuple(self._fields[kind]), entity, key, at)
            for number, kind, entity, key, at in rows
            if kind in self._fields
        ]
        return (rows[-1][0] if rows else after), told
