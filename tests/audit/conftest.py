"""A log in a place of its own, and records that differ only where a test says so.

Tests that take ``place`` run on SQLite files, and on PostgreSQL as well when ``TWS_TEST_POSTGRES=1``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from gateway.audit import (
    AuditLog,
    AuditRecord,
    Disclosed,
    FetchNote,
    LogSettings,
    Pseudonyms,
    Where,
    load_public_key,
    load_signing_key,
    place_of,
)
from gateway.audit.database import Database
from gateway.audit.postgres import PostgresDatabase
from gateway.caller import Caller
from tests.subgraphs.postgres import server, why_not

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
SHARD = "a1"
OFFICER = Caller("CBP", "cbp-primary", "border-inspection-primary", case="CBP-INS-0001", user="u-17", location="NYC")
STATUS = Disclosed(
    "Visa.status", "ALLOW", owner="STATE_CA", count=2, agreement="CA-CBP-VISA", version=3, article="III.1"
)
OpenLog = Callable[..., AuditLog]

BACKENDS: list[Any] = ["sqlite"]
if os.environ.get("TWS_TEST_POSTGRES") == "1":
    BACKENDS.append(pytest.param("postgres", marks=pytest.mark.postgres))


def record(number: int, **changes: Any) -> AuditRecord:
    """The audit record of request ``r<number>``, a minute after the one before."""
    fields: dict[str, Any] = {
        "request_id": f"r{number}",
        "at": NOW + timedelta(minutes=number),
        "caller": OFFICER,
        "epoch": "sha256:e",
        "supergraph": "sha256:s",
        "operation_text": "query Q($n: ID!) { traveler(id: $n) { id } }",
        "operation_name": "Q",
        "disclosed": (STATUS,),
        "subjects": ("2026-11.aa",),
        "fetches": (FetchNote(1, "visas", "entity", 2, ("Visa.status",)),),
    }
    return AuditRecord(**{**fields, **changes})


@dataclass(frozen=True)
class Place:
    """Where a test's log, keys and other files are."""

    log: Where
    keys: Path

    @property
    def files(self) -> bool:
        """Whether the log is in files."""
        return isinstance(self.log, Path)

    @property
    def folder(self) -> Path:
        """A folder of the test's own."""
        return self.keys.parent

    @property
    def pseudonyms(self) -> Pseudonyms:
        """The pseudonyms under this place's keys."""
        return Pseudonyms(self.keys)

    @property
    def public(self) -> Any:
        """The log's public key."""
        return load_public_key(self.keys)

    @contextmanager
    def database(self, shard: str = SHARD) -> Iterator[Database]:
        """A shard's tables, for whoever means to bend them."""
        database = place_of(self.log).open(shard, write=True)
        try:
            yield database
        finally:
            database.close()

    @contextmanager
    def index(self) -> Iterator[Database]:
        """The search index's tables."""
        database = place_of(self.log).index()
        try:
            yield database
        finally:
            database.close()

    def file(self, ending: str, shard: str = SHARD) -> Path:
        """A file of a shard: ``sqlite3`` or ``checkpoints``."""
        return self.folder / f"record.{shard}.{ending}"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    if reason := why_not():
        pytest.skip(reason)
    with server() as url:
        yield url


@pytest.fixture(scope="session")
def postgres_names() -> Iterator[int]:
    return count()


@pytest.fixture(params=BACKENDS)
def place(request: pytest.FixtureRequest, tmp_path: Path, postgres_names: Iterator[int]) -> Place:
    """Where a log can be, on each kind of database."""
    if request.param == "sqlite":
        return Place(tmp_path / "record.sqlite3", tmp_path / "keys")
    url: str = request.getfixturevalue("postgres_server")
    name = f"record_{next(postgres_names)}"
    database = PostgresDatabase(url, "public")
    database.run(f"create database {name}")
    database.close()
    return Place(url.replace("/postgres?", f"/{name}?"), tmp_path / "keys")


@pytest.fixture
def files(tmp_path: Path) -> Place:
    """Where a log in files can be."""
    return Place(tmp_path / "record.sqlite3", tmp_path / "keys")


def _opener(at: Place) -> Iterator[OpenLog]:
    opened: list[AuditLog] = []

    def open_(**settings: Any) -> AuditLog:
        log = AuditLog(at.log, load_signing_key(at.keys), LogSettings(**{"shard": SHARD, **settings}))
        opened.append(log)
        return log

    yield open_
    for log in opened:
        log.close()


@pytest.fixture
def open_log(place: Place) -> Iterator[OpenLog]:
    """Opens the log at ``place``, its shard ``a1`` unless told otherwise."""
    yield from _opener(place)


@pytest.fixture
def open_files(files: Place) -> Iterator[OpenLog]:
    """Opens the log at ``files``."""
    yield from _opener(files)
