"""A25: edit, drop, reorder, truncate and fork, each in several ways; the verifier names the first bad record."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.audit import AuditLog, Head, Tampering, heads_path, load_public_key, read_heads, verify
from gateway.audit.chain import Entry, link
from tests.audit.conftest import Place, record

Tamper = Callable[[sqlite3.Connection, Path], None]
OpenLog = Callable[..., AuditLog]


@pytest.fixture
async def log(place: Place, open_log: OpenLog) -> Path:
    """A closed log of ten records, each with a head of its own."""
    audit = open_log()
    for number in range(10):
        await audit.append(record(number))
    audit.close()
    return place.log


def sql(*statements: str) -> Tamper:
    def run(db: sqlite3.Connection, log: Path) -> None:
        for statement in statements:
            db.execute(statement)

    return run


def rewrite(start: int, stop: int) -> Tamper:
    """Change record ``start`` and make the hashes of the records from there up to ``stop`` follow."""

    def run(db: sqlite3.Connection, log: Path) -> None:
        db.create_function("chain", 2, link)
        db.execute("update record set body = cast(replace(cast(body as text), 'sha256:e', 'sha256:f') as blob)"
                   " where idx = ?", (start,))  # fmt: skip
        for index in range(start, stop):
            db.execute("update record set hash = chain(prev, body) where idx = ?", (index,))
            db.execute("update record set prev = (select hash from record where idx = ?) where idx = ?",
                       (index, index + 1))  # fmt: skip

    return run


def swap(left: int, right: int) -> Tamper:
    def run(db: sqlite3.Connection, log: Path) -> None:
        for table in ("record", "record_subject", "record_coordinate"):
            for old, new in ((left, -1), (right, left), (-1, right)):
                db.execute(f"update {table} set idx = ? where idx = ?", (new, old))

    return run


def drop_and_close_ranks(index: int) -> Tamper:
    def run(db: sqlite3.Connection, log: Path) -> None:
        for table in ("record", "record_subject", "record_coordinate"):
            db.execute(f"delete from {table} where idx = ?", (index,))
            for later in range(index + 1, 10):
                db.execute(f"update {table} set idx = ? where idx = ?", (later - 1, later))

    return run


def forge_head(db: sqlite3.Connection, log: Path) -> None:
    hashed = db.execute("select hash from record where idx = 9").fetchone()[0]
    with heads_path(log).open("a") as heads:
        heads.write(Head.sign(Entry(9, hashed), Ed25519PrivateKey.generate()).line())


def roll_back(db: sqlite3.Connection, log: Path) -> None:
    db.execute("delete from record where idx > 5")
    keep_heads(5)(db, log)


def keep_heads(last: int) -> Tamper:
    def run(db: sqlite3.Connection, log: Path) -> None:
        heads = [head for head in read_heads(heads_path(log)) if head.index <= last]
        heads_path(log).write_text("".join(head.line() for head in heads))

    return run


EDITED_BODY = "update record set body = cast(replace(cast(body as text), 'u-17', 'u-18') as blob) where idx = 4"

TABLE: list[tuple[str, Tamper, Tampering, int]] = [
    ("edit a record's bytes", sql(EDITED_BODY), Tampering.EDIT, 4),
    ("edit a record's hash", sql("update record set hash = zeroblob(32) where idx = 4"), Tampering.EDIT, 4),
    ("edit the hash before", sql("update record set prev = zeroblob(32) where idx = 4"), Tampering.EDIT, 4),
    ("edit a search column", sql("update record set user = 'u-18' where idx = 4"), Tampering.EDIT, 4),
    ("hide a subject", sql("delete from record_subject where idx = 4"), Tampering.EDIT, 4),
    ("add a coordinate", sql("insert into record_coordinate values (4, 'A.b', 'DENY', '', '', 1)"), Tampering.EDIT, 4),
    ("drop from the middle", sql("delete from record where idx = 4"), Tampering.DROP, 4),
    ("drop the first", sql("delete from record where idx = 0"), Tampering.DROP, 0),
    ("drop and close the ranks", drop_and_close_ranks(4), Tampering.DROP, 4),
    ("swap two", swap(3, 6), Tampering.REORDER, 3),
    ("swap neighbours", swap(3, 4), Tampering.REORDER, 3),
    ("cut off the end", sql("delete from record where idx > 7"), Tampering.TRUNCATE, 8),
    ("cut off everything", sql("delete from record"), Tampering.TRUNCATE, 0),
    ("rewrite one record with its hash", rewrite(4, 4), Tampering.EDIT, 4),
    ("rewrite history from a record on", rewrite(4, 10), Tampering.FORK, 4),
    ("rewrite a stretch", rewrite(4, 6), Tampering.FORK, 4),
    ("sign with another key", forge_head, Tampering.HEAD, 9),
]


@pytest.mark.parametrize(("tamper", "kind", "index"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_the_first_bad_record_is_named(log: Path, place: Place, tamper: Tamper, kind: Tampering, index: int) -> None:
    with closing(sqlite3.connect(log)) as db, db:
        tamper(db, log)
    verdict = verify(log, load_public_key(place.keys))
    assert verdict.fault is not None
    assert (verdict.fault.kind, verdict.fault.index) == (kind, index)
    assert not verdict.sound


def test_a_rewritten_stretch_without_its_heads_still_breaks_at_its_end(log: Path, place: Place) -> None:
    with closing(sqlite3.connect(log)) as db, db:
        rewrite(4, 5)(db, log)
        db.execute("update record set prev = zeroblob(32) where idx = 5")
        db.create_function("chain", 2, link)
        db.execute("update record set hash = chain(prev, body) where idx = 5")
        keep_heads(3)(db, log)
    fault = verify(log, load_public_key(place.keys)).fault
    assert fault is not None
    assert (fault.kind, fault.index) == (Tampering.FORK, 5)


def test_an_untouched_log_is_sound(log: Path, place: Place) -> None:
    verdict = verify(log, load_public_key(place.keys))
    assert (verdict.sound, verdict.records, verdict.heads) == (True, 10, 10)


@pytest.mark.parametrize(
    ("tamper", "kind", "index"),
    [
        (roll_back, Tampering.TRUNCATE, 6),
        (lambda db, log: (rewrite(4, 10)(db, log), keep_heads(3)(db, log))[0], Tampering.FORK, 9),
    ],
    ids=["roll back log and heads together", "rewrite and forget the heads"],
)
def test_only_a_witness_sees_a_log_rolled_back_with_its_heads(
    log: Path, place: Place, tamper: Tamper, kind: Tampering, index: int
) -> None:
    witness = max(read_heads(heads_path(log)), key=lambda head: head.index)
    with closing(sqlite3.connect(log)) as db, db:
        tamper(db, log)
    key = load_public_key(place.keys)
    assert verify(log, key).sound
    fault = verify(log, key, witness=witness).fault
    assert fault is not None
    assert (fault.kind, fault.index) == (kind, index)
