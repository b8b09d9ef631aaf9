"""Notices over HTTP: what had to be pushed and is not acknowledged, and the acknowledgment, on record before it counts."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.audit.record import AuditRecord
from gateway.caller import Caller
from gateway.duties import Duties, EventNotice
from gateway.errors import GatewayError, RecordUnavailable
from gateway.live import Live
from gateway.opening import OpenHouse
from gateway.policy import Outcome
from gateway.web.callers import admit
from gateway.web.console.room import ACCOUNT

__all__ = ["acknowledge", "list_notices"]


async def list_notices(request: Request) -> Response:
    """200 with the notices that are the caller's to see, those due first first: ``GET /notices`` (``?all`` done ones too).

    Oversight sees every notice; an agency that has to push, its own; anybody else, what they were told of. What
    happened is in none: who may know of it subscribes to ``field`` from ``cursor`` on.
    """
    opened, caller, duties = await _asked(request)
    done, at = "all" in request.query_params, opened.house.clock()
    oversight = opened.graph.policy.decide(caller, ACCOUNT, {}, at).outcome is Outcome.ALLOW
    if oversight:
        found = await asyncio.to_thread(duties.events.all, done=done)
    else:
        found = await asyncio.to_thread(duties.events.all, done=done, creditor=caller.agency)
        told = await asyncio.to_thread(duties.events.all, done=done, user=caller.user)
        found += [each for each in told if each.debtor == caller.agency]
    live: Live = request.app.state.live
    pages = []
    for each in found:
        page = _page(each, opened, oversight=oversight)
        if not oversight:
            page["cursor"] = live.cursors.seal(each.subgraph, (each.event - 1,), caller)
        pages.append(page)
    return JSONResponse({"notices": pages}, headers={"cache-control": "no-store"})


async def acknowledge(request: Request) -> Response:
    """200 with the notice, acknowledged: ``POST /notices/{id}/acknowledge`` by a user who was told of it."""
    opened, caller, duties = await _asked(request)
    at, record, name = opened.house.clock(), opened.house.record, request.path_params["id"]
    if record is None:
        raise RecordUnavailable("AUDIT_UNAVAILABLE", "There is no record, and without one nothing is acknowledged.")
    told = await asyncio.to_thread(duties.events.told, name, caller.user)
    await record.append(
        AuditRecord(
            request_id=opened.house.new_id(),
            at=at,
            caller=caller,
            epoch=opened.graph.policy.epoch,
            supergraph=opened.graph.hash,
            kind="notice",
            note=(("notice", name), ("step", "acknowledged"), ("told", told)),
        )
    )
    notice = await asyncio.to_thread(duties.events.acknowledge, name, caller.user, at)
    return JSONResponse(_page(notice, opened, oversight=False), headers={"cache-control": "no-store"})


async def _asked(request: Request) -> tuple[OpenHouse, Caller, Duties]:
    opened: OpenHouse = request.app.state.opened
    caller = await admit(request, opened)
    if caller is None:
        raise GatewayError("NOTHING_GOVERNED", "This graph governs nothing, so nothing has to be pushed.", status=404)
    if opened.house.duties is None:
        raise RecordUnavailable("DUTIES_UNAVAILABLE", "Notices cannot be kept.", hint="Operators: see the log.")
    return opened, caller, opened.house.duties


def _page(notice: EventNotice, opened: OpenHouse, *, oversight: bool) -> dict[str, Any]:
    page: dict[str, Any] = {
        "id": notice.id,
        "agreement": notice.agreement,
        "from": notice.creditor,
        "to": notice.debtor,
        "field": notice.field,
        "at": notice.at.isoformat(),
        "due": notice.due.isoformat(),
        "state": notice.state,
        "overdue": notice.overdue(opened.house.clock()),
        "toldAt": notice.told_at.isoformat() if notice.told_at else None,
        "acknowledgedAt": notice.acknowledged_at.isoformat() if notice.acknowledged_at else None,
    }
    if oversight:
        page["acknowledgedBy"] = notice.acknowledged_by
    return page
