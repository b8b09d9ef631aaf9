"""Ask whose the records are that a query looks up by a number, before anything is asked of them that the law may close.

What is asked first, and what is left to ask then, is enforcement's to say (``gateway.enforcement.lookups``); here it is asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from gateway.caller import Caller
from gateway.coordinates import Coordinate
from gateway.enforcement.facts import NOBODY
from gateway.enforcement.gate import Gate
from gateway.enforcement.lookups import Lookup, first_operation, rest_operation, subject_of, withheld
from gateway.execution import Merged, execute
from gateway.execution.transport import Transport
from gateway.house import Graph
from gateway.operation import Operation
from gateway.policy import UNREACHABLE

__all__ = ["look_up"]


async def look_up(
    lookups: Sequence[Lookup], gate: Gate, caller: Caller, graph: Graph, transport: Transport, at: datetime, key: str
) -> tuple[Merged, Operation | None]:
    """What is known of the records that are not asked about any further, and the operation that asks for the rest.

    The operation is None where nothing is left to ask. A number that nobody has is treated as that of a person of whom
    every flag is up, and flags are read for it as well. ``gate`` learns the flags; ``key`` is that of the request.
    """
    permitted, shapes = gate.permitted, graph.shapes
    first = first_operation(permitted, lookups, shapes)
    merged = await execute(graph.plan(first, at, key), graph.supergraph, first.variables, transport, graph.budget)
    failed = {path[0] for failure in merged.failures for path in failure.everywhere if path}
    subjects = {each.field.key: subject_of(each, merged.data, shapes) for each in lookups}
    travelers = {NOBODY if each is None else each for each in subjects.values() if each != ""}
    if travelers <= gate.flags.keys():
        await gate.read({NOBODY})  # or the time would tell that this is somebody of whom the flags were known
    await gate.learn(travelers)
    gone: dict[str, frozenset[Coordinate] | None] = {}
    known: dict[str, Any] = {}
    for each in lookups:
        name, subject = each.field.key, subjects[each.field.key]
        facts = {**gate.permitted.known, **_facts(subject, gate)}
        gone[name] = (
            None
            if name in failed
            else withheld(each, facts, lambda place, had: _gives(place, had, caller, graph, at), shapes)
        )
        if gone[name] is None:
            undecided = name in failed or UNREACHABLE in gate.flags.get(subjects[name] or "", {}).values()
            known[name] = merged.data.get(name) if undecided else None
    merged.data = known
    merged.failures = tuple(
        each for each in merged.failures if any(path[:1] and path[0] in known for path in each.everywhere)
    )
    return merged, rest_operation(permitted, gone, shapes)


def _facts(subject: str | None, gate: Gate) -> Mapping[str, Any]:
    """Of whom the record is and which flags count as up: all of nobody's (None: there is none), and those not known."""
    flags = gate.policy.vocabulary.authorities
    if subject is None:
        return {"subject.id": NOBODY, **dict.fromkeys(flags, True)}
    if not subject:  # the record is about nobody: there is no flag that could be up
        return {"subject.id": "", **dict.fromkeys(flags, False)}
    known = gate.flags.get(subject, {})
    return {"subject.id": subject, **{name: known.get(name, UNREACHABLE) is not False for name in flags}}


def _gives(coordinate: Coordinate, facts: Mapping[str, Any], caller: Caller, graph: Graph, at: datetime) -> bool:
    return graph.policy.could_give(caller, coordinate, facts, at)
