"""The synthetic world's one record: a `Journey` is everything all agencies hold about one traveler.

Agency helpers map their part into tables and nothing else:

* travelers: `traveler_id`, `names`, `birth`, `sex`, `citizenships`, `legal_category`, `identifiers`, `link_evidence`,
  `discrepancies`
* petitions: `petitions`, `benefit_requests`, `asylum_cases`, `protected_flags`, `sealed`, `minor`
* visas: `visa_applications`, `visas`, and `petitions[*].pims` (State's fact)
* exchange_visitors: `exchange_visitors`; sponsors come from `generator.sponsors(seed, scale, today)`
* security_reviews: `security_reviews`
* admissions: `arrivals`, `inspections`, `admissions`, `departures`, `overstay_findings`, `lookouts`
* enforcement: `encounters`, `removal_cases`, `detentions`, `criminal_history`
* every agency: `timeline` filtered by `agency` gives its events (`events_of("USCIS")`)

Facts that are another agency's property appear only in that agency's part; references are identifiers.
"""

from dataclasses import dataclass

from subgraphs.kit.world.facts.admissions import (
    AdmissionFact,
    ArrivalFact,
    AuthorizedStayFact,
    DepartureFact,
    InspectionFact,
    LookoutFact,
    OverstayFindingFact,
)
from subgraphs.kit.world.facts.enforcement import (
    CriminalHistoryFact,
    DepartureVerificationFact,
    DetentionFact,
    EncounterFact,
    ReliefFact,
    RemovalCaseFact,
    RemovalOrderFact,
)
from subgraphs.kit.world.facts.exchange import (
    ActivitySiteFact,
    Ds2019Fact,
    ExchangeVisitorFact,
    FundingFact,
    SanctionFact,
    SponsorFact,
    TerminationFact,
    TwoYearRuleFact,
    Waiver212eFact,
)
from subgraphs.kit.world.facts.identity import (
    BirthFact,
    DiscrepancyFact,
    IdentifierFact,
    LinkEvidenceFact,
    NameFact,
    PassportFact,
    ProvenanceFact,
    TimelineFact,
)
from subgraphs.kit.world.facts.petitions import (
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
from subgraphs.kit.world.facts.security import CoordinationFact, DerogatoryFact, RecommendationFact, SecurityReviewFact
from subgraphs.kit.world.facts.visas import (
    BiometricCheckFact,
    ConsularNoteFact,
    DsAnswersFact,
    FeeFact,
    FraudPreventionFact,
    InterviewWaiverFact,
    RefusalFact,
    SecurityAdvisoryFact,
    VisaApplicationFact,
    VisaFact,
    VisaRevocationFact,
    WaiverFact,
)

__all__ = [
    "ActivitySiteFact",
    "AdmissionFact",
    "ArrivalFact",
    "AsylumCaseFact",
    "AuthorizedStayFact",
    "BenefitRequestFact",
    "BiometricCheckFact",
    "BirthFact",
    "ConsularNoteFact",
    "CoordinationFact",
    "CriminalHistoryFact",
    "DepartureFact",
    "DepartureVerificationFact",
    "DerogatoryFact",
    "DetentionFact",
    "DiscrepancyFact",
    "Ds2019Fact",
    "DsAnswersFact",
    "EncounterFact",
    "ExchangeVisitorFact",
    "FeeFact",
    "FraudPreventionFact",
    "FraudReferralFact",
    "FundingFact",
    "IdentifierFact",
    "InspectionFact",
    "InterviewWaiverFact",
    "Journey",
    "LinkEvidenceFact",
    "LookoutFact",
    "NameFact",
    "OverstayFindingFact",
    "PassportFact",
    "PetitionActionFact",
    "PetitionFact",
    "PetitionerFact",
    "PimsFact",
    "ProtectedFlagFact",
    "ProvenanceFact",
    "RecommendationFact",
    "RefusalFact",
    "ReliefFact",
    "RemovalCaseFact",
    "RemovalOrderFact",
    "ReturnMemoFact",
    "SanctionFact",
    "SecurityAdvisoryFact",
    "SecurityReviewFact",
    "SponsorFact",
    "TerminationFact",
    "TimelineFact",
    "TwoYearRuleFact",
    "VisaApplicationFact",
    "VisaFact",
    "VisaRevocationFact",
    "Waiver212eFact",
    "WaiverFact",
]


@dataclass(frozen=True, slots=True)
class Journey:
    """Everything about one traveler. `story` names the hand-written story, None for a generated traveler."""

    traveler_id: str
    story: str | None
    names: tuple[NameFact, ...]
    birth: tuple[BirthFact, ...]
    sex: str
    citizenships: tuple[str, ...]
    legal_category: str
    passports: tuple[PassportFact, ...]
    provenance: ProvenanceFact  # of the cross-reference row itself (OBIM)
    identifiers: tuple[IdentifierFact, ...] = ()
    link_evidence: tuple[LinkEvidenceFact, ...] = ()
    discrepancies: tuple[DiscrepancyFact, ...] = ()
    sealed: bool = False  # a court seal or litigation hold
    minor: bool = False  # under 18 on the world's day
    petitions: tuple[PetitionFact, ...] = ()
    benefit_requests: tuple[BenefitRequestFact, ...] = ()
    asylum_cases: tuple[AsylumCaseFact, ...] = ()
    protected_flags: tuple[ProtectedFlagFact, ...] = ()
    visa_applications: tuple[VisaApplicationFact, ...] = ()
    visas: tuple[VisaFact, ...] = ()
    exchange_visitors: tuple[ExchangeVisitorFact, ...] = ()
    security_reviews: tuple[SecurityReviewFact, ...] = ()
    arrivals: tuple[ArrivalFact, ...] = ()
    inspections: tuple[InspectionFact, ...] = ()
    admissions: tuple[AdmissionFact, ...] = ()
    departures: tuple[DepartureFact, ...] = ()
    overstay_findings: tuple[OverstayFindingFact, ...] = ()
    lookouts: tuple[LookoutFact, ...] = ()
    encounters: tuple[EncounterFact, ...] = ()
    removal_cases: tuple[RemovalCaseFact, ...] = ()
    detentions: tuple[DetentionFact, ...] = ()
    criminal_history: tuple[CriminalHistoryFact, ...] = ()
    timeline: tuple[TimelineFact, ...] = ()

    def events_of(self, *agencies: str) -> tuple[TimelineFact, ...]:
        """This traveler's events owned by the given agencies, oldest first."""
        return tuple(event for event in self.timeline if event.agency in agencies)
