"""What consular officers do: each act is one transaction that asks ``laws``, changes rows, and says what happened.

Every act appends a line to the traveler's timeline and an event to the outbox in the same transaction. No act takes
anything from another agency as its cause: a recommendation is read by the officer, not by this module.
"""

from __future__ import annotations

import re

from sqlalchemy import select

from subgraphs.kit import Context, Refusal, Write
from subgraphs.kit.codes import LISTS, require_code
from subgraphs.kit.identifiers import check
from subgraphs.visas import inputs, laws
from subgraphs.visas.enums import BiometricResult, RevocationKind, VisaStatus
from subgraphs.visas.enums import VisaApplicationStatus as S
from subgraphs.visas.tables import ConsularNoteRow, RefusalRow, VisaApplicationRow, VisaEventRow, VisaRow

__all__ = [
    "adjudicate",
    "interview",
    "issue",
    "record_disposition",
    "refuse",
    "return_to_adjudication",
    "revoke",
    "schedule",
    "submit",
]

_GROUND = re.compile(r"(203\(g\)|21[24]\([a-z]\)|221\(g\)|222\(g\)|243\(d\))(\([0-9A-Za-z]+\))*")
NOTIFIED = ["CBP", "ICE_VSP"]


async def submit(context: Context, input: inputs.SubmitApplicationInput) -> VisaApplicationRow:
    """The application, SUBMITTED; raises ``Refusal`` for a bad form, CONFLICT where the number is in use."""
    number = check("APPLICATION_ID", input.applicationId)
    visa_class, post = require_code("coa", input.visaClass), require_code("post", input.post)
    if input.passport.expires <= context.now.date():
        raise Refusal("BAD_INPUT", "The passport has expired; apply on a valid one")
    receipts = [check("RECEIPT", receipt) for receipt in input.petitionReceipts or []]
    async with context.writing() as write:
        row = await write.session.get(VisaApplicationRow, number)
        if row is None:
            row = VisaApplicationRow(application_id=number, status=S.DRAFT, fees=[], applicant_id=str(input.travelerId))
            _new(context, row)
            write.add(row)
        elif row.status is not S.DRAFT or row.applicant_id != str(input.travelerId):
            raise Refusal("CONFLICT", "An application with this number was already submitted")
        row.kind, row.visa_class, row.post = input.kind, visa_class, post
        row.petition_receipts = receipts
        row.sevis_id = check("SEVIS_ID", input.sevisId) if input.sevisId else None
        row.submitted_at = context.now
        _fill_form(row, input)
        _move(context, write, row, "submit", "application.submitted", f"{row.visa_class} application submitted")
    return row


async def schedule(context: Context, input: inputs.ScheduleInterviewInput) -> VisaApplicationRow:
    """The application, SCHEDULED or INTERVIEW_WAIVED; a fee given is booked first, as a step of its own."""
    if (input.at is None) == (input.waiver is None):
        raise Refusal("BAD_INPUT", "Give either the instant of the interview or the waiver of it")
    if input.at is not None and input.at <= context.now:
        raise Refusal("BAD_INPUT", "An interview is scheduled for an instant still to come")
    async with context.writing() as write:
        row = await _application(context, write, input.applicationId)
        if input.fee is not None:
            if input.fee.usdMinor < 0:
                raise Refusal("BAD_INPUT", "A fee is not negative")
            row.fees = [*row.fees, {"code": input.fee.code, "usdMinor": input.fee.usdMinor}]
            _move(context, write, row, "pay", "application.fee_paid", "Fee paid")
        if input.waiver is not None:
            row.waiver_waived, row.waiver_authority = True, input.waiver.authority
            row.waiver_rule_version = input.waiver.ruleVersion
            _move(context, write, row, "waive", "application.interview_waived", "Interview waived")
        else:
            row.interview_at = input.at
            _move(context, write, row, "schedule", "application.scheduled", "Interview scheduled")
    return row


async def interview(context: Context, input: inputs.RecordInterviewInput) -> VisaApplicationRow:
    """The application, IN_ADJUDICATION: prints were taken and answered, and the officer has seen the applicant."""
    if input.biometricResult is BiometricResult.HIT and not input.fin:
        raise Refusal("BAD_INPUT", "A hit names the identity it hit: give fin")
    async with context.writing() as write:
        row = await _application(context, write, input.applicationId)
        if row.status is not S.BIOMETRICS_TAKEN:
            waived = row.status is S.INTERVIEW_WAIVED
            _move(context, write, row, "take_biometrics", "application.biometrics", "Biometrics taken")
            row.interview_at = row.interview_at if waived else context.now
        row.biometric_result, row.biometric_submitted_at = input.biometricResult, context.now
        row.biometric_fin = check("FIN", input.fin) if input.fin else row.biometric_fin
        _note(context, write, row, input.note)
        row.officer = context.caller.user or row.officer
        _move(context, write, row, "interview", "application.interviewed", "Interview")
    return row


