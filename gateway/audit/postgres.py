"""The same small way to PostgreSQL: asyncpg on a thread of its own, so that callers need not be asynchronous."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Coroutine, Iterable, Sequence
from typing import Any, TypeVar

import asyncpg

from gateway.audit.database import Row, StoreError

__all__ = ["PostgresDatabase"]

_T = TypeVar("_T")
_CAUSES = {
    "53100": "the disk is full",
    "53200": "the database is out of memory",
    "53300": "the database has too many connections",
    "55P03": "the database is locked",
    "57014": "the database is locked",
    "25006": "the database only reads",
}
_LONGEST = 3600.0  # seconds; a search over years may take a while


class _Loop:
    """One event loop on a thread of its own, shared by all connections; it ends with the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def wait(self, work: Coroutine[Any, Any, _T]) -> _T:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, name="audit-postgres", daemon=True).start()
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


_APART = _Loop()


class PostgresDatabase:
    """A connection to one schema of a PostgreSQL database."""

    blob = "bytea"
    key = "bigint primary key"

    def __init__(self, url: str, schema: str, *, make: bool = False, lock_seconds: float = 2.0) -> None:
        """Connect to ``url`` (``postgresql://`` or SQLAlchemy's ``postgresql+asyncpg://``) with ``schema`` as home;
        ``make`` the schema when it is not there. Nothing waits longer than ``lock_seconds`` for a lock."""
        self.schema = schema
        self._known: dict[str, str] = {}
        limits = {"search_path": schema, "lock_timeout": str(max(1, int(lock_seconds * 1000)))}
        address = re.sub(r"^postgresql\+\w+:", "postgresql:", url)
        connecting = asyncpg.connect(address, server_settings=limits, timeout=10.0, command_timeout=_LONGEST)
        try:
            self._db = _APART.wait(connecting)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
            raise StoreError(f"it cannot be opened ({type(error).__name__})", schema) from error
        if make:
            self.run(f'create schema if not exists "{schema}"')

    def has(self, table: str) -> bool:
        """Whether there is such a table."""
        found = "select 1 from pg_tables where schemaname = ? and tablename = ?"
        return bool(self.rows(found, (self.schema, table)))

    def rows(self, sql: str, arguments: Sequence[Any] = ()) -> list[Row]:
        """What the query finds."""
        return [tuple(row) for row in self._wait(self._db.fetch(self._numbered(sql), *arguments))]

    def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run the statement once for each row."""
        self._wait(self._db.executemany(self._numbered(sql), list(rows)))

    def run(self, sql: str) -> None:
        """Run a statement without arguments."""
        self._wait(self._db.execute(sql))

    def begin(self, *, write: bool) -> None:
        """Begin; reading fixes the state to read from."""
        self.run("begin" if write else "begin isolation level repeatable read read only")

    def end(self, *, keep: bool) -> None:
        """Commit or roll back; nothing happens outside a transaction."""
        if self._db.is_closed() or not self._db.is_in_transaction():
            if keep:
                raise StoreError("the database went away", self.schema)
            return
        self.run("commit" if keep else "rollback")

    def scrub(self) -> None:
        """Free the deleted rows' space, to be written over; what backups and replicas keep is for the server's owner."""
        self.run("vacuum payload")

    def close(self) -> None:
        """Close the connection; closing twice is fine."""
        if not self._db.is_closed():
            self._wait(self._db.close(timeout=5.0))

    @property
    def open(self) -> bool:
        """Whether the connection still stands."""
        return not self._db.is_closed()

    def _numbered(self, sql: str) -> str:
        if sql not in self._known:
            parts = sql.split("?")
            self._known[sql] = "".join(f"{part}${at}" for at, part in enumerate(parts[:-1], 1)) + parts[-1]
        return self._known[sql]

    def _wait(self, work: Coroutine[Any, Any, _T]) -> _T:
        try:
            return _APART.wait(work)
        except asyncpg.PostgresError as error:
            cause = _CAUSES.get(error.sqlstate or "", f"the database refuses ({type(error).__name__})")
            raise StoreError(cause, self.schema) from error
        except (OSError, asyncpg.InterfaceError, TimeoutError) as error:
            raise StoreError("the database went away", self.schema) from error
