"""The proof for subscriptions: one source that opens the events, and everything else done for each of them."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.operation.model import Operation
from gateway.planning.plan import Plan, Subscribe

__all__ = ["source_problems"]


def source_problems(operation: Operation, plan: Plan) -> Iterator[str]:
    """What is wrong with the source of ``plan``, in words; that of a query or a mutation has none."""
    if operation.kind != "subscription":
        if plan.source is not None:
            yield f"a {operation.kind} has a source"
        return
    if not isinstance(plan.node, Subscribe) or plan.fetches[:1] != (plan.node.source,):
        yield "the first fetch of a subscription is not its source"
        return
    source = plan.node.source
    if source.kind != "subscription" or source.depends or source.conditions:
        yield "the source does not open events at once and whatever the variables"
    for fetch in plan.fetches[1:]:
        if fetch.kind != "query":
            yield f"fetch {fetch.id} to {fetch.subgraph} is a {fetch.kind} in the middle of an event"
        if not fetch.depends:
            yield f"fetch {fetch.id} to {fetch.subgraph} does not wait for the event"
