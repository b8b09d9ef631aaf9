"""The transactions of enforcement: each changes its rows and appends its events together, or does neither."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any, Final

from sqlalchemy import select

from subgraphs.enforcement.enums import CaseState, RemovalStage
from subgraphs.enforcement.inputs import (
    BookIn,
    BookOut,
    PlaceInProceedings,
    RecordEncounter,
    RecordOrder,
    VerifyDeparture,
)
from subgraphs.enforcement.laws import (
    RELEASES,
    STAGES,
    check_charges,
    check_order,
    check_verification,
    order_step,
    referral,
    state_of,
)
from subgraphs.enforcement.tables import (
    DetentionRow,
    EncounterRow,
    EnforcementEventRow,
    RemovalCaseRow,
    SerialRow,
)
from subgraphs.kit import Refusal, Write
from subgraphs.kit.codes import require_code
from subgraphs.kit.identifiers import check
from subgraphs.kit.serials import next_number

__all__ = ["book_in", "book_out", "place_in_proceedings", "record_encounter", "record_order", "verify_departure"]

_OFFICE: Final = re.compile(r"[A-Z]{3}")


async def record_encounter(write: Write, given: RecordEncounter) -> EncounterRow:
    """An encounter, numbered by its office and fiscal year; joined to the case of the same person if one is named."""
    if _OFFICE.fullmatch(given.office) is None:
        raise Refusal("BAD_INPUT", "An office is three capital letters")
    if given.at > write.context.now:
        raise Refusal("BAD_INPUT", "An encounter is recorded after it happened; at is in the future")
    traveler_id = check("TRAVELER_ID", given.travelerId)
    if given.caseId is not None:
        case = await write.get(RemovalCaseRow, given.caseId, name="removal case")
        if case.traveler_id != traveler_id:
            raise Refusal("BAD_INPUT", "The case is not this traveler's")
    year = (given.at.year + (given.at.month >= 10)) % 100  # the fiscal year begins on 1 October
    row = EncounterRow(
        event_number=await next_number(
            SerialRow, write, EncounterRow, lambda serial: f"{given.office}{year:02d}{serial:08d}"
        ),
        subject_id=check("EID_SUBJECT", given.subjectId),
        traveler_id=traveler_id,
        at=given.at,
        kind=given.kind,
        method=given.method,
        alien_number=None if given.alienNumber is None else check("A_NUMBER", given.alienNumber),
        fin=None if given.fin is None else check("FIN", given.fin),
        place=given.place,
        case_id=given.caseId,
        **_source(write, "EID"),
    )
    write.add(row)
    await _happened(write, traveler_id, "enforcement.encounter", "Encounter recorded", "EID", given.at)
    write.emit("encounterRecorded", "EnforcementEncounter", row.event_number, {"kind": row.kind.name})
    return row


async def place_in_proceedings(write: Write, given: PlaceInProceedings) -> RemovalCaseRow:
    """The case that a notice to appear opens on the person of an encounter, or moves on if the encounter has one."""
    check_charges(given.charges)
    court = None if given.court is None else require_code("court", given.court)
    encounter = await write.get(EncounterRow, check("EVENT_NUMBER", given.eventNumber), name="encounter")
    if not encounter.at.date() <= given.ntaServedOn <= write.context.now.date():
        raise Refusal("BAD_INPUT", "A notice to appear is served between the day of the encounter and today")
    row = await _case_of(write, encounter)
    row.stage = STAGES.fire(row.stage, "charge" if court is None else "docket")
    row.state = state_of(row.stage)
    row.charges = list(given.charges)
    row.nta_served_on, row.court = given.ntaServedOn, court or row.court
    row.touch(write.context.now)
    await write.session.flush()  # the encounter refers to the case
    encounter.case_id = row.case_id
    encounter.touch(write.context.now)
    await _happened(write, row.traveler_id, "enforcement.nta", "Notice to appear served", "EARM")
    write.emit("placedInProceedings", "RemovalCase", row.case_id, {"stage": row.stage.name})
    return row


async def record_order(write: Write, given: RecordOrder) -> RemovalCaseRow:
    """The case with the order made in it; the referral to secondary follows from it."""
    row = await write.get(RemovalCaseRow, given.caseId, name="removal case")
    today = write.context.now.date()
    check_order(given.kind, given.on, today, row.nta_served_on, row.stage, final=given.final)
    row.stage = STAGES.fire(row.stage, order_step(given.kind, final=given.final))
    row.state = state_of(row.stage)
    row.order_kind, row.order_by, row.order_on, row.order_final = given.kind, given.by, given.on, given.final
    row.touch(write.context.now)
    await _happened(write, row.traveler_id, "enforcement.order", "Order recorded", "EARM")
    payload = {"stage": row.stage.name, "referral": referral(row.stage, row.order_kind)}
    write.emit("orderRecorded", "RemovalCase", row.case_id, payload)
    return row


async def verify_departure(write: Write, given: VerifyDeparture) -> RemovalCaseRow:
    """The case, closed by proof that the person left under its order."""
    row = await write.get(RemovalCaseRow, given.caseId, name="removal case")
    today = write.context.now.date()
    check_verification(given.on, today, row.order_on, given.proof, i205=given.i205Executed)
    row.stage = STAGES.fire(row.stage, "verify")
    row.state = state_of(row.stage)
    row.left_on, row.left_poe = given.on, require_code("poe", given.poe)
    row.left_proof, row.left_country = given.proof, check("COUNTRY", given.country)
    row.left_i205 = given.i205Executed
    row.touch(write.context.now)
    await _happened(write, row.traveler_id, "enforcement.departure-verified", "Departure verified", "EARM")
    write.emit("departureVerified", "RemovalCase", row.case_id, {"proof": given.proof.name})
    return row


async def book_in(write: Write, given: BookIn) -> DetentionRow:
    """A stay in detention under an open case; a person is in one place at a time."""
    case = await write.get(RemovalCaseRow, given.caseId, name="removal case")
    if case.state is CaseState.CLOSED:
        raise Refusal("ILLEGAL_TRANSITION", "The case is closed; nobody is detained under it")
    if given.at > write.context.now:
        raise Refusal("BAD_INPUT", "A booking is recorded after it happened; at is in the future")
    if given.bondUsd is not None and given.bondUsd < 0:
        raise Refusal("BAD_INPUT", "A bond is not negative; bondUsd is in US cents")
    held = select(DetentionRow.detention_id).where(
        DetentionRow.traveler_id == case.traveler_id, DetentionRow.book_out_at.is_(None)
    )
    if await write.session.scalar(held.limit(1)) is not None:
        raise Refusal("CONFLICT", "The person is in detention; book out there first")
    row = DetentionRow(
        detention_id=await next_number(SerialRow, write, DetentionRow, lambda serial: f"DET-{serial:08d}"),
        case_id=case.case_id,
        traveler_id=case.traveler_id,
        facility=given.facility,
        book_in_at=given.at,
        bond_usd=given.bondUsd,
        classification=given.class_,
        **_source(write, "EARM"),
    )
    write.add(row)
    write.emit("bookedIn", "Detention", row.detention_id)
    return row


async def book_out(write: Write, given: BookOut) -> DetentionRow:
    """The stay in detention, ended with a release code."""
    row = await write.get(DetentionRow, given.detentionId, name="detention")
    if row.book_out_at is not None:
        raise Refusal("ILLEGAL_TRANSITION", "The person was booked out already")
    if not row.book_in_at <= given.at <= write.context.now:
        raise Refusal("BAD_INPUT", "Booking out follows booking in, and is not in the future")
    if given.releaseCode not in RELEASES:
        raise Refusal("BAD_INPUT", f"releaseCode is one of {', '.join(sorted(RELEASES))}")
    row.book_out_at, row.release_code = given.at, given.releaseCode
    row.touch(write.context.now)
    write.emit("bookedOut", "Detention", row.detention_id)
    return row


async def _case_of(write: Write, encounter: EncounterRow) -> RemovalCaseRow:
    """The encounter's case, or a new one; a person has one open case at a time."""
    if encounter.case_id is not None:
        return await write.get(RemovalCaseRow, encounter.case_id, name="removal case")
    open_ = select(RemovalCaseRow.case_id).where(
        RemovalCaseRow.traveler_id == encounter.traveler_id, RemovalCaseRow.state == CaseState.OPEN
    )
    if await write.session.scalar(open_.limit(1)) is not None:
        raise Refusal("CONFLICT", "The person has an open case; name it in caseId when recording the encounter")
    row = RemovalCaseRow(
        case_id=await next_number(SerialRow, write, RemovalCaseRow, lambda serial: f"ERC-{serial:08d}"),
        traveler_id=encounter.traveler_id,
        stage=RemovalStage.ENCOUNTERED,
        state=CaseState.OPEN,
        charges=[],
        stays=[],
        relief=[],
        officer_ref=write.context.caller.user,
        opened_at=write.context.now,
        **_source(write, "EARM"),
    )
    write.add(row)
    await _happened(write, row.traveler_id, "enforcement.case-opened", "Case opened", "EARM")
    return row


async def _happened(
    write: Write, traveler_id: str, kind: str, summary: str, system: str, at: dt.datetime | None = None
) -> None:
    """An event of the traveler's chapter; its words name no charge and no relief."""
    number = await next_number(SerialRow, write, EnforcementEventRow, lambda serial: f"EV-ERO-{serial:08d}")
    source = _source(write, system)
    write.add(
        EnforcementEventRow(
            id=number, traveler_id=traveler_id, at=at or write.context.now, kind=kind, summary=summary, **source
        )
    )


def _source(write: Write, system: str) -> dict[str, Any]:
    now = write.context.now
    return {"agency": "ICE_ERO", "system": system, "record_version": "1", "as_of": now, "received_at": now}
