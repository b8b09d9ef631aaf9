"""What USCIS holds: petitions, benefit requests, asylum cases, protection flags."""

from dataclasses import dataclass
from datetime import date, datetime

from subgraphs.kit.world.facts.identity import ProvenanceFact

__all__ = [
    "AsylumCaseFact",
    "BenefitRequestFact",
    "FraudReferralFact",
    "PetitionActionFact",
    "PetitionFact",
    "PetitionerFact",
    "PimsFact",
    "ProtectedFlagFact",
    "ReturnMemoFact",
]


@dataclass(frozen=True, slots=True)
class PetitionerFact:
    """The employer or relative that petitions."""

    name: str
    ein: str | None
    naics: str | None
    address: str
    prior_petition_count: int


@dataclass(frozen=True, slots=True)
class PetitionActionFact:
    """One CLAIMS history action. `sensitive` marks holds, fraud, quality and interagency-check codes."""

    code: str
    label: str
    at: datetime
    office: str
    sensitive: bool


@dataclass(frozen=True, slots=True)
class FraudReferralFact:
    """Referral to the fraud unit. `outcome`: PENDING, CLEARED or FOUNDED."""

    referred: bool
    unit: str
    at: datetime
    outcome: str


@dataclass(frozen=True, slots=True)
class ReturnMemoFact:
    """State's memo that came back with a petition: a State fact inside a USCIS record."""

    summary: str
    refusal_category: str
    at: date


@dataclass(frozen=True, slots=True)
class PimsFact:
    """State's evidence of approval. `present` False: USCIS may still have approved (the lag is real)."""

    present: bool
    recorded_at: datetime | None
    verified_by: str | None
    provenance: ProvenanceFact


@dataclass(frozen=True, slots=True)
class PetitionFact:
    """One petition. Code lists: classification `petition-class`, notify_post `post`."""

    receipt_number: str
    form_type: str
    supplements: tuple[str, ...]
    classification: str
    petitioner: PetitionerFact
    beneficiary: str | None  # traveler id
    beneficiary_count: int
    requested_action: str
    notify_post: str | None
    received_on: date
    decided_on: date | None
    status: str
    valid_from: date | None
    valid_to: date | None
    history: tuple[PetitionActionFact, ...]
    job_title: str | None
    wage_annual_usd: int | None  # minor units
    worksite: str | None
    lca_number: str | None
    premium: bool
    fraud_referral: FraudReferralFact | None
    rfe_reasons: tuple[str, ...]
    return_memo: ReturnMemoFact | None
    revoked_by: str | None
    related_receipts: tuple[str, ...]
    pims: PimsFact | None
    provenance: ProvenanceFact


@dataclass(frozen=True, slots=True)
class BenefitRequestFact:
    """One I-485, I-539, I-765, I-131... `extension_of`: the I-94 number whose stay it would extend, if it is one."""

    receipt_number: str
    form: str
    status: str
    filed_on: date
    decided_on: date | None
    applicant: str
    extension_of: str | None
    provenance: ProvenanceFact


@dataclass(frozen=True, slots=True)
class AsylumCaseFact:
    """One asylum or credible-fear case (8 CFR 208.6). `kind`: AFFIRMATIVE, DEFENSIVE, CREDIBLE_FEAR."""

    case_number: str
    kind: str
    stage: str
    filed_on: date
    office: str
    applicant: str
    provenance: ProvenanceFact


@dataclass(frozen=True, slots=True)
class ProtectedFlagFact:
    """One 8 USC 1367 flag. `kind`: VAWA, T, U. `until` is set only when denied and all appeals are exhausted."""

    kind: str
    since: date
    until: date | None
    provenance: ProvenanceFact
