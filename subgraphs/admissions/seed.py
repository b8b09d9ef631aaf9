"""CBP's part of the synthetic world as rows; parents first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from subgraphs.admissions.enums import (
    BiometricMatch,
    CrossingDirection,
    CrossingMode,
    DepartureMethod,
    InspectionOutcome,
    InspectionStage,
    InspectionState,
    OverstayBasis,
    StayKind,
    UpdateFlag,
)
from subgraphs.admissions.ports import day_before
from subgraphs.admissions.tables import (
    AdmissionRow,
    ArrivalRow,
    Base,
    CrossingEventRow,
    DepartureRow,
    FindingRow,
    InspectionRow,
    LookoutRow,
)
from subgraphs.kit.tables import provenance
from subgraphs.kit.world.model import AdmissionFact, InspectionFact, Journey

__all__ = ["rows"]


def rows(journey: Journey) -> Iterator[Base]:
    """The rows of one traveler: crossings, inspections, admissions, departures, findings, lookouts, events."""
    yield from _arrivals(journey)
    yield from map(_inspection, journey.inspections)
    # the DS-2019 shown at the port names the program's category: CBP keeps what it saw
    categories = {program.sevis_id: program.category for program in journey.exchange_visitors}
    yield from (_admission(fact, categories, _lead_after(fact, journey)) for fact in journey.admissions)
    yield from _departures(journey)
    yield from _findings(journey)
    yield from _lookouts(journey)
    for event in journey.events_of("CBP"):
        yield CrossingEventRow(
            id=event.id,
            traveler_id=journey.traveler_id,
            at=event.at,
            kind=event.kind,
            summary=event.summary,
            **provenance(event.provenance),
        )


def _arrivals(journey: Journey) -> Iterator[ArrivalRow]:
    for fact in journey.arrivals:
        yield ArrivalRow(
            crossing_id=fact.crossing_id,
            traveler_id=fact.traveler,
            poe=fact.poe,
            mode=CrossingMode[fact.mode],
            at=fact.at,
            direction=CrossingDirection[fact.direction],
            carrier=fact.carrier,
            flight=fact.flight,
            manifest_ref=fact.manifest_ref,
            document=fact.document,
            us_address=fact.us_address,
            foil_number=fact.foil_number,
            **provenance(fact.provenance),
        )


def _inspection(fact: InspectionFact) -> InspectionRow:
    return InspectionRow(
        inspection_id=fact.inspection_id,
        crossing_id=fact.crossing_id,
        traveler_id=fact.traveler,
        stage=InspectionStage[fact.stage],
        port=fact.port,
        state=InspectionState[fact.state],
        opened_at=fact.opened_at,
        closed_at=fact.closed_at,
        officer_ref=fact.officer_ref,
        outcome=InspectionOutcome[fact.outcome] if fact.outcome else None,
        reason=fact.reason,
        forms=list(fact.forms),
        referred_for=fact.referred_for,
        narrative=fact.narrative,
        biometric_match=BiometricMatch[fact.biometric_match],
        **provenance(fact.provenance),
    )


def _lead_after(fact: AdmissionFact, journey: Journey) -> dt.date | None:
    if any(each.i94_number == fact.i94_number for each in journey.departures):
        return None
    if any(each.admitted_at > fact.admitted_at for each in journey.admissions):
        return None
    found = [day_before(each.found_at) for each in journey.overstay_findings if each.i94_number == fact.i94_number]
    stay = fact.authorized_stay
    return min(found, default=stay.until if StayKind[stay.kind] is StayKind.DATE else None)


def _admission(fact: AdmissionFact, categories: dict[str, str], lead_after: dt.date | None) -> AdmissionRow:
    return AdmissionRow(
        i94_number=fact.i94_number,
        crossing_id=fact.crossing_id,
        traveler_id=fact.traveler,
        class_of_admission=fact.class_of_admission,
        stay_kind=StayKind[fact.authorized_stay.kind],
        stay_until=fact.authorized_stay.until,
        poe=fact.poe,
        admitted_at=fact.admitted_at,
        parole_kind=fact.parole_kind,
        update_flag=UpdateFlag[fact.update_flag] if fact.update_flag else None,
        foil_number=fact.foil_number,
        sevis_id=fact.sevis_id,
        program_category=categories.get(fact.sevis_id) if fact.sevis_id else None,
        lead_after=lead_after,
        **provenance(fact.provenance),
    )


def _departures(journey: Journey) -> Iterator[DepartureRow]:
    for fact in journey.departures:
        yield DepartureRow(
            departure_id=fact.departure_id,
            i94_number=fact.i94_number,
            traveler_id=fact.traveler,
            at=fact.at,
            poe=fact.poe,
            mode=CrossingMode[fact.mode],
            method=DepartureMethod[fact.method],
            match_confidence=fact.match_confidence,
            **provenance(fact.provenance),
        )


def _findings(journey: Journey) -> Iterator[FindingRow]:
    for fact in journey.overstay_findings:
        yield FindingRow(
            i94_number=fact.i94_number,
            basis=OverstayBasis[fact.basis],
            found_at=fact.found_at,
            note=fact.note,
            **provenance(fact.provenance),
        )


def _lookouts(journey: Journey) -> Iterator[LookoutRow]:
    for fact in journey.lookouts:
        yield LookoutRow(
            lookout_id=fact.lookout_id,
            traveler_id=fact.traveler,
            kind=fact.kind,
            placed_by=fact.placed_by,
            at=fact.at,
            expires=fact.expires,
            instruction=fact.instruction,
            **provenance(fact.provenance),
        )
