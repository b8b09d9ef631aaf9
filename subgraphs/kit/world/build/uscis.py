"""USCIS facts: petitions with their history, benefit requests, asylum cases, protection flags."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from subgraphs.kit.world.build.draft import Draft, source
from subgraphs.kit.world.claims import action, status_after
from subgraphs.kit.world.model import (
    AsylumCaseFact,
    BenefitRequestFact,
    FraudReferralFact,
    PetitionActionFact,
    PetitionerFact,
    PetitionFact,
    PimsFact,
    ProtectedFlagFact,
    ReturnMemoFact,
)

__all__ = ["Job", "Step", "asylum", "benefit", "petition", "pims", "protect", "record"]

Step = tuple[str, datetime]
_DECIDED = frozenset({"APPROVED", "DENIED", "ABANDONED", "WITHDRAWN", "REJECTED"})
_STANDING = frozenset({"APPROVED", "SENT_TO_DOS", "VISA_ISSUED_BY_DOS", "REAFFIRMED"})


@dataclass(frozen=True, slots=True)
class Job:
    """What an employer's petition says about the work; wage in USD minor units a year."""

    title: str
    wage_annual_usd: int
    worksite: str
    lca_number: str | None = None


def petition(
    draft: Draft,
    form_type: str,
    classification: str,
    petitioner: PetitionerFact,
    steps: Sequence[Step],
    *,
    supplements: tuple[str, ...] = (),
    action_requested: str = "NEW",
    notify_post: str | None = None,
    valid: tuple[date, date] | None = None,
    job: Job | None = None,
    premium: bool = False,
    fraud_referral: FraudReferralFact | None = None,
    rfe_reasons: tuple[str, ...] = (),
    return_memo: ReturnMemoFact | None = None,
    revoked_by: str | None = None,
    related: tuple[str, ...] = (),
    pims_record: PimsFact | None = None,
    office: str = "CSC",
    electronic: bool = True,
    unnamed_beneficiaries: int = 0,
) -> PetitionFact:
    """A petition for this traveler (or, with `unnamed_beneficiaries`, for that many unnamed workers).

    Its status follows from the history steps (code, instant), oldest first. The first step must be the receipt. An approved petition whose validity has ended reads EXPIRED (derived, no event).
    """
    history = tuple(
        PetitionActionFact(code, action(code).label, at, office, action(code).sensitive) for code, at in steps
    )
    received, last = history[0].at, history[-1].at
    number = draft.numbers.receipt(received.year + (received.month >= 10), electronic=electronic)
    status = status_after(tuple(code for code, _ in steps))
    if status in _STANDING and valid is not None and valid[1] < draft.today.now.date():
        status = "EXPIRED"
    decisions = [item.at.date() for item in history if action(item.code).status in _DECIDED]
    fact = PetitionFact(
        receipt_number=number
        if unnamed_beneficiaries
        else draft.identify("RECEIPT", number, "USCIS", "CLAIMS3", received),
        form_type=form_type,
        supplements=supplements,
        classification=classification,
        petitioner=petitioner,
        beneficiary=None if unnamed_beneficiaries else draft.traveler_id,
        beneficiary_count=unnamed_beneficiaries or 1,
        requested_action=action_requested,
        notify_post=notify_post,
        received_on=received.date(),
        decided_on=decisions[0] if decisions else None,
        status=status,
        valid_from=valid[0] if valid else None,
        valid_to=valid[1] if valid else None,
        history=history,
        job_title=job.title if job else None,
        wage_annual_usd=job.wage_annual_usd if job else None,
        worksite=job.worksite if job else None,
        lca_number=job.lca_number if job else None,
        premium=premium,
        fraud_referral=fraud_referral,
        rfe_reasons=rfe_reasons,
        return_memo=return_memo,
        revoked_by=revoked_by,
        related_receipts=related,
        pims=pims_record,
        provenance=source("USCIS", "ELIS" if electronic else "CLAIMS3", last, len(history)),
    )
    draft.petitions.append(fact)
    _tell(draft, fact)
    return fact


def record(draft: Draft, of: PetitionFact, code: str, at: datetime) -> PetitionFact:
    """The petition with one more history action, in the place of the old one."""
    done = PetitionActionFact(code, action(code).label, at, of.history[-1].office, action(code).sensitive)
    history = (*of.history, done)
    fact = replace(
        of,
        history=history,
        status=action(code).status or of.status,
        provenance=source("USCIS", of.provenance.system, at, len(history)),
    )
    draft.petitions[draft.petitions.index(of)] = fact
    _tell(draft, fact, since=len(of.history))
    return fact


def _tell(draft: Draft, fact: PetitionFact, since: int = 0) -> None:
    """The petition's events from history place `since` on: every ordinary action that changes the status."""
    for item in fact.history[since:]:
        status = action(item.code).status
        if status is not None and not item.sensitive:
            kind = "petition." + status.lower().replace("_", "-")
            summary = f"{fact.form_type}: {item.label}"
            draft.happened("USCIS", "CLAIMS3", item.at, kind, summary, receipt_number=fact.receipt_number)


def pims(draft: Draft, at: datetime | None, verified_by: str = "KCC") -> PimsFact:
    """State's evidence of approval recorded at the instant; None means PIMS had nothing six hours ago."""
    if at is None:
        return PimsFact(False, None, None, source("STATE_CA", "PIMS", draft.today.minutes(360)))
    return PimsFact(True, at, verified_by, source("STATE_CA", "PIMS", at))


def benefit(
    draft: Draft, form: str, status: str, filed: date, decided: date | None = None, extension_of: str | None = None
) -> BenefitRequestFact:
    """A benefit request of this traveler; `extension_of` is the I-94 whose stay a timely I-539 would extend."""
    at = draft.today.ago((draft.today.now.date() - filed).days)
    number = draft.identify("RECEIPT", draft.numbers.receipt(filed.year), "USCIS", "ELIS", at)
    fact = BenefitRequestFact(
        number, form, status, filed, decided, draft.traveler_id, extension_of, source("USCIS", "ELIS", at)
    )
    draft.benefit_requests.append(fact)
    draft.happened("USCIS", "ELIS", at, "benefit.filed", f"{form} filed", receipt_number=number)
    if decided is not None:
        decided_at = draft.today.ago((draft.today.now.date() - decided).days)
        summary = f"{form} {status.lower()}"
        draft.happened("USCIS", "ELIS", decided_at, "benefit.decided", summary, receipt_number=number)
    return fact


def asylum(draft: Draft, kind: str, stage: str, filed: date, office: str) -> AsylumCaseFact:
    """An asylum or credible-fear case. It causes no event: an event would disclose it (8 CFR 208.6)."""
    at = draft.today.ago((draft.today.now.date() - filed).days)
    fact = AsylumCaseFact(
        draft.numbers.serial("ASY-"), kind, stage, filed, office, draft.traveler_id, source("USCIS", "RAPS", at)
    )
    draft.asylum_cases.append(fact)
    return fact


def protect(draft: Draft, kind: str, since: date, until: date | None = None) -> ProtectedFlagFact:
    """An 8 USC 1367 flag; without `until` it stands."""
    at = draft.today.ago((draft.today.now.date() - since).days)
    fact = ProtectedFlagFact(kind, since, until, source("USCIS", "CIS2", at))
    draft.protected_flags.append(fact)
    return fact
