"""What CBP holds: arrivals, inspections, admissions, departures, overstay findings, lookouts."""

from dataclasses import dataclass
from datetime import date, datetime

from subgraphs.kit.world.facts.identity import ProvenanceFact

__all__ = [
    "AdmissionFact",
    "ArrivalFact",
    "AuthorizedStayFact",
    "DepartureFact",
    "InspectionFact",
    "LookoutFact",
    "OverstayFindingFact",
]


@dataclass(frozen=True, slots=True)
class ArrivalFact:
    """One crossing. poe: list `poe`. mode: AIR, SEA, LAND. direction: INBOUND, OUTBOUND."""

    crossing_id: str
    traveler: str
    poe: str
    mode: str
    at: datetime
    direction: str
    carrier: str | None
    flight: str | None
    manifest_ref: str | None
    document: str
    us_address: str | None
    foil_number: str | None
    provenance: ProvenanceFact


@dataclass(frozen=True, slots=True)
class InspectionFact:
    """One inspection. `stage`: PRIMARY, SECONDARY; `state`: OPEN, CLOSED; outcome None while open. port: list `poe`."""

    inspection_id: str
    crossing_id: str
    traveler: str
    stage: str
    port: str
    state: str
    opened_at: datetime
    closed_at: datetime | None
    officer_ref: str
    outcome: str | None
    reason: str | None  # INA citation
    forms: tuple[str, ...]
    referred_for: str | None
    narrative: str | None
    biometric_match: str
    provenance: ProvenanceFact


@dataclass(frozen=True, slots=True)
class AuthorizedStayFact:
    """Until when the traveler may stay. `kind`: DATE (then `until` is set), DURATION_OF_STATUS, INDEFINITE, UNKNOWN."""

    kind: str
    until: date | None


@dataclass(frozen=True, slots=True)
class AdmissionFact:
    """One I-94. Lists: class_of_admission `coa`, poe `poe`, parole_kind `parole`. admitted_at None never occurs."""

    i94_number: str
    crossing_id: str
    traveler: str
    class_of_admission: str
    authorized_stay: AuthorizedStayFact
    poe: str
    admitted_at: datetime
    parole_kind: str | None
    update_flag: str | None
    foil_number: str | None
    sevis_id: str | None
    provenance: ProvenanceFact


@dataclass(frozen=True, slots=True)
class DepartureFact:
    """One departure, matched to an admission with a confidence 0-1. `i94_number` None: not matched yet."""

    departure_id: str
    i94_number: str | None
    traveler: str
    at: datetime
    poe: str
    mode: str
    method: str
    match_confidence: float
    provenance: ProvenanceFact


@dataclass(frozen=True, slots=True)
class OverstayFindingFact:
    """A formal finding on an admission; without one D/S is never an overstay. `basis`: IJ_FINDING, USCIS_FINDING."""

    i94_number: str
    traveler: str
    basis: str
    found_at: datetime
    note: str
    provenance: ProvenanceFact


@dataclass(frozen=True, slots=True)
class LookoutFact:
    """One lookout; owner only."""

    lookout_id: str
    traveler: str
    kind: str
    placed_by: str
    at: datetime
    expires: datetime | None
    instruction: str
    provenance: ProvenanceFact
