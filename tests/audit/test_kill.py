"""A25: kill -9 in a loop; whatever was acknowledged before the kill is in the log, and every shard is whole.

200 times, and with the gateway itself: ``python -m tests.audit.numbers``.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.audit import Search, search, verify
from tests.audit.conftest import Place

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("kills", [3, pytest.param(25, marks=[pytest.mark.slow, pytest.mark.timeout(600)])])
def test_every_acknowledged_record_outlives_kill_minus_nine(place: Place, kills: int) -> None:
    acknowledged: set[str] = set()
    for turn in range(kills):
        acknowledged |= _run_and_kill(place, start=turn * 100_000, after=20 + 13 * (turn % 50))
    found, total = search(place.log, Search(), limit=1_000_000)
    kept = {item.record["request"] for item in found}
    assert acknowledged <= kept
    assert len(kept) == total  # and nothing is there twice
    verdict = verify(place.log, place.public)
    assert (verdict.fault, verdict.records) == (None, total)
    print(
        f"{kills} kills: {len(acknowledged)} acknowledged, {total} on record, {len(verdict.shards)} shards, none lost"
    )


def test_two_replicas_killed_at_once_lose_nothing_and_never_waited(place: Place) -> None:
    """Each writes a shard of its own; no lock is shared, so neither can hold up the other."""
    with _child(place, 0) as left, _child(place, 1_000_000) as right:
        said = [child.stdout.readline() for _ in range(40) for child in (left, right) if child.stdout is not None]
        for child in (left, right):
            child.send_signal(signal.SIGKILL)
        said += [line for child in (left, right) if child.stdout is not None for line in child.stdout]
    acknowledged = {line.strip() for line in said if line.endswith("\n")}
    found, total = search(place.log, Search(), limit=1_000_000)
    assert acknowledged <= {item.record["request"] for item in found}
    verdict = verify(place.log, place.public)
    assert (verdict.fault, len(verdict.shards), verdict.records) == (None, 2, total)


def _child(place: Place, start: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.audit.child", str(place.log), str(place.keys), str(start)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True)


def _run_and_kill(place: Place, start: int, after: int) -> set[str]:
    """What a child said it had acknowledged, killed once it had said it ``after`` times."""
    with _child(place, start) as child:
        assert child.stdout is not None
        said = [child.stdout.readline() for _ in range(after)]
        child.send_signal(signal.SIGKILL)
        said += child.stdout.readlines()
    assert child.returncode == -signal.SIGKILL
    return {line.strip() for line in said if line.endswith("\n")}
