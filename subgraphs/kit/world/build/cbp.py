"""CBP facts: arrivals, inspections, admissions, departures, overstay findings, lookouts."""

from datetime import date, datetime, timedelta

from subgraphs.kit.world.build.draft import Draft, source
from subgraphs.kit.world.model import (
    AdmissionFact,
    ArrivalFact,
    AuthorizedStayFact,
    DepartureFact,
    InspectionFact,
    LookoutFact,
    OverstayFindingFact,
    VisaFact,
)

__all__ = ["admit", "arrive", "depart", "find_overstay", "inspect", "look_out"]

_DURATION_OF_STATUS = ("J1", "J2", "F1", "F2")
_INDEFINITE = ("IR1", "CR1", "F21", "E21", "E31", "DV1", "AS1")
_LEGACY_UNTIL = date(2019, 5, 1)
_INSPECTION_TAKES = timedelta(minutes=20)


def arrive(
    draft: Draft,
    poe: str,
    at: datetime,
    *,
    visa: VisaFact | None = None,
    mode: str = "AIR",
    direction: str = "INBOUND",
    us_address: str | None = "100 Example Street, Springfield",
) -> ArrivalFact:
    """A crossing; by air it has a carrier, a flight and a manifest reference."""
    by_air = mode == "AIR"
    number = draft.numbers.serial("XNG-")
    fact = ArrivalFact(
        crossing_id=number,
        traveler=draft.traveler_id,
        poe=poe,
        mode=mode,
        at=at,
        direction=direction,
        carrier="UT" if by_air else None,
        flight=f"UT{100 + at.day}" if by_air else None,
        manifest_ref=f"APIS-{at:%Y%m%d}-{number[-4:]}" if by_air else None,
        document=draft.passports[-1].number if draft.passports else "",
        us_address=us_address if direction == "INBOUND" else None,
        foil_number=visa.foil_number if visa else None,
        provenance=source("CBP", "NIIS", at),
    )
    draft.arrivals.append(fact)
    summary = f"Arrived at {poe}" if direction == "INBOUND" else f"Left from {poe}"
    draft.happened("CBP", "NIIS", at, "crossing.arrived", summary, crossing_id=number)
    return fact


def inspect(
    draft: Draft,
    of: ArrivalFact,
    outcome: str | None,
    *,
    stage: str = "PRIMARY",
    reason: str | None = None,
    forms: tuple[str, ...] = (),
    referred_for: str | None = None,
    narrative: str | None = None,
    match: str = "MATCH",
    after_minutes: int = 15,
) -> InspectionFact:
    """An inspection begun some minutes after the crossing; outcome None leaves it open."""
    opened = of.at + timedelta(minutes=after_minutes)
    closed = None if outcome is None else opened + _INSPECTION_TAKES
    number = draft.numbers.serial(f"INS-{of.poe}-")
    fact = InspectionFact(
        inspection_id=number,
        crossing_id=of.crossing_id,
        traveler=draft.traveler_id,
        stage=stage,
        port=of.poe,
        state="OPEN" if outcome is None else "CLOSED",
        opened_at=opened,
        closed_at=closed,
        officer_ref=f"cbp-{of.poe.lower()}-{1 if stage == 'PRIMARY' else 2}",
        outcome=outcome,
        reason=reason,
        forms=forms,
        referred_for=referred_for,
        narrative=narrative,
        biometric_match=match,
        provenance=source("CBP", "TECS", closed or opened, 1 if closed is None else 2),
    )
    draft.inspections.append(fact)
    # Neither kind nor summary names the outcome: a credible-fear referral must not show in a timeline.
    if closed is not None:
        summary = f"Inspection at {of.poe} closed"
        draft.happened("CBP", "TECS", closed, "crossing.inspected", summary, crossing_id=of.crossing_id)
    return fact


def _stay(class_of_admission: str, until: date | None) -> AuthorizedStayFact:
    if until is not None:
        return AuthorizedStayFact("DATE", until)
    if class_of_admission in _DURATION_OF_STATUS:
        return AuthorizedStayFact("DURATION_OF_STATUS", None)
    if class_of_admission in _INDEFINITE:
        return AuthorizedStayFact("INDEFINITE", None)
    return AuthorizedStayFact("UNKNOWN", None)


def admit(
    draft: Draft,
    of: ArrivalFact,
    class_of_admission: str,
    *,
    until: date | None = None,
    sevis_id: str | None = None,
    parole_kind: str | None = None,
    update_flag: str | None = None,
) -> AdmissionFact:
    """An I-94 from the crossing. Without `until` the stay follows from the class: D/S, indefinite, or unknown."""
    at = of.at + timedelta(minutes=40)
    number = draft.identify("I94_NUMBER", draft.numbers.i94(legacy=at.date() < _LEGACY_UNTIL), "CBP", "NIIS", at)
    fact = AdmissionFact(
        i94_number=number,
        crossing_id=of.crossing_id,
        traveler=draft.traveler_id,
        class_of_admission=class_of_admission,
        authorized_stay=_stay(class_of_admission, until),
        poe=of.poe,
        admitted_at=at,
        parole_kind=parole_kind,
        update_flag=update_flag,
        foil_number=of.foil_number,
        sevis_id=sevis_id,
        provenance=source("CBP", "NIIS", at, 1 if update_flag is None else 2),
    )
    draft.admissions.append(fact)
    draft.happened("CBP", "NIIS", at, "crossing.admitted", f"I-94 issued at {of.poe}", crossing_id=of.crossing_id)
    return fact


def depart(
    draft: Draft,
    admission: AdmissionFact | None,
    poe: str,
    at: datetime,
    *,
    mode: str = "AIR",
    method: str = "MANIFEST",
    confidence: float = 0.98,
    matched: datetime | None = None,
) -> DepartureFact:
    """A departure, matched to the admission (None: unmatched) at once or at the instant `matched`."""
    fact = DepartureFact(
        departure_id=draft.numbers.serial("DEP-"),
        i94_number=admission.i94_number if admission else None,
        traveler=draft.traveler_id,
        at=at,
        poe=poe,
        mode=mode,
        method=method,
        match_confidence=confidence,
        provenance=source("CBP", "ADIS", matched or at, 1 if matched is None else 2),
    )
    draft.departures.append(fact)
    draft.happened("CBP", "ADIS", at, "crossing.departed", f"Departed from {poe}", departure_id=fact.departure_id)
    return fact


def find_overstay(draft: Draft, of: AdmissionFact, basis: str, at: datetime, note: str) -> OverstayFindingFact:
    """A formal finding by an immigration judge or USCIS about the admission."""
    fact = OverstayFindingFact(of.i94_number, draft.traveler_id, basis, at, note, source("CBP", "ADIS", at))
    draft.overstay_findings.append(fact)
    return fact


def look_out(
    draft: Draft, kind: str, placed_by: str, at: datetime, instruction: str, expires: datetime | None = None
) -> LookoutFact:
    """A lookout in TECS. It causes no event: its existence is masked."""
    number = draft.numbers.serial("LKT-")
    fact = LookoutFact(number, draft.traveler_id, kind, placed_by, at, expires, instruction, source("CBP", "TECS", at))
    draft.lookouts.append(fact)
    return fact
