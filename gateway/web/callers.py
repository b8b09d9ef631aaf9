"""Who asks, read from the request; every refusal says what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from starlette.requests import Request

from gateway.caller import Caller, Claims
from gateway.errors import IdentityError
from gateway.identity import TokenReader, bearer
from gateway.opening import OpenHouse
from gateway.telemetry import watching

__all__ = ["admit", "count", "read_caller", "read_claims"]

_FRESH: Final = "Get a fresh token from your agency's issuer."
_ISSUER: Final = "Get a token for this gateway from the issuer it trusts."
_ADMINISTRATOR: Final = "Ask whoever administers your issuer to correct your agency, role or purpose."
_REMEDIES: Final[Mapping[str, str]] = {
    "TOKEN_MISSING": 'Send "authorization: Bearer <token>"; in development `gateway token --persona NAME` prints one.',
    "TOKEN_MALFORMED": 'Send "authorization: Bearer <token>" with the token exactly as it was issued.',
    "TOKEN_EXPIRED": _FRESH,
    "TOKEN_NOT_YET_VALID": "Wait until the token begins, or correct the clock of the machine that issued it.",
    "UNKNOWN_AGENCY": _ADMINISTRATOR,
    "UNKNOWN_ROLE": _ADMINISTRATOR,
    "UNKNOWN_PURPOSE": _ADMINISTRATOR,
    "ROLE_OF_ANOTHER_AGENCY": _ADMINISTRATOR,
    "PURPOSE_OF_ANOTHER_ROLE": _ADMINISTRATOR,
}


def read_caller(request: Request, tokens: TokenReader) -> Caller:
    """The caller that the request's token establishes; no other header counts.

    Raises ``IdentityError`` (401) with a code for the first flaw, its place and its remedy.
    """
    try:
        return tokens.read(bearer(request.headers.get("authorization")), datetime.now(UTC))
    except IdentityError as error:
        error.where = error.where or "authorization"
        error.hint = error.hint or _REMEDIES.get(error.code, _ISSUER)
        raise


def read_claims(authorization: str | None, opened: OpenHouse) -> Claims | None:
    """What the token in an ``authorization`` header says on a graph that demands access; None where there is no token.

    Raises ``IdentityError`` (401) for a token that does not hold: it is not taken for none.
    """
    if opened.claims is None or not authorization:
        return None
    try:
        return opened.claims.read(bearer(authorization), datetime.now(UTC))
    except IdentityError as error:
        error.where = error.where or "authorization"
        error.hint = error.hint or _REMEDIES.get(error.code, _ISSUER)
        raise


async def admit(request: Request, opened: OpenHouse) -> Caller | None:
    """Whoever asks, let in by the turnstile; None on a graph that governs nothing and knows nobody.

    Raises ``IdentityError`` (401), or ``RequestError`` RATE_EXCEEDED (429).
    """
    if opened.tokens is None:
        if opened.turnstile.meters_addresses:
            await count(request, opened, None)
        return None
    caller = read_caller(request, opened.tokens)
    watching().by(*caller.kind)
    await count(request, opened, caller)
    return caller


async def count(request: Request, opened: OpenHouse, caller: Caller | None) -> None:
    """Count one request of ``caller``, or of the address where there are none; raises RATE_EXCEEDED (429)."""
    if caller is None:
        await opened.turnstile.admit_address(request.client.host if request.client else "")
    else:
        await opened.turnstile.admit(caller)
