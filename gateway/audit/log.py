"""The append-only log: a Merkle tree in a database, made durable in groups; nothing is answered before its record is in.

If it looks wrong, look here: one writer thread takes everything queued, adds it to the tree, signs a checkpoint, commits
once (WAL and ``synchronous=FULL``, or PostgreSQL), copies the checkpoint into the trail, and only then lets the waiting
requests go on. Each process writes a shard of its own (``gateway.audit.place``).
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.audit.checkpoint import Checkpoint
from gateway.audit.database import StoreError, transaction
from gateway.audit.entry import SALT, Entry, Stored, commitment, envelope
from gateway.audit.merkle import leaf_hash
from gateway.audit.opening import check_end
from gateway.audit.place import Claim, Place, Where, place_of
from gateway.audit.record import AuditRecord, instant
from gateway.audit.shard import Shard

__all__ = ["ORIGIN", "AuditLog", "LogSettings"]

ORIGIN = "two-way-street.example/record"
"""What the origins of the shards' checkpoints begin with, unless the settings say otherwise."""


@dataclass(frozen=True, slots=True)
class LogSettings:
    """How the log writes: records per commit, records that may wait, records checked on opening, and seconds to wait
    for somebody else's lock; ``max_pages`` caps the database file (0: the disk is the cap); ``shard`` is the shard to
    write (``""``: one that nobody writes, or a new one) and ``origin`` what new shards' origins begin with."""

    group: int = 512
    waiting: int = 20_000
    tail: int = 1_000
    lock_seconds: float = 2.0
    max_pages: int = 0
    shard: str = ""
    origin: str = ORIGIN


@dataclass(slots=True)
class _Waiting:
    at: str
    record: bytes
    future: asyncio.Future[Entry]
    loop: asyncio.AbstractEventLoop