async def adjudicate(context: Context, input: inputs.AdjudicateApplicationInput) -> VisaApplicationRow:
    """The application, APPROVED_NOT_ISSUED or in ADMINISTRATIVE_PROCESSING (a 221(g) refusal on record)."""
    approved = input.decision is inputs.AdjudicationDecision.APPROVED
    if approved and input.advisoryProgram:
        raise Refusal("BAD_INPUT", "An advisory opinion goes with ADMINISTRATIVE_PROCESSING")
    async with context.writing() as write:
        row = await _application(context, write, input.applicationId)
        before = row.status
        _note(context, write, row, input.note)
        row.decided_at = context.now
        if approved:
            if row.biometric_result is None or row.biometric_result is BiometricResult.UNAVAILABLE:
                raise Refusal("BAD_INPUT", "No approval without an answer to the biometric check")
            _move(context, write, row, "approve", "application.approved", "Approved")
            await _overcome(write, row)
            return row
        if before is not S.REFUSED_221G_DOCUMENTS:
            write.add(_refusal(context, row, "221(g)"))
        if input.advisoryProgram:
            row.sao_requested, row.sao_program, row.sao_requested_at = True, input.advisoryProgram, context.now
            row.sao_replied_at = row.sao_reply = None
        _move(context, write, row, "process", "application.refused", "Refused")
    return row


async def refuse(context: Context, input: inputs.RefuseVisaInput) -> VisaApplicationRow:
    """The application, in the refusal status that the ground leads to, with the refusal on record."""
    if not _GROUND.fullmatch(input.ground):
        raise Refusal("BAD_INPUT", "ground is a citation of the Act, such as 221(g), 214(b) or 212(a)(6)(C)(i)")
    async with context.writing() as write:
        row = await _application(context, write, input.applicationId)
        if input.ground == "214(b)" and row.kind.name == "IV":
            raise Refusal("BAD_INPUT", "214(b) is no ground for refusing an immigrant visa")
        _note(context, write, row, input.note)
        row.decided_at = context.now
        write.add(_refusal(context, row, input.ground))
        _move(context, write, row, laws.refusal_step(input.ground), "application.refused", "Refused")
    return row


async def issue(context: Context, input: inputs.IssueVisaInput) -> VisaRow:
    """The visa; its application is ISSUED. Raises ``Refusal`` unless the application is APPROVED_NOT_ISSUED."""
    foil, control = check("FOIL_NUMBER", input.foilNumber), check("CONTROL_NUMBER", input.controlNumber)
    issued_on = input.issuedOn or context.now.date()
    if objection := laws.validity_objection(issued_on, input.expiresOn):
        raise Refusal("BAD_INPUT", objection)
    async with context.writing() as write:
        row = await _application(context, write, input.applicationId)
        taken = (VisaRow.foil_number == foil) | (VisaRow.control_number == control)
        if (await write.session.scalars(select(VisaRow).where(taken))).first() is not None:
            raise Refusal("CONFLICT", "A visa with this foil or control number was already issued")
        visa = VisaRow(
            foil_number=foil,
            control_number=control,
            application_id=row.application_id,
            holder_id=row.applicant_id,
            visa_class=row.visa_class,
            issued_on=issued_on,
            expires_on=input.expiresOn,
            entries=input.entries,
            annotation=input.annotation,
            issuing_post=row.post,
            status=VisaStatus.ISSUED,
            passport_number=row.passport_number,
        )
        _new(context, visa)
        visa.touch(context.now)
        write.add(visa)
        _move(context, write, row, "issue", "visa.issued", f"{row.visa_class} visa issued", foil=foil)
        write.emit("visaIssued", "Visa", foil, {"status": visa.status.name, "applicationId": row.application_id})
    return visa


async def revoke(context: Context, input: inputs.RevokeVisaInput) -> VisaRow:
    """The visa, REVOKED or CANCELED, and its application with it; ports of entry are told by the event."""
    effective = input.effective or context.now
    if input.kind is not RevocationKind.CANCELED_WITHOUT_PREJUDICE and not input.ground.strip():
        raise Refusal("BAD_INPUT", "A revocation names its ground")
    async with context.writing() as write:
        visa = await write.get(VisaRow, check("FOIL_NUMBER", input.foilNumber), name="visa")
        row = await write.get(VisaApplicationRow, visa.application_id, name="visa application")
        step = laws.revocation_step(input.kind)
        visa.status = laws.VISA.fire(visa.status, step)
        visa.status_basis = input.reason
        visa.revocation_kind, visa.revocation_ground = input.kind, input.ground
        visa.revocation_at, visa.revocation_effective = context.now, effective
        visa.revocation_notice_to = list(NOTIFIED)
        visa.touch(context.now)
        _move(context, write, row, step, "visa.revoked", "Visa revoked", foil=visa.foil_number)
        payload = {"status": visa.status.name, "kind": input.kind.name, "effective": effective.isoformat()}
        write.emit("visaRevoked", "Visa", visa.foil_number, payload)
    return visa


