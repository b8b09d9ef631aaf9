"""Budgets: an estimate that is too high is refused before anything is fetched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.errors import LimitError
from gateway.limits import LimitsPage

__all__ = ["Budgets"]

_HINT = "Ask for fewer objects: smaller pages, or less below them. docs/operations.md says how cost is estimated."


@dataclass(frozen=True, slots=True)
class Budgets:
    """What operations may cost, and ``told``: the roles whose answers say what they cost (``all``: everybody's)."""

    limits: LimitsPage = field(default_factory=LimitsPage)
    told: frozenset[str] = frozenset()

    def tells(self, role: str) -> bool:
        """Whether an answer for ``role`` says what it cost."""
        return role in self.told or "all" in self.told

    @property
    def by_subgraph(self) -> bool:
        """Whether what operations cost is limited for any subgraph."""
        return any(each.cost for each in (self.limits.subgraphs, *self.limits.named.values()))

    @property
    def wanted(self) -> bool:
        """Whether anybody is limited, or told."""
        callers = (self.limits.callers, *self.limits.roles.values())
        return bool(self.told) or self.by_subgraph or any(each.cost for each in callers)

    def check(self, estimated: int, role: str) -> None:
        """Nothing, while an operation of a caller in ``role`` may cost so much; raises ``LimitError`` COST_EXCEEDED."""
        budget = self.limits.caller(role).cost
        if budget and estimated > budget:
            raise LimitError(
                "COST_EXCEEDED",
                f"The operation may cost {estimated}, which exceeds the limit of {budget}.",
                where="operation",
                hint=_HINT,
            )

    def check_subgraphs(self, costs: Mapping[str, int]) -> None:
        """The same for what each subgraph may be asked in one operation; raises ``LimitError`` SUBGRAPH_COST_EXCEEDED."""
        for subgraph, cost in costs.items():
            budget = self.limits.subgraph(subgraph).cost
            if budget and cost > budget:
                raise LimitError(
                    "SUBGRAPH_COST_EXCEEDED",
                    f"The operation may cost subgraph {subgraph} {cost}, which exceeds its limit of {budget}.",
                    where=subgraph,
                    hint=_HINT,
                )
