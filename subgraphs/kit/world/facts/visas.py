"""What State's consular bureau holds: applications, refusals, advisory opinions, visas, revocations."""

from dataclasses import dataclass
from datetime import date, datetime

from subgraphs.kit.world.facts.identity import PassportFact, ProvenanceFact

__all__ = [
    "BiometricCheckFact",
    "ConsularNoteFact",
    "DsAnswersFact",
    "FeeFact",
    "FraudPreventionFact",
    "InterviewWaiverFact",
    "RefusalFact",
    "SecurityAdvisoryFact",
    "VisaApplicationFact",
    "VisaFact",
    "VisaRevocationFact",
    "WaiverFact",
]


@dataclass(frozen=True, slots=True)
class InterviewWaiverFact:
    """Whether the interview was waived, under what authority, and the version of the rule that said so."""

    waived: bool
    authority: str
    rule_version: str


@dataclass(frozen=True, slots=True)
class DsAnswersFact:
    """What the applicant wrote on the DS-160 or DS-260."""

    employer: str | None
    travel_plans: str
    prior_travel: str
    social_media: tuple[str, ...]
    security_answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WaiverFact:
    """A waiver of a ground, e.g. kind "212(d)(3)(A)". State recommends, DHS decides."""

    kind: str
    recommendation: str
    decided_by: str
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class RefusalFact:
    """One refusal. `family` says which list it is in: ORDINARY, SERIOUS (212(a)(2), (3)) or MEDICAL (212(a)(1))."""

    ground: str
    at: datetime
    post: str  # list post
    overcome: bool
    waiver: WaiverFact | None
    family: str


@dataclass(frozen=True, slots=True)
class SecurityAdvisoryFact:
    """A security advisory opinion; its program name and reply are deliberative."""

    requested: bool
    program: str
    requested_at: datetime
    replied_at: datetime | None
    reply: str | None


@dataclass(frozen=True, slots=True)
class BiometricCheckFact:
    """Result of the IDENT check. `result`: NO_HIT, HIT, UNAVAILABLE."""

    fin: str
    submitted_at: datetime
    result: str


@dataclass(frozen=True, slots=True)
class ConsularNoteFact:
    """One officer's note."""

    at: datetime
    author: str
    text: str


@dataclass(frozen=True, slots=True)
class FraudPreventionFact:
    """Referral to the post's fraud prevention unit."""

    referred: bool
    outcome: str | None


@dataclass(frozen=True, slots=True)
class FeeFact:
    """A fee, USD minor units."""

    code: str
    usd_minor: int


@dataclass(frozen=True, slots=True)
class VisaRevocationFact:
    """A revocation. `kind`: REVOKED, PRUDENTIAL, CANCELED_WITHOUT_PREJUDICE; `at` decided, `effective` in force."""

    kind: str
    at: datetime
    effective: datetime
    notice_to: tuple[str, ...]
    ground: str


@dataclass(frozen=True, slots=True)
class VisaFact:
    """One visa foil. Lists: visa_class `coa`, issuing_post `post`. `entries`: ONE, TWO, MULTIPLE."""

    foil_number: str
    control_number: str
    visa_class: str
    issued_on: date
    expires_on: date
    entries: str
    annotation: str | None
    issuing_post: str
    status: str
    status_basis: str | None
    revocation: VisaRevocationFact | None
    passport_number: str
    application_id: str
    holder: str  # traveler id
    mrz: str  # MRV-A, two lines joined by a newline
    provenance: ProvenanceFact


@dataclass(frozen=True, slots=True)
class VisaApplicationFact:
    """One application. Lists: visa_class `coa`, post `post`. `public_status` is what the public site shows."""

    application_id: str
    kind: str
    visa_class: str
    post: str
    applicant: str  # traveler id
    passport: PassportFact
    submitted_at: datetime | None
    interview_at: datetime | None
    decided_at: datetime | None
    interview_waiver: InterviewWaiverFact | None
    status: str
    public_status: str
    petition_receipts: tuple[str, ...]
    sevis_id: str | None
    ds_answers: DsAnswersFact
    refusals: tuple[RefusalFact, ...]  # every family; see RefusalFact.family
    sao: SecurityAdvisoryFact | None
    biometric_check: BiometricCheckFact | None
    consular_notes: tuple[ConsularNoteFact, ...]
    fraud_prevention: FraudPreventionFact | None
    consular_disposition: str | None  # answer to a VSP recommendation, if there is one
    fees: tuple[FeeFact, ...]
    foil_number: str | None  # the visa, if issued
    officer: str  # user id of the adjudicating officer
    provenance: ProvenanceFact
