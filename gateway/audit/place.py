"""Where a log is: files beside each other, or schemas of one PostgreSQL database; one shard for each writing process.

A process claims a shard that nobody writes, or makes a new one; so replicas never wait for each other. The claim ends
with the process: it is a lock on ``<name>.<shard>.lock``, or PostgreSQL's advisory lock of the writing connection.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

from gateway.audit.database import Database, SqliteDatabase, StoreError
from gateway.audit.postgres import PostgresDatabase
from gateway.errors import RecordUnavailable

__all__ = ["Claim", "FilePlace", "Place", "PostgresPlace", "Where", "finished", "place_of"]

Where: TypeAlias = Path | str
"""A log's place: the path ``<folder>/<name>.sqlite3``, beside which its files are, or a ``postgresql`` URL."""

_SHARD = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")
_INDEX = "index"


@dataclass(slots=True)
class Claim:
    """A shard that this process alone writes, its open database, and whether it was there before."""

    shard: str
    database: Database
    lock: int = -1

    def release(self) -> None:
        """Close the database, then let the shard go."""
        self.database.close()
        if self.lock >= 0:
            os.close(self.lock)
            self.lock = -1


class Place(Protocol):
    """Where a log's shards and its index are. Every method raises ``StoreError``."""

    def shards(self) -> tuple[str, ...]:
        """The ids of the shards, in order."""

    def claim(self, wanted: str, lock_seconds: float, max_pages: int) -> Claim:
        """A shard to write: the one ``wanted``, or for ``""`` one that nobody writes, or a new one."""

    def open(self, shard: str, *, write: bool = False) -> Database:
        """A shard's database, to read, or to delete payloads from."""

    def index(self) -> Database:
        """The database that searching uses; made when it is not there, and made anew from the shards if deleted."""

    def has_index(self) -> bool:
        """Whether anybody ever searched."""

    def trail(self, shard: str) -> Path | None:
        """The file beside the shard that holds a copy of every checkpoint; None where there are no files."""


def place_of(where: Where) -> Place:
    """The place that ``where`` names."""
    text = str(where)
    return (
        PostgresPlace(text) if text.startswith(("postgresql:", "postgresql+", "postgres:")) else FilePlace(Path(where))
    )


def _named(shard: str) -> str:
    if not _SHARD.fullmatch(shard) or shard == _INDEX:
        raise StoreError(f"{shard!r} cannot name a shard; use lower-case letters, digits and hyphens")
    return shard


def finished(database: Database) -> bool:
    """Whether nobody may continue the shard: another history of it may be known elsewhere (``gateway.audit.restoring``)."""
    return database.has("about") and bool(database.rows("select value from about where name = 'finished'"))


def _claim_any(place: FilePlace | PostgresPlace, wanted: str, lock_seconds: float, max_pages: int) -> Claim:
    candidates = [_named(wanted)] if wanted else [*place.shards(), secrets.token_hex(4)]
    for shard in candidates:
        if (claim := place.take(shard, lock_seconds, max_pages)) is None:
            continue
        try:
            over = finished(claim.database)
        except BaseException:
            claim.release()
            raise
        if not over:
            return claim
        claim.release()
        if wanted:
            raise StoreError(
                f"the shard {wanted} was restored from a backup and is not continued; start the process anew"
            )
    raise StoreError(f"another process writes the shard {wanted or candidates[-1]}")


