"""How fast the record is made durable, beside plain group commit: the same queue, thread and disk, and no tree.

Rounds of both are interleaved, because a shared disk drifts; the ratio is what to quote. Run with ``-s`` for the table.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import statistics
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import pytest

from gateway.audit import AuditLog, AuditRecord, load_signing_key, verify
from tests.audit.conftest import record

ROUNDS = 5
Append = Callable[[AuditRecord], Awaitable[Any]]


class PlainLog:
    """Group commit and nothing else: a row a record, a commit a group (WAL, ``synchronous=FULL``)."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("pragma journal_mode=wal")
        self._db.execute("pragma synchronous=full")
        self._db.execute("create table record (idx integer primary key, body blob not null)")
        self._queue: SimpleQueue[tuple[bytes, asyncio.Future[None]] | None] = SimpleQueue()
        self._writer = threading.Thread(target=self._write)
        self._writer.start()

    async def append(self, item: AuditRecord) -> None:
        """Come back once the record's bytes are durable."""
        future = asyncio.get_running_loop().create_future()
        self._queue.put((item.canonical(), future))
        await future

    def close(self) -> None:
        """End the writer."""
        self._queue.put(None)
        self._writer.join()
        self._db.close()

    def _write(self) -> None:
        while (first := self._queue.get()) is not None:
            batch = [first]
            while len(batch) < 512:
                try:
                    following = self._queue.get_nowait()
                except Empty:
                    break
                if following is None:
                    return
                batch.append(following)
            self._db.execute("begin immediate")
            self._db.executemany("insert into record (body) values (?)", [(body,) for body, _ in batch])
            self._db.execute("commit")
            futures = [future for _, future in batch]
            futures[0].get_loop().call_soon_threadsafe(_tell, futures)


def _tell(futures: Sequence[asyncio.Future[None]]) -> None:
    for future in futures:
        future.set_result(None)


@dataclass(frozen=True)
class Run:
    """One round: records a second, milliseconds waited at the median and the 99th percentile, CPU a record (us)."""

    rate: float
    p50: float
    p99: float
    cpu: float


async def drive(append: Append, records: Sequence[AuditRecord], tasks: int) -> Run:
    waits: list[float] = []
    left = iter(records)

    async def one() -> None:
        for item in left:
            start = time.perf_counter()
            await append(item)
            waits.append(time.perf_counter() - start)

    cpu, start = time.process_time(), time.perf_counter()
    await asyncio.gather(*(one() for _ in range(tasks)))
    spent, cpu = time.perf_counter() - start, time.process_time() - cpu
    waits.sort()
    count = len(records)
    return Run(count / spent, waits[count // 2] * 1e3, waits[count * 99 // 100] * 1e3, cpu / count * 1e6)


def rounds(folder: Path, tasks: int) -> tuple[list[Run], list[Run]]:
    """Interleaved rounds of plain group commit and of the record."""
    plain, tree = [], []
    records = [record(number) for number in range(tasks * 60)]
    for turn in range(ROUNDS):
        baseline = PlainLog(folder / f"plain{tasks}-{turn}.sqlite3")
        with closing(baseline):
            plain.append(asyncio.run(drive(baseline.append, records, tasks)))
        place = folder / f"{tasks}-{turn}" / "record.sqlite3"
        with closing(AuditLog(place, load_signing_key(folder / "keys"))) as log:
            tree.append(asyncio.run(drive(log.append, records, tasks)))
        verdict = verify(place, load_signing_key(folder / "keys").public_key())
        assert (verdict.fault, verdict.records) == (None, len(records))
    return plain, tree


def median(runs: Sequence[Run], name: str) -> float:
    return statistics.median([float(getattr(run, name)) for run in runs])


def sync_ms(folder: Path) -> float:
    """What this disk takes to make 64 kB durable just now, at the median of 50: no group can be faster."""
    times = []
    with (folder / "sync").open("wb") as file:
        for _ in range(50):
            start = time.perf_counter()
            file.write(bytes(65_536))
            file.flush()
            os.fsync(file.fileno())
            times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_record_keeps_up_with_plain_group_commit(tmp_path: Path, benchmark: Any) -> None:
    """What the tree, the salts, the signatures and the second table cost beside group commit itself."""
    print(f"\nmaking 64 kB durable: {sync_ms(tmp_path):.1f} ms here, now; no group can be faster")
    print("| at once | plain/s | record/s | ratio | p50 ms | p99 ms | plain CPU us | record CPU us |")
    print("|--:|--:|--:|--:|--:|--:|--:|--:|")
    found: dict[int, tuple[float, list[Run]]] = {}
    for tasks in (1, 16, 64, 256):
        plain, tree = rounds(tmp_path, tasks)
        ratio = statistics.median(ours.rate / theirs.rate for ours, theirs in zip(tree, plain, strict=True))
        found[tasks] = ratio, tree
        print(
            f"| {tasks} | {median(plain, 'rate'):,.0f} | {median(tree, 'rate'):,.0f} | {ratio:.2f} "
            f"| {median(tree, 'p50'):.1f} | {median(tree, 'p99'):.1f} "
            f"| {median(plain, 'cpu'):.0f} | {median(tree, 'cpu'):.0f} |"
        )
    log = AuditLog(tmp_path / "benchmark" / "record.sqlite3", load_signing_key(tmp_path / "keys"))
    records = [record(number) for number in range(64 * 20)]
    with closing(log):
        benchmark.pedantic(lambda: asyncio.run(drive(log.append, records, 64)), rounds=3)
    ratio, tree = found[64]
    assert ratio > 0.35  # of the same run's plain group commit, whatever the disk does today
    assert min(run.cpu for run in tree) < 1e6 / 5_000  # CPU for 5,000 records a second on one core
