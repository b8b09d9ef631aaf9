"""A small SQLite file in which something is owed: durable when a write returns, and readable by the command line."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gateway.errors import RecordUnavailable

__all__ = ["DutyFile", "instant_of", "maybe", "text_of"]


def text_of(at: datetime) -> str:
    """``at`` as fixed-width UTC text, so that text order is time order."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def instant_of(text: str) -> datetime:
    """The instant that ``text_of`` wrote."""
    return datetime.fromisoformat(text)


def maybe(text: str | None) -> datetime | None:
    """The instant that ``text_of`` wrote; None where nothing was."""
    return datetime.fromisoformat(text) if text else None


class DutyFile:
    """An open file. Every call is short and may come from any thread; ``DUTIES_UNAVAILABLE`` when it cannot be done."""

    def __init__(self, path: Path, tables: str, lock_seconds: float = 2.0) -> None:
        """Open the file at ``path``, making it and its ``tables`` (``CREATE ... IF NOT EXISTS``) where they are missing.

        Raises ``RecordUnavailable`` ``DUTIES_UNAVAILABLE``.
        """
        self._gate = threading.Lock()
        self._path = path
        self._failed = False
        self._database: sqlite3.Connection | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            database = sqlite3.connect(path, timeout=lock_seconds, isolation_level=None, check_same_thread=False)
        except (sqlite3.Error, OSError) as problem:
            raise self._unavailable(problem) from problem
        self._database = database
        try:
            database.row_factory = sqlite3.Row
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("PRAGMA synchronous=FULL")
            database.executescript(tables)
        except sqlite3.Error as problem:
            self.close()
            raise self._unavailable(problem) from problem

    @property
    def available(self) -> bool:
        """Whether a write would succeed, as far as is known; after a failure, by trying."""
        if self._database is None:
            return False
        if self._failed:
            try:
                with self.writing():
                    pass
            except RecordUnavailable:
                return False
        return True

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that is durable when the block ends, and undone when it raises."""
        with self._gate:
            database = self._open()
            try:
                database.execute("BEGIN IMMEDIATE")
                try:
                    yield database
                except BaseException:
                    database.execute("ROLLBACK")
                    raise
                database.execute("COMMIT")
            except sqlite3.Error as problem:
                self._failed = True
                raise self._unavailable(problem) from problem
            self._failed = False

    def rows(self, query: str, values: Mapping[str, Any]) -> list[sqlite3.Row]:
        """The rows that ``query`` finds."""
        with self._gate:
            try:
                return self._open().execute(query, dict(values)).fetchall()
            except sqlite3.Error as problem:
                raise self._unavailable(problem) from problem

    def close(self) -> None:
        """Close the file; closing twice is fine, and what is asked later is unavailable."""
        database, self._database = self._database, None
        if database is not None:
            database.close()

    def _open(self) -> sqlite3.Connection:
        if self._database is None:
            raise self._unavailable(sqlite3.ProgrammingError("it is closed"))
        return self._database

    def _unavailable(self, problem: Exception) -> RecordUnavailable:
        return RecordUnavailable(
            "DUTIES_UNAVAILABLE",
            "What is owed for this answer cannot be written down, so nothing is answered.",
            where=str(self._path.name),
            hint=f"Operators: check disk and permissions of the record's folder ({type(problem).__name__}).",
        )
