"""The terms of a request: under which break-glass grant it is made, which obligations it meets, and what it leaves owed.

Called by the line: ``admit`` before anything is fetched, ``announce`` before anything is changed, ``spend`` before the
answer is recorded, ``settle`` once it is. The rules are ``gateway.duties``'; here they are applied to a question, and what has to be durable is made so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from gateway.audit.record import AuditRecord
from gateway.caller import Caller
from gateway.coordinates import Coordinate
from gateway.duties import Glass, Means, owed, told, unmet, usable
from gateway.enforcement.apply import Applied
from gateway.enforcement.authorize import authorize
from gateway.enforcement.permitted import Permitted
from gateway.errors import AccessError, RecordUnavailable, RequestError
from gateway.house import Graph, House, Question
from gateway.operation import Operation
from gateway.policy import Outcome
from gateway.traffic import Spent

__all__ = [
    "PRIVACY",
    "admit",
    "announce",
    "obligations_of",
    "settle",
    "spend",
    "standing",
    "under_glass",
    "used_of",
    "without_means",
]

PRIVACY = "OVERSIGHT"
"""The privacy offices: they are told of every broken glass, beside the agencies whose data it opens."""


def without_means(question: Question, caller: Caller, graph: Graph, house: House) -> Caller:
    """``caller`` with the agreements whose obligations cannot be met in this request, and without a grant.

    Raises ``RequestError`` ``EXTENSION_MALFORMED`` when ``extensions.acknowledged`` is no list of agreements' ids.
    """
    given = question.extensions.get("acknowledged", [])
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
        raise _malformed("acknowledged", 'Send a list of agreements, as in ["USCIS-ERO-STATUS"].')
    means = Means(
        record=house.record is not None,
        tasks=house.duties is not None and house.duties.tasks.available,
        acknowledged=frozenset(given),
    )
    return replace(caller, break_glass="", unmet=unmet(graph.policy, caller, means))


async def admit(
    question: Question, operation: Operation, caller: Caller, graph: Graph, house: House, at: datetime, request_id: str
) -> Caller:
    """``caller`` as it may ask: with the break-glass grant that its purpose needs, and what cannot be met for it.

    Under a grant, the intent is on record and every agency concerned has its notice in the queue before this returns.
    Raises ``AccessError`` (``BREAK_GLASS_REQUIRED`` and others), ``RequestError`` (``SUBJECT_BUDGET_SPENT``) or
    ``RecordUnavailable``; then nothing is fetched.
    """
    if house.subjects is not None:
        try:
            await house.subjects.check(caller)
        except RequestError as refused:
            await _refuse(refused, question, operation, caller, graph, house, at, request_id)
            raise
    caller = without_means(question, caller, graph, house)
    if caller.purpose not in graph.policy.vocabulary.break_glass:
        return caller
    glass = await under_glass(question.extensions, caller, house, at)
    caller = replace(caller, break_glass=glass.id)
    agencies = _concerned(operation, caller, graph, at)
    await _intend(glass, agencies, question, operation, caller, graph, house, at, request_id)
    assert house.duties is not None  # noqa: S101 - the grant came from there
    await asyncio.to_thread(house.duties.glass.notify, glass, agencies, request_id, at)
    return caller


async def spend(
    applied: Applied,
    question: Question,
    operation: Operation,
    caller: Caller,
    graph: Graph,
    house: House,
    at: datetime,
    request_id: str,
) -> Spent | None:
    """The travelers of whom something is about to be shown are counted; what was spent once a warning is due, else None.

    Raises ``RequestError`` ``SUBJECT_BUDGET_SPENT``, which is on record then: nothing leaves. A change has been made by
    now, so its answer is never refused; the next question is.
    """
    if house.subjects is None:
        return None
    try:
        return await house.subjects.spend(caller, {subject for subject, _ in applied.given})
    except RequestError as refused:
        if operation.kind == "mutation":
            return None
        await _refuse(refused, question, operation, caller, graph, house, at, request_id)
        raise


async def _refuse(
    refused: RequestError,
    question: Question,
    operation: Operation,
    caller: Caller,
    graph: Graph,
    house: House,
    at: datetime,
    request_id: str,
) -> None:
    """The refusal is on record when this returns; raises ``RecordUnavailable``."""
    if house.record is not None:
        note = (("code", refused.code), ("why", refused.message))
        record = _intent(note, question, operation, caller, graph, at, request_id)
        await house.record.append(replace(record, kind="refusal"))


async def standing(question: Question, caller: Caller, graph: Graph, house: House, at: datetime) -> Caller:
    """``caller`` as it may hear one more event of a stream that it was admitted to, under the terms of this moment.

    Raises ``AccessError`` where its break-glass grant is no longer open. Intent and notices were ``admit``'s.
    """
    caller = without_means(question, caller, graph, house)
    if caller.purpose not in graph.policy.vocabulary.break_glass:
        return caller
    return replace(caller, break_glass=(await under_glass(question.extensions, caller, house, at)).id)


async def under_glass(extensions: Mapping[str, Any], caller: Caller, house: House, at: datetime) -> Glass:
    """The open grant that ``extensions.breakGlass`` names; raises ``AccessError`` with what is missing about it."""
    name = extensions.get("breakGlass")
    if name is None:
        raise AccessError(
            "BREAK_GLASS_REQUIRED",
            "For this purpose nothing is given without an approved break-glass grant.",
            where="extensions.breakGlass",
            hint="POST /break-glass with reason, case and minutes; have it approved; send its id.",
        )
    if not isinstance(name, str):
        raise _malformed("breakGlass", "Send the id of your grant.")
    if house.duties is None:
        raise RecordUnavailable(
            "DUTIES_UNAVAILABLE", "Grants cannot be looked up, so nothing is answered.", hint="Operators: see the log."
        )
    return usable(await asyncio.to_thread(house.duties.glass.find, name), caller, at)


def _concerned(operation: Operation, caller: Caller, graph: Graph, at: datetime) -> tuple[str, ...]:
    """The agencies of whose data the operation could be given anything, by what is known before anything is read."""
    permitted = authorize(operation, graph.policy, caller, graph.shapes, {}, {}, at)
    return tuple(
        sorted(
            {
                decision.owner
                for decision in permitted.decisions.values()
                if decision.owner
                and graph.policy.governed(Coordinate.parse(decision.coordinate))
                and (not decision.settled or decision.outcome in (Outcome.ALLOW, Outcome.MASK))
            }
            | {PRIVACY}
        )
    )


async def announce(
    question: Question, permitted: Permitted, caller: Caller, graph: Graph, house: House, at: datetime, request_id: str
) -> None:
    """The changes that are about to be sent are on record when this returns; nothing happens when there are none.

    A change is made by its owner and cannot be taken back when its answer cannot be recorded; so what is intended is
    durable first. Raises ``RecordUnavailable`` ``AUDIT_UNAVAILABLE``: then nothing is sent and nothing has changed.
    """
    operation = permitted.operation
    changes = [
        f"{each.parent}.{each.name}"
        for each in operation.fields()
        if each.parent == operation.root
        and not each.name.startswith("__")
        and all(condition.holds(permitted.client.variables) for condition in each.conditions)
    ]
    if operation.kind == "mutation" and changes and house.record is not None:
        note = (("changes", ", ".join(changes)),)
        await house.record.append(_intent(note, question, permitted.client, caller, graph, at, request_id))


async def _intend(
    glass: Glass,
    agencies: tuple[str, ...],
    question: Question,
    operation: Operation,
    caller: Caller,
    graph: Graph,
    house: House,
    at: datetime,
    request_id: str,
) -> None:
    if house.record is None:
        raise RecordUnavailable(
            "AUDIT_UNAVAILABLE", "There is no record, and without one no glass is broken.", hint="Operators: open one."
        )
    note = (
        ("breakGlass", glass.id),
        ("reason", glass.reason),
        ("approvedBy", glass.approved_by),
        ("notified", ", ".join(agencies)),
    )
    await house.record.append(_intent(note, question, operation, caller, graph, at, request_id))


def _intent(
    note: tuple[tuple[str, str], ...],
    question: Question,
    operation: Operation,
    caller: Caller,
    graph: Graph,
    at: datetime,
    request_id: str,
) -> AuditRecord:
    return AuditRecord(
        request_id=request_id,
        at=at,
        caller=caller,
        epoch=graph.policy.epoch,
        supergraph=graph.hash,
        operation_text=question.query,
        operation_name=operation.name,
        operation_kind=operation.kind,
        operation_hash=operation.text_hash,
        kind="intent",
        application=question.application,
        note=note,
    )


def obligations_of(applied: Applied, graph: Graph) -> list[dict[str, str]]:
    """What travels with the answer, for ``extensions.obligations``."""
    return told(graph.policy, used_of(applied))


async def settle(applied: Applied, caller: Caller, graph: Graph, house: House, at: datetime, request_id: str) -> None:
    """Keep the tasks that the answer leaves; raises ``RecordUnavailable`` ``DUTIES_UNAVAILABLE``: then nothing leaves."""
    tasks = owed(graph.policy, used_of(applied), caller, request_id, at)
    if tasks:
        if house.duties is None:
            raise RecordUnavailable("DUTIES_UNAVAILABLE", "What is owed for this answer cannot be written down.")
        await asyncio.to_thread(house.duties.tasks.add, tasks)


def used_of(applied: Applied) -> set[str]:
    """The ids of the agreements on which something in the answer rests."""
    return {
        agreement
        for (_, outcome, agreement, version, _, _) in applied.outcomes
        if version and outcome.partition(":")[0] in (Outcome.ALLOW, Outcome.MASK)
    }


def _malformed(name: str, hint: str) -> RequestError:
    return RequestError(
        "EXTENSION_MALFORMED", f'"extensions.{name}" cannot be read.', where=f"extensions.{name}", hint=hint
    )
