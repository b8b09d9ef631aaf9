"""One request, one set of override labels: what decides is read where what is shown is read."""

from __future__ import annotations

from datetime import datetime

import pytest

from gateway.house import Graph
from gateway.operation import Operation
from gateway.planning import Plan
from tests.scenarios.asking import Asker
from tests.scenarios.test_five_callers import GRACE, OFFICER

pytestmark = pytest.mark.asyncio(loop_scope="session")

QUERY = "query($t: ID!) { traveler(id: $t) { visas { nodes { status } } } }"


async def test_the_case_is_read_by_the_labels_of_its_request(ask: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    planned: list[tuple[str, str]] = []
    plan = Graph.plan

    def noted(self: Graph, operation: Operation, at: datetime, key: str = "") -> Plan:
        planned.append((next(operation.fields()).name, key))
        return plan(self, operation, at, key)

    monkeypatch.setattr(Graph, "plan", noted)
    found = await ask(OFFICER, QUERY, t=GRACE)
    assert found.data["traveler"]["visas"]["nodes"]
    assert planned == [("visaApplication", found.request_id), ("traveler", found.request_id)]
