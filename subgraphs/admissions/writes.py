"""The transactions of the border: each changes its rows and appends its events together, or does neither."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from sqlalchemy import select, update

from subgraphs.admissions.enums import (
    CrossingDirection,
    InspectionOutcome,
    InspectionStage,
    InspectionState,
    OverstayBasis,
    UpdateFlag,
)
from subgraphs.admissions.inputs import (
    OpenInspection,
    PlaceLookout,
    RecordDeparture,
    RecordInspection,
    RecordOverstayFinding,
    ReferToSecondary,
)
from subgraphs.admissions.laws import (
    CONFIDENCE,
    INSPECTION,
    Granted,
    check_admission,
    check_outcome,
    i94_number,
)
from subgraphs.admissions.ports import day_before, local_day
from subgraphs.admissions.tables import (
    AdmissionRow,
    ArrivalRow,
    CrossingEventRow,
    DepartureRow,
    FindingRow,
    InspectionRow,
    LookoutRow,
    SerialRow,
)
from subgraphs.kit import Refusal, Write
from subgraphs.kit.codes import require_code
from subgraphs.kit.identifiers import check
from subgraphs.kit.serials import next_number

__all__ = [
    "open_inspection",
    "place_lookout",
    "record_departure",
    "record_finding",
    "record_inspection",
    "refer_to_secondary",
]


async def open_inspection(write: Write, given: OpenInspection) -> InspectionRow:
    """A primary inspection of a crossing on record, or of one that begins now; one at a time per crossing."""
    arrival = await _arrival(write, given)
    open_ = select(InspectionRow.inspection_id).where(
        InspectionRow.crossing_id == arrival.crossing_id, InspectionRow.state == InspectionState.OPEN
    )
    if await write.session.scalar(open_.limit(1)) is not None:
        raise Refusal("CONFLICT", "An inspection of this crossing is open; record its outcome first")
    row = InspectionRow(
        inspection_id=await next_number(SerialRow, write, InspectionRow, _series(f"INS-{arrival.poe}-")),
        crossing_id=arrival.crossing_id,
        traveler_id=arrival.traveler_id,
        stage=InspectionStage.PRIMARY,
        port=arrival.poe,
        state=InspectionState.OPEN,
        opened_at=write.context.now,
        officer_ref=write.context.caller.user,
        forms=[],
        biometric_match=given.biometricMatch,
        **_source(write, "TECS"),
    )
    write.add(row)
    write.emit("inspectionOpened", "Inspection", row.inspection_id, {"port": row.port, "stage": row.stage.name})
    return row


async def refer_to_secondary(write: Write, given: ReferToSecondary) -> InspectionRow:
    """The secondary inspection that an open primary one is referred to; the primary closes with the referral."""
    if not given.referredFor.strip():
        raise Refusal("BAD_INPUT", "Say in referredFor what secondary is to look at")
    primary = await write.get(InspectionRow, given.inspectionId, name="inspection")
    if primary.stage is not InspectionStage.PRIMARY:
        raise Refusal("ILLEGAL_TRANSITION", "Only a primary inspection is referred to secondary")
    _close(write, primary, "refer", InspectionOutcome.REFERRED_SECONDARY)
    row = InspectionRow(
        inspection_id=await next_number(SerialRow, write, InspectionRow, _series(f"INS-{primary.port}-")),
        crossing_id=primary.crossing_id,
        traveler_id=primary.traveler_id,
        stage=InspectionStage.SECONDARY,
        port=primary.port,
        state=InspectionState.OPEN,
        opened_at=write.context.now,
        officer_ref=write.context.caller.user,
        forms=[],
        referred_for=given.referredFor,
        biometric_match=primary.biometric_match,
        **_source(write, "TECS"),
    )
    write.add(row)
    write.emit("inspectionReferred", "Inspection", primary.inspection_id, {"secondary": row.inspection_id})
    return row


async def record_inspection(write: Write, given: RecordInspection) -> InspectionRow:
    """The inspection with its outcome; an outcome that lets the traveler in issues an I-94 with it."""
    row = await write.get(InspectionRow, given.inspectionId, name="inspection")
    check_outcome(row.stage, given.outcome, given.forms)
    granted = _granted(given)
    check_admission(given.outcome, granted, local_day(row.port, write.context.now))
    _close(write, row, "record", given.outcome)
    row.reason, row.forms, row.narrative = given.reason, given.forms, given.narrative
    payload: dict[str, Any] = {}  # not the outcome: a credible-fear referral is protected (8 CFR 208.6)
    await _happened(write, row.traveler_id, "crossing.inspected", f"Inspection at {row.port} closed", "TECS")
    if granted is not None:
        admission = await _admit(write, row, granted, given)
        payload["i94Number"] = admission.i94_number
    write.emit("inspectionRecorded", "Inspection", row.inspection_id, payload)
    return row


async def record_departure(write: Write, given: RecordDeparture) -> DepartureRow:
    """A departure; matched to the admission named, which must be this traveler's and before it."""
    poe = require_code("poe", given.poe)
    if given.at > write.context.now:
        raise Refusal("BAD_INPUT", "A departure is recorded after it happened; at is in the future")
    confidence = given.matchConfidence
    if confidence is None:
        confidence = CONFIDENCE[given.method] if given.i94Number is not None else 0.0
    if not 0 <= confidence <= 1:
        raise Refusal("BAD_INPUT", "matchConfidence goes from 0 to 1")
    traveler_id = check("TRAVELER_ID", given.travelerId)
    number = None if given.i94Number is None else check("I94_NUMBER", given.i94Number)
    if number is not None:
        admission = await write.get(AdmissionRow, number, name="admission")
        if admission.traveler_id != traveler_id or given.at < admission.admitted_at:
            raise Refusal("BAD_INPUT", "A departure is matched to an earlier admission of the same traveler")
        admission.lead_after = None
    row = DepartureRow(
        departure_id=await next_number(SerialRow, write, DepartureRow, _series("DEP-")),
        i94_number=number,
        traveler_id=traveler_id,
        at=given.at,
        poe=poe,
        mode=given.mode,
        method=given.method,
        match_confidence=confidence,
        **_source(write, "ADIS"),
    )
    write.add(row)
    await _happened(write, row.traveler_id, "crossing.departed", f"Departed from {row.poe}", "ADIS", given.at)
    write.emit("departureRecorded", "Departure", row.departure_id, {"matched": row.i94_number is not None})
    return row