async def return_to_adjudication(context: Context, input: inputs.ReturnToAdjudicationInput) -> VisaApplicationRow:
    """The application, open again: an approval not yet printed is taken back, or a 221(g) refusal overcome."""
    async with context.writing() as write:
        row = await _application(context, write, input.applicationId)
        _note(context, write, row, input.reason)
        if row.status in laws.CORRECTABLE:
            await _overcome(write, row)
        row.decided_at = None
        _move(context, write, row, "return", "application.returned", "Returned to adjudication")
    return row


async def record_disposition(context: Context, input: inputs.RecordConsularDispositionInput) -> VisaApplicationRow:
    """The application, with what the post did about a recommendation; its status stays as the officer left it."""
    async with context.writing() as write:
        row = await _application(context, write, input.applicationId)
        if objection := laws.disposition_objection(input.disposition, row.status):
            raise Refusal("ILLEGAL_TRANSITION", objection)
        row.consular_disposition = input.disposition
        row.touch(context.now)
        _tell(context, write, row, "application.disposition", "Answer to the security recommendation recorded")
        payload = {"disposition": input.disposition.name}
        write.emit("consularDispositionRecorded", "VisaApplication", row.application_id, payload)
    return row


async def _application(context: Context, write: Write, number: str) -> VisaApplicationRow:
    row = await write.get(VisaApplicationRow, check("APPLICATION_ID", number), name="visa application")
    # an officer abroad acts on the applications of that post only; a caller elsewhere (Washington) is at no post
    if context.caller.location in LISTS["post"].keys() - {row.post}:
        raise Refusal("NOT_PERMITTED", "The application is at another post; only an officer there can act on it")
    return row


def _move(
    context: Context, write: Write, row: VisaApplicationRow, step: str, kind: str, summary: str, foil: str | None = None
) -> None:
    row.status = laws.APPLICATION.fire(row.status, step)
    row.touch(context.now)
    _tell(context, write, row, kind, summary, foil)
    payload = {"status": row.status.name, "post": row.post}
    write.emit("applicationStatusChanged", "VisaApplication", row.application_id, payload)


def _tell(
    context: Context, write: Write, row: VisaApplicationRow, kind: str, summary: str, foil: str | None = None
) -> None:
    told = VisaEventRow(
        traveler_id=row.applicant_id,
        at=context.now,
        kind=kind,
        summary=summary,
        application_id=row.application_id,
        foil_number=foil,
    )
    _new(context, told)
    told.touch(context.now)
    write.add(told)


def _new(context: Context, row: VisaApplicationRow | VisaRow | VisaEventRow) -> None:
    row.agency, row.system, row.record_version = "STATE_CA", "CCD", "0"
    row.as_of = row.received_at = context.now


def _note(context: Context, write: Write, row: VisaApplicationRow, text: str | None) -> None:
    if text:
        author = context.caller.user or context.caller.role
        write.add(ConsularNoteRow(application_id=row.application_id, at=context.now, author=author, text=text))


def _refusal(context: Context, row: VisaApplicationRow, ground: str) -> RefusalRow:
    return RefusalRow(
        application_id=row.application_id,
        family=laws.ground_family(ground),
        ground=ground,
        at=context.now,
        post=row.post,
        overcome=False,
    )


async def _overcome(write: Write, row: VisaApplicationRow) -> None:
    """Mark the open 221(g) refusals of ``row`` overcome."""
    open_ones = select(RefusalRow).where(
        RefusalRow.application_id == row.application_id,
        RefusalRow.ground == "221(g)",
        RefusalRow.overcome.is_(False),
    )
    for refusal in await write.session.scalars(open_ones):
        refusal.overcome = True


def _fill_form(row: VisaApplicationRow, input: inputs.SubmitApplicationInput) -> None:
    passport, answers = input.passport, input.answers
    row.passport_number, row.passport_issuer = passport.number, passport.issuer
    row.passport_issued, row.passport_expires, row.passport_mrz = passport.issued, passport.expires, passport.mrz
    row.ds_employer, row.ds_travel_plans = answers.employer, answers.travelPlans
    row.ds_prior_travel = answers.priorTravel
    row.ds_social_media, row.ds_security_answers = answers.socialMedia or [], answers.securityAnswers or []
