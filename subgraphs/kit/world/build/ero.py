"""ERO facts: encounters, removal cases, detentions, criminal history."""

from datetime import date, datetime

from subgraphs.kit.world.build.draft import Draft, source
from subgraphs.kit.world.model import (
    CriminalHistoryFact,
    DepartureVerificationFact,
    DetentionFact,
    EncounterFact,
    ReliefFact,
    RemovalCaseFact,
    RemovalOrderFact,
)

__all__ = ["convict", "detain", "encounter", "removal_case"]

_CLOSED = frozenset({"RELIEF_GRANTED", "TERMINATED", "REMOVED", "DEPARTED_UNVERIFIED"})
_OUTSTANDING = frozenset({"ORDERED_REMOVED", "FINAL_ORDER", "STAYED", "SUPERVISED", "VOLUNTARY_DEPARTURE_GRANTED"})


def encounter(
    draft: Draft,
    at: datetime,
    *,
    office: str = "ATL",
    kind: str = "ENFORCEMENT",
    method: str = "LOCATED",
    place: str = "Springfield",
    case: RemovalCaseFact | None = None,
) -> EncounterFact:
    """An encounter recorded in EID; the traveler is fingerprinted and gets an A-number."""
    number = draft.numbers.event(office, at.year + (at.month >= 10))
    subject = draft.identify("EID_SUBJECT", draft.numbers.serial("SUB-"), "ICE_ERO", "EID", at)
    fact = EncounterFact(
        event_number=number,
        subject_id=subject,
        traveler=draft.traveler_id,
        at=at,
        kind=kind,
        method=method,
        alien_number=draft.alien_number(at),
        fin=draft.fingerprint_number(at),
        place=place,
        case_id=case.case_id if case else None,
        provenance=source("ICE_ERO", "EID", at),
    )
    draft.encounters.append(fact)
    draft.happened("ICE_ERO", "EID", at, "enforcement.encounter", "Encounter recorded", event_number=number)
    return fact


def removal_case(
    draft: Draft,
    stage: str,
    opened: datetime,
    *,
    charges: tuple[str, ...] = ("237(a)(1)(B)",),
    nta: date | None = None,
    court: str | None = "ATD",
    order: RemovalOrderFact | None = None,
    stays: tuple[str, ...] = (),
    relief: tuple[ReliefFact, ...] = (),
    verification: DepartureVerificationFact | None = None,
) -> RemovalCaseFact:
    """A removal case; open unless its stage ends it, and it refers to secondary while an order is outstanding."""
    outstanding = order is not None and stage in _OUTSTANDING
    number = draft.numbers.serial("ERC-")
    dates = [day for day in (nta, order.on if order else None, verification.on if verification else None) if day]
    as_of = max([opened, *(draft.today.ago((draft.today.now.date() - day).days) for day in dates)])
    fact = RemovalCaseFact(
        case_id=number,
        traveler=draft.traveler_id,
        stage=stage,
        charges=charges,
        nta_served_on=nta,
        court=court,
        order=order,
        stays=stays,
        relief=relief,
        referral="REFER_TO_SECONDARY" if outstanding else None,
        departure_verification=verification,
        state="CLOSED" if stage in _CLOSED else "OPEN",
        officer_ref="ero-atl-1",
        opened_at=opened,
        provenance=source("ICE_ERO", "EARM", as_of, 1 + len(dates)),
    )
    draft.removal_cases.append(fact)
    draft.happened("ICE_ERO", "EARM", opened, "enforcement.case-opened", "Case opened", case_id=number)
    told = (
        (nta, "enforcement.nta", "Notice to appear served"),
        (order.on if order else None, "enforcement.order", "Order recorded"),
        (verification.on if verification else None, "enforcement.departure-verified", "Departure verified"),
    )
    for day, kind, summary in told:
        if day is not None:
            at = draft.today.ago((draft.today.now.date() - day).days)
            draft.happened("ICE_ERO", "EARM", at, kind, summary, case_id=number)
    return fact


def detain(
    draft: Draft,
    of: RemovalCaseFact,
    facility: str,
    book_in: datetime,
    book_out: datetime | None = None,
    *,
    release_code: str | None = None,
    bond_usd: int | None = None,
    classification: str = "LOW",
) -> DetentionFact:
    """A stay in detention under the case."""
    fact = DetentionFact(
        draft.numbers.serial("DET-"),
        of.case_id,
        draft.traveler_id,
        facility,
        book_in,
        book_out,
        release_code,
        bond_usd,
        classification,
        source("ICE_ERO", "EARM", book_out or book_in, 1 if book_out is None else 2),
    )
    draft.detentions.append(fact)
    return fact


def convict(draft: Draft, conviction: str, on: date, jurisdiction: str, ncic_code: str) -> CriminalHistoryFact:
    """A conviction another authority reported."""
    fact = CriminalHistoryFact(draft.traveler_id, conviction, on, jurisdiction, ncic_code, "DOJ")
    draft.criminal_history.append(fact)
    return fact