async def place_lookout(write: Write, given: PlaceLookout) -> LookoutRow:
    """A lookout, placed by the caller; it makes no event of the traveler's chapter, since that would show it."""
    if given.expires is not None and given.expires <= write.context.now:
        raise Refusal("BAD_INPUT", "A lookout expires in the future; give a later expires or none")
    if not given.kind.strip() or not given.instruction.strip():
        raise Refusal("BAD_INPUT", "A lookout names its kind and says what to do")
    row = LookoutRow(
        lookout_id=await next_number(SerialRow, write, LookoutRow, _series("LKT-")),
        traveler_id=check("TRAVELER_ID", given.travelerId),
        kind=given.kind,
        placed_by=write.context.caller.agency,
        at=write.context.now,
        expires=given.expires,
        instruction=given.instruction,
        **_source(write, "TECS"),
    )
    write.add(row)
    write.emit("lookoutPlaced", "Lookout", row.lookout_id)
    return row


async def record_finding(write: Write, given: RecordOverstayFinding) -> AdmissionRow:
    """The admission that an immigration judge or USCIS found to be overstayed, flagged so."""
    if given.basis not in {OverstayBasis.IJ_FINDING, OverstayBasis.USCIS_FINDING}:
        raise Refusal("BAD_INPUT", "Only an immigration judge or USCIS finds; basis is IJ_FINDING or USCIS_FINDING")
    row = await write.get(AdmissionRow, check("I94_NUMBER", given.i94Number), name="admission")
    if not row.admitted_at <= given.foundAt <= write.context.now:
        raise Refusal("BAD_INPUT", "A finding is made after the admission and before now")
    if row.update_flag is UpdateFlag.ADJUSTED:
        raise Refusal("CONFLICT", "The traveler became a permanent resident; the stay cannot be overstayed")
    write.add(
        FindingRow(
            i94_number=row.i94_number,
            basis=given.basis,
            found_at=given.foundAt,
            note=given.note,
            **_source(write, "ADIS"),
        )
    )
    row.update_flag = UpdateFlag.OVERSTAYED
    row.lead_after = day_before(given.foundAt)
    row.touch(write.context.now)
    write.emit("overstayFound", "Admission", row.i94_number, {"basis": given.basis.name})
    return row


