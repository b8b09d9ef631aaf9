"""What ECA (sponsors, two-year rule) and ICE SEVP (the SEVIS record) hold."""

from dataclasses import dataclass
from datetime import date, datetime

from subgraphs.kit.world.facts.identity import ProvenanceFact

__all__ = [
    "ActivitySiteFact",
    "Ds2019Fact",
    "ExchangeVisitorFact",
    "FundingFact",
    "SanctionFact",
    "SponsorFact",
    "TerminationFact",
    "TwoYearRuleFact",
    "Waiver212eFact",
]


@dataclass(frozen=True, slots=True)
class SanctionFact:
    """One sanction ECA put on a sponsor."""

    kind: str
    at: date
    detail: str


@dataclass(frozen=True, slots=True)
class SponsorFact:
    """One designated sponsor (world level, not of one traveler). categories: list `j-category`."""

    program_number: str
    name: str
    kind: str
    designated_on: date
    expires_on: date
    status: str
    categories: tuple[str, ...]
    sanctions: tuple[SanctionFact, ...]
    provenance: ProvenanceFact


@dataclass(frozen=True, slots=True)
class ActivitySiteFact:
    """Where the participant is."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class FundingFact:
    """Who pays, USD minor units."""

    sponsor_usd: int
    us_gov_usd: int
    home_gov_usd: int
    personal_usd: int


@dataclass(frozen=True, slots=True)
class TerminationFact:
    """Why the sponsor ended the program; code from list `j-termination`."""

    code: str
    at: datetime


@dataclass(frozen=True, slots=True)
class TwoYearRuleFact:
    """INA 212(e). `basis`: SKILLS_LIST, FUNDING, PHYSICIAN, or None when not subject. Origin STATE_ECA."""

    subject: bool
    basis: str | None


@dataclass(frozen=True, slots=True)
class Waiver212eFact:
    """Request to waive the two-year rule. Origin STATE_ECA."""

    case_number: str
    basis: str
    recommendation: str
    at: date


@dataclass(frozen=True, slots=True)
class Ds2019Fact:
    """The certificate of eligibility."""

    form_number: str
    issued_at: date
    signed_by: str


@dataclass(frozen=True, slots=True)
class ExchangeVisitorFact:
    """One SEVIS record. Lists: category `j-category`, subject `cip`."""

    sevis_id: str
    traveler: str
    program_number: str
    category: str
    subject: str
    program_start: date
    program_end: date
    site: ActivitySiteFact | None
    funding: FundingFact
    status: str
    status_at: datetime
    termination: TerminationFact | None
    dependents: tuple[str, ...]  # traveler ids
    two_year_rule: TwoYearRuleFact
    waiver212e: Waiver212eFact | None
    validated_at: datetime | None
    ds2019: Ds2019Fact
    provenance: ProvenanceFact
