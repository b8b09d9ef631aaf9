"""In this folder plans are made without a look at the clock: how fast a machine plans a random operation is not what is held."""

from __future__ import annotations

import pytest

from gateway.operation import Operation
from gateway.planning import Plan, plan_operation
from gateway.planning.budget import Budget
from gateway.supergraph import Supergraph


@pytest.fixture(autouse=True)
def untimed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planning is bounded by its work alone; a machine that stands still for ten seconds refuses nothing."""

    def planned(supergraph: Supergraph, operation: Operation) -> Plan:
        return plan_operation(supergraph, operation, budget=Budget(clock=lambda: 0.0))

    monkeypatch.setattr("gateway.execution.engine.plan_operation", planned)
