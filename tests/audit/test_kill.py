"""A25: kill -9 in a loop; whatever was acknowledged before the kill is in the log, and every shard is whole."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.audit import Search, search, verify
from tests.audit.conftest import Place

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("kills", [3, pytest.param(200, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])])
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


def _run_and_kill(place: Place, start: int, after: int) -> set[str]:
    """What a child said it had acknowledged, killed once it had said it ``after`` times."""
    command = [sys.executable, "-m", "tests.audit.child", str(place.log), str(place.keys), str(start)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True) as child:
        assert child.stdout is not None
        said = [child.stdout.readline() for _ in range(after)]
        child.send_signal(signal.SIGKILL)
        said += child.stdout.readlines()
    assert child.returncode == -signal.SIGKILL
    return {line.strip() for line in said if line.endswith("\n")}
