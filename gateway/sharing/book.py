"""The book of sharing requests: every step of every request, appended and never changed, beside the record.

A file ``sharing.sqlite3`` in the record's folder, or a schema ``sharing`` of the record's PostgreSQL database. A step is
put on record first and entered in the same breath: the record holds its digest, so a step that was changed in the book
gives itself away (``standing``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import orjson

from gateway.audit.database import Database, Row, SqliteDatabase, StoreError, transaction
from gateway.audit.entry import Entry, opened
from gateway.audit.place import FilePlace, Where, place_of
from gateway.audit.postgres import PostgresDatabase
from gateway.audit.record import AuditRecord, instant
from gateway.audit.shard import open_shard
from gateway.caller import Caller
from gateway.errors import RecordUnavailable, RequestError
from gateway.sharing.request import Party, SharingRequest, Step, request_of

__all__ = ["Book", "open_book", "record_of", "standing", "step_digest"]

_TABLE = """create table if not exists sharing_step (
  request text not null, number bigint not null, at text not null, kind text not null, agency text not null,
  role text not null, "user" text not null, officer bigint not null, body text not null, data text not null,
  record text not null, primary key (request, number))"""
_COLUMNS = 'request, number, at, kind, agency, role, "user", officer, body, data, record'


@contextmanager
def open_book(where: Where) -> Iterator[Book]:
    """The book beside the record at ``where``, made where it is missing; raises ``RecordUnavailable``
    ``SHARING_UNAVAILABLE``."""
    place = place_of(where)
    try:
        if isinstance(place, FilePlace):
            place.base.parent.mkdir(parents=True, exist_ok=True)
            database: Database = SqliteDatabase(place.base.with_name("sharing.sqlite3"), lock_seconds=10.0)
        else:
            database = PostgresDatabase(str(where), "sharing", make=True, lock_seconds=10.0)
    except OSError as problem:
        raise _unavailable(problem.strerror or "") from problem
    except StoreError as problem:
        raise _unavailable(problem.hint) from problem
    try:
        yield Book(database)
    except StoreError as problem:
        raise _unavailable(problem.hint) from problem
    finally:
        database.close()


def _unavailable(cause: str) -> RecordUnavailable:
    return RecordUnavailable(
        "SHARING_UNAVAILABLE", "The book of sharing requests can be neither read nor written.", where="sharing",
        hint=f"Operators: {cause}; check disk and permissions of the record's place.",
    )  # fmt: skip


class Book:
    """The open book."""

    def __init__(self, database: Database) -> None:
        self._database = database
        with transaction(database):
            database.run(_TABLE)

    def all(self) -> list[SharingRequest]:
        """Every request, the one that was changed last first."""
        rows = self._database.rows(f"select {_COLUMNS} from sharing_step order by request, number")  # noqa: S608 - own words
        steps: dict[str, list[Step]] = {}
        for row in rows:
            steps.setdefault(str(row[0]), []).append(_step(row))
        return sorted((request_of(each) for each in steps.values()), key=lambda each: (each.changed_at, each.id), reverse=True)  # fmt: skip

    def find(self, id: str) -> SharingRequest | None:
        """The request of that id."""
        rows = self._database.rows(
            f"select {_COLUMNS} from sharing_step where request = ? order by number", (id,)  # noqa: S608 - own words
        )  # fmt: skip
        return request_of([_step(row) for row in rows]) if rows else None

    def enter(self, step: Step, put_on_record: Callable[[], Entry]) -> Step:
        """Enter ``step``, after it was put on record; the step as it was entered.

        Raises ``RequestError`` ``SHARING_MOVED`` (409) where somebody else took a step meanwhile; then nothing is on record.
        """
        with transaction(self._database):
            if isinstance(self._database, PostgresDatabase):  # SQLite has one writer anyway
                self._database.run("lock table sharing_step in exclusive mode")
            found = self._database.rows("select count(*) from sharing_step where request = ?", (step.request,))
            if int(found[0][0]) != step.number:
                raise RequestError(
                    "SHARING_MOVED", "Somebody took a step meanwhile.", status=409, where=step.request,
                    hint="Read the request as it stands, then decide anew.",
                )  # fmt: skip
            entry = _recorded(put_on_record)
            entered = Step(
                step.request, step.number, step.at, step.kind, step.party, step.text, step.data,
                f"{entry.shard}/{entry.index}",
            )  # fmt: skip
            marks = ", ".join("?" * 11)
            self._database.many(f"insert into sharing_step ({_COLUMNS}) values ({marks})", [_row(entered)])  # noqa: S608 - own words
        return entered


def _recorded(put_on_record: Callable[[], Entry]) -> Entry:
    try:
        return put_on_record()
    except StoreError as problem:  # the record's trouble, not the book's
        raise RecordUnavailable(problem.code, problem.message, where=problem.where, hint=problem.hint) from problem


def _row(step: Step) -> Row:
    party = step.party
    data = orjson.dumps(dict(step.data), option=orjson.OPT_SORT_KEYS).decode()
    return (
        step.request, step.number, instant(step.at), step.kind, party.agency, party.role, party.user,
        int(party.officer), step.text, data, step.record,
    )  # fmt: skip


def _step(row: Row) -> Step:
    request, number, at, kind, agency, role, user, officer, text, data, record = row
    party = Party(agency, role, user, bool(officer))
    return Step(request, int(number), datetime.fromisoformat(at), kind, party, text, orjson.loads(data), record)


# -- on record ----


def step_digest(step: Step) -> str:
    """``sha256:`` over all that a step says, but for its place in the record."""
    row = _row(step)[:-1]
    return "sha256:" + hashlib.sha256(orjson.dumps(row)).hexdigest()


def record_of(step: Step, id: str, caller: Caller, epoch: str, supergraph: str) -> AuditRecord:
    """The record of a step: who took which, and the digest of what it says; the words themselves stay in the book."""
    note = (("request", step.request), ("step", step.kind), ("number", str(step.number)), ("digest", step_digest(step)))
    signed = (("signed", str(step.data["digest"])),) if step.kind == "sign" else ()
    return AuditRecord(
        id, step.at, caller, epoch, supergraph, operation_name=f"sharing: {step.kind}", kind="sharing",
        note=(*note, *signed),
    )  # fmt: skip


def standing(where: Where, step: Step) -> str:
    """How a step stands against the record: ``as written``, ``changed``, or ``not kept`` where retention took the payload."""
    shard, _, index = step.record.partition("/")
    place = place_of(where)
    if shard not in place.shards() or not index.isdecimal():
        return "changed"
    with open_shard(place, shard) as kept:
        body = kept.bodies([int(index)]).get(int(index))
        if body is None:
            return "not kept" if int(index) < kept.size() else "changed"
    note: dict[str, Any] = opened(body).record.get("note", {})
    return "as written" if note.get("digest") == step_digest(step) else "changed"
