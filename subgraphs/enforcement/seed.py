"""ERO's part of the synthetic world as rows; parents first."""

from __future__ import annotations

from collections.abc import Iterator

from subgraphs.enforcement.enums import CaseState, DepartureProof, EncounterKind, OrderKind, RemovalStage
from subgraphs.enforcement.tables import (
    Base,
    CriminalHistoryRow,
    DetentionRow,
    EncounterRow,
    EnforcementEventRow,
    RemovalCaseRow,
)
from subgraphs.kit.tables import provenance
from subgraphs.kit.world.model import Journey, RemovalCaseFact

__all__ = ["rows"]


def rows(journey: Journey) -> Iterator[Base]:
    """The rows of one traveler: cases, encounters, detentions, criminal history, events."""
    yield from map(_case, journey.removal_cases)
    yield from _encounters(journey)
    yield from _detentions(journey)
    for fact in journey.criminal_history:
        yield CriminalHistoryRow(
            traveler_id=fact.traveler,
            conviction=fact.conviction,
            date=fact.date,
            jurisdiction=fact.jurisdiction,
            ncic_code=fact.ncic_code,
            originator=fact.originator,
        )
    for event in journey.events_of("ICE_ERO"):
        yield EnforcementEventRow(
            id=event.id,
            traveler_id=journey.traveler_id,
            at=event.at,
            kind=event.kind,
            summary=event.summary,
            **provenance(event.provenance),
        )


def _case(fact: RemovalCaseFact) -> RemovalCaseRow:
    row = RemovalCaseRow(
        case_id=fact.case_id,
        traveler_id=fact.traveler,
        stage=RemovalStage[fact.stage],
        state=CaseState[fact.state],
        charges=list(fact.charges),
        nta_served_on=fact.nta_served_on,
        court=fact.court,
        stays=list(fact.stays),
        relief=[{"kind": item.kind, "status": item.status, "at": item.at.isoformat()} for item in fact.relief],
        officer_ref=fact.officer_ref,
        opened_at=fact.opened_at,
        **provenance(fact.provenance),
    )
    if (order := fact.order) is not None:
        row.order_kind, row.order_by = OrderKind[order.kind], order.by
        row.order_on, row.order_final = order.on, order.final
    if (left := fact.departure_verification) is not None:
        row.left_on, row.left_poe, row.left_proof = left.on, left.poe, DepartureProof[left.proof]
        row.left_country, row.left_i205 = left.country, left.i205_executed
    return row


def _encounters(journey: Journey) -> Iterator[EncounterRow]:
    for fact in journey.encounters:
        yield EncounterRow(
            event_number=fact.event_number,
            subject_id=fact.subject_id,
            traveler_id=fact.traveler,
            at=fact.at,
            kind=EncounterKind[fact.kind],
            method=fact.method,
            alien_number=fact.alien_number,
            fin=fact.fin,
            place=fact.place,
            case_id=fact.case_id,
            **provenance(fact.provenance),
        )


def _detentions(journey: Journey) -> Iterator[DetentionRow]:
    for fact in journey.detentions:
        yield DetentionRow(
            detention_id=fact.detention_id,
            case_id=fact.case_id,
            traveler_id=fact.traveler,
            facility=fact.facility,
            book_in_at=fact.book_in_at,
            book_out_at=fact.book_out_at,
            release_code=fact.release_code,
            bond_usd=fact.bond_usd,
            classification=fact.classification,
            **provenance(fact.provenance),
        )
