"""Forgetting on record: payloads go, proofs stay; a month's key goes, its records lead to nobody."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.audit import (
    Search,
    Tampering,
    export_lines,
    operator,
    place_of,
    retain,
    retention_due,
    search,
    shred,
    verify,
    verify_export,
)
from gateway.audit.place import FilePlace
from gateway.errors import RecordUnavailable
from tests.audit.conftest import NOW, OFFICER, SHARD, OpenLog, Place, record

LATER = NOW + timedelta(days=2000)
ANNA = "TRV-01HZX0000000000000000000AA"


def minute(number: int) -> datetime:
    return NOW + timedelta(minutes=number)


async def fill(open_log: OpenLog, start: int, stop: int, **settings: str) -> None:
    log = open_log(**settings)
    for number in range(start, stop):
        await log.append(record(number))
    log.close()


async def test_payloads_past_their_time_go_and_every_proof_stays(place: Place, open_log: OpenLog) -> None:
    await fill(open_log, 0, 6)
    await fill(open_log, 6, 9, shard="b2")
    log = open_log(shard="c3")
    assert retention_due(place.log, minute(7)) == {SHARD: 6, "b2": 1}
    assert await retain(log, place.log, minute(7), LATER, OFFICER) == {SHARD: 6, "b2": 1}
    verdict = verify(place.log, place.public)
    assert (verdict.fault, [(each.shard, each.records, each.deleted) for each in verdict.shards]) == (
        None,
        [(SHARD, 6, 6), ("b2", 3, 1), ("c3", 1, 0)],
    )
    found, total = search(place.log, Search(kind="release"))
    assert ([item.record["request"] for item in found], total) == (["r8", "r7"], 2)
    (noted,), _ = search(place.log, Search(kind="retention"))
    assert noted.record["note"] == {"older than": "2026-11-01T12:07:00.000000Z", f"until {SHARD}": "6", "until b2": "1"}
    assert await retain(log, place.log, minute(7), LATER, OFFICER) == {}


async def test_nothing_of_a_deleted_payload_is_left_in_the_file(files: Place, open_files: OpenLog) -> None:
    log = open_files()
    await log.append(record(0, operation_name="Peculiar", caller=replace(OFFICER, user="u-peculiar")))
    log.close()
    other = open_files(shard="b2")
    await retain(other, files.log, LATER, LATER, OFFICER)
    other.close()
    held = b"".join(path.read_bytes() for path in files.folder.glob("record.a1.*"))
    held += b"".join(path.read_bytes() for path in files.folder.glob("record.index.*"))
    assert b"Peculiar" not in held
    assert b"u-peculiar" not in held


async def test_a_deletion_that_no_record_covers_is_tampering(place: Place, open_log: OpenLog) -> None:
    await fill(open_log, 0, 6)
    log = open_log(shard="b2")
    await retain(log, place.log, minute(3), LATER, OFFICER)
    with place.database() as database:
        database.run("delete from payload where idx = 3")
    fault = verify(place.log, place.public).fault
    assert fault is not None
    assert (fault.kind, fault.index, fault.shard) == (Tampering.DROP, 3, SHARD)


async def test_a_deletion_cut_short_is_sound_and_finished_by_the_next(place: Place, open_log: OpenLog) -> None:
    """Killed between the record and the deletion, or within it: some payloads are there that the record gave up."""
    await fill(open_log, 0, 6)
    log = open_log(shard="b2")
    await retain(log, place.log, minute(2), LATER, OFFICER)
    with place.database() as database:
        database.run("delete from payload where idx < 2")
    assert verify(place.log, place.public).sound
    assert await retain(log, place.log, minute(5), LATER, OFFICER) == {SHARD: 3}
    verdict = verify(place.log, place.public)
    assert (verdict.fault, verdict.shards[0].deleted) == (None, 5)


async def test_what_is_not_on_record_is_not_deleted(place: Place, open_log: OpenLog) -> None:
    await fill(open_log, 0, 3)
    log = open_log(shard="b2")
    log.close()
    with pytest.raises(RecordUnavailable):
        await retain(log, place.log, LATER, LATER, OFFICER)
    assert search(place.log, Search())[1] == 3


async def test_a_shard_goes_on_after_its_payloads_are_gone(place: Place, open_log: OpenLog) -> None:
    await fill(open_log, 0, 4)
    log = open_log(shard="b2")
    await retain(log, place.log, LATER, LATER, OFFICER)
    await fill(open_log, 4, 6)
    verdict = verify(place.log, place.public)
    assert (verdict.fault, verdict.shards[0].records, verdict.shards[0].deleted) == (None, 6, 4)


async def test_a_months_key_is_shredded_on_record(place: Place, open_log: OpenLog) -> None:
    pseudonyms = place.pseudonyms
    log = open_log()
    await log.append(record(0, subjects=(pseudonyms.of(ANNA, NOW),)))
    assert search(place.log, Search(subjects=pseudonyms.every(ANNA)))[1] == 1
    assert await shred(log, pseudonyms, "2026-11", LATER, OFFICER)
    assert not await shred(log, pseudonyms, "2026-11", LATER, OFFICER)
    assert pseudonyms.every(ANNA) == ()
    (noted,), total = search(place.log, Search(kind="shredding"))
    assert (noted.record["note"], total) == ({"period": "2026-11"}, 1)
    assert verify(place.log, place.public).sound


def test_an_index_that_was_deleted_is_made_anew(files: Place) -> None:
    assert not FilePlace(files.folder / "record.sqlite3").has_index()
    assert search(files.log, Search()) == ((), 0)
    assert place_of(files.log).has_index()


async def test_the_index_is_derived(files: Place, open_files: OpenLog) -> None:
    await fill(open_files, 0, 3)
    before = search(files.log, Search())
    for path in files.folder.glob("record.index.*"):
        path.unlink()
    assert verify(files.log, files.public).sound
    assert search(files.log, Search()) == before


async def test_an_export_after_retention_verifies(place: Place, open_log: OpenLog, tmp_path: Path) -> None:
    await fill(open_log, 0, 4)
    log = open_log(shard="b2")
    await retain(log, place.log, minute(2), LATER, OFFICER)
    path = tmp_path / "export.jsonl"
    path.write_bytes(b"".join(export_lines(place.log, place.public, LATER)))
    assert verify_export(path, place.public).sound


def test_the_operator_is_the_account_that_runs_it() -> None:
    who = operator()
    assert (who.agency, who.role, who.purpose) == ("GATEWAY", "operator", "record-keeping")
    assert who.user


@pytest.mark.parametrize("keeper", ["b2", "a0"])  # looked at after the shard that is deleted from, and before
async def test_verifying_while_retention_runs_finds_nothing_wrong(keeper: str, place: Place, open_log: OpenLog) -> None:
    """Each page that goes is covered by the record that was written first, whenever the verifier looks."""
    log = open_log()
    await asyncio.gather(*(log.append(record(number)) for number in range(2_000)))
    log.close()
    own = open_log(shard=keeper)
    verdicts: list[tuple[Any, int]] = []
    gone = threading.Event()

    def look() -> None:
        while True:
            last = gone.is_set()
            verdict = verify(place.log, place.public)
            deleted = next(each.deleted for each in verdict.shards if each.shard == SHARD)
            verdicts.append((verdict.fault, deleted))
            if last:
                return

    looker = threading.Thread(target=look)
    looker.start()
    try:
        assert await asyncio.to_thread(asyncio.run, retain(own, place.log, LATER, LATER, OFFICER)) == {SHARD: 2_000}
    finally:
        gone.set()
        await asyncio.to_thread(looker.join)
    assert [fault for fault, _ in verdicts] == [None] * len(verdicts)
    assert verdicts[-1] == (None, 2_000)
    print(f"verified {len(verdicts)} times meanwhile, at {sorted({deleted for _, deleted in verdicts})} deleted")
