"""The gateway's word to a subgraph: who asks, what was granted, for exactly this body, for at most a minute."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from msgspec.json import encode

from gateway.caller import Caller
from gateway.errors import IdentityError
from gateway.identity.jwt import base64url, sign_bytes, verify
from gateway.identity.keys import PublicKeys, SigningKey

__all__ = ["HEADER", "ISSUER", "KIND", "LIFETIME", "Assertion", "digest", "sign_assertion", "verify_assertion"]

HEADER: Final = "Gateway-Assertion"
KIND: Final = "subgraph-assertion+jwt"
ISSUER: Final = "two-way-street-gateway"
LIFETIME: Final = timedelta(seconds=60)
_SECONDS: Final = int(LIFETIME.total_seconds())
_ISSUED_BY: Final = encode(ISSUER)
GRANTS: Final = ("allow", "fact", "key", "conditional")
"""What a coordinate may be granted as, beside ``mask:<METHOD>``."""


@dataclass(frozen=True, slots=True)
class Assertion:
    """A verified assertion. ``grants``: coordinate -> ``allow | mask:<METHOD> | fact | key | conditional``.

    ``at`` is the one instant by which the gateway decided the whole request.
    """

    audience: str
    caller: Caller
    epoch: str
    grants: Mapping[str, str]
    at: datetime
    id: str
    expires_at: datetime


def digest(body: bytes) -> str:
    """The base64url SHA-256 of a request body."""
    return base64url(hashlib.sha256(body).digest()).decode()


_drawn: list[bytes] = []


def _jti() -> bytes:
    """An id of 96 bits that nobody can guess (RFC 7519, section 4.1.7); the system is asked for many at once."""
    if not _drawn:
        many = os.urandom(12 * 64)
        _drawn.extend(base64url(many[place : place + 12]) for place in range(0, len(many), 12))
    return _drawn.pop()


def sign_assertion(
    key: SigningKey,
    *,
    audience: str,
    caller: Caller,
    epoch: str,
    grants: Mapping[str, str] | bytes,
    body: bytes,
    at: datetime,
    now: datetime | None = None,
) -> str:
    """The assertion for one request to one subgraph, valid for a minute from ``now`` (``at`` when not given).

    ``grants`` are the grant of each coordinate, or that as JSON.
    """
    begin = int((at if now is None else now).timestamp())
    claims = (
        b'{"iss":%b,"aud":%b,"iat":%d,"exp":%d,"jti":"%b","epoch":%b,"caller":%b,"grants":%b,"digest":"%b","at":"%b"}'
        % (
            _ISSUED_BY, _json(audience), begin, begin + _SECONDS, _jti(), _json(epoch), _who(caller),
            grants if isinstance(grants, bytes) else encode(grants), base64url(hashlib.sha256(body).digest()),
            _instant(at),
        )
    )  # fmt: skip
    return sign_bytes(key, KIND, claims)


@lru_cache(maxsize=256)
def _json(text: str) -> bytes:
    return encode(text)


_last: tuple[Caller, bytes] | None = None


def _who(caller: Caller) -> bytes:
    """The caller as the assertion tells of it, as JSON; a request tells of the very same one several times."""
    global _last  # noqa: PLW0603 (one pair, taken and put as a whole)
    last = _last
    if last is None or last[0] is not caller:
        last = _last = (caller, _told(caller))
    return last[1]


@lru_cache(maxsize=256)
def _told(caller: Caller) -> bytes:
    return encode(
        {
            "agency": caller.agency,
            "role": caller.role,
            "purpose": caller.purpose,
            "case": caller.case,
            "user": caller.user,
            "location": caller.location,
            "portfolio": caller.portfolio,
            "training": caller.training,
            "synthetic_only": caller.synthetic_only,
            "break_glass": caller.break_glass,
        }
    )


@lru_cache(maxsize=64)
def _instant(at: datetime) -> bytes:
    return at.astimezone(UTC).isoformat().encode()


def verify_assertion(token: str | None, *, keys: PublicKeys, audience: str, body: bytes, now: datetime) -> Assertion:
    """The assertion that ``token`` carries for this ``audience`` and ``body``; raises ``IdentityError``.

    Codes: ``ASSERTION_MISSING``, those of ``gateway.identity.jwt.verify`` with the prefix ``ASSERTION``,
    ``ASSERTION_TOO_LONG`` (valid for more than a minute), ``ASSERTION_WRONG_BODY``.
    """
    if not token:
        raise IdentityError("ASSERTION_MISSING", f"A subgraph answers the gateway only: the header {HEADER} is missing")
    claims = verify(token, KIND, keys=keys, issuer=ISSUER, audience=audience, now=now, prefix="ASSERTION")
    if claims["exp"] - claims["iat"] > LIFETIME.total_seconds():
        raise IdentityError("ASSERTION_TOO_LONG", "The assertion is valid for longer than a minute")
    stated = claims.get("digest")
    if not isinstance(stated, str) or not hmac.compare_digest(stated.encode(), digest(body).encode()):
        raise IdentityError("ASSERTION_WRONG_BODY", "The assertion was made for another request")
    return _read(claims, audience)


def _read(claims: Mapping[str, Any], audience: str) -> Assertion:
    try:
        caller = claims["caller"]
        at = datetime.fromisoformat(claims["at"])
        who = Caller(
            agency=_text(caller["agency"]),
            role=_text(caller["role"]),
            purpose=_text(caller["purpose"]),
            case=_text(caller["case"]),
            user=_text(caller["user"]),
            location=_text(caller["location"]),
            portfolio=tuple(_text(item) for item in caller["portfolio"]),
            training=tuple(_text(item) for item in caller["training"]),
            synthetic_only=caller.get("synthetic_only") is True,
            break_glass=_text(caller.get("break_glass", "")),
        )
        grants = claims["grants"]
        if not all(_is_grant(grant) for grant in grants.values()) or at.tzinfo is None:
            raise TypeError("a grant is one of the known words")
        return Assertion(
            audience=audience,
            caller=who,
            epoch=str(claims["epoch"]),
            grants=grants,
            at=at,
            id=str(claims["jti"]),
            expires_at=datetime.fromtimestamp(claims["exp"], UTC),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise IdentityError("ASSERTION_CLAIM_MISSING", "The assertion lacks a claim, or one is malformed") from None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a caller is made of text")
    return value


def _is_grant(grant: Any) -> bool:
    return isinstance(grant, str) and (grant in GRANTS or (grant.startswith("mask:") and len(grant) > len("mask:")))
