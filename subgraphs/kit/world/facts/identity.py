"""Who the traveler is, as each agency asserted it, and why the assertions were linked to one person."""

from dataclasses import dataclass
from datetime import date, datetime

__all__ = [
    "BirthFact",
    "DiscrepancyFact",
    "IdentifierFact",
    "LinkEvidenceFact",
    "NameFact",
    "PassportFact",
    "ProvenanceFact",
    "TimelineFact",
]


@dataclass(frozen=True, slots=True)
class ProvenanceFact:
    """Where a record comes from: agency, system, version of the record, the instant it is true as of, when it came."""

    agency: str
    system: str
    record_version: str
    as_of: datetime
    received_at: datetime


@dataclass(frozen=True, slots=True)
class IdentifierFact:
    """One identifier somebody gave the traveler. `kind` is an IdentifierKind, `country` only for passports."""

    kind: str
    value: str
    issuer: str  # Agency; for a foreign passport the agency that recorded it
    country: str | None
    valid_from: date | None
    valid_to: date | None
    confidence: float
    provenance: ProvenanceFact


@dataclass(frozen=True, slots=True)
class NameFact:
    """One asserted name. `kind`: PRIMARY, ALIAS, MRZ or NATIVE_SCRIPT."""

    kind: str
    family: str
    given: str
    provenance: ProvenanceFact


@dataclass(frozen=True, slots=True)
class BirthFact:
    """One asserted birth. `value` is `YYYY-MM-DD`, `YYYY-MM` or `YYYY` as `precision` (DAY, MONTH, YEAR) says."""

    value: str
    precision: str
    country: str
    place: str
    provenance: ProvenanceFact


@dataclass(frozen=True, slots=True)
class LinkEvidenceFact:
    """Why two records were taken for one person. `kind`: BIOMETRIC or BIOGRAPHIC; `score` 0-1."""

    rule: str
    score: float
    kind: str
    reviewer: str | None


@dataclass(frozen=True, slots=True)
class DiscrepancyFact:
    """Sources that disagree on a field, with the values in the same order as the sources (agency codes)."""

    field: str
    values: tuple[str, ...]
    sources: tuple[str, ...]
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class PassportFact:
    """One passport, issuer and nationality always UTO. `mrz` is the two 44-character lines joined by a newline."""

    number: str
    issuer: str
    issued: date
    expires: date
    mrz: str


@dataclass(frozen=True, slots=True)
class TimelineFact:
    """One event of one agency about the traveler; `reference` holds the identifier the event's type shows, by name.

    `agency` is the owner; `references` holds pairs such as ("receipt_number", "EAC..."), ("application_id", "AA...") or
    ("foil_number", "S..."): pairs, so that the value stays hashable.
    """

    id: str
    agency: str
    at: datetime
    kind: str
    summary: str
    references: tuple[tuple[str, str], ...]
    provenance: ProvenanceFact

    def reference(self, name: str) -> str | None:
        """The identifier called `name` (e.g. "receipt_number"), or None."""
        return dict(self.references).get(name)