@dataclass(frozen=True, slots=True)
class FilePlace:
    """SQLite files in one folder: ``<name>.<shard>.sqlite3`` and ``<name>.index.sqlite3``."""

    base: Path

    def shards(self) -> tuple[str, ...]:
        """The ids of the shards, in order: those with a database or with a trail of checkpoints."""
        self._refuse_old()
        start = self.base.stem + "."
        names = {
            path.name[len(start) :].removesuffix(ending)
            for ending in (".sqlite3", ".checkpoints")
            for path in self.base.parent.glob(f"{start}*{ending}")
        }
        return tuple(sorted(name for name in names if name != _INDEX and _SHARD.fullmatch(name)))

    def claim(self, wanted: str, lock_seconds: float, max_pages: int) -> Claim:
        """A shard to write."""
        with suppress(FileExistsError):
            try:
                self.base.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise StoreError("it cannot be opened", str(self.base)) from error
        return _claim_any(self, wanted, lock_seconds, max_pages)

    def take(self, shard: str, lock_seconds: float, max_pages: int) -> Claim | None:
        """The shard, if nobody writes it."""
        path = self.file(shard)
        try:
            lock = os.open(path.with_suffix(".lock"), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o640)
        except OSError as error:
            raise StoreError("it cannot be opened", str(path)) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            return None
        try:
            return Claim(shard, SqliteDatabase(path, lock_seconds=lock_seconds, max_pages=max_pages), lock)
        except BaseException:
            os.close(lock)
            raise

    def open(self, shard: str, *, write: bool = False) -> Database:
        """The shard's file."""
        return SqliteDatabase(self.file(shard), write=write, make=False)

    def index(self) -> Database:
        """The file ``<name>.index.sqlite3``."""
        return SqliteDatabase(self.file(_INDEX), lock_seconds=30.0)

    def has_index(self) -> bool:
        """Whether that file is there."""
        return self.file(_INDEX).exists()

    def trail(self, shard: str) -> Path | None:
        """The file ``<name>.<shard>.checkpoints``."""
        return self.file(shard).with_suffix(".checkpoints")

    def file(self, shard: str) -> Path:
        """The SQLite file of a shard."""
        return self.base.with_name(f"{self.base.stem}.{shard}.sqlite3")

    def _refuse_old(self) -> None:
        if self.base.exists():
            raise RecordUnavailable(
                "RECORD_FORMAT",
                "An earlier version wrote this record, in one file without a Merkle tree; it is not continued.",
                where=str(self.base),
                hint="Keep that file and its .heads elsewhere, with the version that wrote them; then start again.",
            )


@dataclass(frozen=True, slots=True)
class PostgresPlace:
    """Schemas ``record_<shard>`` and ``record_index`` of one PostgreSQL database."""

    url: str

    def shards(self) -> tuple[str, ...]:
        """The ids of the shards, in order."""
        return tuple(sorted(name for name in self._schemas() if name != _INDEX and _SHARD.fullmatch(name)))

    def _schemas(self) -> list[str]:
        database = PostgresDatabase(self.url, "public")
        try:
            found = database.rows("select nspname::text from pg_namespace where nspname like 'record\\_%'")
        finally:
            database.close()
        return [str(name).removeprefix("record_") for (name,) in found]

    def claim(self, wanted: str, lock_seconds: float, max_pages: int) -> Claim:
        """A shard to write; ``max_pages`` is for files only."""
        return _claim_any(self, wanted, lock_seconds, max_pages)

    def take(self, shard: str, lock_seconds: float, max_pages: int) -> Claim | None:
        """The shard, if nobody writes it."""
        database = PostgresDatabase(self.url, f"record_{shard}", lock_seconds=lock_seconds)
        try:
            taken = database.rows("select pg_try_advisory_lock(hashtextextended(?, 0))", (f"record_{shard}",))[0][0]
            if taken:
                database.run(f'create schema if not exists "record_{shard}"')
                return Claim(shard, database)
        except BaseException:
            database.close()
            raise
        database.close()
        return None

    def open(self, shard: str, *, write: bool = False) -> Database:
        """The shard's schema."""
        return PostgresDatabase(self.url, f"record_{shard}")

    def index(self) -> Database:
        """The schema ``record_index``."""
        return PostgresDatabase(self.url, f"record_{_INDEX}", make=True, lock_seconds=30.0)

    def has_index(self) -> bool:
        """Whether that schema is there."""
        return _INDEX in self._schemas()

    def trail(self, shard: str) -> Path | None:
        """None: there is no file beside a schema."""
        return None
