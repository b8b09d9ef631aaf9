"""The closed vocabularies of the exchange visitor subgraph, as GraphQL enums."""

from __future__ import annotations

from enum import StrEnum

import strawberry

__all__ = ["SanctionKind", "SevisStatus", "SponsorStatus", "TwoYearBasis"]


@strawberry.enum(description="The status of a SEVIS record, kept by ICE SEVP.")
class SevisStatus(StrEnum):
    """The states of domain.md 1.2; the moves between them are in ``laws.MOVES``."""

    DRAFT = "DRAFT"
    INITIAL = "INITIAL"
    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"
    TERMINATED = "TERMINATED"
    NO_SHOW = "NO_SHOW"
    CANCELED = "CANCELED"
    INVALID = "INVALID"


@strawberry.enum(description="The standing of a sponsor's designation, State ECA's to say.")
class SponsorStatus(StrEnum):
    """Designated, under a sanction, or no longer designated."""

    ACTIVE = "ACTIVE"
    SANCTIONED = "SANCTIONED"
    TERMINATED = "TERMINATED"


@strawberry.enum(description="Why a visitor is subject to the two-year home residence rule of INA 212(e).")
class TwoYearBasis(StrEnum):
    """The three bases of INA 212(e)."""

    SKILLS_LIST = "SKILLS_LIST"
    FUNDING = "FUNDING"
    PHYSICIAN = "PHYSICIAN"


@strawberry.enum(description="The sanctions of 22 CFR 62.50; TERMINATION ends the designation.")
class SanctionKind(StrEnum):
    """From a letter to the end of the designation."""

    LETTER_OF_REPRIMAND = "LETTER_OF_REPRIMAND"
    PROBATION = "PROBATION"
    REDUCTION = "REDUCTION"
    SUSPENSION = "SUSPENSION"
    TERMINATION = "TERMINATION"
