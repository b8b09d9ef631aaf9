"""What operations cost on one supergraph: estimated as a whole and by subgraph, and reckoned from the answer."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from gateway.cost.fetched import PlanPrices, price_plan
from gateway.cost.sums import Reckoning, estimate, reckon
from gateway.cost.tree import Level, make_level
from gateway.cost.weights import Weights
from gateway.operation import Operation, Selection
from gateway.planning.plan import Plan
from gateway.supergraph import Supergraph

__all__ = ["Pricing"]

_MOST: Final = 1_000  # operations and plans whose prices are kept
_MUTATION: Final = 10  # what a mutation costs before anything it asks for


class Pricing:
    """The prices of one supergraph. ``list_size`` is how long a list is taken to be that says nothing of it."""

    def __init__(self, supergraph: Supergraph, list_size: int) -> None:
        self._graph = supergraph
        self._weights = Weights(supergraph)
        self._list_size = list_size
        self._levels: OrderedDict[int, tuple[Sequence[Selection], Level, int | None]] = OrderedDict()
        self._plans: OrderedDict[int, tuple[Plan, PlanPrices]] = OrderedDict()

    @property
    def declared(self) -> bool:
        """Whether the graph says anything of costs."""
        return self._weights.declared

    def estimate(self, operation: Operation) -> int:
        """What ``operation`` may cost with its variables.

        Raises ``OperationError`` ``SLICING_ARGUMENT_REQUIRED`` where a list's size has to be said and is not.
        """
        _, level, known = self._level(operation)
        if known is not None:
            return known
        total = self._base(operation) + estimate(level, self._reckoning(operation.variables, strict=True))
        if not level.needs:
            self._levels[id(operation.selections)] = (operation.selections, level, total)
        return total

    def by_subgraph(self, plan: Plan, variables: Mapping[str, Any]) -> dict[str, int]:
        """What the fetches of ``plan`` may cost each subgraph; ``variables`` are the operation's, coerced."""
        known = self._plans.get(id(plan))
        if known is None:
            known = self._plans[id(plan)] = (plan, price_plan(plan, self._graph, self._weights))
            if len(self._plans) > _MOST:
                self._plans.popitem(last=False)
        return known[1].by_subgraph(self._reckoning(variables))

    def actual(self, operation: Operation, data: Any) -> int:
        """What the answer ``data``, in the client's shape, has cost: objects and weighted values that there are."""
        if not isinstance(data, dict):
            return self._base(operation)
        _, level, _ = self._level(operation)
        return self._base(operation) + reckon(level, data, self._reckoning(operation.variables))

    @staticmethod
    def _base(operation: Operation) -> int:
        return _MUTATION if operation.kind == "mutation" else 0

    def _reckoning(self, variables: Mapping[str, Any], *, strict: bool = False) -> Reckoning:
        return Reckoning(variables, self._list_size, self._weights, strict)

    def _level(self, operation: Operation) -> tuple[Sequence[Selection], Level, int | None]:
        """The operation's prices, by the identity of its selections, which an entry holds."""
        known = self._levels.get(id(operation.selections))
        if known is not None:
            self._levels.move_to_end(id(operation.selections))
            return known
        made = make_level(operation.selections, (operation.root,), self._weights)
        known = self._levels[id(operation.selections)] = (operation.selections, made, None)
        if len(self._levels) > _MOST:
            self._levels.popitem(last=False)
        return known
