"""Warming: what is worked out once for an operation, before somebody waits for it: document, view, permission, plan.

Operations come from a file that is named at the start, and from what was asked lately when a new policy is about to go
live. Nothing is fetched, nothing is decided for good: a request is read, permitted and planned as ever, only faster.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from graphql import GraphQLError, parse
from graphql.language import OperationDefinitionNode

from gateway.caller import Caller
from gateway.documents import read_manifest
from gateway.enforcement.authorize import authorize
from gateway.errors import GatewayError, Mistake, PolicyError
from gateway.house import Asked, Graph
from gateway.operation import Operation

PATIENCE: Final = 5.0  # seconds that a new policy waits for what is made ready under it, and no longer

__all__ = ["Warmed", "asked_by_everyone", "read_operations", "warm", "warm_beside", "warm_open"]


@dataclass(frozen=True, slots=True)
class Warmed:
    """How many operations were made ready, each for each kind of caller, and how many were not: nobody may ask them so."""

    ready: int = 0
    left_out: int = 0


def read_operations(path: Path) -> tuple[str, ...]:
    """The documents in a file: a manifest of trusted documents (``.json``), or one document of operations.

    Raises ``PolicyError``: ``WARMING_WRONG`` where it cannot be read or is no GraphQL, or as ``read_manifest`` does.
    """
    if path.suffix == ".json":
        return tuple(read_manifest(path).values())
    try:
        text = path.read_text(encoding="utf-8")
        parse(text)
    except OSError as problem:
        raise _wrong(path, f"The file cannot be read: {problem.strerror}.") from problem
    except (GraphQLError, UnicodeDecodeError) as problem:
        raise _wrong(path, f"The file is no GraphQL document: {problem}.") from problem
    return (text,)


def _wrong(path: Path, message: str) -> PolicyError:
    hint = "Name a document of operations, or a manifest of trusted documents that ends in .json."
    mistake = Mistake("WARMING_WRONG", message, where=str(path), hint=hint)
    return PolicyError("WARMING_WRONG", "The operations to be made ready cannot be used.", (mistake,))


def asked_by_everyone(graph: Graph, texts: Iterable[str]) -> list[Asked]:
    """``texts`` as every kind of caller that the vocabulary knows could ask them, about no case and nobody.

    What hangs on a case or a traveler is cut for them, so of a governed graph they make views, documents and cells ready;
    the plans of what cases give are made when it is first asked.
    """
    roles = graph.policy.vocabulary.roles.values()
    callers = [
        Caller(agency, role.name, purpose)
        for role in roles
        for agency in sorted(role.agencies)
        for purpose in sorted(role.purposes)
    ]
    return [Asked(caller, text, "") for text in texts for caller in callers]


def warm(graph: Graph, asked: Iterable[Asked], at: datetime) -> Warmed:
    """Make ready what was ``asked``: for a graph that nobody else uses yet, since it takes a while."""
    ready, left_out = permitted_of(graph, asked, at)
    for operation in ready:
        try:
            graph.plan(operation, at)
        except GatewayError:  # its flows are not covered: told to whoever asks
            left_out += 1
    return Warmed(len(ready), left_out)


async def warm_beside(graph: Graph, asked: Iterable[Asked], at: datetime, seconds: float = PATIENCE) -> Warmed:
    """The same beside requests that are answered under another policy, with whose graph the plans are shared.

    What takes long runs in a thread and touches ``graph`` alone; plans go into the shared cache on the event loop. After
    ``seconds`` the rest stays as it is: it is the new policy that must not wait.
    """
    until = time.monotonic() + seconds
    ready, left_out = await asyncio.to_thread(permitted_of, graph, tuple(asked), at, until)
    for operation in ready:
        if time.monotonic() >= until:
            break
        if not graph.knows(operation):
            plan = await asyncio.to_thread(graph.make_plan, operation)
            graph.keep(operation, plan)
        try:
            graph.plan(operation, at)
        except GatewayError:
            left_out += 1
        await asyncio.sleep(0)  # whoever waits goes first
    return Warmed(len(ready), left_out)


def permitted_of(
    graph: Graph, asked: Iterable[Asked], at: datetime, until: float = float("inf")
) -> tuple[list[Operation], int]:
    """What of each operation its caller may be told, by what was known; and how many may not be asked at all.

    What would begin after the monotonic clock shows ``until`` is left out of both.
    """
    found: list[Operation] = []
    left_out = 0
    for each in asked:
        if time.monotonic() >= until:
            break
        try:
            found.extend(_permitted(graph, each, at))
        except GatewayError:
            left_out += 1
    return found, left_out


def _permitted(graph: Graph, asked: Asked, at: datetime) -> Iterator[Operation]:
    document = graph.views.documents(asked.caller, at).read(asked.text)
    nodes = [document.pick(asked.name)] if asked.name else document.operations.values()
    for node in nodes:
        operation = replace(document.operation(node), variables=asked.variables)
        if any(each.name in ("__schema", "__type") for each in operation.fields()):
            graph.views.of(asked.caller, at)
        known = asked.facts, asked.flags
        yield authorize(operation, graph.policy, asked.caller, graph.shapes, *known, at).operation


def warm_open(graph: Graph, texts: Iterable[str], at: datetime) -> Warmed:
    """Make ready the operations of ``texts`` on a graph that governs nothing: document, plan and program."""
    ready = left_out = 0
    for text in texts:
        for node in _operations(text):
            try:
                document = graph.documents.read(text)
                operation = document.operation(document.pick(node))
                graph.fast.entry(operation, graph.plan(operation, at))
                ready += 1
            except GatewayError:
                left_out += 1
    return Warmed(ready, left_out)


def _operations(text: str) -> list[str]:
    """The names of a document's operations, "" for one without."""
    return [
        each.name.value if each.name else ""
        for each in parse(text).definitions
        if isinstance(each, OperationDefinitionNode)
    ]
