"""The append-only log: a hash chain in SQLite, made durable in groups; nothing is answered before its record is in it.

If it looks wrong, look here: one writer thread takes everything queued, chains it, commits once (WAL,
``synchronous=FULL``), signs the new head into the heads file, and only then lets the waiting requests go on.
Several processes may write one log: each continues from the tail it finds inside its own write transaction.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.audit.chain import (
    GENESIS,
    SCHEMA,
    Entry,
    Head,
    columns,
    envelope,
    heads_path,
    link,
    opened,
    read_heads,
)
from gateway.audit.record import AuditRecord
from gateway.errors import RecordUnavailable

__all__ = ["AuditLog", "LogSettings"]

_INSERT = """insert into record (idx, prev, hash, body, at, request, user, agency, role, purpose, "case")
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""


@dataclass(frozen=True, slots=True)
class LogSettings:
    """How the log writes: records per commit, records that may wait, records checked on opening, and seconds to wait
    for another writer's lock; ``max_pages`` caps the database file (0: the disk is the cap)."""

    group: int = 512
    waiting: int = 20_000
    tail: int = 1_000
    lock_seconds: float = 2.0
    max_pages: int = 0


@dataclass(slots=True)
class _Waiting:
    record: bytes
    future: asyncio.Future[Entry]
    loop: asyncio.AbstractEventLoop

    def settle(self, result: Entry | RecordUnavailable) -> None:
        try:
            self.loop.call_soon_threadsafe(self._settle, result)
        except RuntimeError:  # the loop that waited is gone, and with it the request
            return

    def _settle(self, result: Entry | RecordUnavailable) -> None:
        if self.future.done():  # the client went away; the record stands all the same
            return
        if isinstance(result, Entry):
            self.future.set_result(result)
        else:
            self.future.set_exception(result)


