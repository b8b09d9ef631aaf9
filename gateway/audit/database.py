"""One small way to two databases: SQL with ``?`` in it, rows as tuples, and one error that says what is the matter."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from gateway.errors import RecordUnavailable

__all__ = ["Database", "Row", "SqliteDatabase", "StoreError", "transaction"]

Row: TypeAlias = tuple[Any, ...]


class StoreError(RecordUnavailable):
    """The record's database did not do what was asked; the hint says why. Status 503: nothing may be answered."""

    def __init__(self, cause: str, where: str = "the audit log") -> None:
        super().__init__(
            "AUDIT_UNAVAILABLE",
            "the audit record could not be made durable, so nothing is answered",
            where=where,
            hint=cause,
        )


class Database(Protocol):
    """One connection, for one thread at a time. Every method raises ``StoreError``."""

    blob: str
    """The type of a column of bytes."""
    key: str
    """The type of a whole number that a table's rows are found by."""

    @property
    def open(self) -> bool:
        """Whether the connection still stands."""

    def has(self, table: str) -> bool:
        """Whether there is such a table."""

    def rows(self, sql: str, arguments: Sequence[Any] = ()) -> list[Row]:
        """What the query finds."""

    def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run the statement once for each row."""

    def run(self, sql: str) -> None:
        """Run a statement without arguments."""

    def begin(self, *, write: bool) -> None:
        """Begin a transaction: to write, or to read from one unchanging state."""

    def end(self, *, keep: bool) -> None:
        """Make what was done since ``begin`` durable, or undo it; nothing happens outside a transaction."""

    def scrub(self) -> None:
        """Make nothing of what was deleted be left in files, as far as nobody reads there now."""

    def close(self) -> None:
        """Close the connection; closing twice is fine."""


@contextmanager
def transaction(database: Database, *, write: bool = True) -> Iterator[None]:
    """A transaction around a block: kept when the block comes to its end, undone when it raises."""
    database.begin(write=write)
    try:
        yield
        database.end(keep=True)
    except BaseException:
        database.end(keep=False)
        raise


class SqliteDatabase:
    """A SQLite file (WAL, ``synchronous=FULL``): what is committed has reached the disk."""

    blob = "blob"
    key = "integer primary key"

    def __init__(
        self, path: Path, *, write: bool = True, make: bool = True, lock_seconds: float = 2.0, max_pages: int = 0
    ) -> None:
        """Open the file: to read only, or to write; ``make`` it when it is not there. ``max_pages`` caps its size."""
        self.path = path
        self.open = True
        mode = "ro" if not write else "rwc" if make else "rw"
        try:
            self._db = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode={mode}",
                uri=True,
                timeout=lock_seconds,
                isolation_level=None,
                check_same_thread=False,
            )
        except sqlite3.Error as error:
            raise StoreError("it cannot be opened", str(path)) from error
        try:
            if write:
                self.run("pragma journal_mode=wal")
                self.run("pragma synchronous=full")
                self.run("pragma secure_delete=on")
                if max_pages:
                    self.run(f"pragma max_page_count={int(max_pages)}")
            else:
                self.rows("select count(*) from sqlite_schema")
        except StoreError:
            self._db.close()
            raise

    def has(self, table: str) -> bool:
        """Whether there is such a table."""
        return bool(self.rows("select 1 from sqlite_schema where type = 'table' and name = ?", (table,)))

    def rows(self, sql: str, arguments: Sequence[Any] = ()) -> list[Row]:
        """What the query finds."""
        try:
            return self._db.execute(sql, arguments).fetchall()
        except sqlite3.Error as error:
            raise self._error(error) from error

    def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run the statement once for each row."""
        try:
            self._db.executemany(sql, rows)
        except sqlite3.Error as error:
            raise self._error(error) from error

    def run(self, sql: str) -> None:
        """Run a statement without arguments."""
        self.rows(sql)

    def begin(self, *, write: bool) -> None:
        """Take the write lock, or fix the state to read from."""
        self.run("begin immediate" if write else "begin")

    def end(self, *, keep: bool) -> None:
        """Commit or roll back; nothing happens outside a transaction (a full disk ends one by itself)."""
        if keep:
            self.run("commit")
        elif self._db.in_transaction:
            self._db.rollback()

    def scrub(self) -> None:
        """Empty the write-ahead log into the file, where deleted bytes are overwritten."""
        self.rows("pragma wal_checkpoint(truncate)")

    def close(self) -> None:
        """Close the connection; closing twice is fine."""
        self.open = False
        self._db.close()

    def _error(self, error: sqlite3.Error) -> StoreError:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_FULL:
            return StoreError("the disk is full", str(self.path))
        if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            return StoreError("the database is locked", str(self.path))
        if code in {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_CANTOPEN}:
            return StoreError("it cannot be opened", str(self.path))
        return StoreError(f"the database refuses ({error})", str(self.path))
