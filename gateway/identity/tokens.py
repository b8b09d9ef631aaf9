"""Caller tokens: what a client shows (``Authorization: Bearer ...``) and the Caller it stands for."""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from gateway.caller import Caller, Claims
from gateway.errors import IdentityError
from gateway.identity.jwt import check_times, sign, verify
from gateway.identity.keys import PublicKeys, SigningKey

if TYPE_CHECKING:
    from gateway.policy.vocabulary import Vocabulary

__all__ = ["ACCESS_KIND", "AUDIENCE", "ISSUER", "KIND", "ClaimsReader", "Known", "TokenReader", "bearer", "issue_token"]

KIND: Final = "caller+jwt"
ACCESS_KIND: Final = "at+jwt"
"""The type of an OAuth access token (RFC 9068, section 2.1)."""
ISSUER: Final = "two-way-street-development"
AUDIENCE: Final = "two-way-street"
_MOST_MET: Final = 1024  # verified tokens whose callers are known


@dataclass(frozen=True, slots=True)
class Known:
    """The names a token may use: agencies, roles with the agencies that give them, purposes.

    ``pairs`` are the (role, purpose) that go together; ``None`` lets every role name every purpose.
    """

    agencies: frozenset[str]
    roles: Mapping[str, frozenset[str]]
    purposes: frozenset[str]
    pairs: frozenset[tuple[str, str]] | None = None

    @classmethod
    def of(cls, vocabulary: Vocabulary) -> Known:
        """The names of ``schema/vocabulary.toml``."""
        return cls(
            agencies=frozenset(vocabulary.agencies),
            roles={name: role.agencies for name, role in vocabulary.roles.items()},
            purposes=frozenset(vocabulary.purposes),
            pairs=frozenset((name, purpose) for name, role in vocabulary.roles.items() for purpose in role.purposes),
        )


@dataclass(frozen=True, slots=True)
class TokenReader:
    """Reads caller tokens of one issuer. ``known=None`` accepts any names (a graph without a policy).

    A token whose signature held is not verified again by the same reader, which has one set of keys: only its times are
    looked at, for every request. Tokens are known by their hash, so that none stays in memory.
    """

    keys: PublicKeys
    issuer: str = ISSUER
    audience: str = AUDIENCE
    known: Known | None = field(default=None)
    _met: OrderedDict[bytes, tuple[Caller, Mapping[str, Any]]] = field(
        default_factory=OrderedDict, init=False, compare=False, repr=False
    )

    def read(self, token: str, now: datetime) -> Caller:
        """The caller that ``token`` establishes at ``now``; raises ``IdentityError`` with a code per flaw."""
        name = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        met = self._met.get(name)
        if met is not None:
            check_times(met[1], now, "TOKEN")
            self._met.move_to_end(name)
            return met[0]
        claims = verify(
            token, KIND, keys=self.keys, issuer=self.issuer, audience=self.audience, now=now, prefix="TOKEN"
        )
        caller = self._caller(claims)
        self._met[name] = caller, {each: claims[each] for each in ("iat", "nbf", "exp") if each in claims}
        if len(self._met) > _MOST_MET:
            self._met.popitem(last=False)
        return caller

    def _caller(self, claims: Mapping[str, Any]) -> Caller:
        caller = Caller(
            agency=_text(claims, "agency"),
            role=_text(claims, "role"),
            purpose=_text(claims, "purpose"),
            case=_text(claims, "case", required=False),
            user=_text(claims, "sub"),
            location=_text(claims, "location", required=False),
            portfolio=_texts(claims, "portfolio"),
            training=_texts(claims, "training"),
            synthetic_only=claims.get("synthetic_only") is True,
            token_id=_text(claims, "jti"),
            expires_at=datetime.fromtimestamp(claims["exp"], UTC),
        )
        if self.known is not None:
            _check_names(caller, self.known)
        return caller


@dataclass(frozen=True, slots=True)
class ClaimsReader:
    """Reads OAuth access tokens (RFC 9068) of one issuer, for a graph whose fields demand scopes or policies."""

    keys: PublicKeys
    issuer: str
    audience: str = AUDIENCE

    def read(self, token: str, now: datetime) -> Claims:
        """What ``token`` says at ``now``: ``scope``, words with spaces between, and ``policies``, a list.

        Raises ``IdentityError`` with a code per flaw.
        """
        claims = verify(
            token, ACCESS_KIND, keys=self.keys, issuer=self.issuer, audience=self.audience, now=now, prefix="TOKEN"
        )
        scopes = frozenset(_text(claims, "scope", required=False).split())
        return Claims(scopes, frozenset(_texts(claims, "policies")), datetime.fromtimestamp(claims["exp"], UTC))


def issue_token(
    key: SigningKey,
    caller: Caller,
    *,
    now: datetime,
    lifetime: timedelta = timedelta(hours=8),
    issuer: str = ISSUER,
    audience: str = AUDIENCE,
) -> str:
    """A token for ``caller``, valid from ``now`` for ``lifetime``."""
    begin = int(now.timestamp())
    claims = {
        "iss": issuer,
        "aud": audience,
        "sub": caller.user,
        "jti": caller.token_id or secrets.token_urlsafe(12),
        "iat": begin,
        "nbf": begin,
        "exp": begin + int(lifetime.total_seconds()),
        "agency": caller.agency,
        "role": caller.role,
        "purpose": caller.purpose,
        "case": caller.case,
        "location": caller.location,
        "portfolio": list(caller.portfolio),
        "training": list(caller.training),
        "synthetic_only": caller.synthetic_only,
    }
    return sign(key, KIND, claims)


def bearer(authorization: str | None) -> str:
    """The token of an ``Authorization`` header; raises ``IdentityError`` TOKEN_MISSING or TOKEN_MALFORMED."""
    if not authorization:
        raise IdentityError("TOKEN_MISSING", "Send a token: Authorization: Bearer <token>")
    scheme, _, token = authorization.strip().partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token or " " in token:
        raise IdentityError("TOKEN_MALFORMED", "The Authorization header is not Bearer <token>")
    return token


def _text(claims: Mapping[str, Any], name: str, *, required: bool = True) -> str:
    value = claims.get(name, None if required else "")
    if not isinstance(value, str) or (required and not value):
        raise IdentityError("TOKEN_CLAIM_MISSING", f"The token lacks the claim {name}")
    return value


def _texts(claims: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = claims.get(name, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise IdentityError("TOKEN_CLAIM_MISSING", f"The token's claim {name} is not a list of text")
    return tuple(value)


def _check_names(caller: Caller, known: Known) -> None:
    # one code per kind of name, never the value: the message may be shown to whoever holds the token
    if caller.agency not in known.agencies:
        raise IdentityError("UNKNOWN_AGENCY", "The token names an agency that is not in the vocabulary")
    if caller.role not in known.roles:
        raise IdentityError("UNKNOWN_ROLE", "The token names a role that is not in the vocabulary")
    if caller.agency not in known.roles[caller.role]:
        raise IdentityError("ROLE_OF_ANOTHER_AGENCY", "The token's role belongs to another agency")
    if caller.purpose not in known.purposes:
        raise IdentityError("UNKNOWN_PURPOSE", "The token names a purpose that is not in the vocabulary")
    if known.pairs is not None and (caller.role, caller.purpose) not in known.pairs:
        raise IdentityError("PURPOSE_OF_ANOTHER_ROLE", "The token's role does not act for the token's purpose")
