"""Federated answers held against the monolith's: by both executors, and with every optimisation pass off.

Answers alone are judged here; plans are proven in tests/planning.

Data must be equal to the byte. Errors are compared by path and code, with the latitude the specification gives
(https://spec.graphql.org/draft/#sec-Handling-Execution-Errors) and not more:

* Where a forbidden null takes an object away, a server may tell any of the errors below it. So each error that the
  monolith tells must be told, or another one within what was taken away for it; and nothing may be told that is no
  error of the operation at all.
* A null where none may be is an error of whoever notices it first, gateway or subgraph: its code is not compared.
* A gateway tells an error of a value that nobody asked for (one a ``@requires`` field needs) at the object that the
  computed field stands on, or below it; a monolith does not tell it. It may be told, with its own code only.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from unittest.mock import patch

from gateway.composition import SubgraphSDL, compose
from gateway.execution.columnar import FastPath
from gateway.execution.execute import execute
from gateway.execution.project import project
from gateway.execution.wire import decode
from gateway.operation import Limits, Operation, read_operation
from gateway.planning import plan_operation
from gateway.planning.plan import Plan
from gateway.supergraph import Supergraph, load_supergraph
from tests.differential.case import LINK, Case
from tests.differential.clear import Clear
from tests.differential.monolith import Error, Path, Told, ask_monolith
from tests.differential.simulated import Simulated

__all__ = ["check", "composed"]

_LIMITS = Limits(repeats=10**6, aliases=10_000)
_OF_NULLS = ("UNEXPECTED_NULL", "SUBGRAPH_ERROR")


def composed(subgraphs: Mapping[str, str]) -> Supergraph:
    """The supergraph of SDLs by name; raises ``CompositionFailed``."""
    parts = [SubgraphSDL(name, f"http://{name}.test", LINK + sdl) for name, sdl in subgraphs.items()]
    return load_supergraph(compose(parts).supergraph_sdl)


def check(case: Case, supergraph: Supergraph | None = None) -> None:
    """Raise AssertionError where a federated answer differs from the monolith's."""
    supergraph = supergraph or composed(case.subgraphs)
    operation = read_operation(case.operation, supergraph.api_schema, case.variables, limits=_LIMITS)
    clear = Clear(case)
    expected = ask_monolith(clear, supergraph.api_schema)
    best = plan_operation(supergraph, operation)
    with patch("gateway.planning.planner.optimize", lambda schedule: schedule):
        plain = plan_operation(supergraph, operation)
    simulated = Simulated(clear)
    # one after the other, all told what the same subgraphs say
    for how, answer, plan in (
        ("reference", _reference, best),
        ("columnar", _columnar, best),
        ("no optimisation", _reference, plain),
    ):
        transport = simulated.again()
        told = asyncio.run(answer(supergraph, operation, plan, transport))
        assert not transport.violations, f"{how}: {transport.violations}"
        difference = _difference(told, expected, operation)
        assert not difference, f"{how}: {difference}"


async def _reference(supergraph: Supergraph, operation: Operation, plan: Plan, transport: Simulated) -> Told:
    merged = await execute(plan, supergraph, operation.variables, transport)
    answer = project(operation, merged.data, supergraph.api_schema, merged.failures)
    return _told(answer.as_json(), transport)


async def _columnar(supergraph: Supergraph, operation: Operation, plan: Plan, transport: Simulated) -> Told:
    answered = await FastPath(supergraph).answer(operation, plan, transport)
    return _told(decode(answered.body), transport)


def _told(answer: dict[str, object], transport: Simulated) -> Told:
    text = json.dumps(answer)
    assert "SECRET" not in text, f"a subgraph's own words in {text}"
    errors: list[dict[str, object]] = answer.get("errors", [])  # type: ignore[assignment]
    found: set[Error] = set()
    for each in errors:
        code = each["extensions"]["code"]  # type: ignore[index]
        found.add((tuple(each.get("path", ())), "" if code in _OF_NULLS else code))  # type: ignore[arg-type]
    return Told(answer["data"], frozenset(found), acts=tuple(transport.acts))


def _difference(told: Told, expected: Told, operation: Operation) -> str:
    """What a client or an agency would notice; "" where there is nothing."""
    if told.acts != expected.acts:
        return f"mutations ran as {told.acts}, not {expected.acts}"
    if json.dumps(told.data) != json.dumps(expected.data):  # as text, so that the order of keys counts
        return f"data\n{json.dumps(told.data)}\nand not\n{json.dumps(expected.data)}\nwith errors {set(told.errors)}"
    for path, code in sorted(told.errors - expected.all_errors, key=str):
        if not any(code == other and path[: len(place)] == place for place, other in expected.hidden):
            return f"an error {code!r} at {path} that is none; there are {set(expected.all_errors)}"
    for path, code in sorted(expected.errors - told.errors, key=str):
        gone = _taken_away(told.data, path)
        if gone is None or not any(other[: len(gone)] == gone for other, _ in told.errors):
            return f"no error {code!r} at {path}; told are {set(told.errors)}"
    return ""


def _taken_away(data: object, path: Path) -> Path | None:
    """The place above ``path`` where a null stands instead of the object that had it; None where it is the path's."""
    for length, step in enumerate(path):
        if data is None:
            return path[:length]
        data = data[step]  # type: ignore[index]
    return None
