"""What sponsors, SEVP and ECA do: each act is one transaction that asks ``laws``, changes rows, and says what happened.

An act on a SEVIS record appends a line to the traveler's timeline; every act appends an event to the outbox.
"""

from __future__ import annotations

from subgraphs.exchange_visitors import codes, inputs, laws
from subgraphs.exchange_visitors.enums import SponsorStatus
from subgraphs.exchange_visitors.tables import ExchangeEventRow, ExchangeVisitorRow, SanctionRow, SponsorRow
from subgraphs.kit import Context, Refusal, Write
from subgraphs.kit.codes import require_code
from subgraphs.kit.identifiers import check

__all__ = ["extend", "sanction", "terminate", "validate"]


async def validate(context: Context, input: inputs.ValidateArrivalInput) -> ExchangeVisitorRow:
    """The record, ACTIVE: the sponsor has seen the participant. A late validation is taken, and told to be late."""
    async with context.writing() as write:
        row = await _record(write, input.sevisId)
        status = laws.RECORD.fire(row.status, "validate")
        await _standing(write, row.program_number, closed=(SponsorStatus.TERMINATED,))
        if objection := laws.validation_objection(row.program_start, context.now.date()):
            raise Refusal("BAD_INPUT", objection)
        row.status, row.status_at, row.validated_at = status, context.now, context.now
        if input.siteName is not None:
            row.site_name, row.site_address = input.siteName, input.siteAddress
        late = laws.validated_late(row.program_start, context.now.date())
        summary = "Arrival validated, late" if late else "Arrival validated"
        _told(context, write, row, "exchange.validated", summary, "arrivalValidated", late=late)
    return row


async def terminate(context: Context, input: inputs.TerminateProgramInput) -> ExchangeVisitorRow:
    """The record, TERMINATED with its code; ports of entry are told by the event."""
    code = require_code("j-termination", input.code)
    async with context.writing() as write:
        row = await _record(write, input.sevisId)
        row.status, row.status_at = laws.RECORD.fire(row.status, "terminate"), context.now
        row.termination_code, row.termination_at = code, context.now
        # the code stays out of summary and event: CONVIC and DISCIP are derogatory
        _told(context, write, row, "exchange.terminated", "Program ended", "programTerminated")
    return row


async def extend(context: Context, input: inputs.ExtendProgramInput) -> ExchangeVisitorRow:
    """The record with its later end; only an ACTIVE record of an ACTIVE sponsor, within the category's limit."""
    async with context.writing() as write:
        row = await _record(write, input.sevisId)
        row.status = laws.RECORD.fire(row.status, "extend")
        await _standing(write, row.program_number, closed=(SponsorStatus.TERMINATED, SponsorStatus.SANCTIONED))
        most = codes.MOST_MONTHS.get(row.category)
        if most is None:
            raise Refusal("BAD_INPUT", "The record's category has no longest stay on file")
        if objection := laws.extension_objection(row.program_start, row.program_end, input.programEnd, most):
            raise Refusal("BAD_INPUT", objection)
        row.program_end = input.programEnd
        _told(context, write, row, "exchange.extended", "Program extended", "programExtended")
    return row


async def sanction(context: Context, input: inputs.SanctionSponsorInput) -> SponsorRow:
    """The sponsor, SANCTIONED, or TERMINATED where the sanction ends the designation."""
    if not input.detail.strip():
        raise Refusal("BAD_INPUT", "A sanction states its detail")
    async with context.writing() as write:
        row = await write.get(SponsorRow, check("PROGRAM_NUMBER", input.programNumber), name="sponsor")
        row.status = laws.SPONSOR.fire(row.status, laws.sanction_step(input.kind))
        row.touch(context.now)
        write.add(
            SanctionRow(
                program_number=row.program_number,
                kind=input.kind,
                at=context.now.date(),
                detail=input.detail,
            )
        )
        write.emit("sponsorSanctioned", "Sponsor", row.program_number, {"status": row.status.name})
    return row


async def _record(write: Write, sevis_id: str) -> ExchangeVisitorRow:
    return await write.get(ExchangeVisitorRow, check("SEVIS_ID", sevis_id), name="SEVIS record")


async def _standing(write: Write, program_number: str, *, closed: tuple[SponsorStatus, ...]) -> None:
    sponsor = await write.get(SponsorRow, program_number, name="sponsor")
    if sponsor.status in closed:
        raise Refusal("ILLEGAL_TRANSITION", "The sponsor's designation does not stand; it cannot act for participants")


def _told(
    context: Context, write: Write, row: ExchangeVisitorRow, kind: str, summary: str, event: str, **more: bool
) -> None:
    row.touch(context.now)
    write.add(
        ExchangeEventRow(
            traveler_id=row.traveler_id,
            at=context.now,
            kind=kind,
            summary=summary,
            sevis_id=row.sevis_id,
            agency="ICE_SEVP",
            system="SEVIS",
            record_version="1",
            as_of=context.now,
            received_at=context.now,
        )
    )
    payload = {"status": row.status.name, "program": row.program_number, **more}
    write.emit(event, "ExchangeVisitor", row.sevis_id, payload)
