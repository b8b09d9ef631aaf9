"""What clients of this subgraph may hand in: filters and orderings (with what they read), and the mutations' inputs."""

from __future__ import annotations

import datetime as dt

import strawberry
from sqlalchemy import ColumnElement
from strawberry import ID

from subgraphs.enforcement.enums import (
    CaseState,
    DepartureProof,
    EncounterKind,
    OrderKind,
    RemovalCaseOrderField,
    RemovalStage,
)
from subgraphs.enforcement.tables import RemovalCaseRow
from subgraphs.kit import Direction, OrderBy, reads_field

__all__ = [
    "BookIn",
    "BookOut",
    "PlaceInProceedings",
    "RecordEncounter",
    "RecordOrder",
    "RemovalCaseFilter",
    "RemovalCaseOrder",
    "VerifyDeparture",
]


@strawberry.input(description="Which removal cases to list; every condition given must hold.")
class RemovalCaseFilter:
    stage: RemovalStage | None = reads_field("RemovalCase.stage")
    state: CaseState | None = reads_field("RemovalCase.state")

    def conditions(self) -> tuple[ColumnElement[bool], ...]:
        """The conditions on rows."""
        out: list[ColumnElement[bool]] = []
        if self.stage is not None:
            out.append(RemovalCaseRow.stage == self.stage)
        if self.state is not None:
            out.append(RemovalCaseRow.state == self.state)
        return tuple(out)


@strawberry.input(description="How removal cases are ordered.")
class RemovalCaseOrder:
    field: RemovalCaseOrderField = reads_field(
        "RemovalCase.ntaServedOn", "RemovalCase.stage", default=RemovalCaseOrderField.NTA_SERVED_ON
    )
    direction: Direction = Direction.DESC

    def columns(self) -> list[OrderBy]:
        """The ordering columns, ending in the case number."""
        descending = self.direction is Direction.DESC
        if self.field is RemovalCaseOrderField.STAGE:
            return [OrderBy(RemovalCaseRow.stage, descending), OrderBy(RemovalCaseRow.case_id)]
        return [OrderBy(RemovalCaseRow.nta_served_on, descending), OrderBy(RemovalCaseRow.case_id)]


@strawberry.input(name="RecordEncounterInput", description="An encounter; office is three letters, as ATL.")
class RecordEncounter:
    travelerId: ID
    office: str
    at: dt.datetime
    kind: EncounterKind
    method: str
    place: str
    subjectId: str
    alienNumber: str | None = None
    fin: str | None = None
    caseId: str | None = None


@strawberry.input(
    name="PlaceInProceedingsInput",
    description="A notice to appear served on the person of an encounter; with a court the case goes to it at once.",
)
class PlaceInProceedings:
    eventNumber: str
    charges: list[str]
    ntaServedOn: dt.date
    court: str | None = None


@strawberry.input(name="RecordOrderInput")
class RecordOrder:
    caseId: str
    kind: OrderKind
    by: str
    on: dt.date
    final: bool


@strawberry.input(name="VerifyDepartureInput")
class VerifyDeparture:
    caseId: str
    on: dt.date
    poe: str
    proof: DepartureProof
    country: str
    i205Executed: bool = False


@strawberry.input(name="BookInInput", description="bondUsd is in US cents.")
class BookIn:
    caseId: str
    facility: str
    at: dt.datetime
    class_: str = strawberry.field(name="class")
    bondUsd: int | None = None


@strawberry.input(name="BookOutInput")
class BookOut:
    detentionId: str
    at: dt.datetime
    releaseCode: str
