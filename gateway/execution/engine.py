"""The engine alone, without caller and policy: for supergraphs of others, the audit suite and benchmarks.

Governed data never takes this way; the product's line is ``gateway.pipeline``.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.errors import GatewayError, OperationError
from gateway.execution.execute import execute
from gateway.execution.project import project
from gateway.execution.result import Answer
from gateway.execution.transport import Transport
from gateway.operation import Documents, Limits, Operation, read_operation
from gateway.planning import plan_operation
from gateway.planning.plan import Plan
from gateway.supergraph import Supergraph

__all__ = ["Plans", "answer_unrestricted"]


@dataclass(slots=True)
class Plans:
    """What was learned about one supergraph: read documents, and plans by document and operation name; bounded."""

    supergraph: Supergraph
    limits: Limits = field(default_factory=Limits)
    size: int = 512
    documents: Documents = field(init=False)
    _plans: OrderedDict[tuple[str, str], Plan] = field(default_factory=OrderedDict)

    def __post_init__(self) -> None:
        self.documents = Documents(self.supergraph.api_schema, self.limits, self.size)

    def plan(self, operation: Operation) -> Plan:
        """The plan of ``operation``, which this supergraph's documents gave. Raises ``PlanningError``."""
        key = (operation.text_hash, operation.name)
        known = self._plans.get(key)
        if known is not None:
            self._plans.move_to_end(key)
            return known
        made = plan_operation(self.supergraph, operation)
        self._plans[key] = made
        if len(self._plans) > self.size:
            self._plans.popitem(last=False)
        return made


async def answer_unrestricted(
    text: str,
    variables: Mapping[str, Any] | None,
    name: str | None,
    supergraph: Supergraph,
    transport: Transport,
    plans: Plans,
) -> Answer:
    """The answer to a request, everything the supergraph has being open. Never raises for a wrong request.

    ``plans`` must have been made for ``supergraph``.
    """
    try:
        schema = supergraph.api_schema
        operation = read_operation(text, schema, variables, name, plans.limits, plans.documents)
        plan = plans.plan(operation)
        merged = await execute(plan, supergraph, operation.variables, transport)
        return project(operation, merged.data, schema, merged.failures)
    except OperationError as error:
        return Answer(None, tuple(each.as_graphql() for each in error.errors))
    except GatewayError as error:
        return Answer(None, (error.as_graphql(),))
