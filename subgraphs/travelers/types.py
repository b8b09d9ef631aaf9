"""The object types of the travelers subgraph: each asserted value with who asserted it."""

from __future__ import annotations

import datetime as dt

from subgraphs.kit import Agency, Provenance, classified, sys, value
from subgraphs.travelers.enums import DatePrecision, IdentifierKind, LinkKind, NameKind
from subgraphs.travelers.tables import BirthRow, DiscrepancyRow, IdentifierRow, LinkEvidenceRow, NameRow

__all__ = ["BirthAssertion", "Discrepancy", "Identifier", "LinkEvidence", "PartialDate", "PersonName"]


@value(description="A number by which some agency knows the traveler.")
class Identifier:
    kind: IdentifierKind | None = sys()
    value: str | None = classified("IDN")
    issuer: Agency | None = sys()
    country: str | None = classified("IDN")
    validFrom: dt.date | None = classified("IDN")
    validTo: dt.date | None = classified("IDN")
    confidence: float | None = sys()
    provenance: Provenance | None = sys()

    @classmethod
    def of(cls, row: IdentifierRow) -> Identifier:
        """The identifier in ``row``."""
        return cls(
            kind=row.kind,
            value=row.value,
            issuer=Agency[row.issuer],
            country=row.country or None,
            validFrom=row.valid_from,
            validTo=row.valid_to,
            confidence=row.confidence,
            provenance=Provenance.of(row),
        )


@value(description="A name, as one source writes it.")
class PersonName:
    kind: NameKind | None = classified("BIO")
    family: str | None = classified("BIO")
    given: str | None = classified("BIO")
    provenance: Provenance | None = sys()

    @classmethod
    def of(cls, row: NameRow) -> PersonName:
        """The name in ``row``."""
        return cls(kind=row.kind, family=row.family, given=row.given, provenance=Provenance.of(row))


@value(description="A date of which the day, or the month too, may be unknown.")
class PartialDate:
    value: str | None = sys()
    precision: DatePrecision | None = sys()


@value(description="A birth, as one source records it; sources may disagree.")
class BirthAssertion:
    date: PartialDate | None = classified("BIO")
    country: str | None = classified("BIO")
    place: str | None = classified("BIO")
    provenance: Provenance | None = sys()

    @classmethod
    def of(cls, row: BirthRow) -> BirthAssertion:
        """The birth in ``row``."""
        date = PartialDate(value=row.date, precision=row.precision)
        return cls(date=date, country=row.country, place=row.place, provenance=Provenance.of(row))


@value(description="Why a record is taken to be this traveler's.")
class LinkEvidence:
    rule: str | None = classified("DELIB")
    score: float | None = classified("DELIB")
    kind: LinkKind | None = classified("DELIB")
    reviewer: str | None = classified("DELIB")

    @classmethod
    def of(cls, row: LinkEvidenceRow) -> LinkEvidence:
        """The evidence in ``row``."""
        return cls(rule=row.rule, score=row.score, kind=row.kind, reviewer=row.reviewer)


@value(description="A fact on which sources disagree.")
class Discrepancy:
    field: str | None = classified("DELIB")
    values: list[str] | None = classified("DELIB")
    sources: list[str] | None = classified("DELIB")
    openedAt: dt.datetime | None = classified("DELIB")

    @classmethod
    def of(cls, row: DiscrepancyRow) -> Discrepancy:
        """The discrepancy in ``row``."""
        return cls(field=row.field, values=row.values, sources=row.sources, openedAt=row.opened_at)
