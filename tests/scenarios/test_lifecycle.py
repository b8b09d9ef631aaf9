"""The life of an agreement while the house stays open: what it gives changes at the instant that its dates name, by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.scenarios.asking import Asker, World

pytestmark = pytest.mark.asyncio(loop_scope="session")

QUESTION = 'query { visa(foilNumber: "S2400001") { status } }'
GIVEN = {"visa": {"status": "ISSUED"}}
TICK = timedelta(microseconds=1)


def midnight(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "given"),
    [
        pytest.param(midnight("2023-10-01") - TICK, False, id="the last instant before it is effective"),
        pytest.param(midnight("2023-10-01"), True, id="the first instant of its effective day"),
        pytest.param(midnight("2027-10-01"), True, id="its review is due: in force, with a warning"),
        pytest.param(midnight("2027-12-30") - TICK, True, id="the last instant of ninety days overdue"),
        pytest.param(midnight("2027-12-30"), False, id="suspended"),
        pytest.param(midnight("2028-10-01"), False, id="expired"),
        pytest.param(midnight("2026-11-01"), True, id="and today again: nothing was kept of any of them"),
    ],
)
async def test_dates_open_and_close_without_a_restart(world: World, at: datetime, given: bool) -> None:
    """CA-CBP-VISA, for the officer at primary; a plan kept of one day does not outlive it."""
    kept = world.opened.house
    world.opened.house = replace(kept, clock=lambda: at)
    try:
        found = await Asker(world)("cbp-primary-atl", QUESTION)
    finally:
        world.opened.house = kept
    if given:
        assert (found.data, found.sharing()) == (GIVEN, [])
    else:
        assert found.data == {"visa": None}
        assert found.sharing() == ["visa DENY NOT_IN_FORCE STATE_CA"]
        assert "S2400001" not in world.traffic.bodies("visas")
    assert world.record(found)["at"] == f"{at.isoformat(timespec='microseconds')[:26]}Z"
