"""Appending: durable before it is acknowledged, in one chain, and refused by name when it cannot be."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest

from gateway.audit import AuditLog, LogSettings, heads_path, load_public_key, read_heads, search, verify
from gateway.audit.search import Search
from gateway.errors import RecordUnavailable
from tests.audit.conftest import Place, record

OpenLog = Callable[..., AuditLog]
EDITED = "update record set body = cast(replace(cast(body as text), 'NYC', 'LOS') as blob) where idx = 4"


async def test_an_acknowledged_record_can_be_read_by_another_connection(place: Place, open_log: OpenLog) -> None:
    entry = await open_log().append(record(7))
    (found,), total = search(place.log, Search(request_id="r7"))
    assert (found.index, total) == (entry.index, 1) == (0, 1)
    assert found.record == record(7).as_json()


async def test_sixty_four_at_once_are_all_there_once_and_share_commits(place: Place, open_log: OpenLog) -> None:
    log = open_log()

    async def many(task: int) -> list[int]:
        return [(await log.append(record(task * 100 + turn))).index for turn in range(10)]

    indices = sorted(index for some in await asyncio.gather(*map(many, range(64))) for index in some)
    assert indices == list(range(640))
    verdict = verify(place.log, load_public_key(place.keys))
    assert (verdict.sound, verdict.records) == (True, 640)
    assert verdict.heads < 640  # one head a commit: records were grouped


async def test_a_log_continues_where_it_was_closed(place: Place, open_log: OpenLog) -> None:
    first = open_log()
    await first.append(record(0))
    first.close()
    second = open_log()
    assert (await second.append(record(1))).index == 1
    assert verify(place.log, load_public_key(place.keys)).sound


async def test_two_writers_of_one_log_make_one_chain(place: Place, open_log: OpenLog) -> None:
    left, right = open_log(), open_log()
    for turn in range(6):
        entry = await (left if turn % 2 else right).append(record(turn))
        assert entry.index == turn
    assert verify(place.log, load_public_key(place.keys)).records == 6


async def test_a_full_disk_refuses_and_loses_nothing_acknowledged(place: Place, open_log: OpenLog) -> None:
    log = open_log(LogSettings(max_pages=40))
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
    found, _ = search(place.log, Search(), limit=1000)
    assert sorted(item.record["request"] for item in found) == sorted(acknowledged)
    assert verify(place.log, load_public_key(place.keys)).sound


async def test_a_locked_database_refuses_and_recovers(place: Place, open_log: OpenLog) -> None:
    log = open_log(LogSettings(lock_seconds=0.01))
    with closing(sqlite3.connect(place.log, isolation_level=None)) as other:
        other.execute("begin immediate")
        with pytest.raises(RecordUnavailable, match="durable") as caught:
            await log.append(record(0))
        assert caught.value.hint == "the database is locked"
        other.execute("rollback")
    assert (await log.append(record(1))).index == 0


async def test_a_closed_log_refuses(open_log: OpenLog) -> None:
    log = open_log()
    log.close()
    with pytest.raises(RecordUnavailable) as caught:
        await log.append(record(0))
    assert (caught.value.code, caught.value.hint) == ("AUDIT_UNAVAILABLE", "it is closed")


async def test_closing_writes_what_was_queued(place: Place, open_log: OpenLog) -> None:
    log = open_log()
    waiting = [asyncio.ensure_future(log.append(record(number))) for number in range(50)]
    await asyncio.wait(waiting, timeout=0)  # every append has queued its record
    log.close()
    await asyncio.gather(*waiting)
    assert verify(place.log, load_public_key(place.keys)).records == 50


async def test_a_request_that_goes_away_leaves_its_record(place: Place, open_log: OpenLog) -> None:
    log = open_log()
    gone = asyncio.ensure_future(log.append(record(0)))
    await asyncio.wait([gone], timeout=0)
    gone.cancel()
    await log.append(record(1))
    assert search(place.log, Search(request_id="r0"))[1] == 1


async def test_too_many_waiting_are_refused_at_once(open_log: OpenLog) -> None:
    log = open_log(LogSettings(waiting=0))
    with pytest.raises(RecordUnavailable) as caught:
        await log.append(record(0))
    assert caught.value.hint == "too many records are waiting"


async def test_a_head_that_cannot_be_written_is_a_refusal(
    open_log: OpenLog, monkeypatch: pytest.MonkeyPatch, place: Place
) -> None:
    log = open_log()

    def full(descriptor: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("gateway.audit.log.os.write", full)
        with pytest.raises(RecordUnavailable) as caught:
            await log.append(record(0))
    assert caught.value.hint == "its head cannot be written"
    await log.append(record(1))
    assert [head.index for head in read_heads(heads_path(place.log))] == [1]
    assert verify(place.log, load_public_key(place.keys)).sound


async def test_a_torn_head_line_does_not_spoil_the_next(place: Place, open_log: OpenLog) -> None:
    log = open_log()
    await log.append(record(0))
    log.close()
    with heads_path(place.log).open("a") as heads:
        heads.write("1 ab")
    again = open_log()
    await again.append(record(1))
    assert [head.index for head in read_heads(heads_path(place.log))] == [0, 1]


async def test_a_missing_head_after_a_crash_is_signed_on_opening(place: Place, open_log: OpenLog) -> None:
    log = open_log()
    for number in range(3):
        await log.append(record(number))
    log.close()
    kept = heads_path(place.log).read_text().splitlines(keepends=True)[:2]
    heads_path(place.log).write_text("".join(kept))
    open_log()
    assert [head.index for head in read_heads(heads_path(place.log))] == [0, 1, 2]


def test_a_log_that_cannot_be_opened_is_refused(place: Place, open_log: OpenLog) -> None:
    place.log.mkdir(parents=True)
    with pytest.raises(RecordUnavailable) as caught:
        open_log()
    assert caught.value.hint == "it cannot be opened"


@pytest.mark.parametrize(
    ("statement", "hint"),
    [
        (EDITED, "the chain breaks at record 4"),
        ("delete from record where idx = 3", "the chain breaks at record 3"),
        ("delete from record where idx > 2", "record 4 is missing"),
    ],
    ids=["edited", "dropped", "truncated"],
)
async def test_nothing_is_appended_after_a_broken_chain(
    place: Place, open_log: OpenLog, statement: str, hint: str
) -> None:
    log = open_log()
    for number in range(5):
        await log.append(record(number))
    with closing(sqlite3.connect(place.log)) as db, db:
        db.execute(statement)
    log.close()
    with pytest.raises(RecordUnavailable) as caught:
        open_log()
    assert caught.value.hint == hint


async def test_a_log_truncated_while_open_is_found_by_the_next_append(place: Place, open_log: OpenLog) -> None:
    log = open_log()
    for number in range(3):
        await log.append(record(number))
    with closing(sqlite3.connect(place.log)) as db, db:
        db.execute("delete from record where idx = 2")
    for _ in range(2):
        with pytest.raises(RecordUnavailable) as caught:
            await log.append(record(9))
        assert caught.value.hint == "records up to 2 were written and are gone or changed"
