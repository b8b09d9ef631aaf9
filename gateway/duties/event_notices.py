"""Events that an agreement obliges its provider to push, in a file: when they are due, who was told, who acknowledged.

A notice names no record: an event's number, and nothing of what happened. What it is about is read under the agreements,
by subscribing from the notice's place on.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from gateway.duties.file import DutyFile, instant_of, maybe, text_of
from gateway.errors import AccessError

__all__ = ["EventNotice", "EventNoticeFile", "NoticeState"]

NoticeState: TypeAlias = Literal["waiting", "told", "acknowledged"]
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS event_notice (
  id TEXT PRIMARY KEY, agreement TEXT NOT NULL, creditor TEXT NOT NULL, debtor TEXT NOT NULL,
  subgraph TEXT NOT NULL, field TEXT NOT NULL, event INTEGER NOT NULL, at TEXT NOT NULL, due TEXT NOT NULL,
  told_at TEXT, acknowledged_at TEXT, acknowledged_by TEXT NOT NULL DEFAULT '',
  UNIQUE (subgraph, event, agreement)
);
CREATE INDEX IF NOT EXISTS by_due_notice ON event_notice (due) WHERE acknowledged_at IS NULL;
CREATE TABLE IF NOT EXISTS event_told (
  notice TEXT NOT NULL REFERENCES event_notice (id), user TEXT NOT NULL, record TEXT NOT NULL, at TEXT NOT NULL,
  PRIMARY KEY (notice, user)
);
CREATE TABLE IF NOT EXISTS event_place (subgraph TEXT PRIMARY KEY, event INTEGER NOT NULL);
"""
_ADD: Final = (
    "INSERT OR IGNORE INTO event_notice (id, agreement, creditor, debtor, subgraph, field, event, at, due) VALUES "
    "(:id, :agreement, :creditor, :debtor, :subgraph, :field, :event, :at, :due)"
)


@dataclass(frozen=True, slots=True)
class EventNotice:
    """One event to be pushed by ``creditor`` to ``debtor`` until ``due``, and to be acknowledged there."""

    id: str
    agreement: str
    creditor: str
    debtor: str
    subgraph: str
    field: str
    event: int
    at: datetime
    due: datetime
    told_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""

    @property
    def state(self) -> NoticeState:
        """``waiting`` until somebody entitled was told, ``told`` until one of them acknowledged."""
        if self.acknowledged_at is not None:
            return "acknowledged"
        return "told" if self.told_at is not None else "waiting"

    def overdue(self, now: datetime) -> bool:
        """Whether it should have been acknowledged before ``now`` and was not."""
        return self.acknowledged_at is None and now > self.due