class AuditLog:
    """An open log. ``await append(record)`` comes back once the record is durable and chained."""

    def __init__(self, path: Path, key: Ed25519PrivateKey, settings: LogSettings | None = None) -> None:
        """Open or create the log at ``path``; verifies its tail and the signed head.

        Raises ``RecordUnavailable`` ``AUDIT_UNAVAILABLE`` when the database cannot be opened or the chain is broken:
        appending after a break would give the break a valid history.
        """
        self._path = path
        self._key = key
        self._settings = settings or LogSettings()
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._gate = threading.Lock()
        self._closed = False
        self._broken = ""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = self._connect()
            self._heads = os.open(heads_path(path), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
            self._torn = heads_path(path).read_bytes()[-1:] not in {b"", b"\n"}
        except (OSError, sqlite3.Error) as error:
            raise _unavailable("it cannot be opened") from error
        try:
            self._tail = self._check_tail()
        except BaseException:
            self._release()
            raise
        self._writer = threading.Thread(target=self._write, name="audit-log", daemon=True)
        self._writer.start()

    @property
    def tail(self) -> Entry:
        """The last entry this process knows to be durable; index -1 for an empty log."""
        return self._tail

    @property
    def writable(self) -> bool:
        """Whether a record could be appended now, as far as this process knows."""
        return not self._closed and not self._broken

    async def append(self, record: AuditRecord) -> Entry:
        """Where the record stands, once it is durable.

        Raises ``RecordUnavailable`` ``AUDIT_UNAVAILABLE`` when it is not: disk full, database locked, too many
        records waiting, log closed, or the chain found broken. Then nothing may be answered.
        """
        loop = asyncio.get_running_loop()
        waiting = _Waiting(record.canonical(), loop.create_future(), loop)
        with self._gate:  # so that nothing is queued behind the closing mark
            if self._closed:
                raise _unavailable("it is closed")
            if self._broken:
                raise _unavailable(self._broken)
            if self._queue.qsize() >= self._settings.waiting:
                raise _unavailable("too many records are waiting")
            self._queue.put(waiting)
        return await waiting.future

    def close(self) -> None:
        """Write what is queued, then close; later appends raise ``AUDIT_UNAVAILABLE``. Closing twice is fine."""
        with self._gate:
            if self._closed:
                return
            self._closed = True
            self._queue.put(None)
        self._writer.join()
        self._release()

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(
            self._path, timeout=self._settings.lock_seconds, isolation_level=None, check_same_thread=False
        )
        try:
            db.execute("pragma journal_mode=wal")
            db.execute("pragma synchronous=full")
            if self._settings.max_pages:
                db.execute(f"pragma max_page_count={int(self._settings.max_pages)}")
            db.executescript(SCHEMA)
        except sqlite3.Error:
            db.close()
            raise
        return db

    def _release(self) -> None:
        self._db.close()
        os.close(self._heads)

    def _check_tail(self) -> Entry:
        """The last entry, its newest records rehashed and the newest signed head found among them or before them."""
        try:
            last = self._db.execute("select coalesce(max(idx), -1) from record").fetchone()[0]
            start = max(0, last + 1 - self._settings.tail)
            before = self._entry_at(start - 1)
            entry = self._follow(before, last)
            head = max(read_heads(heads_path(self._path)), key=lambda head: head.index, default=None)
            if head is not None:
                self._check_head(head)
        except (sqlite3.Error, OSError) as error:
            raise _unavailable("its end cannot be read") from error
        if head is None or head.index < entry.index:
            self._sign(entry)  # a crash came between the commit and its head
        return entry

    def _check_head(self, head: Head) -> None:
        if not head.signed_by(self._key.public_key()):
            raise _unavailable(f"head {head.index} is not signed by this log's key")
        if self._entry_at(head.index).hash != head.hash:
            raise _unavailable(f"record {head.index} is not what its head signed")

    def _entry_at(self, index: int) -> Entry:
        if index < 0:
            return Entry(-1, GENESIS)
        row = self._db.execute("select hash from record where idx = ?", (index,)).fetchone()
        if row is None:
            raise _unavailable(f"record {index} is missing")
        return Entry(index, row[0])

    def _follow(self, entry: Entry, last: int) -> Entry:
        """Walk from ``entry`` to the record ``last``; raises when a link does not hold."""
        rows = self._db.execute(
            "select idx, prev, hash, body from record where idx > ? and idx <= ? order by idx", (entry.index, last)
        )
        for index, prev, hashed, body in rows:
            sound = index == entry.index + 1 and prev == entry.hash and hashed == link(prev, body)
            if not sound or opened(body)[0] != index:
                raise _unavailable(f"the chain breaks at record {entry.index + 1}")
            entry = Entry(index, hashed)
        if entry.index != last:
            raise _unavailable(f"record {entry.index + 1} is missing")
        return entry

    def _write(self) -> None:
        while True:
            batch = self._take()
            if not batch:
                return
            try:
                entries = self._commit(batch)
            except RecordUnavailable as error:
                self._broken = error.hint
                self._refuse(batch, error.hint)
            except sqlite3.Error as error:
                self._refuse(batch, _cause(error))
            except OSError:
                self._refuse(batch, "its head cannot be written")
            except Exception as error:  # whatever it was, a waiting request must hear of it
                self._refuse(batch, f"the writer failed ({type(error).__name__})")
            else:
                for waiting, entry in zip(batch, entries, strict=True):
                    waiting.settle(entry)

    def _take(self) -> list[_Waiting]:
        """Wait for a record, then take all that are queued (up to a group's size); empty when the log closes."""
        first = self._queue.get()
        if first is None:
            return []
        batch = [first]
        while len(batch) < self._settings.group:
            try:
                following = self._queue.get_nowait()
            except Empty:
                break
            if following is None:  # closing: this batch first
                self._queue.put(None)
                break
            batch.append(following)
        return batch

    def _commit(self, batch: list[_Waiting]) -> list[Entry]:
        self._db.execute("begin immediate")
        try:
            entries = self._insert(self._current_tail(), [waiting.record for waiting in batch])
            self._db.execute("commit")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("rollback")
            raise
        self._tail = entries[-1]
        self._sign(self._tail)
        return entries

    def _current_tail(self) -> Entry:
        """The tail inside this transaction: ours, or what another process appended to it since."""
        last = self._db.execute("select coalesce(max(idx), -1) from record").fetchone()[0]
        if last < self._tail.index or self._entry_at(self._tail.index).hash != self._tail.hash:
            raise _unavailable(f"records up to {self._tail.index} were written and are gone or changed")
        return self._follow(self._tail, last) if last > self._tail.index else self._tail

    def _insert(self, tail: Entry, records: list[bytes]) -> list[Entry]:
        """Chain the records after ``tail``, with what searching needs of each; where each stands."""
        entries: list[Entry] = []
        rows, subjects, coordinates = [], [], []
        for record in records:
            index = tail.index + 1
            body = envelope(index, record)
            entry = Entry(index, link(tail.hash, body))
            row, of_subjects, of_coordinates = columns(orjson.loads(record))
            rows.append((index, tail.hash, entry.hash, body, *row))
            subjects += [(index, *item) for item in of_subjects]
            coordinates += [(index, *item) for item in of_coordinates]
            entries.append(entry)
            tail = entry
        self._db.executemany(_INSERT, rows)
        self._db.executemany("insert into record_subject values (?, ?)", subjects)
        self._db.executemany("insert into record_coordinate values (?, ?, ?, ?, ?, ?)", coordinates)
        return entries

    def _sign(self, entry: Entry) -> None:
        if entry.index < 0:
            return
        line = ("\n" if self._torn else "") + Head.sign(entry, self._key).line()
        self._torn = True  # until proven otherwise: the next line then begins on a line of its own
        if os.write(self._heads, line.encode()) != len(line):
            raise OSError("short write")
        # not synced: the records are durable already, and a head that a power cut takes is signed anew on opening
        self._torn = False

    def _refuse(self, batch: list[_Waiting], cause: str) -> None:
        for waiting in batch:
            waiting.settle(_unavailable(cause))


def _cause(error: sqlite3.Error) -> str:
    code = getattr(error, "sqlite_errorcode", None)
    if code == sqlite3.SQLITE_FULL:
        return "the disk is full"
    if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return "the database is locked"
    return "the database refuses to write"


def _unavailable(cause: str) -> RecordUnavailable:
    return RecordUnavailable(
        "AUDIT_UNAVAILABLE",
        "the audit record could not be made durable, so nothing is answered",
        where="the audit log",
        hint=cause,
    )
