"""USCIS's part of a journey as rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from subgraphs.kit.tables import provenance
from subgraphs.kit.world.model import Journey, PetitionFact
from subgraphs.petitions.enums import (
    AsylumKind,
    BenefitStatus,
    FormType,
    PetitionStatus,
    ProtectedKind,
    RequestedAction,
    RevokedBy,
)
from subgraphs.petitions.tables import (
    ActionRow,
    AsylumCaseRow,
    Base,
    BenefitRequestRow,
    PetitionEventRow,
    PetitionRow,
    ProtectedFlagRow,
    SubjectRow,
)

__all__ = ["rows"]


def rows(journey: Journey) -> Iterator[Base]:
    """The rows of one traveler, parents first."""
    for petition in journey.petitions:
        yield _petition(petition)
        for sequence, done in enumerate(petition.history, start=1):
            yield ActionRow(
                receipt_number=petition.receipt_number,
                sequence=sequence,
                code=done.code,
                label=done.label,
                at=done.at,
                office=done.office,
                sensitive=done.sensitive,
            )
    yield from _requests(journey)
    yield from _protections(journey)
    for event in journey.events_of("USCIS"):
        yield PetitionEventRow(
            id=event.id,
            traveler_id=journey.traveler_id,
            at=event.at,
            kind=event.kind,
            summary=event.summary,
            receipt_number=event.reference("receipt_number"),
            **provenance(event.provenance),
        )


def _petition(fact: PetitionFact) -> PetitionRow:
    fraud, memo, pims = fact.fraud_referral, fact.return_memo, fact.pims
    return PetitionRow(
        receipt_number=fact.receipt_number,
        form_type=FormType[fact.form_type],
        supplements=list(fact.supplements),
        classification=fact.classification,
        petitioner_name=fact.petitioner.name,
        petitioner_ein=fact.petitioner.ein,
        petitioner_naics=fact.petitioner.naics,
        petitioner_address=fact.petitioner.address,
        prior_petition_count=fact.petitioner.prior_petition_count,
        beneficiary_id=fact.beneficiary,
        beneficiary_count=fact.beneficiary_count,
        requested_action=RequestedAction[fact.requested_action],
        notify_post=fact.notify_post,
        received_on=fact.received_on,
        decided_on=fact.decided_on,
        status=PetitionStatus[fact.status],
        valid_from=fact.valid_from,
        valid_to=fact.valid_to,
        job_title=fact.job_title,
        wage_annual_usd=fact.wage_annual_usd,
        worksite=fact.worksite,
        lca_number=fact.lca_number,
        premium=fact.premium,
        fraud_referred=fraud and fraud.referred,
        fraud_unit=fraud and fraud.unit,
        fraud_at=fraud and fraud.at,
        fraud_outcome=fraud and fraud.outcome,
        rfe_reasons=list(fact.rfe_reasons),
        return_summary=memo and memo.summary,
        return_category=memo and memo.refusal_category,
        return_at=memo and memo.at,
        revoked_by=RevokedBy[fact.revoked_by] if fact.revoked_by else None,
        related_receipts=list(fact.related_receipts),
        pims_present=pims and pims.present,
        pims_recorded_at=pims and pims.recorded_at,
        pims_verified_by=pims and pims.verified_by,
        **provenance(fact.provenance),
    )


def _requests(journey: Journey) -> Iterator[Base]:
    for request in journey.benefit_requests:
        yield BenefitRequestRow(
            receipt_number=request.receipt_number,
            form=FormType[request.form],
            status=BenefitStatus[request.status],
            filed_on=request.filed_on,
            decided_on=request.decided_on,
            applicant_id=request.applicant,
            **provenance(request.provenance),
        )
    for case in journey.asylum_cases:
        yield AsylumCaseRow(
            case_number=case.case_number,
            kind=AsylumKind[case.kind],
            stage=case.stage,
            filed_on=case.filed_on,
            office=case.office,
            applicant_id=case.applicant,
            **provenance(case.provenance),
        )


def _protections(journey: Journey) -> Iterator[Base]:
    for flag in journey.protected_flags:
        yield ProtectedFlagRow(
            traveler_id=journey.traveler_id,
            kind=ProtectedKind[flag.kind],
            since=flag.since,
            until=flag.until,
            **provenance(flag.provenance),
        )
    if journey.sealed or journey.minor:
        adult_on = _adult_on(journey) if journey.minor else None
        yield SubjectRow(traveler_id=journey.traveler_id, sealed=journey.sealed, adult_on=adult_on)


def _adult_on(journey: Journey) -> dt.date:
    """The eighteenth birthday of somebody who is a minor; the latest one the asserted births allow."""
    parts = [int(part) for part in max(birth.value for birth in journey.birth).split("-")]
    year, month, day = (parts + [12, 28][len(parts) - 1 :])[:3]
    return dt.date(year + 18, month, min(day, 28) if month == 2 else day)
