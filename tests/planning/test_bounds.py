"""Planning never explodes: the work on generated graphs is counted, so the bounds hold on every machine alike."""

from __future__ import annotations

import pytest

from gateway.planning.prove import prove
from tests.planning.bounds import ROWS, Row, take


@pytest.mark.slow
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.title)
def test_the_work_stays_bounded(row: Row) -> None:
    spent = take(row)
    taken = (spent.budget.jumped, len(spent.plan.fetches), spent.plan.depth)
    assert all(one <= most for one, most in zip(taken, (row.jumps, row.fetches, row.waves), strict=True)), taken
    assert spent.again == 0, "what was found of the graph is remembered"
    assert prove(spent.supergraph, spent.operation, spent.plan) == []