async def _arrival(write: Write, given: OpenInspection) -> ArrivalRow:
    begins = (given.travelerId, given.port, given.mode, given.document)
    if given.crossingId is not None:
        if any(item is not None for item in begins):
            raise Refusal("BAD_INPUT", "Give crossingId alone, or the travelerId, port, mode and document of a new one")
        row = await write.get(ArrivalRow, given.crossingId, name="crossing")
        if row.direction is not CrossingDirection.INBOUND:
            raise Refusal("BAD_INPUT", "Only an inbound crossing is inspected")
        return row
    if given.travelerId is None or given.port is None or given.mode is None or given.document is None:
        raise Refusal("BAD_INPUT", "Give crossingId, or the travelerId, port, mode and document of a new one")
    row = ArrivalRow(
        crossing_id=await next_number(SerialRow, write, ArrivalRow, _series("XNG-")),
        traveler_id=check("TRAVELER_ID", given.travelerId),
        poe=require_code("poe", given.port),
        mode=given.mode,
        at=write.context.now,
        direction=CrossingDirection.INBOUND,
        document=check("PASSPORT", given.document),
        foil_number=None if given.foilNumber is None else check("FOIL_NUMBER", given.foilNumber),
        **_source(write, "NIIS"),
    )
    write.add(row)
    await write.session.flush()  # the inspection refers to it
    await _happened(write, row.traveler_id, "crossing.arrived", f"Arrived at {row.poe}", "NIIS")
    return row


def _granted(given: RecordInspection) -> Granted | None:
    if given.classOfAdmission is None and given.stay is None and given.paroleKind is None:
        return None
    if given.classOfAdmission is None or given.stay is None:
        raise Refusal("BAD_INPUT", "Give classOfAdmission and stay together")
    class_ = require_code("coa", given.classOfAdmission)
    parole = None if given.paroleKind is None else require_code("parole", given.paroleKind)
    return Granted(class_, given.stay.kind, given.stay.until, parole)


async def _admit(write: Write, row: InspectionRow, granted: Granted, given: RecordInspection) -> AdmissionRow:
    arrival = await write.get(ArrivalRow, row.crossing_id, name="crossing")
    earlier = update(AdmissionRow).where(AdmissionRow.traveler_id == row.traveler_id)
    await write.session.execute(earlier.values(lead_after=None))
    admission = AdmissionRow(
        i94_number=await next_number(SerialRow, write, AdmissionRow, i94_number),
        crossing_id=row.crossing_id,
        traveler_id=row.traveler_id,
        class_of_admission=granted.class_of_admission,
        stay_kind=granted.kind,
        stay_until=granted.until,
        poe=row.port,
        admitted_at=write.context.now,
        parole_kind=granted.parole_kind,
        foil_number=arrival.foil_number,
        sevis_id=None if given.sevisId is None else check("SEVIS_ID", given.sevisId),
        program_category=None if given.programCategory is None else require_code("j-category", given.programCategory),
        **_source(write, "NIIS"),
    )
    write.add(admission)
    await _happened(write, row.traveler_id, "crossing.admitted", f"I-94 issued at {row.port}", "NIIS")
    return admission


def _close(write: Write, row: InspectionRow, step: str, outcome: InspectionOutcome) -> None:
    row.state = INSPECTION.fire(row.state, step)
    row.outcome = outcome
    row.closed_at = write.context.now
    row.touch(write.context.now)


async def _happened(
    write: Write, traveler_id: str, kind: str, summary: str, system: str, at: dt.datetime | None = None
) -> None:
    """An event of the traveler's chapter; neither kind nor words say how an inspection ended."""
    number = await next_number(SerialRow, write, CrossingEventRow, _series("EV-CBP-"))
    source = _source(write, system)
    write.add(
        CrossingEventRow(
            id=number, traveler_id=traveler_id, at=at or write.context.now, kind=kind, summary=summary, **source
        )
    )


def _series(prefix: str) -> Callable[[int], str]:
    return lambda serial: f"{prefix}{serial:08d}"


def _source(write: Write, system: str) -> dict[str, Any]:
    now = write.context.now
    return {"agency": "CBP", "system": system, "record_version": "1", "as_of": now, "received_at": now}
