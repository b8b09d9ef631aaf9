"""What clients of this subgraph may hand in: filters and orderings (with what they read), and the mutations' inputs."""

from __future__ import annotations

import datetime as dt

import strawberry
from sqlalchemy import ColumnElement
from strawberry import ID

from subgraphs.admissions.enums import (
    AdmissionOrderField,
    BiometricMatch,
    CrossingMode,
    DepartureMethod,
    InspectionOutcome,
    InspectionStage,
    InspectionState,
    OverstayBasis,
    StayKind,
)
from subgraphs.admissions.tables import AdmissionRow, InspectionRow
from subgraphs.kit import Direction, OrderBy, reads_field

__all__ = [
    "AdmissionFilter",
    "AdmissionOrder",
    "InspectionFilter",
    "OpenInspection",
    "PlaceLookout",
    "RecordDeparture",
    "RecordInspection",
    "RecordOverstayFinding",
    "ReferToSecondary",
    "StayInput",
]


@strawberry.input(description="Which admissions to list; every condition given must hold.")
class AdmissionFilter:
    classOfAdmission: str | None = reads_field("Admission.classOfAdmission")
    admittedOnOrAfter: dt.date | None = reads_field("Admission.admittedAt")

    def conditions(self) -> tuple[ColumnElement[bool], ...]:
        """The conditions on rows; a day begins at midnight UTC."""
        out: list[ColumnElement[bool]] = []
        if self.classOfAdmission is not None:
            out.append(AdmissionRow.class_of_admission == self.classOfAdmission)
        if self.admittedOnOrAfter is not None:
            midnight = dt.datetime.combine(self.admittedOnOrAfter, dt.time(), dt.UTC)
            out.append(AdmissionRow.admitted_at >= midnight)
        return tuple(out)


@strawberry.input(description="How admissions are ordered.")
class AdmissionOrder:
    field: AdmissionOrderField = reads_field(
        "Admission.admittedAt", "Admission.classOfAdmission", default=AdmissionOrderField.ADMITTED_AT
    )
    direction: Direction = Direction.DESC

    def columns(self) -> list[OrderBy]:
        """The ordering columns, ending in the I-94 number."""
        descending = self.direction is Direction.DESC
        column = AdmissionRow.admitted_at
        if self.field is AdmissionOrderField.CLASS_OF_ADMISSION:
            return [OrderBy(AdmissionRow.class_of_admission, descending), OrderBy(AdmissionRow.i94_number)]
        return [OrderBy(column, descending), OrderBy(AdmissionRow.i94_number)]


@strawberry.input(description="Which inspections to list; every condition given must hold.")
class InspectionFilter:
    port: str | None = reads_field("Inspection.port")
    stage: InspectionStage | None = reads_field("Inspection.stage")
    state: InspectionState | None = reads_field("Inspection.state")

    def conditions(self) -> tuple[ColumnElement[bool], ...]:
        """The conditions on rows."""
        out: list[ColumnElement[bool]] = []
        if self.port is not None:
            out.append(InspectionRow.port == self.port)
        if self.stage is not None:
            out.append(InspectionRow.stage == self.stage)
        if self.state is not None:
            out.append(InspectionRow.state == self.state)
        return tuple(out)


@strawberry.input(
    name="OpenInspectionInput",
    description="A crossing that is on record (crossingId), or one that begins now (travelerId, port, mode, document).",
)
class OpenInspection:
    crossingId: str | None = None
    travelerId: ID | None = None
    port: str | None = None
    mode: CrossingMode | None = None
    document: str | None = None
    foilNumber: str | None = None
    biometricMatch: BiometricMatch = BiometricMatch.UNAVAILABLE


@strawberry.input(name="ReferToSecondaryInput")
class ReferToSecondary:
    inspectionId: str
    referredFor: str


@strawberry.input(description="The stay granted; until is the last day, for kind DATE only.")
class StayInput:
    kind: StayKind
    until: dt.date | None = None


@strawberry.input(
    name="RecordInspectionInput",
    description="How an inspection ended; an outcome that lets the traveler in names class and stay.",
)
class RecordInspection:
    inspectionId: str
    outcome: InspectionOutcome
    reason: str | None = None
    forms: list[str] = strawberry.field(default_factory=list)
    narrative: str | None = None
    classOfAdmission: str | None = None
    stay: StayInput | None = None
    paroleKind: str | None = None
    sevisId: str | None = None
    programCategory: str | None = None


@strawberry.input(name="RecordDepartureInput", description="Without i94Number the departure stays unmatched.")
class RecordDeparture:
    travelerId: ID
    at: dt.datetime
    poe: str
    mode: CrossingMode
    method: DepartureMethod
    i94Number: str | None = None
    matchConfidence: float | None = None


@strawberry.input(name="PlaceLookoutInput")
class PlaceLookout:
    travelerId: ID
    kind: str
    instruction: str
    expires: dt.datetime | None = None


@strawberry.input(name="RecordOverstayFindingInput", description="A formal finding by an immigration judge or USCIS.")
class RecordOverstayFinding:
    i94Number: str
    basis: OverstayBasis
    foundAt: dt.datetime
    note: str
