"""What each stage of an answer costs, and how the cost grows with the answer, the requests and the entities."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from graphql import parse

from gateway.config import Settings
from gateway.execution import execute, project
from gateway.execution.execute import Budget
from gateway.execution.wire import encode
from gateway.house import Graph
from gateway.opening import open_unrestricted
from gateway.operation import Operation, read_operation
from gateway.operation.normalize import normalize
from gateway.operation.read import read_document
from gateway.operation.validate import validate_document
from gateway.planning import Plan, plan_operation
from tests.benchmarks.graph import Answers, operation, pretty, supergraph
from tests.benchmarks.measured import growth, micros, micros_of, table

__all__ = ["Shelf", "by_entities", "by_fetches", "by_size", "by_stage", "cold_path"]

BUDGET = Budget(entities=1_000_000)  # beyond what a request may ask for, to see how it goes on
AT = datetime(2026, 11, 24, tzinfo=UTC)


class Shelf:
    """A graph of ``facts`` subgraphs beside the shelf, its operation for ``first`` items, planned, and its answers."""

    def __init__(self, facts: int, first: int, wide: int = 8) -> None:
        self.answers = Answers(wide)
        self.opened = open_unrestricted(supergraph(facts), Settings(log="off"), self.answers)
        self.graph: Graph = self.opened.graph
        self.text = operation(facts)
        self.operation: Operation = read_operation(self.text, self.graph.supergraph.api_schema, {"first": first})
        self.plan: Plan = plan_operation(self.graph.supergraph, self.operation)

    async def fast(self) -> bytes:
        """The answer by the fast executor."""
        told = await self.graph.fast.answer(self.operation, self.plan, self.answers, BUDGET)
        assert told.fast, "the fast executor left it to the reference"
        return told.body

    async def plain(self) -> bytes:
        """The answer by the reference executor."""
        merged = await execute(self.plan, self.graph.supergraph, self.operation.variables, self.answers, BUDGET)
        told = project(self.operation, merged.data, self.graph.supergraph.api_schema, merged.failures)
        return encode(told.as_json())


async def _both(shelf: Shelf) -> tuple[int, float, float]:
    """The answer's size, and what it takes the fast executor and the reference."""
    body = await shelf.fast()
    assert body == await shelf.plain()
    taken = await micros_of({"fast": shelf.fast, "plain": shelf.plain}, rounds=3)
    return len(body), taken["fast"], taken["plain"]


async def by_stage() -> str:
    """The stages of one operation of seven requests for 100 items each, cold and warm."""
    shelf = Shelf(6, 100)
    schema, text = shelf.graph.supergraph.api_schema, shelf.text
    document = parse(text)
    node: Any = document.definitions[0]
    fetched = await execute(shelf.plan, shelf.graph.supergraph, shelf.operation.variables, shelf.answers)
    told = project(shelf.operation, fetched.data, schema, ())

    async def executed() -> object:
        return await execute(shelf.plan, shelf.graph.supergraph, shelf.operation.variables, shelf.answers)

    running = await micros_of({"fast": shelf.fast, "execute": executed})
    rows = [
        ("parse", "once a document", micros(lambda: parse(text))),
        ("validate", "once a document", micros(lambda: validate_document(document, schema), 20)),
        ("normalize", "once a document", micros(lambda: normalize(node, schema, {}), 20)),
        ("plan", "once an operation", micros(lambda: plan_operation(shelf.graph.supergraph, shelf.operation), 20)),
        ("read (all of it known)", "each request", micros(lambda: read_operation(
            text, schema, {"first": 100}, None, shelf.graph.limits, shelf.graph.documents), 200)),
        ("plan (known)", "each request", micros(lambda: shelf.graph.plan(shelf.operation, AT), 200)),
        ("fast executor, all of it", "each request", running["fast"]),
        ("reference: execute", "each request", running["execute"]),
        ("reference: project", "each request", micros(lambda: project(shelf.operation, fetched.data, schema, ()), 20)),
        ("reference: serialize", "each request", micros(lambda: encode(told.as_json()), 20)),
    ]  # fmt: skip
    return table("Stages: 7 requests, 100 items, microseconds of CPU", ("stage", "paid", "us"), rows)


def cold_path(graph: Graph, text: str) -> dict[str, float]:
    """CPU milliseconds that ``text`` takes before its first execution, once the process is warm, by stage."""
    schema = graph.supergraph.api_schema
    document = parse(text)
    node: Any = next(each for each in document.definitions if each.kind == "operation_definition")
    fragments: Any = {each.name.value: each for each in document.definitions if each.kind == "fragment_definition"}  # type: ignore[attr-defined]
    asked = read_operation(text, schema, {"first": 1, "id": "x"})
    stages = {
        "parse": micros(lambda: parse(text), 5),
        "validate": micros(lambda: validate_document(document, schema), 5),
        "normalize": micros(lambda: normalize(node, schema, fragments), 5),
        "plan": micros(lambda: plan_operation(graph.supergraph, asked), 5),
        "read whole": micros(lambda: read_document(text, schema), 5),
    }
    return {name: each / 1e3 for name, each in stages.items()}


async def by_size() -> str:
    """Answers of 1 kB to 10 MB, of three requests."""
    rows, sizes, costs = [], [], []
    for first in (12, 120, 1_200, 12_000, 120_000):
        size, fast, plain = await _both(Shelf(2, first))
        sizes.append(size)
        costs.append(fast)
        rows.append((pretty(size), first, fast, fast * 1e3 / size, plain, plain / fast))
    head = ("answer", "items", "fast us", "ns a byte", "reference us", "times")
    return table("Size of the answer, 3 requests", head, rows) + f"\n\ngrowth: {growth(sizes, costs):.2f} (1 is linear)"


async def by_fetches() -> str:
    """1 to 20 requests for 20 items each."""
    rows = []
    for facts in (0, 1, 3, 6, 12, 19):
        size, fast, plain = await _both(Shelf(facts, 20))
        rows.append((facts + 1, pretty(size), fast, fast / (facts + 1), plain, plain / fast))
    return table(
        "Requests to subgraphs, 20 items", ("requests", "answer", "fast us", "us each", "reference us", "times"), rows
    )


async def by_entities() -> str:
    """1 to 5,000 entities, asked about in two subgraphs."""
    rows, counts, costs = [], [], []
    for first in (1, 10, 100, 1_000, 5_000):
        _, fast, plain = await _both(Shelf(2, first))
        counts.append(first)
        costs.append(fast)
        rows.append((first, fast, fast / first, plain, plain / fast))
    head = ("entities", "fast us", "us each", "reference us", "times")
    return table("Entities, 3 requests", head, rows) + f"\n\ngrowth: {growth(counts, costs):.2f} (1 is linear)"
