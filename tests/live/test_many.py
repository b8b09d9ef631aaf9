"""Many streams on one process, a small version of ``tests.benchmarks.streams``: all hear, and nothing stays when they close."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.benchmarks.streams import measure

pytestmark = pytest.mark.slow

STREAMS = 40


def test_all_hear_of_one_event_and_nothing_stays_after_they_close(seeded: Path, tmp_path: Path) -> None:
    """Two rounds: no stream is counted after it closed, and the second leaves no file open that the first had not."""
    world = tmp_path / "world"
    shutil.copytree(seeded, world)
    figures = measure(world, STREAMS)
    assert figures.gauge == [0, 0]
    assert figures.files[2] <= figures.files[1] + 2  # a connection of a pool, not one for each stream
    assert len(figures.all) == 2
    assert f"{STREAMS} streams" in figures.shown(1)
