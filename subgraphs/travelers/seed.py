"""The travelers' part of the synthetic world, as rows."""

from __future__ import annotations

from collections.abc import Iterator

from subgraphs.kit.tables import provenance
from subgraphs.kit.world.model import Journey
from subgraphs.travelers.enums import DatePrecision, IdentifierKind, LegalCategory, LinkKind, NameKind, Sex
from subgraphs.travelers.tables import (
    Base,
    BirthRow,
    DiscrepancyRow,
    IdentifierRow,
    LinkEvidenceRow,
    NameRow,
    RecordRow,
    TravelerRow,
)

__all__ = ["rows"]


def rows(journey: Journey) -> Iterator[Base]:
    """The rows about one traveler, the traveler's own first."""
    yield TravelerRow(
        id=journey.traveler_id,
        sex=Sex[journey.sex],
        citizenships=list(journey.citizenships),
        legal_category=LegalCategory[journey.legal_category],
        **provenance(journey.provenance),
    )
    yield from _identifiers(journey)
    yield from _person(journey)
    yield from _records(journey)


def _identifiers(journey: Journey) -> Iterator[Base]:
    for fact in journey.identifiers:
        yield IdentifierRow(
            traveler_id=journey.traveler_id,
            kind=IdentifierKind[fact.kind],
            value=fact.value,
            issuer=fact.issuer,
            country=fact.country or "",
            valid_from=fact.valid_from,
            valid_to=fact.valid_to,
            confidence=fact.confidence,
            **provenance(fact.provenance),
        )
    for evidence in journey.link_evidence:
        yield LinkEvidenceRow(
            traveler_id=journey.traveler_id,
            rule=evidence.rule,
            score=evidence.score,
            kind=LinkKind[evidence.kind],
            reviewer=evidence.reviewer,
        )


def _person(journey: Journey) -> Iterator[Base]:
    for name in journey.names:
        yield NameRow(
            traveler_id=journey.traveler_id,
            kind=NameKind[name.kind],
            family=name.family,
            family_key=name.family.upper(),
            given=name.given,
            **provenance(name.provenance),
        )
    for birth in journey.birth:
        yield BirthRow(
            traveler_id=journey.traveler_id,
            date=birth.value,
            precision=DatePrecision[birth.precision],
            country=birth.country,
            place=birth.place,
            **provenance(birth.provenance),
        )
    for conflict in journey.discrepancies:
        yield DiscrepancyRow(
            traveler_id=journey.traveler_id,
            field=conflict.field,
            values=list(conflict.values),
            sources=list(conflict.sources),
            opened_at=conflict.opened_at,
        )


def _records(journey: Journey) -> Iterator[Base]:
    keys = [
        *(("Petition", fact.receipt_number) for fact in journey.petitions),
        *(("VisaApplication", fact.application_id) for fact in journey.visa_applications),
        *(("Visa", fact.foil_number) for fact in journey.visas),
        *(("ExchangeVisitor", fact.sevis_id) for fact in journey.exchange_visitors),
        *(("Admission", fact.i94_number) for fact in journey.admissions),
        *(("RemovalCase", fact.case_id) for fact in journey.removal_cases),
    ]
    for type_, key in keys:
        yield RecordRow(type=type_, key=key, traveler_id=journey.traveler_id)
