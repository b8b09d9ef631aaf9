"""The development issuer over HTTP: personas to choose from and tokens for them. It exists in development only."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.errors import GatewayError, RequestError
from gateway.identity import Persona, issue_token
from gateway.opening import OpenHouse

__all__ = ["personas", "token", "trouble", "trouble_file"]


def _opened(request: Request) -> OpenHouse:
    opened: OpenHouse = request.app.state.opened
    if opened.issuer is None or not opened.settings.development:
        raise GatewayError(
            "DEVELOPMENT_ONLY",
            "Personas and their tokens exist in development only.",
            status=403,
            hint="Get a token from your agency's issuer.",
        )
    return opened


def trouble_file(var: Path) -> Path:
    """Where ``gateway dev`` keeps what is wrong with the tree that it watches; it is there while that runs."""
    return var / "dev-trouble.json"


async def trouble(request: Request) -> Response:
    """Whether somebody watches the tree (``gateway dev``), and why what was saved last is not served; "" when it is."""
    path = trouble_file(_opened(request).settings.var)
    try:
        told = orjson.loads(path.read_bytes())["trouble"]
    except (OSError, orjson.JSONDecodeError, KeyError, TypeError):
        return JSONResponse({"watched": False, "trouble": ""})
    return JSONResponse({"watched": True, "trouble": str(told)})


async def personas(request: Request) -> Response:
    """Every persona with what its token says, and the other purposes that its role may name."""
    opened = _opened(request)
    roles = opened.graph.policy.vocabulary.roles
    shown = [
        {
            "name": each.name,
            "title": each.title,
            "agency": each.caller.agency,
            "role": each.caller.role,
            "purpose": each.caller.purpose,
            "purposes": sorted(roles[each.caller.role].purposes)
            if each.caller.role in roles
            else [each.caller.purpose],
            "case": each.caller.case,
            "location": each.caller.location,
            "story": each.story,
        }
        for each in opened.personas.values()
    ]
    return JSONResponse({"personas": shown})


async def token(request: Request) -> Response:
    """A token for a persona, with another purpose or case where the request names one."""
    opened = _opened(request)
    try:
        wanted: Any = orjson.loads(await request.body())
        name = wanted["persona"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        raise RequestError(
            "BODY_NOT_JSON",
            "The body names no persona.",
            where="body",
            hint='Send {"persona": "NAME"} as JSON; /dev/personas lists them.',
        ) from None
    persona = opened.personas.get(name) if isinstance(name, str) else None
    if persona is None:
        known = ", ".join(opened.personas)
        raise RequestError(
            "UNKNOWN_PERSONA", f"There is no persona {name!r}.", where="persona", hint=f"Known: {known}."
        )
    return JSONResponse({"token": _issue(opened, persona, wanted)})


def _issue(opened: OpenHouse, persona: Persona, wanted: dict[str, Any]) -> str:
    assert opened.issuer is not None  # noqa: S101 - _opened saw to it
    caller = persona.caller
    if isinstance(wanted.get("purpose"), str) and wanted["purpose"]:
        caller = replace(caller, purpose=wanted["purpose"])
    if isinstance(wanted.get("case"), str):
        caller = replace(caller, case=wanted["case"])
    return issue_token(opened.issuer, caller, now=datetime.now(UTC), audience=opened.settings.audience)
