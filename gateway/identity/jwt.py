"""Signed tokens, read strictly: one algorithm, one type, one audience, one issuer, a known key, times that hold.

RFC 7515, RFC 7519 and RFC 8725 (best practice): the header decides nothing but which known key to try.
"""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

import msgspec
from joserfc import jws
from joserfc.errors import JoseError

from gateway.errors import IdentityError
from gateway.identity.keys import ALGORITHM, PublicKeys, SigningKey

__all__ = ["MAX_TOKEN", "base64url", "check_times", "sign", "sign_bytes", "verify"]

MAX_TOKEN = 64 * 1024
_URL_SAFE: Final = bytes.maketrans(b"+/", b"-_")
SKEW = 5
"""Seconds by which two of the house's clocks may differ."""


def sign(key: SigningKey, kind: str, claims: Mapping[str, Any]) -> str:
    """A compact JWS of ``claims`` with type ``kind`` (RFC 7515, section 7.1)."""
    return sign_bytes(key, kind, msgspec.json.encode(claims))


def sign_bytes(key: SigningKey, kind: str, claims: bytes) -> str:
    """A compact JWS of ``claims``, a JSON object already written, with type ``kind``."""
    text = _head(key.kid, kind) + b"." + base64url(claims)
    return (text + b"." + base64url(key.raw.sign(text))).decode("ascii")


@lru_cache(maxsize=64)
def _head(kid: str, kind: str) -> bytes:
    return base64url(msgspec.json.encode({"alg": ALGORITHM, "kid": kid, "typ": kind}))


def base64url(content: bytes) -> bytes:
    """``content`` in base64url without padding (RFC 7515, section 2)."""
    return b2a_base64(content, newline=False).translate(_URL_SAFE, b"=")


def verify(
    token: str, kind: str, *, keys: PublicKeys, issuer: str, audience: str, now: datetime, prefix: str
) -> dict[str, Any]:
    """The claims of ``token``; raises ``IdentityError`` whose code begins with ``prefix`` and names the first flaw.

    Codes: ``_MALFORMED, _WRONG_TYPE, _WRONG_ALGORITHM, _UNKNOWN_KEY, _BAD_SIGNATURE, _WRONG_ISSUER, _WRONG_AUDIENCE,
    _CLAIM_MISSING, _NOT_YET_VALID, _EXPIRED``.
    """

    def refuse(flaw: str, message: str) -> IdentityError:
        return IdentityError(f"{prefix}_{flaw}", message)

    header = _header(token)
    if header is None:
        raise refuse("MALFORMED", "The token is not a compact JWS")
    if header.get("alg") != ALGORITHM:
        raise refuse("WRONG_ALGORITHM", f"The token must be signed with {ALGORITHM}")
    if header.get("typ") != kind:
        raise refuse("WRONG_TYPE", f"The token's type must be {kind}")
    kid = header.get("kid")
    key = keys.keys.get(kid) if isinstance(kid, str) else None
    if key is None:
        raise refuse("UNKNOWN_KEY", "The token names a key that is not in the key set")
    try:
        payload = jws.deserialize_compact(token, key, algorithms=[ALGORITHM]).payload
    except (JoseError, ValueError):
        raise refuse("BAD_SIGNATURE", "The token's signature does not hold") from None
    try:
        claims = msgspec.json.decode(payload, type=dict[str, Any])
    except msgspec.MsgspecError:
        raise refuse("MALFORMED", "The token's claims are not a JSON object") from None
    if claims.get("iss") != issuer:
        raise refuse("WRONG_ISSUER", "The token comes from another issuer")
    if claims.get("aud") != audience:
        raise refuse("WRONG_AUDIENCE", "The token is meant for someone else")
    check_times(claims, now, prefix)
    return claims


def check_times(claims: Mapping[str, Any], now: datetime, prefix: str) -> None:
    """Nothing where ``now`` is within the times in ``claims``; raises ``IdentityError`` as ``verify`` does where not."""

    def refuse(flaw: str, message: str) -> IdentityError:
        return IdentityError(f"{prefix}_{flaw}", message)

    instant = now.astimezone(UTC).timestamp()
    for name in ("iat", "exp"):
        if not _is_time(claims.get(name)):
            raise refuse("CLAIM_MISSING", f"The token lacks the claim {name}")
    begins = claims.get("nbf", claims["iat"])
    if not _is_time(begins):
        raise refuse("CLAIM_MISSING", "The token's claim nbf is not a time")
    if max(begins, claims["iat"]) > instant + SKEW:
        raise refuse("NOT_YET_VALID", "The token is not valid yet")
    if claims["exp"] <= instant:
        raise refuse("EXPIRED", "The token has expired")


def _is_time(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _header(token: str) -> dict[str, Any] | None:
    if len(token) > MAX_TOKEN or token.count(".") != 2:
        return None
    try:
        header = jws.extract_compact(token.encode("ascii")).headers()
    except (JoseError, ValueError):
        return None
    return header if isinstance(header, dict) else None
