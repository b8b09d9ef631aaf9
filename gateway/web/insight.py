"""What callers may ask about the policy itself: why a coordinate is theirs or not, and the gateway's public keys."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.coordinates import Coordinate
from gateway.errors import GatewayError, RequestError
from gateway.identity import bearer
from gateway.opening import OpenHouse
from gateway.policy import explain as explained

__all__ = ["explain", "jwks"]


async def explain(request: Request) -> Response:
    """The decision on one coordinate for the caller itself, in words and as data; nothing in it depends on a record."""
    opened: OpenHouse = request.app.state.opened
    if opened.tokens is None:
        raise GatewayError(
            "NOTHING_GOVERNED", "This graph governs nothing, so there is nothing to explain.", status=404
        )
    caller = opened.tokens.read(bearer(request.headers.get("authorization")), datetime.now(UTC))
    now = opened.house.clock()
    text = request.query_params.get("coordinate", "")
    try:
        coordinate = Coordinate.parse(text)
    except ValueError as problem:
        raise RequestError("COORDINATE_MALFORMED", f"{problem}.", where="coordinate") from None
    decision = opened.graph.policy.decide(caller, coordinate, {}, now)
    page = explained.as_json(decision, caller, opened.graph.policy, now)
    return JSONResponse({**page, "text": "\n".join(explained.as_lines(decision, caller, opened.graph.policy, now))})


async def jwks(request: Request) -> Response:
    """The public keys with which subgraphs check the gateway's assertions (RFC 7517)."""
    opened: OpenHouse = request.app.state.opened
    return JSONResponse(opened.gateway_keys.jwks() if opened.gateway_keys is not None else {"keys": []})
