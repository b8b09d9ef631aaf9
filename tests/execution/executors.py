"""Both executors behind one call, so that a test of one is a test of the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.execution import Answer
from gateway.execution.columnar import FastPath
from gateway.execution.engine import Plans, answer_unrestricted
from gateway.execution.transport import Transport
from gateway.execution.wire import decode
from gateway.operation import read_operation

__all__ = ["EXECUTORS", "answer_by"]

EXECUTORS = ("reference", "columnar")


async def answer_by(
    executor: str, text: str, variables: Mapping[str, Any] | None, transport: Transport, plans: Plans
) -> Answer:
    """The answer to ``text`` as ``executor`` gives it; the columnar one's bytes are read back."""
    if executor == "reference":
        return await answer_unrestricted(text, variables, None, plans.supergraph, transport, plans)
    schema = plans.supergraph.api_schema
    operation = read_operation(text, schema, variables, None, plans.limits, plans.documents)
    told = await FastPath(plans.supergraph).answer(operation, plans.plan(operation), transport)
    page = decode(told.body)
    return Answer(page["data"], tuple(page.get("errors", ())))