class EventNoticeFile:
    """The file of notices, open. Calls are short; run them in a thread where an event loop must not wait for the disk."""

    def __init__(self, path: Path) -> None:
        self._file = DutyFile(path, _TABLES)

    def add(self, notices: Iterable[EventNotice]) -> list[EventNotice]:
        """Each of ``notices`` as it is kept, durable when this returns; one of an event that is there already stays."""
        kept = []
        with self._file.writing() as database:
            for each in notices:
                database.execute(_ADD, _values(each))
                kept += database.execute(
                    "SELECT * FROM event_notice WHERE subgraph = :subgraph AND event = :event AND agreement = :agreement",
                    _values(each),
                ).fetchall()
        return [_notice(row) for row in kept]

    def place(self, subgraph: str) -> int | None:
        """The number of the last event of ``subgraph`` of which notices were made; None before the first."""
        rows = self._file.rows("SELECT event FROM event_place WHERE subgraph = :subgraph", {"subgraph": subgraph})
        return int(rows[0]["event"]) if rows else None

    def reach(self, subgraph: str, event: int) -> None:
        """Notices of events of ``subgraph`` up to ``event`` have been made."""
        with self._file.writing() as database:
            database.execute(
                "INSERT INTO event_place VALUES (?, ?) ON CONFLICT (subgraph) DO UPDATE SET event = "
                "max(event, excluded.event)",
                (subgraph, event),
            )

    def go_back(self, subgraph: str, event: int) -> None:
        """Events of ``subgraph`` after ``event`` are gone: notices are made from there on."""
        with self._file.writing() as database:
            database.execute("UPDATE event_place SET event = ? WHERE subgraph = ?", (event, subgraph))

    def tell(self, notices: Iterable[EventNotice], user: str, record: str, at: datetime) -> None:
        """``user`` was told of ``notices`` by the answer on record as ``record``."""
        with self._file.writing() as database:
            for each in notices:
                database.execute(
                    "INSERT OR IGNORE INTO event_told VALUES (?, ?, ?, ?)", (each.id, user, record, text_of(at))
                )
                database.execute(
                    "UPDATE event_notice SET told_at = coalesce(told_at, ?) WHERE id = ?", (text_of(at), each.id)
                )

    def told(self, notice: str, user: str) -> str:
        """The record of the answer by which ``user`` was told of ``notice``.

        Raises ``AccessError`` ``NOTICE_UNKNOWN`` where it never was, as where there is no such notice.
        """
        rows = self._file.rows(
            "SELECT record FROM event_told WHERE notice = :notice AND user = :user", {"notice": notice, "user": user}
        )
        if not rows:
            raise AccessError(
                "NOTICE_UNKNOWN",
                "There is no such notice that you were told of.",
                status=404,
                where="id",
                hint='Use the id under "notices" in the extensions of the event.',
            )
        return str(rows[0]["record"])

    def acknowledge(self, notice: str, user: str, at: datetime) -> EventNotice:
        """The notice, acknowledged by ``user`` (see ``told``); the first acknowledgment stays."""
        self.told(notice, user)
        with self._file.writing() as database:
            database.execute(
                "UPDATE event_notice SET acknowledged_at = ?, acknowledged_by = ? "
                "WHERE id = ? AND acknowledged_at IS NULL",
                (text_of(at), user, notice),
            )
            (row,) = database.execute("SELECT * FROM event_notice WHERE id = ?", (notice,)).fetchall()
        return _notice(row)

    def all(self, *, done: bool = False, creditor: str = "", user: str = "") -> list[EventNotice]:
        """The notices not acknowledged (with ``done``, all), those due first first.

        ``creditor``: only what that agency has to push; ``user``: only what that user was told of.
        """
        query = (
            "SELECT * FROM event_notice WHERE (:done OR acknowledged_at IS NULL) AND :creditor IN ('', creditor) "
            "AND (:user = '' OR id IN (SELECT notice FROM event_told WHERE user = :user)) ORDER BY due, event"
        )
        return [_notice(row) for row in self._file.rows(query, {"done": int(done), "creditor": creditor, "user": user})]

    def counts(self, now: datetime) -> dict[str, float]:
        """How many are ``waiting``, ``told`` and ``overdue`` (those of both past their time)."""
        (row,) = self._file.rows(
            "SELECT count(*) FILTER (WHERE told_at IS NULL) AS waiting, count(*) FILTER (WHERE told_at IS NOT NULL) AS "
            "told, count(*) FILTER (WHERE due < :now) AS overdue FROM event_notice WHERE acknowledged_at IS NULL",
            {"now": text_of(now)},
        )
        return {name: float(row[name]) for name in ("waiting", "told", "overdue")}

    def close(self) -> None:
        """Close the file; closing twice is fine."""
        self._file.close()


def _values(notice: EventNotice) -> dict[str, Any]:
    return {
        "id": notice.id, "agreement": notice.agreement, "creditor": notice.creditor, "debtor": notice.debtor,
        "subgraph": notice.subgraph, "field": notice.field, "event": notice.event,
        "at": text_of(notice.at), "due": text_of(notice.due),
    }  # fmt: skip


def _notice(row: sqlite3.Row) -> EventNotice:
    return EventNotice(
        row["id"], row["agreement"], row["creditor"], row["debtor"], row["subgraph"], row["field"], row["event"],
        instant_of(row["at"]), instant_of(row["due"]), maybe(row["told_at"]), maybe(row["acknowledged_at"]),
        row["acknowledged_by"],
    )  # fmt: skip
