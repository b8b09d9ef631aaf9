"""What USCIS does to petitions. Each change is a step of the state machine, a history action, an event."""

from __future__ import annotations

import hashlib
from typing import Any

import strawberry
from sqlalchemy import func, select

from subgraphs.kit import Info, Refusal, Write, act
from subgraphs.kit.codes import require_code
from subgraphs.kit.identifiers import check
from subgraphs.kit.world.claims import action
from subgraphs.petitions.entities import Petition
from subgraphs.petitions.enums import PetitionDecision, PetitionStatus, RevocationStep, RevokedBy
from subgraphs.petitions.inputs import (
    DecidePetition,
    ReaffirmPetition,
    ReceivePetition,
    RecordEvidence,
    RequestEvidence,
    ReturnPetitionFromDos,
    RevokePetition,
    SendPetitionToDos,
)
from subgraphs.petitions.loaders import protections_within
from subgraphs.petitions.states import ACTION_OF_STEP, PETITION
from subgraphs.petitions.tables import ActionRow, PetitionEventRow, PetitionRow

__all__ = ["Mutation"]

_STEP_OF_DECISION = {
    PetitionDecision.APPROVED: "approve",
    PetitionDecision.DENIED: "deny",
    PetitionDecision.INTENT_TO_DENY: "intend-to-deny",
    PetitionDecision.WITHDRAWN: "withdraw",
    PetitionDecision.ABANDONED: "abandon",
}
_STEP_OF_REVOKER = {
    RevokedBy.USCIS: "revoke",
    RevokedBy.AUTOMATIC: "revoke-automatically",
    RevokedBy.DOS: "revoke-by-dos",
}


async def _find(write: Write, receipt: str) -> PetitionRow:
    """The petition to change; raises ``Refusal`` NO_SUCH_RECORD where there is none that the caller may know of.

    A statute that keeps a petition from an officer keeps the officer from deciding on it, and from learning of it by
    trying: so this is asked before anything is done, and answered as for a number that nobody has.
    """
    number = check("RECEIPT", receipt)
    row = await write.get(PetitionRow, number, name="petition")
    facts: dict[str, Any] = {"record.formType": row.form_type.name, "record.classification.code": row.classification}
    guards = ("p1367", "asylum2086", "sealed", "minor")
    if row.beneficiary_id is None:
        facts |= {f"subject.{name}": False for name in guards} | {"subject.id": ""}
    else:
        known = await protections_within(write, row.beneficiary_id)
        facts |= {f"subject.{name}": getattr(known, name) for name in guards} | {"subject.id": row.beneficiary_id}
    if not write.context.clear("Petition.status", facts):
        raise Refusal("NO_SUCH_RECORD", "There is no such petition")
    return row


async def _record(write: Write, row: PetitionRow, code: str, note: str | None) -> None:
    """The history action, the timeline event (none for a sensitive action) and the outbox entry of a change."""
    context = write.context
    counted = select(func.max(ActionRow.sequence)).where(ActionRow.receipt_number == row.receipt_number)
    sequence = (await write.session.scalar(counted) or 0) + 1
    done = action(code)
    kind = "petition." + row.status.name.lower().replace("_", "-")
    write.add(
        ActionRow(
            receipt_number=row.receipt_number,
            sequence=sequence,
            code=code,
            label=done.label,
            at=context.now,
            office=context.caller.location or "NBC",
            sensitive=done.sensitive,
            note=note,
        )
    )
    if row.beneficiary_id is not None and not done.sensitive:
        # the traveler's number is random, so nobody can guess an event's id from a receipt number
        seed = f"{row.beneficiary_id}/{row.receipt_number}/{sequence}"
        write.add(
            PetitionEventRow(
                id=f"EV-{hashlib.sha256(seed.encode()).hexdigest()[:20]}",
                traveler_id=row.beneficiary_id,
                at=context.now,
                kind=kind,
                summary=f"{row.form_type.name}: {done.label}",
                receipt_number=row.receipt_number,
                agency=row.agency,
                system=row.system,
                record_version=str(sequence),
                as_of=context.now,
                received_at=context.now,
            )
        )
    write.emit(kind, "Petition", row.receipt_number, {"status": row.status.name, "action": code})


async def _step(write: Write, row: PetitionRow, step: str, note: str | None) -> Petition:
    """Fire the step and record it; raises ``Refusal`` ILLEGAL_TRANSITION."""
    row.status = PETITION.fire(row.status, step)
    row.touch(write.context.now)
    await _record(write, row, ACTION_OF_STEP[step], note)
    return Petition.of(row)


def _validity(input: DecidePetition) -> None:
    """Raise ``Refusal`` BAD_INPUT unless an approval, and only an approval, has a validity that runs forward."""
    start, end = input.validFrom, input.validTo
    if input.decision is not PetitionDecision.APPROVED:
        if start is not None or end is not None:
            raise Refusal("BAD_INPUT", "Only an approval has validFrom and validTo; leave them out")
    elif (start is None) != (end is None):
        raise Refusal("BAD_INPUT", "Give validFrom and validTo together, or neither")
    elif start is not None and end is not None and end < start:
        raise Refusal("BAD_INPUT", "validTo is before validFrom")


