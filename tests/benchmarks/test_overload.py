"""Under four times what it can serve the gateway refuses politely and stays well; rates are for the script to tell."""

from __future__ import annotations

import asyncio

import pytest

from tests.benchmarks.overload import overloaded


@pytest.mark.slow
def test_a_flood_is_refused_with_a_time_to_come_back_and_health_is_told() -> None:
    """Every answer is one or a 503 that says when to ask again, and no connection is dropped."""
    run = asyncio.run(overloaded(2.0))
    assert run.others == []
    assert run.healthy
    assert run.flood.served > 0
    assert run.flood.statuses[503] > 0
    assert run.flood.bare == 0
