"""What a subscription listens to: one field of one subgraph or, for a watch, each field that its ``@gather`` names.

A watch (``Subscription.travelerWatch``) is heard as its parts are, each an operation of its own under the response key of
the watch: decided, recorded and told like the field that it stands for, and only where the record is the traveler's whose
case the caller's token names. No agency learns who is watched.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from gateway.caller import Caller
from gateway.casework import find_facts
from gateway.enforcement.shapes import Shapes
from gateway.enforcement.values import argument_values
from gateway.errors import AccessError, RequestError
from gateway.house import Graph, House
from gateway.live.messages import unavailable
from gateway.operation import Operation, Selection
from gateway.operation.model import Field, Fragment
from gateway.policy import UNREACHABLE
from gateway.supergraph.model import FieldDef

__all__ = ["JOURNAL", "Part", "parts_of", "source_of", "told_by", "watched"]

JOURNAL: Final = "@journal"
"""Stands for the gateway's journal where otherwise a subgraph is named; no subgraph can be called so."""


@dataclass(frozen=True, slots=True)
class Part:
    """One field of the subscription root that is listened to, whose events it is about, and what is asked of each."""

    field: str
    subgraph: str
    operation: Operation


def parts_of(operation: Operation, graph: Graph) -> tuple[Part, ...]:
    """What ``operation`` listens to; raises ``RequestError`` ``SUBSCRIPTIONS_NOT_SERVED`` where no subgraph tells of it."""
    root = next(operation.fields())
    gathered = graph.shapes.gathers.get(f"{operation.root}.{root.name}")
    if gathered is None:
        return (Part(root.name, source_of(operation, graph), operation),)
    return tuple(_part(name, root, operation, graph) for name in gathered[0])


def source_of(operation: Operation, graph: Graph) -> str:
    """The subgraph whose events the root field of ``operation`` tells of; ``JOURNAL`` for what the gateway itself tells."""
    root = next(operation.fields())
    found = graph.supergraph.field(operation.root, root.name)
    if found is None or not found.joins:
        raise RequestError("SUBSCRIPTIONS_NOT_SERVED", "No subgraph tells of such events.", where="operation")
    return told_by(found, graph)


def told_by(field: FieldDef, graph: Graph) -> str:
    """Whose events a ``field`` of the subscription root tells of, as ``source_of`` says it."""
    if field.directive("journal") is not None:
        return JOURNAL
    return graph.supergraph.by_graph[field.joins[0].graph].name


def _part(name: str, root: Field, operation: Operation, graph: Graph) -> Part:
    target = graph.shapes.target(operation.root, name)
    selections = tuple(_on(target, root.selections, graph.shapes))
    one = replace(operation, selections=(replace(root, name=name, arguments=(), selections=selections),))
    return Part(name, source_of(one, graph), one)


def _on(target: str, selections: Sequence[Selection], shapes: Shapes) -> Iterator[Selection]:
    """What of ``selections`` an object of type ``target`` answers; the client hears its type name where it asked for it."""
    for each in selections:
        if isinstance(each, Fragment):
            if target in shapes.possible(each.type):
                yield replace(each, type=target, selections=tuple(_on(target, each.selections, shapes)))
        else:
            yield replace(each, parent=target)


async def watched(
    operation: Operation, caller: Caller, graph: Graph, house: House, at: datetime, request_id: str
) -> str:
    """The traveler whose events alone are heard; "" where ``operation`` is no watch.

    Raises ``AccessError`` ``CASE_NOT_YOURS`` where a case is named that is not the token's, ``CASE_NOT_OPEN`` where that
    is not open or names no traveler, ``EVENTS_UNAVAILABLE`` while the case cannot be read.
    """
    root = next(operation.fields())
    if f"{operation.root}.{root.name}" not in graph.shapes.gathers:
        return ""
    case: Any = argument_values(root, operation.variables).get("case")
    if not caller.case or case != caller.case:
        raise AccessError(
            "CASE_NOT_YOURS",
            "A watch is kept over the traveler of the case that your token names.",
            where="case",
            hint="Name that case, or get a token for the other.",
        )
    facts, _ = await find_facts(operation, caller, graph, house, at, graph.key_of(request_id, caller))
    state, subject = facts.get("case.state"), facts.get("case.subject")
    if state is UNREACHABLE or subject is UNREACHABLE:
        raise unavailable()
    if state != "open" or not isinstance(subject, str) or not subject:
        raise AccessError(
            "CASE_NOT_OPEN",
            "The case that your token names is not open, or names no traveler.",
            where="case",
            hint="Get a token for an open case.",
        )
    return subject
