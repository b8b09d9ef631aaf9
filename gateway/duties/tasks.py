"""The tasks that agreements leave behind, in a file: what is owed, until when, and who did it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from gateway.duties.file import DutyFile, instant_of, maybe, text_of
from gateway.duties.obligations import Task
from gateway.errors import RequestError

__all__ = ["TaskFile"]

_TABLES = """
CREATE TABLE IF NOT EXISTS task (
  number INTEGER PRIMARY KEY,
  agreement TEXT NOT NULL, version INTEGER NOT NULL, kind TEXT NOT NULL, what TEXT NOT NULL,
  debtor TEXT NOT NULL, user TEXT NOT NULL, creditor TEXT NOT NULL, case_ref TEXT NOT NULL, request TEXT NOT NULL,
  at TEXT NOT NULL, due TEXT NOT NULL, done_at TEXT, done_by TEXT NOT NULL DEFAULT '', note TEXT NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX IF NOT EXISTS one_open ON task (agreement, kind, debtor, user, case_ref) WHERE done_at IS NULL;
CREATE INDEX IF NOT EXISTS by_due ON task (due) WHERE done_at IS NULL;
"""
_OPEN = (
    "SELECT 1 FROM task WHERE agreement = :agreement AND kind = :kind AND debtor = :debtor AND user = :user "
    "AND case_ref = :case AND done_at IS NULL"
)


class TaskFile:
    """The file of tasks, open. Calls are short; run them in a thread where an event loop must not wait for the disk."""

    def __init__(self, path: Path) -> None:
        self._file = DutyFile(path, _TABLES)

    @property
    def available(self) -> bool:
        """Whether a task could be kept now."""
        return self._file.available

    def add(self, tasks: Iterable[Task]) -> None:
        """Keep ``tasks``, durable when this returns; one that is open already keeps its first due date."""
        new = [each for each in (_values(task) for task in tasks) if not self._open(each)]
        if not new:
            return
        with self._file.writing() as database:
            database.executemany(
                "INSERT OR IGNORE INTO task (agreement, version, kind, what, debtor, user, creditor, case_ref, request, "
                "at, due) VALUES (:agreement, :version, :kind, :what, :debtor, :user, :creditor, :case, :request, "
                ":at, :due)",
                new,
            )

    def all(self, *, done: bool = False, agency: str = "") -> list[Task]:
        """The open tasks (with ``done``, all), those due first first; ``agency``: owed by it or to it."""
        query = "SELECT * FROM task WHERE (:done OR done_at IS NULL) AND :agency IN ('', debtor, creditor)"
        return [
            _task(row)
            for row in self._file.rows(query + " ORDER BY due, number", {"done": int(done), "agency": agency})
        ]

    def finish(self, number: int, by: str, at: datetime, note: str = "") -> Task:
        """The task, done by ``by`` at ``at``; raises ``RequestError`` ``TASK_UNKNOWN`` when there is none that is open."""
        with self._file.writing() as database:
            found = database.execute(
                "UPDATE task SET done_at = ?, done_by = ?, note = ? WHERE number = ? AND done_at IS NULL RETURNING *",
                (text_of(at), by, note, number),
            ).fetchall()
        if not found:
            raise RequestError(
                "TASK_UNKNOWN", f"No task {number} is open.", status=404, hint="`gateway obligations list` shows them."
            )
        return _task(found[0])

    def close(self) -> None:
        """Close the file; closing twice is fine."""
        self._file.close()

    def _open(self, values: dict[str, str | int]) -> bool:
        return bool(self._file.rows(_OPEN, values))


def _values(task: Task) -> dict[str, str | int]:
    return {
        "agreement": task.agreement,
        "version": task.version,
        "kind": task.kind,
        "what": task.what,
        "debtor": task.debtor,
        "user": task.user,
        "creditor": task.creditor,
        "case": task.case,
        "request": task.request,
        "at": text_of(task.at),
        "due": text_of(task.due),
    }


def _task(row: sqlite3.Row) -> Task:
    return Task(
        row["agreement"], row["version"], row["kind"], row["what"], row["debtor"], row["user"], row["creditor"],
        row["case_ref"], row["request"], instant_of(row["at"]), instant_of(row["due"]), row["number"],
        maybe(row["done_at"]), row["done_by"], row["note"],
    )  # fmt: skip
