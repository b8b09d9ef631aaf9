"""The simulation: the chart is that of the costs in the tree, and its queues do what queues do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.scale.costs import COSTS
from tests.scale.simulation import CHART, Sizes, Station, chart, check, room, runs, simulate, table
from tests.scenarios.asking import ROOT


@pytest.fixture(scope="module")
def costs() -> Any:
    """What was measured."""
    return json.loads(COSTS.read_text(encoding="utf-8"))


def test_the_chart_and_the_table_are_those_of_the_costs(costs: Any) -> None:
    """Run ``python -m tests.scale.simulation`` when this fails, and put its table into docs/scale.md."""
    found = runs(costs)
    assert CHART.read_text(encoding="utf-8") == chart(found)
    assert table(found, costs) in (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")


def test_a_station_serves_one_after_the_other() -> None:
    """Two servers, three pieces of work of a second: the third waits for the first to be done."""
    station = Station(2)
    assert [station.done(0.0, 1.0), station.done(0.0, 1.0), station.done(0.5, 1.0)] == [1.0, 1.0, 2.0]
    assert station.done(5.0, 1.0) == 6.0
    assert station.busy == 4.0
    assert Station(1, idle=0.5).done(0.0, 1.0) == 2.0


def test_what_is_full_first_is_full_at_that_load(costs: Any) -> None:
    """The sum says where the room ends; the queues agree: below it answers come, beyond it they wait."""
    small = Sizes(agency=1, database=1, record=1)
    name, times = room(costs, 10, small)
    below, beyond = (simulate(costs, 10, times * part, small) for part in (0.5, 1.5))
    assert below.first == name
    assert below.use[name] == pytest.approx(0.5, abs=0.08)
    assert beyond.p50 > 10 * below.p50


def test_the_same_seed_gives_the_same_figures(costs: Any) -> None:
    assert simulate(costs, 10) == simulate(costs, 10)


def test_the_costs_tell_what_was_measured_of_one_and_two_gateways(costs: Any) -> None:
    """Within a factor of two, as docs/scale.md says: an answer costs more while sixteen are asked for at once."""
    page = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
    for told, measured in check(costs).values():
        assert 0.5 < told / measured < 2
        assert f"{told:.1f} told, {measured:.1f} measured" in page
