"""What a request costs: estimated and held against budgets before anything is fetched, reckoned from its answer.

Neither number follows from what the policy withholds: the estimate is that of the operation as it was asked, and by
subgraph that of its plan before policy; what it did cost is counted on the answer as it is told.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from gateway.cost import Budgets
from gateway.house import Graph, House
from gateway.operation import Operation
from gateway.telemetry import watching

__all__ = ["Demand", "demand_of"]


@dataclass(slots=True)
class Demand:
    """The cost of one request; ``told`` says whether its caller may know it."""

    operation: Operation
    graph: Graph
    estimated: int
    by_subgraph: dict[str, int] = field(default_factory=dict)
    limit: int = 0
    told: bool = False

    def after(self, data: Any) -> dict[str, Any]:
        """What is told of the cost in ``extensions``, now that the answer is ``data``; nothing where none may know."""
        actual = self.graph.pricing.actual(self.operation, data)
        watching().cost["actual"] = actual
        if not self.told:
            return {}
        page: dict[str, Any] = {"estimated": self.estimated, "actual": actual, "subgraphs": self.by_subgraph}
        return {"cost": {**page, "limit": self.limit} if self.limit else page}


def demand_of(operation: Operation, role: str, key: str, graph: Graph, house: House) -> Demand | None:
    """What ``operation`` may cost; None where neither the graph nor anybody's budget says anything of costs.

    ``key`` is the plan's (see ``Graph.key_of``). Raises ``LimitError`` COST_EXCEEDED or SUBGRAPH_COST_EXCEEDED where it is
    too much, ``OperationError`` SLICING_ARGUMENT_REQUIRED.
    """
    budgets: Budgets = house.budgets
    if not (graph.pricing.declared or budgets.wanted):
        return None
    demand = Demand(operation, graph, graph.pricing.estimate(operation), told=budgets.tells(role))
    watching().cost["estimated"] = demand.estimated
    demand.limit = budgets.limits.caller(role).cost
    budgets.check(demand.estimated, role)
    if demand.told or budgets.by_subgraph:
        plan = graph.plan_as_asked(operation, key)
        demand.by_subgraph = graph.pricing.by_subgraph(plan, operation.variables)
        budgets.check_subgraphs(demand.by_subgraph)
    return demand
