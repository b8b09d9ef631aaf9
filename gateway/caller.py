"""The caller as a value: exactly one agency, role, purpose and case, taken from a verified token."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

__all__ = ["Application", "Caller", "Claims"]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, in which role, for which purpose, under which case, from where.

    ``agency``, ``role`` and ``purpose`` are names of ``schema/vocabulary.toml``. ``case`` is the business record that
    justifies the request (``""`` where the purpose needs none). ``location`` is a port, post or office code.
    ``portfolio`` names what is assigned to the caller (program numbers, for instance); ``training`` the certificates
    that statutes ask for (``1367``). Nothing here is ever read from a header a client can set.

    Two things the gateway itself establishes for one request: ``break_glass`` is the id of the approved grant it is
    made under ("" for none), and ``unmet`` the agreements whose obligations cannot be met in it, sorted.
    """

    agency: str
    role: str
    purpose: str
    case: str = ""
    user: str = ""
    location: str = ""
    portfolio: tuple[str, ...] = ()
    training: tuple[str, ...] = ()
    synthetic_only: bool = False
    token_id: str = ""
    expires_at: datetime | None = None
    break_glass: str = ""
    unmet: tuple[str, ...] = ()

    @property
    def kind(self) -> tuple[str, str, str]:
        """What static decisions may depend on: agency, role and purpose."""
        return (self.agency, self.role, self.purpose)


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says of whoever asks a graph that governs nothing, for its own access directives."""

    scopes: frozenset[str] = frozenset()
    policies: frozenset[str] = frozenset()
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Application:
    """The program that asks, as it calls itself in a header: for whoever looks for it on record, and for no decision."""

    name: str
    version: str = ""
