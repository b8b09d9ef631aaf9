"""The demonstration of ``make demo``, a short one: State revokes, the port hears, acknowledges, and both are on record."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.benchmarks.revocations import demonstrate

pytestmark = pytest.mark.slow


def test_a_port_hears_of_every_revocation_acknowledges_it_and_both_sides_are_on_record(
    seeded: Path, tmp_path: Path
) -> None:
    """In the order in which State revoked, each once; nothing is left to acknowledge and the record verifies."""
    world = tmp_path / "world"
    shutil.copytree(seeded, world)
    figures = demonstrate(world, 10)
    assert len(figures.seconds) == 10
    assert figures.unacknowledged == 0
    revoked, told = figures.records
    assert (revoked["caller"]["agency"], revoked["operation"]["name"]) == ("STATE_CA", "Revoke")
    assert (told["caller"]["agency"], told["operation"]["name"]) == ("CBP", "Port")
    assert "p99" in figures.shown()
