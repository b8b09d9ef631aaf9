"""What callers may ask about the policy itself: why a coordinate is theirs or not, and the gateway's public keys."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.caller import Caller
from gateway.coordinates import Coordinate
from gateway.duties import asked
from gateway.errors import GatewayError, RequestError
from gateway.house import Graph, House, Question
from gateway.opening import OpenHouse
from gateway.policy.decision import Decision, Outcome, Reason
from gateway.policy.explain import explain_json, explain_lines
from gateway.terms import under_glass, without_means
from gateway.web.callers import read_caller

__all__ = ["explain", "jwks"]


async def explain(request: Request) -> Response:
    """The decision on ``?coordinate=Type.field`` for the caller itself, as data and, under ``text``, in words.

    It is decided without any fact of a case, a record or a person, so nothing in it can tell of one: what depends on
    them is ``unknown`` here. Only auditors are told, by the record, what a fact came to. What the caller may not name
    is explained like what is nowhere. Where terms have to be acknowledged first, ``acknowledge`` says them.
    """
    opened: OpenHouse = request.app.state.opened
    if opened.tokens is None:
        raise GatewayError(
            "NOTHING_GOVERNED", "This graph governs nothing, so there is nothing to explain.", status=404
        )
    caller = read_caller(request, opened.tokens)
    text = request.query_params.get("coordinate", "")
    try:
        coordinate = Coordinate.parse(text)
    except ValueError as problem:
        raise RequestError(
            "COORDINATE_MALFORMED",
            f"{problem}.",
            where="coordinate",
            hint="Ask for /explain?coordinate=Visa.status.",
        ) from None
    graph, at = opened.graph, opened.house.clock()  # one epoch, whatever is reloaded meanwhile
    caller, policy = await _on_terms(request, caller, graph, opened.house, at), graph.policy
    decision = policy.decide(caller, coordinate, {}, at)
    if not graph.views.may_name(caller, coordinate, at):
        decision = Decision(Outcome.DENY, text, "", reason=Reason.NO_SUCH_FIELD)
    page = {**explain_json(decision, policy.epoch), "text": "\n".join(explain_lines(decision, policy.epoch))}
    if decision.reason == Reason.OBLIGATION_UNMET:
        page["acknowledge"] = asked(
            policy, {each.id.partition("@")[0] for each in decision.candidates} & set(caller.unmet)
        )
    return JSONResponse(page, headers={"cache-control": "no-store"})


async def _on_terms(request: Request, caller: Caller, graph: Graph, house: House, at: datetime) -> Caller:
    """The caller as the line would have it: ``?acknowledged=AGREEMENT`` and ``?breakGlass=ID`` stand for extensions."""
    extensions: dict[str, Any] = {"acknowledged": request.query_params.getlist("acknowledged")}
    caller = without_means(Question("", extensions=extensions), caller, graph, house)
    grant = request.query_params.get("breakGlass")
    if grant is None:
        return caller
    return replace(caller, break_glass=(await under_glass({"breakGlass": grant}, caller, house, at)).id)


async def jwks(request: Request) -> Response:
    """The public keys with which subgraphs check the gateway's assertions (RFC 7517)."""
    opened: OpenHouse = request.app.state.opened
    return JSONResponse(opened.gateway_keys().jwks() if opened.gateway_keys is not None else {"keys": []})
