"""State facts: visa applications, refusals, visas and revocations."""

from dataclasses import replace
from datetime import date, datetime, timedelta

from subgraphs.kit.world.build.draft import Draft, source
from subgraphs.kit.world.model import (
    BiometricCheckFact,
    ConsularNoteFact,
    DsAnswersFact,
    FeeFact,
    FraudPreventionFact,
    InterviewWaiverFact,
    PassportFact,
    PetitionFact,
    RefusalFact,
    SecurityAdvisoryFact,
    VisaApplicationFact,
    VisaFact,
    VisaRevocationFact,
    WaiverFact,
)
from subgraphs.kit.world.mrz import mrv_a

__all__ = ["PUBLIC_STATUS", "application", "note", "refusal", "revocation", "visa"]

PUBLIC_STATUS = {
    "DRAFT": "NO_STATUS",
    "SUBMITTED": "READY",
    "FEE_PAID": "READY",
    "SCHEDULED": "READY",
    "INTERVIEW_WAIVED": "READY",
    "BIOMETRICS_TAKEN": "READY",
    "IN_ADJUDICATION": "READY",
    "REFUSED_221G_DOCUMENTS": "REFUSED_221G",
    "ADMINISTRATIVE_PROCESSING": "ADMINISTRATIVE_PROCESSING",
    "REFUSED_214B": "REFUSED",
    "REFUSED_212A": "REFUSED",
    "REFUSED_OTHER": "REFUSED",
    "APPROVED_NOT_ISSUED": "ADMINISTRATIVE_PROCESSING",
    "RETURNED_TO_ADJUDICATION": "ADMINISTRATIVE_PROCESSING",
    "ISSUED": "ISSUED",
    "REVOKED": "ISSUED",  # the public site does not tell of a revocation
    "CANCELED_WITHOUT_PREJUDICE": "ISSUED",
    "EXPIRED": "ISSUED",
    "VOID_222G": "ISSUED",
    "WITHDRAWN": "NO_STATUS",
    "ABANDONED": "NO_STATUS",
}
"""What the public status site shows for each application status; 221(g) reads as refused though it may still issue."""

_ANSWERS = DsAnswersFact("Utopia Software Ltd", "two weeks", "none", ("@utopia.traveler",), ("no", "no", "no"))
_FEE_USD_MINOR = {"H": 20500, "L": 20500, "O": 20500, "P": 20500, "R": 20500, "Q": 20500, "E": 31500}
_OTHER_FEE_USD_MINOR = 18500


def refusal(
    ground: str, at: datetime, post: str, *, overcome: bool = False, waiver: WaiverFact | None = None
) -> RefusalFact:
    """A refusal; its family follows from the ground: 212(a)(1) medical, 212(a)(2) and (3) serious, else ordinary."""
    family = "ORDINARY"
    if ground.startswith("212(a)(1)"):
        family = "MEDICAL"
    elif ground.startswith(("212(a)(2)", "212(a)(3)")):
        family = "SERIOUS"
    return RefusalFact(ground, at, post, overcome, waiver, family)


def note(at: datetime, text: str, author: str = "co-nwd-1") -> ConsularNoteFact:
    """An officer's note."""
    return ConsularNoteFact(at, author, text)


def revocation(
    kind: str,
    at: datetime,
    ground: str,
    *,
    effective: datetime | None = None,
    notice_to: tuple[str, ...] = ("CBP", "ICE_VSP"),
) -> VisaRevocationFact:
    """A revocation, effective at once unless another instant is given."""
    return VisaRevocationFact(kind, at, effective or at, notice_to, ground)


