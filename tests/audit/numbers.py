"""The numbers that the record has to show, printed: ``python -m tests.audit.numbers kills 200``.

``kills N``
    A writer is killed (kill -9) N times while it appends; every record it had acknowledged has to be there.
``answers N``
    The gateway itself, asked over HTTP by four clients, is killed N times; every request id that anybody was answered with
    has to be on record.
``tamper``
    The tamper table: each way to bend a log, with what the verifier says of it and the first bad index.

Rates: ``pytest tests/benchmarks/test_audit.py tests/benchmarks/test_what_if.py -s -p no:xdist``.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory

from gateway.audit import AuditLog, LogSettings, Search, load_signing_key, search, verify
from gateway.web.explorer import ready_queries
from tests.audit.bending import TABLE
from tests.audit.conftest import SHARD, Place, record
from tests.scenarios.asking import ROOT, seed_world
from tests.web.server import Served, serving

__all__ = ["killed_answers", "kills", "tamper"]

CLIENTS = 4


def kills(place: Place, times: int) -> str:
    """One line: how many kills, how many records were acknowledged, how many are there."""
    acknowledged: set[str] = set()
    started = time.perf_counter()
    for turn in range(times):
        command = [sys.executable, "-m", "tests.audit.child", str(place.log), str(place.keys), str(turn * 100_000)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True) as child:
            assert child.stdout is not None
            said = [child.stdout.readline() for _ in range(20 + 13 * (turn % 50))]
            child.send_signal(signal.SIGKILL)
            said += child.stdout.readlines()
        acknowledged |= {line.strip() for line in said if line.endswith("\n")}
    found, total = search(place.log, Search(), limit=10_000_000)
    kept = {item.record["request"] for item in found}
    verdict = verify(place.log, place.public)
    lost = acknowledged - kept
    assert not lost, f"lost: {sorted(lost)[:10]}"
    assert (verdict.fault, verdict.records, len(kept)) == (None, total, total)
    seconds = time.perf_counter() - started
    return (
        f"{times} kills -9 in {seconds:.0f} s: {len(acknowledged):,} acknowledged, {total:,} on record, "
        f"{len(verdict.shards)} shards, 0 lost, 0 twice, sound"
    )


def killed_answers(folder: Path, times: int) -> str:
    """One line: how often the gateway was killed, how many answers had come back, how many of them are on record."""
    seed_world(folder)
    answered: set[str] = set()
    for _ in range(times):
        with serving(
            "--subgraphs", "asgi", "--var", folder, TWS_MODE="development", TWS_LOG="off",
            TWS_TODAY="2026-11-01T12:00:00+00:00", TWS_DATA=str(folder / "data"), TWS_KEYS=str(folder / "keys"),
        ) as running, ThreadPoolExecutor(CLIENTS) as clients:  # fmt: skip
            enough = threading.Event()
            asking = [clients.submit(_ask, running, number, answered, enough) for number in range(CLIENTS)]
            enough.wait(60)
            os.kill(running.pid, signal.SIGKILL)
            for each in asking:
                each.result()
    where = folder / "record" / "record.sqlite3"
    found, _ = search(where, Search(kind="release"), limit=10_000_000)
    kept = {item.record["request"] for item in found}
    assert answered <= kept, f"answered and not on record: {sorted(answered - kept)[:10]}"
    verdict = verify(where, load_signing_key(folder / "keys").public_key())
    assert verdict.sound, verdict.fault
    return f"{times} kills -9 of the gateway: {len(answered):,} answers received, {len(kept):,} on record, 0 unrecorded, sound"


def _ask(running: Served, number: int, answered: set[str], enough: threading.Event) -> None:
    """Ask until the gateway is gone; ``enough`` once some were answered."""
    query = ready_queries()[4]
    token = running.token(query["persona"])
    for turn in range(10_000):
        try:
            body = {"query": query["query"], "variables": query["variables"]}
            status, page = running.fetch("/graphql", body, authorization=f"Bearer {token}")
        except (OSError, HTTPException, ValueError):  # killed before, in or after its answer
            return
        if status == 200:
            answered.add(page["extensions"]["record"])
        if turn == 10 + number:
            enough.set()


def tamper(folder: Path) -> list[str]:
    """The tamper table as Markdown."""
    lines = ["| bent | found | first bad index | what the verifier says |", "|:--|:--|--:|:--|"]
    for number, case in enumerate(TABLE):
        place = Place(folder / str(number) / "record.sqlite3", folder / str(number) / "keys")
        asyncio.run(_ten(place))
        search(place.log, Search())  # so that there is an index to bend
        with place.database() as database:
            case.bend(database, place)
        fault = verify(place.log, place.public).fault
        assert fault is not None, case.name
        assert (fault.kind, fault.index) == (case.kind, case.index), case.name
        lines.append(f"| {case.name} | {fault.kind} | {fault.index} | {fault.what} |")
    return lines


async def _ten(place: Place) -> None:
    with closing(AuditLog(place.log, load_signing_key(place.keys), LogSettings(shard=SHARD))) as log:
        for number in range(10):
            await log.append(record(number))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["kills", "answers", "tamper"])
    parser.add_argument("times", nargs="?", type=int, default=200)
    given = parser.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        if given.what == "kills":
            print(kills(Place(folder / "record.sqlite3", folder / "keys"), given.times))
        elif given.what == "answers":
            print(killed_answers(folder, given.times))
        else:
            print("\n".join(tamper(folder)))


if __name__ == "__main__":
    main()