@strawberry.type
class Mutation:
    @act(description="Take a petition in. The receipt number must be new.")
    async def receivePetition(self, info: Info, input: ReceivePetition) -> Petition | None:  # noqa: N802 - graph name
        number = check("RECEIPT", input.receiptNumber)
        if input.beneficiaryCount < 1 or (input.beneficiary is not None and input.beneficiaryCount != 1):
            raise Refusal("BAD_INPUT", "A named beneficiary counts as one; unnamed workers are counted from 1")
        async with info.context.writing() as write:
            if await write.session.get(PetitionRow, number) is not None:
                raise Refusal("CONFLICT", "A petition with this receipt number was received before")
            row = _received(info, input, number)
            write.add(row)
            await write.session.flush()  # the history's foreign key needs the petition
            await _record(write, row, "IAA", None)
            return Petition.of(row)

    @act(description="Ask for evidence.")
    async def requestEvidence(self, info: Info, input: RequestEvidence) -> Petition | None:  # noqa: N802 - graph name
        if not any(reason.strip() for reason in input.reasons):
            raise Refusal("BAD_INPUT", "Name at least one reason")
        async with info.context.writing() as write:
            row = await _find(write, input.receiptNumber)
            row.rfe_reasons = [*row.rfe_reasons, *input.reasons]
            return await _step(write, row, "request-evidence", input.note)

    @act(description="Record that evidence came.")
    async def recordEvidence(self, info: Info, input: RecordEvidence) -> Petition | None:  # noqa: N802 - graph name
        async with info.context.writing() as write:
            row = await _find(write, input.receiptNumber)
            return await _step(write, row, "record-evidence", input.note)

    @act(description="Decide, or announce the intent to deny.")
    async def decidePetition(self, info: Info, input: DecidePetition) -> Petition | None:  # noqa: N802 - graph name
        _validity(input)
        async with info.context.writing() as write:
            row = await _find(write, input.receiptNumber)
            if input.decision is PetitionDecision.APPROVED:
                row.valid_from, row.valid_to = input.validFrom, input.validTo
            if input.decision is not PetitionDecision.INTENT_TO_DENY:
                row.decided_on = info.context.now.date()
            return await _step(write, row, _STEP_OF_DECISION[input.decision], input.note)

    @act(description="Ship an approved petition to State.")
    async def sendPetitionToDos(self, info: Info, input: SendPetitionToDos) -> Petition | None:  # noqa: N802
        async with info.context.writing() as write:
            row = await _find(write, input.receiptNumber)
            return await _step(write, row, "send-to-dos", input.note)

    @act(description="Take a petition back from State with its memo.")
    async def returnPetitionFromDos(  # noqa: N802 - graph name
        self, info: Info, input: ReturnPetitionFromDos
    ) -> Petition | None:
        async with info.context.writing() as write:
            row = await _find(write, input.receiptNumber)
            row.return_summary, row.return_category = input.summary, input.refusalCategory
            row.return_at = info.context.now.date()
            return await _step(write, row, "return-from-dos", input.note)

    @act(description="Let the approval stand.")
    async def reaffirmPetition(self, info: Info, input: ReaffirmPetition) -> Petition | None:  # noqa: N802
        async with info.context.writing() as write:
            row = await _find(write, input.receiptNumber)
            return await _step(write, row, "reaffirm", input.note)

    @act(description="Give notice of the intent to revoke, or revoke.")
    async def revokePetition(self, info: Info, input: RevokePetition) -> Petition | None:  # noqa: N802 - graph name
        notice = input.step is RevocationStep.NOTICE_OF_INTENT
        if notice and input.by is not RevokedBy.USCIS:
            raise Refusal("BAD_INPUT", "Only USCIS gives notice of the intent to revoke")
        async with info.context.writing() as write:
            row = await _find(write, input.receiptNumber)
            if not notice:
                row.revoked_by = input.by
            step = "intend-to-revoke" if notice else _STEP_OF_REVOKER[input.by]
            return await _step(write, row, step, input.note)


def _received(info: Info, input: ReceivePetition, number: str) -> PetitionRow:
    """The row of a petition just received; raises ``Refusal`` for a code or a number that is none."""
    now = info.context.now
    return PetitionRow(
        receipt_number=number,
        form_type=input.formType,
        supplements=[item.name for item in input.supplements or ()],
        classification=require_code("petition-class", input.classification),
        petitioner_name=input.petitionerName,
        petitioner_ein=None if input.petitionerEin is None else check("EIN", input.petitionerEin),
        beneficiary_id=None if input.beneficiary is None else check("TRAVELER_ID", str(input.beneficiary)),
        beneficiary_count=input.beneficiaryCount,
        prior_petition_count=0,
        requested_action=input.requestedAction,
        notify_post=None if input.notifyPost is None else require_code("post", input.notifyPost),
        received_on=now.date(),
        status=PetitionStatus.RECEIVED,
        job_title=input.jobTitle,
        premium=input.premium,
        rfe_reasons=[],
        related_receipts=[check("RECEIPT", item) for item in input.relatedReceipts or ()],
        agency="USCIS",
        system="ELIS",
        record_version="1",
        as_of=now,
        received_at=now,
    )
