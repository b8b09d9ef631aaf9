"""A subgraph's own database: one engine, sessions for reading and writing, on SQLite or PostgreSQL."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import event, exc
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

__all__ = ["Database", "is_away"]

_AWAY = ("08", "57P", "53300")
"""States of PostgreSQL that say the server or the line is gone, starting, stopping or full (its manual, appendix A)."""

# the driver writes every statement with its parameters to its debug log; parameters are records' values
logging.getLogger("aiosqlite").setLevel(logging.INFO)


def is_away(fault: BaseException) -> bool:
    """Whether a fault says that the database cannot be had for the moment: the same may be asked again."""
    chain: list[BaseException] = []
    left: list[BaseException | None] = [fault]
    while left:
        each = left.pop()
        if each is not None and each not in chain:
            chain.append(each)
            left += [each.__cause__, each.__context__, getattr(each, "orig", None)]
    return any(_says_away(each) for each in chain)


def _says_away(fault: BaseException) -> bool:
    if isinstance(fault, exc.DBAPIError) and fault.connection_invalidated:
        return True
    state = getattr(fault, "sqlstate", None)
    if isinstance(state, str):
        return state.startswith(_AWAY)
    if getattr(fault, "sqlite_errorcode", None) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_CANTOPEN):
        return True
    return isinstance(fault, OSError | exc.TimeoutError | exc.InterfaceError)


class Database:
    """Opens sessions on one subgraph's database; the engine is made at first use, inside the running event loop.

    ``url`` is SQLAlchemy's, with an asynchronous driver. On PostgreSQL the session's ``search_path`` is ``schema``.
    Statement parameters never appear in an error's text.
    """

    def __init__(self, url: str, schema: str) -> None:
        self.url = make_url(url)
        self.schema = schema
        self._engine: AsyncEngine | None = None
        self._sessions: async_sessionmaker[AsyncSession] | None = None
        self.changes = 0
        self._changed: asyncio.Event | None = None

    def say_changed(self) -> None:
        """Count a transaction of this process that wrote events, and wake whoever waits for one."""
        self.changes += 1
        changed, self._changed = self._changed, None
        if changed is not None:
            changed.set()

    async def changed(self, since: int, seconds: float) -> None:
        """Return when ``changes`` is more than ``since``, or after ``seconds``: another process may have written."""
        if self.changes != since:
            return
        if self._changed is None:
            self._changed = asyncio.Event()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), seconds)

    @property
    def on_sqlite(self) -> bool:
        """Whether the database is a SQLite file."""
        return self.url.get_backend_name() == "sqlite"

    @property
    def engine(self) -> AsyncEngine:
        """The engine, made now if it is not there yet."""
        if self._engine is None:
            self._engine = self._make_engine()
        return self._engine

    def session(self) -> AsyncSession:
        """A new session; what it read stays readable after it is closed."""
        if self._sessions is None:
            self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        return self._sessions()

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncSession]:
        """A session in a write transaction: committed at the end, rolled back on any error."""
        async with self.session() as session:
            await session.connection(execution_options={"tws_write": True})
            yield session
            await session.commit()

    async def ready(self) -> bool:
        """Whether the database answers and has its tables; raises what the driver raises when it does not."""
        async with self.engine.connect() as connection:
            version = await connection.exec_driver_sql("select version_num from alembic_version")
            return version.first() is not None

    async def dispose(self) -> None:
        """Close every connection; the next use opens new ones."""
        if self._engine is not None:
            await self._engine.dispose()
        self._engine = None
        self._sessions = None

    def _make_engine(self) -> AsyncEngine:
        if not self.on_sqlite:
            settings = {"search_path": self.schema}
            return create_async_engine(
                self.url, hide_parameters=True, pool_pre_ping=True, connect_args={"server_settings": settings}
            )
        if self.url.database:
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_async_engine(self.url, hide_parameters=True)
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
        return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # the driver's own transaction handling begins too late for a consistent snapshot, so it is switched off here and
    # _begin_sqlite begins explicitly (https://docs.sqlalchemy.org/en/20/dialects/sqlite.html#aiosqlite-serializable)
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", "busy_timeout=5000", "synchronous=NORMAL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Any) -> None:
    # a writer takes the lock at once: an upgrade of a read transaction fails at the first conflict
    mode = "IMMEDIATE" if connection.get_execution_options().get("tws_write") else "DEFERRED"
    connection.exec_driver_sql(f"BEGIN {mode}")
