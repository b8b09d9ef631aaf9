"""State's part of a synthetic journey, as rows: applications, visas, petition evidence, timeline."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from subgraphs.kit.tables import provenance
from subgraphs.kit.world.model import Journey, RefusalFact, VisaApplicationFact, VisaFact
from subgraphs.visas.enums import (
    ApplicationKind,
    BiometricResult,
    ConsularDisposition,
    RevocationKind,
    VisaApplicationStatus,
    VisaEntries,
    VisaStatus,
)
from subgraphs.visas.tables import (
    Base,
    ConsularNoteRow,
    PimsRow,
    RefusalRow,
    VisaApplicationRow,
    VisaEventRow,
    VisaRow,
)

__all__ = ["rows"]


def rows(journey: Journey) -> Iterator[Base]:
    """The rows of ``journey`` that are State's, parents before children."""
    for application in journey.visa_applications:
        yield _application(application)
        for refusal in application.refusals:
            yield _refusal(application.application_id, refusal)
        for note in application.consular_notes:
            yield ConsularNoteRow(
                application_id=application.application_id, at=note.at, author=note.author, text=note.text
            )
    for visa in journey.visas:
        yield _visa(visa)
    for petition in journey.petitions:
        if petition.pims is not None:
            yield PimsRow(
                receipt_number=petition.receipt_number,
                present=petition.pims.present,
                recorded_at=petition.pims.recorded_at,
                verified_by=petition.pims.verified_by,
                **provenance(petition.pims.provenance),
            )
    for event in journey.events_of("STATE_CA"):
        yield VisaEventRow(
            id=event.id,
            traveler_id=journey.traveler_id,
            at=event.at,
            kind=event.kind,
            summary=event.summary,
            application_id=event.reference("application_id"),
            foil_number=event.reference("foil_number"),
            **provenance(event.provenance),
        )


def _application(fact: VisaApplicationFact) -> VisaApplicationRow:
    disposition = fact.consular_disposition
    return VisaApplicationRow(
        application_id=fact.application_id,
        applicant_id=fact.applicant,
        kind=ApplicationKind[fact.kind],
        visa_class=fact.visa_class,
        post=fact.post,
        status=VisaApplicationStatus[fact.status],
        submitted_at=fact.submitted_at,
        interview_at=fact.interview_at,
        decided_at=fact.decided_at,
        petition_receipts=list(fact.petition_receipts),
        sevis_id=fact.sevis_id,
        fees=[{"code": fee.code, "usdMinor": fee.usd_minor} for fee in fact.fees],
        officer=fact.officer,
        consular_disposition=ConsularDisposition[disposition] if disposition else None,
        passport_number=fact.passport.number,
        passport_issuer=fact.passport.issuer,
        passport_issued=fact.passport.issued,
        passport_expires=fact.passport.expires,
        passport_mrz=fact.passport.mrz,
        ds_employer=fact.ds_answers.employer,
        ds_travel_plans=fact.ds_answers.travel_plans,
        ds_prior_travel=fact.ds_answers.prior_travel,
        ds_social_media=list(fact.ds_answers.social_media),
        ds_security_answers=list(fact.ds_answers.security_answers),
        **_checks(fact),
        **provenance(fact.provenance),
    )


def _checks(fact: VisaApplicationFact) -> dict[str, Any]:
    """The columns of the groups an application may lack."""
    columns: dict[str, Any] = {}
    if (waiver := fact.interview_waiver) is not None:
        columns |= {
            "waiver_waived": waiver.waived,
            "waiver_authority": waiver.authority,
            "waiver_rule_version": waiver.rule_version,
        }
    if (sao := fact.sao) is not None:
        columns |= {
            "sao_requested": sao.requested,
            "sao_program": sao.program,
            "sao_requested_at": sao.requested_at,
            "sao_replied_at": sao.replied_at,
            "sao_reply": sao.reply,
        }
    if (biometric := fact.biometric_check) is not None:
        columns |= {
            "biometric_fin": biometric.fin,
            "biometric_submitted_at": biometric.submitted_at,
            "biometric_result": BiometricResult[biometric.result],
        }
    if (fraud := fact.fraud_prevention) is not None:
        columns |= {"fraud_referred": fraud.referred, "fraud_outcome": fraud.outcome}
    return columns


def _refusal(application_id: str, fact: RefusalFact) -> RefusalRow:
    waiver = fact.waiver
    return RefusalRow(
        application_id=application_id,
        family=fact.family,
        ground=fact.ground,
        at=fact.at,
        post=fact.post,
        overcome=fact.overcome,
        waiver_kind=waiver and waiver.kind,
        waiver_recommendation=waiver and waiver.recommendation,
        waiver_decided_by=waiver and waiver.decided_by,
        waiver_valid_to=waiver and waiver.valid_to,
    )


def _visa(fact: VisaFact) -> VisaRow:
    columns: dict[str, Any] = {}
    if (revocation := fact.revocation) is not None:
        columns = {
            "revocation_kind": RevocationKind[revocation.kind],
            "revocation_at": revocation.at,
            "revocation_effective": revocation.effective,
            "revocation_notice_to": list(revocation.notice_to),
            "revocation_ground": revocation.ground,
        }
    return VisaRow(
        foil_number=fact.foil_number,
        control_number=fact.control_number,
        application_id=fact.application_id,
        holder_id=fact.holder,
        visa_class=fact.visa_class,
        issued_on=fact.issued_on,
        expires_on=fact.expires_on,
        entries=VisaEntries[fact.entries],
        annotation=fact.annotation,
        issuing_post=fact.issuing_post,
        status=VisaStatus[fact.status],
        status_basis=fact.status_basis,
        passport_number=fact.passport_number,
        mrz=fact.mrz,
        **columns,
        **provenance(fact.provenance),
    )