def application(
    draft: Draft,
    visa_class: str,
    post: str,
    status: str,
    *,
    submitted: datetime | None,
    interview: datetime | None = None,
    decided: datetime | None = None,
    kind: str = "NIV",
    petitions: tuple[PetitionFact, ...] = (),
    sevis_id: str | None = None,
    passport: PassportFact | None = None,
    refusals: tuple[RefusalFact, ...] = (),
    sao: SecurityAdvisoryFact | None = None,
    check: str | None = "NO_HIT",
    notes: tuple[ConsularNoteFact, ...] = (),
    fraud: FraudPreventionFact | None = None,
    disposition: str | None = None,
    waived: InterviewWaiverFact | None = None,
    answers: DsAnswersFact = _ANSWERS,
) -> VisaApplicationFact:
    """A visa application; biometrics are taken at the interview, `check` None means they have not been sent."""
    moments = [at for at in (submitted, interview, decided) if at is not None and at <= draft.today.now]
    as_of = max(moments, default=draft.today.ago(1))
    number = draft.numbers.immigrant_case(post, as_of.year) if kind == "IV" else draft.numbers.application()
    biometric = None
    if check is not None and interview is not None and interview <= draft.today.now:
        biometric = BiometricCheckFact(draft.fingerprint_number(interview), interview, check)
    fact = VisaApplicationFact(
        application_id=draft.identify("APPLICATION_ID", number, "STATE_CA", "CEAC", as_of),
        kind=kind,
        visa_class=visa_class,
        post=post,
        applicant=draft.traveler_id,
        passport=passport or (draft.passports[-1] if draft.passports else draft.passport(draft.today.day(900))),
        submitted_at=submitted,
        interview_at=interview,
        decided_at=decided,
        interview_waiver=waived or InterviewWaiverFact(False, "INA 222(h)", "2025-10-01"),
        status=status,
        public_status=PUBLIC_STATUS[status],
        petition_receipts=tuple(item.receipt_number for item in petitions),
        sevis_id=sevis_id,
        ds_answers=answers,
        refusals=refusals,
        sao=sao,
        biometric_check=biometric,
        consular_notes=notes,
        fraud_prevention=fraud,
        consular_disposition=disposition,
        fees=(FeeFact("MRV", _FEE_USD_MINOR.get(visa_class[0], _OTHER_FEE_USD_MINOR)),),
        foil_number=None,
        officer=f"co-{post.lower()}-1",
        provenance=source("STATE_CA", "CCD", as_of, len(moments) or 1),
    )
    draft.visa_applications.append(fact)
    _tell(draft, fact)
    return fact


def _tell(draft: Draft, fact: VisaApplicationFact) -> None:
    """Submission, interview, refusals, approval. Which ground a refusal had is not in the summary."""
    number = fact.application_id
    if fact.submitted_at is not None:
        summary = f"{fact.visa_class} application submitted"
        draft.happened("STATE_CA", "CEAC", fact.submitted_at, "application.submitted", summary, application_id=number)
    if fact.interview_at is not None:
        draft.happened(
            "STATE_CA", "CCD", fact.interview_at, "application.interviewed", "Interview", application_id=number
        )
    for item in fact.refusals:
        draft.happened("STATE_CA", "CCD", item.at, "application.refused", "Refused", application_id=number)
    if fact.decided_at is not None and fact.status in ("APPROVED_NOT_ISSUED", "ISSUED"):
        draft.happened("STATE_CA", "CCD", fact.decided_at, "application.approved", "Approved", application_id=number)


def visa(
    draft: Draft,
    of: VisaApplicationFact,
    *,
    issued: date,
    expires: date | None = None,
    entries: str = "MULTIPLE",
    annotation: str | None = None,
    status: str = "ISSUED",
    basis: str | None = None,
    revoked: VisaRevocationFact | None = None,
) -> VisaFact:
    """The visa issued on an application (which is updated to name the foil); five years unless `expires` is given."""
    ends = expires or issued + timedelta(days=5 * 365)
    at = draft.today.ago((draft.today.now.date() - issued).days, 15)
    foil = draft.identify("FOIL_NUMBER", draft.numbers.foil(), "STATE_CA", "CCD", at)
    fact = VisaFact(
        foil_number=foil,
        control_number=draft.numbers.control(issued.year),
        visa_class=of.visa_class,
        issued_on=issued,
        expires_on=ends,
        entries=entries,
        annotation=annotation,
        issuing_post=of.post,
        status=status,
        status_basis=basis,
        revocation=revoked,
        passport_number=of.passport.number,
        application_id=of.application_id,
        holder=draft.traveler_id,
        mrz=mrv_a(number=foil, family=draft.family, given=draft.given, born=draft.born, sex=draft.sex, expires=ends),
        provenance=source("STATE_CA", "CCD", revoked.at if revoked else at, 2 if revoked else 1),
    )
    draft.visas.append(fact)
    place = draft.visa_applications.index(of)
    draft.visa_applications[place] = replace(of, foil_number=foil)
    summary = f"{of.visa_class} visa issued"
    references = {"application_id": of.application_id, "foil_number": foil}
    draft.happened("STATE_CA", "CCD", at, "visa.issued", summary, **references)
    if revoked is not None:
        draft.happened("STATE_CA", "CCD", revoked.at, "visa.revoked", "Visa revoked", **references)
    return fact
