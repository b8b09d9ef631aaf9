"""The draft of one traveler: names, documents, and growing lists of facts, frozen by `done()`."""

import hashlib
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from subgraphs.kit.world.model import (
    AdmissionFact,
    ArrivalFact,
    AsylumCaseFact,
    BenefitRequestFact,
    BirthFact,
    CriminalHistoryFact,
    DepartureFact,
    DetentionFact,
    DiscrepancyFact,
    EncounterFact,
    ExchangeVisitorFact,
    IdentifierFact,
    InspectionFact,
    Journey,
    LinkEvidenceFact,
    LookoutFact,
    NameFact,
    OverstayFindingFact,
    PassportFact,
    PetitionFact,
    ProtectedFlagFact,
    ProvenanceFact,
    RemovalCaseFact,
    SecurityReviewFact,
    TimelineFact,
    VisaApplicationFact,
    VisaFact,
)
from subgraphs.kit.world.mrz import ISSUER, td3
from subgraphs.kit.world.numbers import Numbers

__all__ = ["Draft", "Today", "source"]

_ADULT_DAYS = 18 * 365 + 5
_RECEIPT_LAG = timedelta(seconds=90)


@dataclass(frozen=True, slots=True)
class Today:
    """The world's instant and dates counted back from it."""

    now: datetime

    def ago(self, days: int, hour: int = 12, minute: int = 0) -> datetime:
        """The instant `days` before today's date at the given UTC time; negative days are in the future."""
        midnight = self.now.replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight - timedelta(days=days) + timedelta(hours=hour, minutes=minute)

    def day(self, days: int) -> date:
        """The date `days` before today; negative days are in the future."""
        return self.now.date() - timedelta(days=days)

    def minutes(self, minutes: int) -> datetime:
        """The instant `minutes` ago."""
        return self.now - timedelta(minutes=minutes)


def source(agency: str, system: str, as_of: datetime, version: int = 1) -> ProvenanceFact:
    """Provenance of a record of `system`, received 90 seconds after it became true."""
    return ProvenanceFact(agency, system, str(version), as_of, as_of + _RECEIPT_LAG)


