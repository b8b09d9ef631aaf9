"""A log in a folder of its own, and records that differ only where a test says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.audit import AuditLog, AuditRecord, Disclosed, FetchNote, Pseudonyms, load_signing_key
from gateway.caller import Caller

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
OFFICER = Caller("CBP", "cbp-primary", "border-inspection-primary", case="CBP-INS-0001", user="u-17", location="NYC")
STATUS = Disclosed(
    "Visa.status", "ALLOW", owner="STATE_CA", count=2, agreement="CA-CBP-VISA", version=3, article="III.1"
)


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
    """Where a test's log and keys are."""

    log: Path
    keys: Path

    @property
    def pseudonyms(self) -> Pseudonyms:
        """The pseudonyms under this place's keys."""
        return Pseudonyms(self.keys)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "audit.sqlite3", tmp_path / "keys")


@pytest.fixture
def open_log(place: Place) -> Iterator[Callable[..., AuditLog]]:
    opened: list[AuditLog] = []

    def open_(*arguments: Any) -> AuditLog:
        log = AuditLog(place.log, load_signing_key(place.keys), *arguments)
        opened.append(log)
        return log

    yield open_
    for log in opened:
        log.close()
