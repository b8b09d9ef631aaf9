"""A25: edit, drop, reorder, truncate and fork, each in several ways; the verifier names the first bad record."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from gateway.audit import Search, StoreError, Tampering, load_signing_key, search, verify
from gateway.audit.entry import commitment
from gateway.audit.place import place_of
from gateway.audit.shard import open_shard
from tests.audit.bending import TABLE, Bent, change_payload, keep_checkpoints, resign
from tests.audit.conftest import SHARD, OpenLog, Place, record


@pytest.fixture
async def bent(place: Place, open_log: OpenLog) -> Place:
    """A closed log of ten records, each with a checkpoint of its own, that has been searched."""
    audit = open_log()
    for number in range(10):
        await audit.append(record(number))
    audit.close()
    assert search(place.log, Search())[1] == 10
    return place


@pytest.mark.parametrize("case", TABLE, ids=lambda case: case.name)
def test_the_first_bad_record_is_named(bent: Place, case: Bent) -> None:
    if case.files and not bent.files:
        pytest.skip("it takes files")
    with bent.database() as database:
        case.bend(database, bent)
    verdict = verify(bent.log, bent.public)
    assert verdict.fault is not None
    assert (verdict.fault.kind, verdict.fault.index, verdict.fault.shard) == (case.kind, case.index, SHARD)
    assert not verdict.sound
    print(f"| {case.name} | {verdict.fault.kind} | {verdict.fault.index} | {verdict.fault.what} |")


def test_an_untouched_log_is_sound(bent: Place) -> None:
    verdict = verify(bent.log, bent.public)
    assert (verdict.fault, verdict.records, verdict.checkpoints) == (None, 10, 10)


async def test_a_kept_hash_that_was_changed_is_found_at_its_first_record(place: Place, open_log: OpenLog) -> None:
    audit = open_log()
    await asyncio.gather(*(audit.append(record(number)) for number in range(600)))
    audit.close()
    with place.database() as database:
        database.run("update tile set hash = (select hash from tile where idx = 0) where idx = 1")
    fault = verify(place.log, place.public).fault
    assert fault is not None
    assert (fault.kind, fault.index) == (Tampering.EDIT, 256)
    with pytest.raises(StoreError) as caught:
        open_log()
    assert "are not what their checkpoint signed" in caught.value.hint


async def test_within_a_group_the_rewritten_stretch_is_named(place: Place, open_log: OpenLog) -> None:
    """Only roots tell a record rewritten with its leaf, so the group is named; the payload's own bytes name one."""
    audit = open_log()
    await audit.append(record(0))
    await asyncio.gather(*(audit.append(record(number)) for number in range(1, 9)))
    audit.close()
    with place.database() as database:
        change_payload(5, leaf=True)(database, place)
        sizes = [int(size) for (size,) in database.rows("select size from checkpoint order by size")]
    before = max(size for size in sizes if size <= 5)
    fault = verify(place.log, place.public).fault
    assert fault is not None
    assert (fault.kind, fault.index) == (Tampering.FORK, before)
    assert f"{before} to {min(size for size in sizes if size > 5) - 1}" in fault.what


async def test_every_shard_is_checked(place: Place, open_log: OpenLog) -> None:
    for name in ("a1", "b2", "c3"):
        audit = open_log(shard=name)
        for number in range(3):
            await audit.append(record(number))
        audit.close()
    with place.database("b2") as database:
        database.run("delete from payload where idx = 1")
    verdict = verify(place.log, place.public)
    assert [(shard.shard, shard.fault is None) for shard in verdict.shards] == [
        ("a1", True),
        ("b2", False),
        ("c3", True),
    ]
    assert verdict.fault is not None
    assert (verdict.fault.shard, verdict.fault.index) == ("b2", 1)


@pytest.mark.parametrize("how", ["rolled back", "rewritten by who holds the key", "deleted"])
def test_only_a_witness_sees_what_the_log_itself_could_do(bent: Place, how: str) -> None:
    with open_shard(place_of(bent.log), SHARD) as shard:
        witnessed = shard.checkpoints()
    with bent.database() as database:
        if how == "rolled back":
            database.run("delete from leaf where idx > 5")
            database.run("delete from payload where idx > 5")
            keep_checkpoints(6)(database, bent)
        elif how == "deleted" and not bent.files:
            database.run(f"drop schema record_{SHARD} cascade")
        elif how != "deleted":
            resign(4, load_signing_key(bent.keys))(database, bent)
    if how == "deleted" and bent.files:
        for file in bent.folder.glob(f"record.{SHARD}.*"):
            file.unlink()
    with bent.index() as index:
        for table in ("record", "record_subject", "record_coordinate", "indexed"):
            index.run(f"delete from {table}")
    assert verify(bent.log, bent.public).sound
    fault = verify(bent.log, bent.public, witnessed=witnessed[-1:]).fault
    assert fault is not None
    expected = {
        "rolled back": (Tampering.TRUNCATE, 6),
        "rewritten by who holds the key": (Tampering.FORK, 0),
        "deleted": (Tampering.TRUNCATE, 0),
    }
    assert (fault.kind, fault.index) == expected[how]
    if how == "rewritten by who holds the key":  # the more a witness kept, the nearer
        nearer = verify(bent.log, bent.public, witnessed=witnessed).fault
        assert nearer is not None
        assert (nearer.kind, nearer.index) == (Tampering.FORK, 4)


def test_a_log_that_is_not_there_has_no_shards(files: Place) -> None:
    assert verify(files.log, load_signing_key(files.keys).public_key()).shards == ()


def test_what_is_no_database_is_told(files: Place, tmp_path: Path) -> None:
    key = load_signing_key(files.keys).public_key()
    files.file("sqlite3").write_bytes(b"no database at all, but long enough to look like one" * 10)
    with pytest.raises(StoreError) as caught:
        verify(files.log, key)
    assert caught.value.hint == "it cannot be opened"


def test_a_record_that_says_no_instant_is_named(bent: Place) -> None:
    with bent.database() as database:
        salt, body = database.rows("select salt, body from payload where idx = 4")[0]
        timeless = re.sub(rb'"at":"[^"]+"', b'"at":""', bytes(body))
        database.many("update payload set body = ? where idx = 4", [(timeless,)])
        database.many("update leaf set commitment = ? where idx = 4", [(commitment(bytes(salt), timeless),)])
    fault = verify(bent.log, bent.public).fault
    assert fault is not None
    assert (fault.kind, fault.index, fault.what) == (Tampering.EDIT, 4, "the record does not say when it was made")