@dataclass(slots=True)
class Draft:
    """One traveler being written. Nothing here is read by an agency: `done()` gives the Journey."""

    traveler_id: str
    numbers: Numbers
    today: Today
    family: str
    given: str
    sex: str
    born: date
    birth_country: str
    birth_place: str
    story: str | None = None
    citizenships: tuple[str, ...] = (ISSUER,)
    legal_category: str = "NONIMMIGRANT"
    sealed: bool = False
    a_number: str | None = None
    fin: str | None = None
    names: list[NameFact] = field(default_factory=list)
    birth: list[BirthFact] = field(default_factory=list)
    passports: list[PassportFact] = field(default_factory=list)
    identifiers: list[IdentifierFact] = field(default_factory=list)
    link_evidence: list[LinkEvidenceFact] = field(default_factory=list)
    discrepancies: list[DiscrepancyFact] = field(default_factory=list)
    petitions: list[PetitionFact] = field(default_factory=list)
    benefit_requests: list[BenefitRequestFact] = field(default_factory=list)
    asylum_cases: list[AsylumCaseFact] = field(default_factory=list)
    protected_flags: list[ProtectedFlagFact] = field(default_factory=list)
    visa_applications: list[VisaApplicationFact] = field(default_factory=list)
    visas: list[VisaFact] = field(default_factory=list)
    exchange_visitors: list[ExchangeVisitorFact] = field(default_factory=list)
    security_reviews: list[SecurityReviewFact] = field(default_factory=list)
    arrivals: list[ArrivalFact] = field(default_factory=list)
    inspections: list[InspectionFact] = field(default_factory=list)
    admissions: list[AdmissionFact] = field(default_factory=list)
    departures: list[DepartureFact] = field(default_factory=list)
    overstay_findings: list[OverstayFindingFact] = field(default_factory=list)
    lookouts: list[LookoutFact] = field(default_factory=list)
    encounters: list[EncounterFact] = field(default_factory=list)
    removal_cases: list[RemovalCaseFact] = field(default_factory=list)
    detentions: list[DetentionFact] = field(default_factory=list)
    criminal_history: list[CriminalHistoryFact] = field(default_factory=list)
    timeline: list[TimelineFact] = field(default_factory=list)

    def called(self, kind: str, family: str, given: str, agency: str = "OBIM", system: str = "IDENT") -> None:
        """Add a name assertion."""
        self.names.append(NameFact(kind, family, given, source(agency, system, self.today.ago(400))))

    def was_born(self, value: str, precision: str, agency: str = "OBIM", system: str = "IDENT") -> None:
        """Add a birth assertion at the traveler's birth place."""
        asserted = source(agency, system, self.today.ago(400))
        self.birth.append(BirthFact(value, precision, self.birth_country, self.birth_place, asserted))

    def passport(self, issued: date, years: int = 10) -> PassportFact:
        """Add a passport issued on the date and valid for that many years, and its number as an identifier."""
        number = self.numbers.passport()
        expires = issued + timedelta(days=years * 365)
        lines = td3(number=number, family=self.family, given=self.given, born=self.born, sex=self.sex, expires=expires)
        fact = PassportFact(number, ISSUER, issued, expires, lines)
        self.passports.append(fact)
        asserted = source("STATE_CA", "CCD", self.today.ago(400))
        self.identifiers.append(IdentifierFact("PASSPORT", number, "STATE_CA", ISSUER, issued, expires, 1.0, asserted))
        return fact

    def identify(self, kind: str, value: str, agency: str, system: str, at: datetime, confidence: float = 1.0) -> str:
        """Add an identifier once and return its value."""
        if not any(known.kind == kind and known.value == value for known in self.identifiers):
            fact = IdentifierFact(kind, value, agency, None, at.date(), None, confidence, source(agency, system, at))
            self.identifiers.append(fact)
        return value

    def alien_number(self, at: datetime) -> str:
        """The traveler's A-number, assigned on first use."""
        if self.a_number is None:
            self.a_number = self.identify("A_NUMBER", self.numbers.a_number(), "USCIS", "CIS2", at)
        return self.a_number

    def fingerprint_number(self, at: datetime) -> str:
        """The traveler's FIN, enrolled on first use."""
        if self.fin is None:
            self.fin = self.identify("FIN", self.numbers.fin(), "OBIM", "IDENT", at)
        return self.fin

    def happened(self, agency: str, system: str, at: datetime, kind: str, summary: str, **references: str) -> None:
        """Add an event of an agency's chapter; an event after today has not happened and is left out."""
        if at > self.today.now:
            return
        digest = hashlib.sha256(f"{self.traveler_id}/{agency}/{len(self.timeline)}".encode()).hexdigest()
        self.timeline.append(
            TimelineFact(
                f"EV-{digest[:20]}",
                agency,
                at,
                kind,
                summary,
                tuple(references.items()),
                source(agency, system, at),
            )
        )

    def done(self) -> Journey:
        """The finished Journey: a primary and an MRZ name and a full birth date are added where none was asserted."""
        if not any(name.kind == "PRIMARY" for name in self.names):
            self.called("PRIMARY", self.family, self.given)
        if self.passports and not any(name.kind == "MRZ" for name in self.names):
            self.called("MRZ", self.family.upper(), self.given.upper(), "STATE_CA", "CCD")
        if not self.birth:
            self.was_born(self.born.isoformat(), "DAY")
        return Journey(
            traveler_id=self.traveler_id,
            story=self.story,
            names=tuple(self.names),
            birth=tuple(self.birth),
            sex=self.sex,
            citizenships=self.citizenships,
            legal_category=self.legal_category,
            passports=tuple(self.passports),
            provenance=source("OBIM", "XREF", self.today.ago(1)),
            identifiers=tuple(self.identifiers),
            link_evidence=tuple(self.link_evidence),
            discrepancies=tuple(self.discrepancies),
            sealed=self.sealed,
            minor=(self.today.now.date() - self.born).days < _ADULT_DAYS,
            petitions=tuple(self.petitions),
            benefit_requests=tuple(self.benefit_requests),
            asylum_cases=tuple(self.asylum_cases),
            protected_flags=tuple(self.protected_flags),
            visa_applications=tuple(self.visa_applications),
            visas=tuple(self.visas),
            exchange_visitors=tuple(self.exchange_visitors),
            security_reviews=tuple(self.security_reviews),
            arrivals=tuple(self.arrivals),
            inspections=tuple(self.inspections),
            admissions=tuple(self.admissions),
            departures=tuple(self.departures),
            overstay_findings=tuple(self.overstay_findings),
            lookouts=tuple(self.lookouts),
            encounters=tuple(self.encounters),
            removal_cases=tuple(self.removal_cases),
            detentions=tuple(self.detentions),
            criminal_history=tuple(self.criminal_history),
            timeline=tuple(sorted(self.timeline, key=lambda event: (event.at, event.id))),
        )
