"""What the exchange visitor mutations take, and what lists of records are filtered by."""

from __future__ import annotations

import datetime as dt

import strawberry

from subgraphs.exchange_visitors.enums import SanctionKind, SevisStatus
from subgraphs.kit import reads_field

__all__ = [
    "ExchangeVisitorFilter",
    "ExtendProgramInput",
    "ParticipantFilter",
    "SanctionSponsorInput",
    "TerminateProgramInput",
    "ValidateArrivalInput",
]


@strawberry.input(description="Which SEVIS records to list; every condition given must hold.")
class ExchangeVisitorFilter:
    programNumber: str | None = reads_field("ExchangeVisitor.programNumber")
    status: SevisStatus | None = reads_field("ExchangeVisitor.status")
    category: str | None = reads_field("ExchangeVisitor.category")


@strawberry.input(description="Which participants of a sponsor to list.")
class ParticipantFilter:
    status: SevisStatus | None = reads_field("ExchangeVisitor.status")
    notValidated: bool | None = reads_field("ExchangeVisitor.validatedAt")


@strawberry.input(description="The participant has arrived; the site where the activity takes place.")
class ValidateArrivalInput:
    sevisId: str
    siteName: str | None = None
    siteAddress: str | None = None


@strawberry.input(description="The end of a program before its date, with a code of the list j-termination.")
class TerminateProgramInput:
    sevisId: str
    code: str


@strawberry.input(description="A later end of the program.")
class ExtendProgramInput:
    sevisId: str
    programEnd: dt.date


@strawberry.input(description="A sanction under 22 CFR 62.50.")
class SanctionSponsorInput:
    programNumber: str
    kind: SanctionKind
    detail: str
