"""Break-glass over HTTP: ask for a grant, look at it, approve a colleague's. Each step is on record before it counts."""

from __future__ import annotations

import asyncio
from datetime import datetime

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.audit.record import AuditRecord
from gateway.caller import Caller
from gateway.duties import Duties, Glass, approve, ask_for, may_approve
from gateway.errors import AccessError, GatewayError, RecordUnavailable, RequestError
from gateway.opening import OpenHouse
from gateway.web.callers import admit

__all__ = ["approve_grant", "ask_grant", "show_grant"]

_MOST_BYTES = 10_000


async def ask_grant(request: Request) -> Response:
    """201 with the new request, pending: ``POST /break-glass`` with {reason, case, minutes}."""
    opened, caller, duties = await _asked(request)
    at = opened.house.clock()
    glass = ask_for(caller, await _page(request), opened.graph.policy.vocabulary, at, "BG-" + opened.house.new_id())
    await _note(opened, caller, glass, "asked", at)
    await asyncio.to_thread(duties.glass.add, glass)
    return _shown(glass, at, 201)


async def approve_grant(request: Request) -> Response:
    """200 with the grant, open from now on: ``POST /break-glass/{id}/approve`` by another supervisor of the agency."""
    opened, caller, duties = await _asked(request)
    at = opened.house.clock()
    found = await _found(request, caller, opened, duties)
    glass = approve(found, caller, opened.graph.policy.vocabulary, at)
    await _note(opened, caller, glass, "approved", at)
    await asyncio.to_thread(duties.glass.approve, glass)
    return _shown(glass, at)


async def show_grant(request: Request) -> Response:
    """200 with the grant, for who asked for it and for those who may approve it: ``GET /break-glass/{id}``."""
    opened, caller, duties = await _asked(request)
    return _shown(await _found(request, caller, opened, duties), opened.house.clock())


async def _asked(request: Request) -> tuple[OpenHouse, Caller, Duties]:
    opened: OpenHouse = request.app.state.opened
    caller = await admit(request, opened)
    if caller is None:
        raise GatewayError("NOTHING_GOVERNED", "This graph governs nothing, so there is no glass to break.", status=404)
    if opened.house.duties is None:
        raise RecordUnavailable("DUTIES_UNAVAILABLE", "Grants cannot be kept.", hint="Operators: see the log.")
    return opened, caller, opened.house.duties


async def _found(request: Request, caller: Caller, opened: OpenHouse, duties: Duties) -> Glass:
    """The grant of the path; one of somebody else's agency is as unknown as one that is not there."""
    glass = await asyncio.to_thread(duties.glass.find, request.path_params["id"])
    mine = glass is not None and (glass.agency, glass.user) == (caller.agency, caller.user)
    if glass is None or not (mine or may_approve(glass, caller, opened.graph.policy.vocabulary)):
        raise AccessError(
            "BREAK_GLASS_UNKNOWN",
            "There is no such grant of your agency that you asked for or may approve.",
            status=404,
            where=request.url.path,
            hint="Use the id that POST /break-glass answered with.",
        )
    return glass


async def _page(request: Request) -> object:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_BYTES:
            raise RequestError("BODY_TOO_LARGE", "The body is too large.", status=413, where="body", hint="Say less.")
    try:
        return orjson.loads(bytes(body))
    except orjson.JSONDecodeError:
        raise RequestError(
            "BODY_NOT_JSON", "The body cannot be read as JSON.", where="body", hint="Send reason, case and minutes."
        ) from None


async def _note(opened: OpenHouse, caller: Caller, glass: Glass, step: str, at: datetime) -> None:
    if opened.house.record is None:
        raise RecordUnavailable("AUDIT_UNAVAILABLE", "There is no record, and without one no glass is broken.")
    await opened.house.record.append(
        AuditRecord(
            request_id=opened.house.new_id(),
            at=at,
            caller=caller,
            epoch=opened.graph.policy.epoch,
            supergraph=opened.graph.hash,
            kind="intent",
            note=(("breakGlass", glass.id), ("step", step), ("case", glass.case), ("reason", glass.reason)),
        )
    )


def _shown(glass: Glass, at: datetime, status: int = 200) -> Response:
    return JSONResponse(glass.as_json(at), status_code=status, headers={"cache-control": "no-store"})
