"""The development issuer: signs tokens for personas, so that a fresh machine has someone to be. Development only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from gateway.errors import IdentityError
from gateway.identity.keys import SigningKey, development_key
from gateway.identity.personas import Persona
from gateway.identity.tokens import Known, TokenReader, issue_token

__all__ = ["DevelopmentIssuer"]


@dataclass(frozen=True, slots=True)
class DevelopmentIssuer:
    """An issuer with its key and the personas it knows."""

    key: SigningKey
    personas: Mapping[str, Persona]

    @classmethod
    def open(cls, keys: Path, personas: Mapping[str, Persona], *, mode: str) -> DevelopmentIssuer:
        """The issuer of this machine; its key is made on the first run, under ``keys``.

        Raises ``IdentityError`` DEVELOPMENT_ONLY in any other mode.
        """
        return cls(development_key(keys, "issuer", mode=mode), personas)

    def token(
        self,
        persona: str,
        *,
        now: datetime,
        case: str | None = None,
        purpose: str | None = None,
        lifetime: timedelta = timedelta(hours=8),
    ) -> str:
        """A token for ``persona``, under its default case and purpose unless others are given.

        Raises ``IdentityError`` UNKNOWN_PERSONA, naming those there are.
        """
        if persona not in self.personas:
            raise IdentityError(
                "UNKNOWN_PERSONA",
                f"There is no persona {persona!r}",
                status=404,
                hint=f"the personas are {', '.join(sorted(self.personas))}",
            )
        caller = self.personas[persona].caller
        if case is not None:
            caller = replace(caller, case=case)
        if purpose is not None:
            caller = replace(caller, purpose=purpose)
        return issue_token(self.key, caller, now=now, lifetime=lifetime)

    def jwks(self) -> dict[str, Any]:
        """The public key, for ``/.well-known/jwks.json``."""
        return self.key.public().jwks()

    def reader(self, known: Known | None = None) -> TokenReader:
        """Reads what this issuer signs."""
        return TokenReader(self.key.public(), known=known)
