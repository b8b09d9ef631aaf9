"""Appending: durable before it is acknowledged, in one tree a process, and refused by name when it cannot be."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta

import pytest

from gateway.audit import AuditLog, Search, StoreError, load_signing_key, place_of, search, verify
from gateway.audit.shard import read_trail
from gateway.errors import RecordUnavailable
from tests.audit.conftest import NOW, SHARD, OpenLog, Place, record


async def test_an_acknowledged_record_can_be_read_by_another_connection(place: Place, open_log: OpenLog) -> None:
    entry = await open_log().append(record(7))
    (found,), total = search(place.log, Search(request_id="r7"))
    assert (found.index, found.shard, total) == (entry.index, entry.shard, 1) == (0, SHARD, 1)
    assert found.record == record(7).as_json()


async def test_sixty_four_at_once_are_all_there_once_and_share_commits(place: Place, open_log: OpenLog) -> None:
    log = open_log()

    async def many(task: int) -> list[int]:
        return [(await log.append(record(task * 100 + turn))).index for turn in range(10)]

    indices = sorted(index for some in await asyncio.gather(*map(many, range(64))) for index in some)
    assert indices == list(range(640))
    verdict = verify(place.log, place.public)
    assert (verdict.fault, verdict.records) == (None, 640)
    assert verdict.checkpoints < 640  # one checkpoint a commit: records were grouped
    (shard,) = verdict.shards
    assert log.checkpoint is not None
    assert (log.checkpoint.size, log.checkpoint.root) == (640, shard.root)


async def test_a_log_continues_where_it_was_closed(place: Place, open_log: OpenLog) -> None:
    first = open_log()
    for number in range(300):
        await first.append(record(number))
    first.close()
    second = open_log(shard="")  # the shard is free, so it is taken
    entry = await second.append(record(300))
    assert (entry.shard, entry.index) == (SHARD, 300)
    assert verify(place.log, place.public).sound


async def test_two_writers_of_one_log_make_a_shard_each_and_never_wait(place: Place, open_log: OpenLog) -> None:
    left, right = open_log(), open_log(shard="")
    for turn in range(6):
        await (left if turn % 2 else right).append(record(turn))
    assert left.shard != right.shard
    verdict = verify(place.log, place.public)
    assert (verdict.fault, [shard.records for shard in verdict.shards]) == (None, [3, 3])
    found, total = search(place.log, Search())
    assert [item.record["request"] for item in found] == [f"r{number}" for number in reversed(range(6))]
    assert total == 6


async def test_a_shard_that_is_written_is_not_given_to_another(open_log: OpenLog) -> None:
    open_log()
    with pytest.raises(StoreError) as caught:
        open_log()
    assert caught.value.hint == f"another process writes the shard {SHARD}"


def test_a_shard_has_a_name_that_can_be_a_files(open_log: OpenLog) -> None:
    with pytest.raises(StoreError, match="durable") as caught:
        open_log(shard="../elsewhere")
    assert "cannot name a shard" in caught.value.hint


async def test_a_clock_that_steps_back_changes_no_order_and_is_marked(place: Place, open_log: OpenLog) -> None:
    log = open_log()
    for number, minutes in enumerate((0, 5, 3, 4, 6)):
        await log.append(record(number, at=NOW + timedelta(minutes=minutes)))
    log.close()
    await open_log().append(record(5, at=NOW))  # and again after opening anew
    found, _ = search(place.log, Search())
    assert [item.record["request"] for item in found] == ["r5", "r4", "r3", "r2", "r1", "r0"]
    assert [item.record["at"] for item in found if item.record["at"] != item.noted] == [
        "2026-11-01T12:00:00.000000Z",
        "2026-11-01T12:04:00.000000Z",
        "2026-11-01T12:03:00.000000Z",
    ]
    verdict = verify(place.log, place.public)
    assert (verdict.fault, verdict.shards[0].belated) == (None, 2)  # one minute is not yet odd


async def test_records_of_requests_that_ran_at_once_interleave_and_nobody_wonders(
    place: Place, open_log: OpenLog
) -> None:
    """Each is of the instant at which its request began, and is written when it ends."""
    log = open_log()
    for number, seconds in enumerate((0.0, 31.0, 1.0, 30.5, 2.0, 62.0, 1.999)):
        await log.append(record(number, at=NOW + timedelta(seconds=seconds)))
    log.close()
    verdict = verify(place.log, place.public)
    assert (verdict.fault, verdict.records) == (None, 7)
    assert verdict.shards[0].belated == 1, "only the last is of more than a minute before one that was written earlier"


async def test_a_full_disk_refuses_and_loses_nothing_acknowledged(files: Place, open_files: OpenLog) -> None:
    log = open_files(max_pages=40)
    acknowledged: list[str] = []

    async def fill() -> None:
        for number in range(1000):
            await log.append(record(number))
            acknowledged.append(f"r{number}")

    with pytest.raises(RecordUnavailable) as caught:
        await fill()
    assert (caught.value.code, caught.value.status, caught.value.hint) == (
        "AUDIT_UNAVAILABLE",
        503,
        "the disk is full",
    )
    assert len(acknowledged) > 5
    found, _ = search(files.log, Search(), limit=1000)
    assert sorted(item.record["request"] for item in found) == sorted(acknowledged)
    assert verify(files.log, files.public).sound


async def test_a_locked_database_refuses_and_recovers(place: Place, open_log: OpenLog) -> None:
    log = open_log(lock_seconds=0.01)
    with place.database() as other:
        other.begin(write=True)
        if not place.files:
            other.run("lock table leaf in access exclusive mode")
        with pytest.raises(RecordUnavailable, match="durable") as caught:
            await log.append(record(0))
        assert caught.value.hint == "the database is locked"
        other.end(keep=False)
    assert (await log.append(record(1))).index == 0


async def test_a_server_that_cut_the_line_is_found_again(place: Place, open_log: OpenLog) -> None:
    if place.files:
        pytest.skip("a file cuts no line")
    log = open_log()
    await log.append(record(0))
    with place.database() as other:
        other.rows("select pg_terminate_backend(pid, 5000) from pg_stat_activity where pid <> pg_backend_pid() "
                   "and datname = current_database()")  # fmt: skip
    with contextlib.suppress(RecordUnavailable):  # noticed at once, or only when the record is written
        await log.append(record(1))
    entry = await log.append(record(2))
    assert entry.index in (1, 2)  # the one that was refused may have been written; it is recorded more, never less
    assert verify(place.log, place.public).sound


async def test_a_closed_log_refuses(open_log: OpenLog) -> None:
    log = open_log()
    log.close()
    with pytest.raises(RecordUnavailable) as caught:
        await log.append(record(0))
    assert (caught.value.code, caught.value.hint) == ("AUDIT_UNAVAILABLE", "it is closed")
    assert not log.writable


async def test_closing_writes_what_was_queued(place: Place, open_log: OpenLog) -> None:
    log = open_log()
    waiting = [asyncio.ensure_future(log.append(record(number))) for number in range(50)]
    await asyncio.wait(waiting, timeout=0)  # every append has queued its record
    log.close()
    await asyncio.gather(*waiting)
    assert verify(place.log, place.public).records == 50


async def test_a_request_that_goes_away_leaves_its_record(place: Place, open_log: OpenLog) -> None:
    log = open_log()
    gone = asyncio.ensure_future(log.append(record(0)))
    await asyncio.wait([gone], timeout=0)
    gone.cancel()
    await log.append(record(1))
    assert search(place.log, Search(request_id="r0"))[1] == 1


async def test_too_many_waiting_are_refused_at_once(open_log: OpenLog) -> None:
    log = open_log(waiting=0)
    with pytest.raises(RecordUnavailable) as caught:
        await log.append(record(0))
    assert caught.value.hint == "too many records are waiting"


async def test_a_checkpoint_that_cannot_be_copied_is_a_refusal(
    open_files: OpenLog, monkeypatch: pytest.MonkeyPatch, files: Place
) -> None:
    log = open_files()

    def full(descriptor: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("gateway.audit.log.os.write", full)
        with pytest.raises(RecordUnavailable) as caught:
            await log.append(record(0))
    assert caught.value.hint == "its trail of checkpoints cannot be written"
    await log.append(record(1))
    assert trail(files) == [2]
    assert verify(files.log, files.public).sound


def trail(place: Place) -> list[int]:
    return [each.size for each in read_trail(place.file("checkpoints"), "")]


async def test_a_torn_line_in_the_trail_does_not_spoil_the_next(files: Place, open_files: OpenLog) -> None:
    log = open_files()
    await log.append(record(0))
    log.close()
    with files.file("checkpoints").open("a") as lines:
        lines.write("1 ab")
    await open_files().append(record(1))
    assert trail(files) == [1, 2]


async def test_a_checkpoint_that_a_crash_kept_from_the_trail_is_copied_on_opening(
    files: Place, open_files: OpenLog
) -> None:
    log = open_files()
    for number in range(3):
        await log.append(record(number))
    log.close()
    kept = files.file("checkpoints").read_text().splitlines(keepends=True)[:2]
    files.file("checkpoints").write_text("".join(kept))
    open_files()
    assert trail(files) == [1, 2, 3]


def test_a_log_that_cannot_be_opened_is_refused(files: Place, open_files: OpenLog) -> None:
    files.file("sqlite3").mkdir(parents=True)
    with pytest.raises(RecordUnavailable) as caught:
        open_files()
    assert caught.value.hint == "it cannot be opened"


def test_the_record_of_an_earlier_version_is_refused_and_says_what_to_do(files: Place, open_files: OpenLog) -> None:
    (files.folder / "record.sqlite3").write_bytes(b"SQLite format 3\0")
    with pytest.raises(RecordUnavailable) as caught:
        open_files(shard="")
    assert caught.value.code == "RECORD_FORMAT"
    assert "start again" in caught.value.hint


EDITED = "update payload set salt = (select salt from payload where idx = 3) where idx = 4"


@pytest.mark.parametrize(
    ("statements", "hint"),
    [
        ([EDITED], "record 4 is not what was written"),
        (["delete from leaf where idx = 3"], "record 3 is missing"),
        (["delete from leaf where idx > 2"], "record 3 is missing"),
        (["delete from checkpoint where size > 4"], "no checkpoint covers record 4"),
        (
            ["update checkpoint set root = (select root from checkpoint where size = 4) where size = 5"],
            "the checkpoint over 5 records is not signed by this log's key",
        ),
        (["delete from payload", "update leaf set commitment = (select commitment from leaf where idx = 0)"],
         "the first 5 records are not what their checkpoint signed"),
    ],
    ids=["edited", "dropped", "truncated", "unsigned", "forged", "rewritten"],
)  # fmt: skip
async def test_nothing_is_appended_after_a_break(
    place: Place, open_log: OpenLog, statements: list[str], hint: str
) -> None:
    log = open_log()
    for number in range(5):
        await log.append(record(number))
    log.close()
    with place.database() as database:
        for statement in statements:
            database.run(statement)
    with pytest.raises(RecordUnavailable) as caught:
        open_log()
    assert caught.value.hint == hint


async def test_a_log_truncated_while_open_is_found_by_the_next_append(place: Place, open_log: OpenLog) -> None:
    log = open_log()
    for number in range(3):
        await log.append(record(number))
    with place.database() as database:
        database.run("delete from leaf where idx = 2")
    for _ in range(2):
        with pytest.raises(RecordUnavailable) as caught:
            await log.append(record(9))
        assert caught.value.hint == "records up to 2 were written and are gone or changed"
    assert not log.writable


async def test_a_new_shard_has_a_name_of_its_own(place: Place) -> None:
    log = AuditLog(place.log, load_signing_key(place.keys))
    try:
        await log.append(record(0))
        assert place_of(place.log).shards() == (log.shard,)
        assert len(log.shard) == 8
    finally:
        log.close()
