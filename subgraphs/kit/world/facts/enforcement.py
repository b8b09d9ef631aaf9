"""What ICE ERO holds: encounters, removal cases, orders, detentions, departure verifications, criminal history."""

from dataclasses import dataclass
from datetime import date, datetime

from subgraphs.kit.world.facts.identity import ProvenanceFact

__all__ = [
    "CriminalHistoryFact",
    "DepartureVerificationFact",
    "DetentionFact",
    "EncounterFact",
    "ReliefFact",
    "RemovalCaseFact",
    "RemovalOrderFact",
]


@dataclass(frozen=True, slots=True)
class EncounterFact:
    """One enforcement encounter; `case_id` when it led to a removal case."""

    event_number: str
    subject_id: str
    traveler: str
    at: datetime
    kind: str
    method: str
    alien_number: str | None
    fin: str | None
    place: str
    case_id: str | None
    provenance: ProvenanceFact


@dataclass(frozen=True, slots=True)
class RemovalOrderFact:
    """An order. `kind`: REMOVAL, EXPEDITED, REINSTATED, ADMINISTRATIVE, VOLUNTARY_DEPARTURE."""

    kind: str
    by: str
    on: date
    final: bool


@dataclass(frozen=True, slots=True)
class ReliefFact:
    """Relief asked for; ASYLUM, WITHHOLDING, CAT are protected by 8 CFR 208.6."""

    kind: str
    status: str
    at: date


@dataclass(frozen=True, slots=True)
class DepartureVerificationFact:
    """Proof that the person left. poe: list `poe`. `proof`: WITNESSED, SELF_DEPORT_PROOF, CONSULAR."""

    on: date
    poe: str
    proof: str
    country: str
    i205_executed: bool


@dataclass(frozen=True, slots=True)
class DetentionFact:
    """One stay in detention. `classification` is the graph's `class`; bond in USD minor units."""

    detention_id: str
    case_id: str
    traveler: str
    facility: str
    book_in_at: datetime
    book_out_at: datetime | None
    release_code: str | None
    bond_usd: int | None
    classification: str
    provenance: ProvenanceFact


@dataclass(frozen=True, slots=True)
class RemovalCaseFact:
    """One case. court: list `court`. `state`: OPEN, CLOSED. `referral` is what primary sees."""

    case_id: str
    traveler: str
    stage: str
    charges: tuple[str, ...]
    nta_served_on: date | None
    court: str | None
    order: RemovalOrderFact | None
    stays: tuple[str, ...]
    relief: tuple[ReliefFact, ...]
    referral: str | None
    departure_verification: DepartureVerificationFact | None
    state: str
    officer_ref: str
    opened_at: datetime
    provenance: ProvenanceFact


@dataclass(frozen=True, slots=True)
class CriminalHistoryFact:
    """One conviction, originator outside the agency."""

    traveler: str
    conviction: str
    date: date
    jurisdiction: str
    ncic_code: str
    originator: str
