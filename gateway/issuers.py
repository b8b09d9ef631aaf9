"""Whose tokens count, from settings and the key sets they name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from gateway.config import Settings, read_text
from gateway.errors import IdentityError
from gateway.identity import ClaimsReader, Known, PublicKeys, SigningKey, TokenReader, development_key
from gateway.identity.tokens import ISSUER
from gateway.policy import Policy

__all__ = ["claims_reader", "token_reader"]


def token_reader(settings: Settings, policy: Policy, keys: Path) -> tuple[SigningKey | None, TokenReader]:
    """The development issuer's key, where there is one, and who reads callers' tokens under ``policy``.

    ``keys`` is the gateway's folder of keys. Raises ``IdentityError`` ISSUER_UNSET or KEYS_MISSING.
    """
    known = Known.of(policy.vocabulary)
    if settings.development:
        issuer = development_key(keys, "issuer", mode=settings.mode)
        return issuer, TokenReader(issuer.public(), issuer=ISSUER, audience=settings.audience, known=known)
    if not settings.issuer or settings.jwks is None:
        raise IdentityError(
            "ISSUER_UNSET",
            "Nobody is named whose tokens count, so nobody could be answered.",
            status=500,
            hint="Set TWS_ISSUER and TWS_JWKS, or TWS_MODE=development on a machine without real data.",
        )
    return None, TokenReader(_jwks(settings.jwks), issuer=settings.issuer, audience=settings.audience, known=known)


def _jwks(path: Path) -> PublicKeys:
    document = read_text(path, "KEYS_MISSING", "The issuer's key set", "Install its JWKS there.")
    return PublicKeys.from_jwks(msgspec.json.decode(document.encode(), type=dict[str, Any]))


def claims_reader(settings: Settings) -> ClaimsReader | None:
    """Who reads the tokens that a graph's own access directives ask for; None where nobody is named whose tokens count."""
    if not settings.issuer or settings.jwks is None:
        return None
    return ClaimsReader(_jwks(settings.jwks), settings.issuer, settings.audience)
