"""The admissions subgraph's schema: what can be asked of CBP and what CBP's officers may do.

The object types are in types.py, the transactions behind the mutations in writes.py, the overstay law in overstay.py.
"""

from __future__ import annotations

from typing import Annotated

import strawberry
from sqlalchemy import select

from subgraphs.admissions.inputs import (
    InspectionFilter,
    OpenInspection,
    PlaceLookout,
    RecordDeparture,
    RecordInspection,
    RecordOverstayFinding,
    ReferToSecondary,
)
from subgraphs.admissions.loaders import lead_statement
from subgraphs.admissions.notes import CrossingEvent, Lookout
from subgraphs.admissions.ports import local_day
from subgraphs.admissions.stubs import ExchangeVisitor, Visa
from subgraphs.admissions.tables import AdmissionRow, ArrivalRow, InspectionRow
from subgraphs.admissions.types import Admission, Arrival, Departure, Inspection, Traveler
from subgraphs.admissions.writes import (
    open_inspection,
    place_lookout,
    record_departure,
    record_finding,
    record_inspection,
    refer_to_secondary,
)
from subgraphs.kit import Connection, Info, OrderBy, Page, act, connect, event, link, make_schema, reads
from subgraphs.kit.identifiers import check

__all__ = ["Mutation", "Query", "schema"]


@strawberry.type
class Query:
    @link(description="An admission by its I-94 number, in the form used before or since May 2019.")
    async def admission(
        self,
        info: Info,
        i94Number: Annotated[str, reads("Admission.i94Number")],  # noqa: N803 - the name in the graph
    ) -> Admission | None:
        row = await info.context.one(AdmissionRow, AdmissionRow.i94_number, check("I94_NUMBER", i94Number))
        return Admission.of(row) if row else None

    @link()
    async def inspection(
        self,
        info: Info,
        inspectionId: Annotated[str, reads("Inspection.inspectionId")],  # noqa: N803 - the name in the graph
    ) -> Inspection | None:
        row = await info.context.one(InspectionRow, InspectionRow.inspection_id, inspectionId)
        return Inspection.of(row) if row else None

    @link()
    async def arrival(
        self,
        info: Info,
        crossingId: Annotated[str, reads("Arrival.crossingId")],  # noqa: N803 - the name in the graph
    ) -> Arrival | None:
        row = await info.context.one(ArrivalRow, ArrivalRow.crossing_id, crossingId)
        return Arrival.of(row) if row else None

    @link(description="A port's queue, the oldest first.")
    async def inspections(
        self,
        info: Info,
        filter: InspectionFilter | None = None,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Connection[Inspection] | None:
        statement = select(InspectionRow).where(*(filter.conditions() if filter else ()))
        order = [OrderBy(InspectionRow.opened_at), OrderBy(InspectionRow.inspection_id)]
        return await connect(info.context, statement, Inspection.of, order=order, page=Page(first, after, last, before))

    @link(
        description="Admissions whose stay ended with no departure matched, the longest ago first. A lead is no "
        "assessment: traveler.overstay is, since only USCIS knows of a pending extension."
    )
    async def overstayLeads(  # noqa: N802 - the name in the graph
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Connection[Admission] | None:
        statement = lead_statement(local_day("", info.context.now))
        order = [OrderBy(AdmissionRow.stay_until), OrderBy(AdmissionRow.i94_number)]
        return await connect(info.context, statement, Admission.of, order=order, page=Page(first, after, last, before))


@strawberry.type
class Mutation:
    @act(description="Open a primary inspection, of a crossing on record or of one that begins now.")
    async def openInspection(self, info: Info, input: OpenInspection) -> Inspection | None:  # noqa: N802
        async with info.context.writing() as write:
            row = await open_inspection(write, input)
        return Inspection.of(row)

    @act(description="Close an open primary inspection with a referral; answers the secondary one it opens.")
    async def referToSecondary(self, info: Info, input: ReferToSecondary) -> Inspection | None:  # noqa: N802
        async with info.context.writing() as write:
            row = await refer_to_secondary(write, input)
        return Inspection.of(row)

    @act(description="Record how an inspection ended; issues an I-94 where the traveler is let in.")
    async def recordInspection(self, info: Info, input: RecordInspection) -> Inspection | None:  # noqa: N802
        async with info.context.writing() as write:
            row = await record_inspection(write, input)
        return Inspection.of(row)

    @act(description="Record a departure, matched to an admission or not.")
    async def recordDeparture(self, info: Info, input: RecordDeparture) -> Departure | None:  # noqa: N802
        async with info.context.writing() as write:
            row = await record_departure(write, input)
        return Departure.of(row)

    @act(description="Place a lookout on a traveler.")
    async def placeLookout(self, info: Info, input: PlaceLookout) -> Lookout | None:  # noqa: N802
        async with info.context.writing() as write:
            row = await place_lookout(write, input)
        return Lookout.of(row)

    @act(description="Record a formal finding by an immigration judge or USCIS; the admission is flagged OVERSTAYED.")
    async def recordOverstayFinding(self, info: Info, input: RecordOverstayFinding) -> Admission | None:  # noqa: N802
        async with info.context.writing() as write:
            row = await record_finding(write, input)
        return Admission.of(row)


@strawberry.type
class Subscription:
    @event("inspectionRecorded", tells=["Inspection.state"], description="An inspection was closed with its outcome.")
    async def inspectionRecorded(self, info: Info) -> Inspection | None:  # noqa: N802
        return await Inspection.resolve_reference(info, {"inspectionId": info.context.event.entity_key})

    @event("departureRecorded", tells=["Departure.at"], description="A departure was recorded.")
    async def departureRecorded(self, info: Info) -> Departure | None:  # noqa: N802
        return await Departure.resolve_reference(info, {"departureId": info.context.event.entity_key})


schema = make_schema(
    Query,
    Mutation,
    subscription=Subscription,
    types=[Admission, Arrival, CrossingEvent, Departure, ExchangeVisitor, Inspection, Lookout, Traveler, Visa],
)
