"""What a resolver gets with each request: the caller, the instant, batched reads, and the one way to write."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

import strawberry
from aiodataloader import DataLoader
from sqlalchemy import ColumnElement, Select, and_, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from subgraphs.kit.cursors import Cursors
from subgraphs.kit.database import Database
from subgraphs.kit.errors import Refusal
from subgraphs.kit.trust_words import Caller

__all__ = ["Context", "Info", "Write"]

R = TypeVar("R")
BATCH = 500
OUTBOX_LOCK = 7_305_120
"""PostgreSQL's advisory lock on the outbox of one database, held from the events' insertion to the commit."""


@dataclass(slots=True)
class Context:
    """One request's. ``caller`` comes from the verified assertion; ``now`` is the gateway's decision instant.

    ``clear`` says whether the caller can be given a coordinate in clear at all, with facts about the record. ``event``
    is the row of the outbox that a field of the subscription root is answered for.
    """

    database: Database
    cursors: Cursors
    caller: Caller
    now: dt.datetime
    event_table: type[Any] | None = None
    clear: Callable[[str, Mapping[str, Any]], bool] = lambda _coordinate, _facts: True
    event: Any = None
    _session: AsyncSession | None = None
    _over: bool = False
    # one session is one connection: two loaders must not use it at once
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _loaders: dict[Any, DataLoader[Any, Any]] = field(default_factory=dict)

    async def rows(self, statement: Select[R]) -> Sequence[R]:
        """The rows of ``statement``, read in the request's one snapshot."""
        async with self._lock:
            return (await self._reading().scalars(statement)).all()

    async def scalar(self, statement: Select[Any]) -> Any:
        """The first column of the first row of ``statement``; ``None`` where there is none."""
        async with self._lock:
            return await self._reading().scalar(statement)

    async def one(self, model: type[R], column: InstrumentedAttribute[Any], key: Any) -> R | None:
        """The row of ``model`` whose unique ``column`` is ``key``; calls of one tick become one statement."""
        name = ("one", model, column.key)
        loader = self._loaders.get(name)
        if loader is None:

            async def load(keys: list[Any]) -> list[R | None]:
                found = {getattr(row, column.key): row for row in await self._batched(model, column, keys)}
                return [found.get(key) for key in keys]

            loader = self._loaders[name] = DataLoader(load, max_batch_size=BATCH)
        return await loader.load(key)  # type: ignore[no-any-return]

    async def many(
        self,
        model: type[R],
        column: InstrumentedAttribute[Any],
        key: Any,
        *,
        where: Sequence[ColumnElement[bool]] = (),
    ) -> list[R]:
        """The rows of ``model`` whose ``column`` is ``key`` and that fit ``where``, in key order; batched like one."""
        condition = and_(*where).compile() if where else None
        # equal conditions batch together: their text and values are the loader's name
        shape = (str(condition), repr(sorted(condition.params.items()))) if condition is not None else ()
        name = ("many", model, column.key, shape)
        loader = self._loaders.get(name)
        if loader is None:

            async def load(keys: list[Any]) -> list[list[R]]:
                found: dict[Any, list[R]] = {}
                for row in await self._batched(model, column, keys, where):
                    found.setdefault(getattr(row, column.key), []).append(row)
                return [found.get(key, []) for key in keys]

            loader = self._loaders[name] = DataLoader(load, max_batch_size=BATCH)
        return await loader.load(key)  # type: ignore[no-any-return]

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Write]:
        """A transaction: everything in the block becomes durable together, events included, or nothing does."""
        async with self._lock:
            await self._forget()  # a SQLite reader of the same request would hold the writer up on its old snapshot
            try:
                async with self.database.writing() as session:
                    write = Write(self, session)
                    yield write
                    await write.put_events()
                if write.events:
                    self.database.say_changed()
            except IntegrityError:  # its text quotes the row
                raise Refusal("CONFLICT", "The change contradicts a record that is there already") from None

    async def close(self) -> None:
        """Give the connection back; the request is over.

        A resolver that is still under way when another's error ended the request reads nothing more: a connection that
        it opened then would be nobody's to give back.
        """
        self._over = True
        async with self._lock:
            await self._forget()

    def _reading(self) -> AsyncSession:
        if self._over:
            raise Refusal("REQUEST_OVER", "The request was answered already")
        if self._session is None:
            self._session = self.database.session()
        return self._session

    async def _forget(self) -> None:
        self._loaders.clear()
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _batched(
        self,
        model: type[R],
        column: InstrumentedAttribute[Any],
        keys: list[Any],
        where: Sequence[ColumnElement[bool]] = (),
    ) -> Sequence[R]:
        primary = model.__table__.primary_key.columns  # type: ignore[attr-defined]
        return await self.rows(select(model).where(column.in_(keys), *where).order_by(*primary))


Info: TypeAlias = strawberry.Info[Context, None]


@dataclass(slots=True)
class Write:
    """The hand that writes, inside ``async with info.context.writing() as write``."""

    context: Context
    session: AsyncSession
    events: list[Any] = field(default_factory=list)

    async def get(self, model: type[R], key: Any, *, name: str) -> R:
        """The row with primary key ``key``, locked for this change; raises ``Refusal`` NO_SUCH_RECORD."""
        row = await self.session.get(model, key, with_for_update=not self.context.database.on_sqlite)
        if row is None:
            raise Refusal("NO_SUCH_RECORD", f"There is no such {name}")
        return row

    def add(self, row: Any) -> None:
        """A new row."""
        self.session.add(row)

    def emit(self, kind: str, entity: str, key: str, payload: dict[str, Any] | None = None) -> None:
        """An event into the outbox, in this transaction; ``payload`` holds JSON values."""
        table = self.context.event_table
        if table is None:
            raise LookupError("make_app was given no event table; pass events=Event")
        caller = self.context.caller
        actor = f"{caller.agency}/{caller.role}/{caller.user}"
        self.events.append(
            table(
                at=self.context.now,
                kind=kind,
                entity=entity,
                entity_key=key,
                payload=payload or {},
                actor=actor,
                case_reference=caller.case,
            )
        )

    async def put_events(self) -> None:
        """Insert what was emitted, last of all: events are numbered in the order in which they become visible.

        Otherwise whoever reads the outbox up to a number could pass an event that is committed later under a lower one.
        """
        if not self.events:
            return
        if not self.context.database.on_sqlite:  # SQLite has one writer at a time
            await self.session.flush()
            await self.session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": OUTBOX_LOCK})
        self.session.add_all(self.events)
