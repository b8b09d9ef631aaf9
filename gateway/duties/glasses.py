"""Break-glass grants and the notices to the agencies concerned, in a file. Rows only: what is allowed is ``glass``'s."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from gateway.duties.file import DutyFile, instant_of, maybe, text_of
from gateway.duties.glass import NOTICE, Glass, Notice
from gateway.errors import RequestError

__all__ = ["GlassFile"]

_TABLES = """
CREATE TABLE IF NOT EXISTS glass (
  id TEXT PRIMARY KEY, agency TEXT NOT NULL, role TEXT NOT NULL, user TEXT NOT NULL, purpose TEXT NOT NULL,
  case_ref TEXT NOT NULL, reason TEXT NOT NULL, minutes INTEGER NOT NULL, asked_at TEXT NOT NULL,
  approved_by TEXT NOT NULL, approved_at TEXT, expires_at TEXT,
  reviewed_by TEXT NOT NULL, reviewed_at TEXT, finding TEXT NOT NULL, note TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS notice (
  number INTEGER PRIMARY KEY, glass TEXT NOT NULL REFERENCES glass (id), agency TEXT NOT NULL, request TEXT NOT NULL,
  at TEXT NOT NULL, due TEXT NOT NULL, seen_at TEXT, seen_by TEXT NOT NULL DEFAULT '',
  UNIQUE (glass, agency)
);
"""
_ADD = (
    "INSERT INTO glass VALUES (:id, :agency, :role, :user, :purpose, :case_ref, :reason, :minutes, :asked_at, "
    ":approved_by, :approved_at, :expires_at, :reviewed_by, :reviewed_at, :finding, :note)"
)
_APPROVE = (
    "UPDATE glass SET approved_by = :approved_by, approved_at = :approved_at, expires_at = :expires_at "
    "WHERE id = :id AND approved_at IS NULL"
)
_REVIEW = (
    "UPDATE glass SET reviewed_by = :reviewed_by, reviewed_at = :reviewed_at, finding = :finding, note = :note "
    "WHERE id = :id AND reviewed_at IS NULL"
)


class GlassFile:
    """The file of break-glass grants, open. Calls are short; run them in a thread where an event loop must not wait."""

    def __init__(self, path: Path) -> None:
        self._file = DutyFile(path, _TABLES)

    def add(self, glass: Glass) -> None:
        """Keep a new request, durable when this returns."""
        with self._file.writing() as database:
            database.execute(_ADD, _values(glass))

    def approve(self, glass: Glass) -> None:
        """Keep an approval; raises ``RequestError`` ``BREAK_GLASS_DECIDED`` when somebody else was faster."""
        self._change(glass, _APPROVE)

    def review(self, glass: Glass) -> None:
        """Keep a review; raises ``RequestError`` ``BREAK_GLASS_DECIDED`` when somebody else was faster."""
        self._change(glass, _REVIEW)

    def find(self, id: str) -> Glass | None:
        """The grant with this id, None when there is none."""
        found = self._file.rows("SELECT * FROM glass WHERE id = :id", {"id": id})
        return _glass(found[0]) if found else None

    def all(self) -> list[Glass]:
        """Every grant, the oldest first."""
        return [_glass(row) for row in self._file.rows("SELECT * FROM glass ORDER BY asked_at, id", {})]

    def notify(self, glass: Glass, agencies: Iterable[str], request: str, at: datetime) -> None:
        """Keep a notice for each agency that has none of this grant yet, durable when this returns."""
        rows = [(glass.id, agency, request, text_of(at), text_of(at + NOTICE)) for agency in sorted(set(agencies))]
        with self._file.writing() as database:
            database.executemany(
                "INSERT OR IGNORE INTO notice (glass, agency, request, at, due) VALUES (?, ?, ?, ?, ?)", rows
            )

    def notices(self, *, seen: bool = False, agency: str = "") -> list[Notice]:
        """The notices that nobody has taken note of (with ``seen``, all), oldest first."""
        query = "SELECT * FROM notice WHERE (:seen OR seen_at IS NULL) AND :agency IN ('', agency) ORDER BY number"
        return [_notice(row) for row in self._file.rows(query, {"seen": int(seen), "agency": agency})]

    def acknowledge(self, number: int, by: str, at: datetime) -> None:
        """Note that ``by`` has taken note of a notice; raises ``RequestError`` ``TASK_UNKNOWN``."""
        with self._file.writing() as database:
            changed = database.execute(
                "UPDATE notice SET seen_at = ?, seen_by = ? WHERE number = ? AND seen_at IS NULL",
                (text_of(at), by, number),
            ).rowcount
        if not changed:
            raise RequestError(
                "TASK_UNKNOWN", f"No notice {number} waits.", status=404, hint="`gateway break-glass list` shows them."
            )

    def close(self) -> None:
        """Close the file; closing twice is fine."""
        self._file.close()

    def _change(self, glass: Glass, change: str) -> None:
        with self._file.writing() as database:
            changed = database.execute(change, _values(glass)).rowcount
        if not changed:
            raise RequestError("BREAK_GLASS_DECIDED", "Somebody else was faster.", status=409, hint="Nothing to do.")


def _values(glass: Glass) -> dict[str, Any]:
    def moment(at: datetime | None) -> str | None:
        return text_of(at) if at is not None else None

    return {
        "id": glass.id,
        "agency": glass.agency,
        "role": glass.role,
        "user": glass.user,
        "purpose": glass.purpose,
        "case_ref": glass.case,
        "reason": glass.reason,
        "minutes": glass.minutes,
        "asked_at": text_of(glass.asked_at),
        "approved_by": glass.approved_by,
        "approved_at": moment(glass.approved_at),
        "expires_at": moment(glass.expires_at),
        "reviewed_by": glass.reviewed_by,
        "reviewed_at": moment(glass.reviewed_at),
        "finding": glass.finding,
        "note": glass.note,
    }


def _glass(row: sqlite3.Row) -> Glass:
    return Glass(
        row["id"], row["agency"], row["role"], row["user"], row["purpose"], row["case_ref"], row["reason"],
        row["minutes"], instant_of(row["asked_at"]), row["approved_by"], maybe(row["approved_at"]), maybe(row["expires_at"]),
        row["reviewed_by"], maybe(row["reviewed_at"]), row["finding"], row["note"],
    )  # fmt: skip


def _notice(row: sqlite3.Row) -> Notice:
    return Notice(
        row["glass"], row["agency"], row["request"], instant_of(row["at"]), instant_of(row["due"]), row["number"],
        maybe(row["seen_at"]), row["seen_by"],
    )  # fmt: skip
