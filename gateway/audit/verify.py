"""Verifying a log: walk the chain and its signed heads, and name the first record that is not as it was written."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.audit.chain import COLUMNS, GENESIS, Entry, Head, columns, heads_path, link, opened, read_heads

__all__ = ["Fault", "Tampering", "Verdict", "verify"]


class Tampering(StrEnum):
    """What can be wrong with a log."""

    EDIT = "edit"  # a record's bytes, hash or search columns were changed
    DROP = "drop"  # a record is missing from the middle
    REORDER = "reorder"  # a record stands where another was written
    TRUNCATE = "truncate"  # records at the end, which a signed head covers, are missing
    FORK = "fork"  # the records form another history than the one that was signed
    HEAD = "head"  # a head is not signed by the log's key


@dataclass(frozen=True, slots=True)
class Fault:
    """The first thing found wrong: at which index, of which kind, and why."""

    index: int
    kind: Tampering
    what: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """How many records were found sound, the chain's hash there, how many heads agree, and the fault if any."""

    records: int
    hash: bytes
    heads: int
    fault: Fault | None = None

    @property
    def sound(self) -> bool:
        """Whether nothing was found wrong."""
        return self.fault is None


def verify(log: Path, key: Ed25519PublicKey, *, witness: Head | None = None) -> Verdict:
    """Walk the log at ``log`` and its heads file.

    ``witness`` is a head that somebody else kept (an agency, an auditor): only it can show that the log *and* its
    heads file were rolled back together, or written anew by whoever holds the key. Raises ``sqlite3.Error`` when the
    file is no log.
    """
    heads = list(read_heads(heads_path(log)))
    if witness is not None:
        heads.append(witness)
    for head in heads:
        if not head.signed_by(key):
            return Verdict(0, GENESIS, 0, Fault(head.index, Tampering.HEAD, "the head is not signed by the log's key"))
    signed: dict[int, set[bytes]] = {}
    for head in heads:
        signed.setdefault(head.index, set()).add(head.hash)
    with closing(sqlite3.connect(f"{log.absolute().as_uri()}?mode=ro", uri=True)) as db:
        return _walk(db, signed)


def _walk(db: sqlite3.Connection, signed: dict[int, set[bytes]]) -> Verdict:
    entry, agreed, previous = Entry(-1, GENESIS), 0, -1
    names = ", ".join(f'"{name}"' for name in COLUMNS)
    for row in db.execute(f"select idx, prev, hash, body, {names} from record order by idx"):  # noqa: S608 - own names
        fault = _fault(db, entry, row)
        if fault is None and (hashes := signed.get(entry.index + 1)) is not None:
            if hashes != {row[2]}:
                what = f"the chain up to here is not the one that was signed; it departs after record {previous}"
                fault = Fault(row[0], Tampering.FORK, what)
            agreed, previous = agreed + 1, row[0]
        if fault is not None:
            return Verdict(entry.index + 1, entry.hash, agreed, fault)
        entry = Entry(row[0], row[2])
    last = max(signed, default=-1)
    if last > entry.index:
        what = f"a head covers {last + 1} records, the log holds {entry.index + 1}"
        fault = Fault(entry.index + 1, Tampering.TRUNCATE, what)
        return Verdict(entry.index + 1, entry.hash, agreed, fault)
    return Verdict(entry.index + 1, entry.hash, agreed)


def _fault(db: sqlite3.Connection, entry: Entry, row: tuple[Any, ...]) -> Fault | None:
    """What is wrong with the row that follows ``entry``, or None."""
    expected = entry.index + 1
    index, prev, hashed, body, *found = row
    if index != expected:
        return Fault(expected, Tampering.DROP, f"the record is missing; the next one is {index}")
    if link(prev, body) != hashed:
        return Fault(index, Tampering.EDIT, "the record's bytes do not give its hash")
    try:
        place, record = opened(body)
        want = columns(record)
    except (ValueError, KeyError, TypeError):
        return Fault(index, Tampering.EDIT, "the record's bytes are no record")
    if place != index:
        if any(other == index for other in _places(db, index)):
            return Fault(index, Tampering.REORDER, f"the record that stands here was written as {place}")
        return Fault(index, Tampering.DROP, f"the record is missing; record {place} was moved into its place")
    if prev != entry.hash:
        return Fault(index, Tampering.FORK, "the record follows another history than the one before it")
    if (tuple(found), _subjects(db, index), _coordinates(db, index)) != (want[0], want[1], sorted(want[2])):
        return Fault(index, Tampering.EDIT, "the search columns do not say what the record says")
    return None


def _places(db: sqlite3.Connection, start: int) -> Iterator[int]:
    for (body,) in db.execute("select body from record where idx > ? order by idx", (start,)):
        try:
            yield opened(body)[0]
        except (ValueError, KeyError, TypeError):
            continue


def _subjects(db: sqlite3.Connection, index: int) -> list[tuple[Any, ...]]:
    return db.execute("select subject from record_subject where idx = ? order by subject", (index,)).fetchall()


def _coordinates(db: sqlite3.Connection, index: int) -> list[tuple[Any, ...]]:
    rows = db.execute(
        "select coordinate, outcome, owner, agreement, count from record_coordinate where idx = ?", (index,)
    )
    return sorted(rows.fetchall())