class AuditLog:
    """An open log. ``await append(record)`` comes back once the record is durable and in the tree."""

    def __init__(self, path: Where, key: Ed25519PrivateKey, settings: LogSettings | None = None) -> None:
        """Open or create the log at ``path`` and take a shard of it; verifies the shard's end and signed checkpoint.

        Raises ``RecordUnavailable`` ``AUDIT_UNAVAILABLE`` when the database cannot be opened or the shard is broken:
        appending after a break would give the break a valid history.
        """
        self._key = key
        self._settings = settings or LogSettings()
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._gate = threading.Lock()
        self._closed = False
        self._broken = ""
        self._place: Place = place_of(path)
        self._claim = self._take(self._settings.shard)
        self._writer = threading.Thread(target=self._write, name="audit-log", daemon=True)
        self._writer.start()

    @property
    def shard(self) -> str:
        """The id of the shard that this process writes."""
        return self._claim.shard

    @property
    def tail(self) -> Entry:
        """The last entry this process knows to be durable; index -1 for an empty shard."""
        return self._tail

    @property
    def checkpoint(self) -> Checkpoint | None:
        """The newest signed checkpoint; None for an empty shard."""
        return self._signed

    @property
    def writable(self) -> bool:
        """Whether a record could be appended now, as far as this process knows."""
        return not self._closed and not self._broken

    @property
    def waiting(self) -> int:
        """How many records wait for the writer now: the record's lag."""
        return self._queue.qsize()

    async def append(self, record: AuditRecord) -> Entry:
        """Where the record stands, once it is durable.

        Raises ``RecordUnavailable`` ``AUDIT_UNAVAILABLE`` when it is not: disk full, database locked, too many
        records waiting, log closed, or the shard found broken. Then nothing may be answered.
        """
        loop = asyncio.get_running_loop()
        waiting = _Waiting(instant(record.at), record.canonical(), loop.create_future(), loop)
        with self._gate:  # so that nothing is queued behind the closing mark
            if self._closed:
                raise StoreError("it is closed")
            if self._broken:
                raise StoreError(self._broken)
            if self._queue.qsize() >= self._settings.waiting:
                raise StoreError("too many records are waiting")
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
        self._release(self._claim)

    # -- opening

    def _take(self, wanted: str) -> Claim:
        """Claim a shard and know its end."""
        claim = self._place.claim(wanted, self._settings.lock_seconds, self._settings.max_pages)
        self._trail = -1
        try:
            self._open(claim)
        except BaseException:
            self._release(claim)
            raise
        return claim

    def _open(self, claim: Claim) -> None:
        trail = self._place.trail(claim.shard)
        self._shard = Shard(claim.shard, claim.database, trail)
        self._shard.make(f"{self._settings.origin}/{claim.shard}")
        end = check_end(self._shard, self._key.public_key(), self._settings.tail)
        self._origin, self._frontier, self._tail, self._noted = end.origin, end.frontier, end.tail, end.noted
        self._signed = end.checkpoint
        if trail is None:
            return
        try:
            self._trail = os.open(trail, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)
        except OSError as error:
            raise StoreError("its trail of checkpoints cannot be opened", str(trail)) from error
        self._torn = not end.trail_whole
        if end.checkpoint is not None and not end.trail_has_it:
            self._follow(end.checkpoint)  # a crash came between the commit and its copy

    def _release(self, claim: Claim) -> None:
        if self._trail >= 0:
            os.close(self._trail)
            self._trail = -1
        claim.release()

    # -- the writer's thread

    def _write(self) -> None:
        while batch := self._next():
            try:
                entries = self._commit(batch)
            except StoreError as error:
                self._settle(batch, error)
            except OSError:
                self._settle(batch, StoreError("its trail of checkpoints cannot be written"))
            except Exception as error:  # whatever it was, a waiting request must hear of it
                self._settle(batch, StoreError(f"the writer failed ({type(error).__name__})"))
            else:
                self._settle(batch, entries)

    def _next(self) -> list[_Waiting]:
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
        if self._broken:
            raise StoreError(self._broken)
        if not self._claim.database.open:  # the server went away, and the claim on the shard with it
            self._release(self._claim)
            self._claim = self._take(self._claim.shard)
        frontier, noted = self._frontier.copy(), self._noted
        kept: list[Stored] = []
        tiles: list[tuple[int, int, bytes]] = []
        salts = os.urandom(SALT * len(batch))
        for at, waiting in enumerate(batch):
            # requests end in another order than they began; what was noted later stays later
            noted = max(noted, waiting.at)
            body = envelope(self.shard, frontier.size, noted, waiting.record)
            salt = salts[at * SALT : at * SALT + SALT]
            leaf = commitment(salt, body)
            kept.append(Stored(frontier.size, leaf, salt, body))
            tiles += frontier.add(leaf_hash(leaf))
        signed = Checkpoint.sign(self._origin, frontier.size, frontier.root(), self._key)
        with transaction(self._shard.database):
            self._check_tail()
            self._shard.append(kept, tiles, signed)
        self._frontier, self._noted, self._signed = frontier, noted, signed
        entries = [Entry(each.index, each.commitment, self.shard) for each in kept]
        self._tail = entries[-1]
        self._follow(signed)
        return entries

    def _check_tail(self) -> None:
        """Inside the transaction: the shard ends where this process left it."""
        size = self._frontier.size
        found = self._shard.commitments(max(0, size - 1), size + 1)
        if found != ([(self._tail.index, self._tail.hash)] if size else []):
            self._broken = f"records up to {max(0, size - 1)} were written and are gone or changed"
            raise StoreError(self._broken)

    def _follow(self, signed: Checkpoint) -> None:
        """Copy the checkpoint into the trail. Not synced: it is durable in the database, and copied anew on opening."""
        if self._trail < 0:
            return
        line = (("\n" if self._torn else "") + signed.line()).encode()
        self._torn = True  # until proven otherwise: the next line then begins on a line of its own
        if os.write(self._trail, line) != len(line):
            raise OSError("short write")
        self._torn = False

    def _settle(self, batch: Sequence[_Waiting], result: Sequence[Entry] | StoreError) -> None:
        """Tell each waiting request, with one call into each event loop."""
        loops: dict[asyncio.AbstractEventLoop, list[int]] = {}
        for at, waiting in enumerate(batch):
            loops.setdefault(waiting.loop, []).append(at)
        for loop, places in loops.items():
            try:
                loop.call_soon_threadsafe(_tell, [batch[at].future for at in places],
                                          result if isinstance(result, StoreError) else [result[at] for at in places])  # fmt: skip
            except RuntimeError:  # the loop that waited is gone, and with it the requests
                continue


def _tell(futures: Sequence[asyncio.Future[Entry]], result: Sequence[Entry] | StoreError) -> None:
    for at, future in enumerate(futures):
        if future.done():  # the client went away; the record stands all the same
            continue
        if isinstance(result, StoreError):
            future.set_exception(StoreError(result.hint, result.where))
        else:
            future.set_result(result[at])
