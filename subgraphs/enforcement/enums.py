"""The closed vocabularies of the enforcement subgraph, as GraphQL enums. Source: domain.md 1.6 and 2.9."""

from __future__ import annotations

import enum

import strawberry

__all__ = [
    "CaseState",
    "DepartureProof",
    "EncounterKind",
    "OrderKind",
    "RemovalCaseOrderField",
    "RemovalStage",
]


@strawberry.enum(description="What kind of meeting an encounter was.")
class EncounterKind(enum.Enum):
    APPLICATION = "APPLICATION"
    ENFORCEMENT = "ENFORCEMENT"
    ENROLLMENT = "ENROLLMENT"
    INTERVIEW = "INTERVIEW"
    PERSON_CROSSING = "PERSON_CROSSING"
    PRIMARY = "PRIMARY"
    SECONDARY = "SECONDARY"


@strawberry.enum(description="Where a removal case stands; the steps between the stages are in laws.STAGES.")
class RemovalStage(enum.Enum):
    ENCOUNTERED = "ENCOUNTERED"
    CHARGED = "CHARGED"
    IN_PROCEEDINGS = "IN_PROCEEDINGS"
    ORDERED_REMOVED = "ORDERED_REMOVED"
    RELIEF_GRANTED = "RELIEF_GRANTED"
    TERMINATED = "TERMINATED"
    VOLUNTARY_DEPARTURE_GRANTED = "VOLUNTARY_DEPARTURE_GRANTED"
    FINAL_ORDER = "FINAL_ORDER"
    REMOVED = "REMOVED"
    DEPARTED_UNVERIFIED = "DEPARTED_UNVERIFIED"
    STAYED = "STAYED"
    SUPERVISED = "SUPERVISED"


@strawberry.enum(description="Whether the case goes on; follows from its stage.")
class CaseState(enum.Enum):
    OPEN = "OPEN"
    CLOSED = "CLOSED"


@strawberry.enum(description="What was ordered.")
class OrderKind(enum.Enum):
    REMOVAL = "REMOVAL"
    EXPEDITED = "EXPEDITED"
    REINSTATED = "REINSTATED"
    ADMINISTRATIVE = "ADMINISTRATIVE"
    VOLUNTARY_DEPARTURE = "VOLUNTARY_DEPARTURE"


@strawberry.enum(description="How it is known that the person left.")
class DepartureProof(enum.Enum):
    WITNESSED = "WITNESSED"
    SELF_DEPORT_PROOF = "SELF_DEPORT_PROOF"
    CONSULAR = "CONSULAR"


@strawberry.enum(description="What removal cases are ordered by.")
class RemovalCaseOrderField(enum.Enum):
    NTA_SERVED_ON = "NTA_SERVED_ON"
    STAGE = "STAGE"
