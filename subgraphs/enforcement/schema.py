"""The enforcement subgraph's schema: what can be asked of ICE ERO and what its officers may do.

The object types are in types.py, the transactions behind the mutations in writes.py, the laws of a case in laws.py.
"""

from __future__ import annotations

from typing import Annotated

import strawberry
from sqlalchemy import select

from subgraphs.enforcement.inputs import (
    BookIn,
    BookOut,
    PlaceInProceedings,
    RecordEncounter,
    RecordOrder,
    RemovalCaseFilter,
    RemovalCaseOrder,
    VerifyDeparture,
)
from subgraphs.enforcement.tables import EncounterRow, RemovalCaseRow
from subgraphs.enforcement.types import Detention, EnforcementEncounter, EnforcementEvent, RemovalCase, Traveler
from subgraphs.enforcement.writes import (
    book_in,
    book_out,
    place_in_proceedings,
    record_encounter,
    record_order,
    verify_departure,
)
from subgraphs.kit import Connection, Info, Page, act, connect, link, make_schema, reads
from subgraphs.kit.identifiers import check

__all__ = ["Mutation", "Query", "schema"]


@strawberry.type
class Query:
    @link()
    async def removalCase(  # noqa: N802 - the name in the graph
        self,
        info: Info,
        caseId: Annotated[str, reads("RemovalCase.caseId")],  # noqa: N803 - the name in the graph
    ) -> RemovalCase | None:
        row = await info.context.one(RemovalCaseRow, RemovalCaseRow.case_id, caseId)
        return RemovalCase.of(row) if row else None

    @link()
    async def enforcementEncounter(  # noqa: N802 - the name in the graph
        self,
        info: Info,
        eventNumber: Annotated[str, reads("EnforcementEncounter.eventNumber")],  # noqa: N803 - the name in the graph
    ) -> EnforcementEncounter | None:
        number = check("EVENT_NUMBER", eventNumber)
        row = await info.context.one(EncounterRow, EncounterRow.event_number, number)
        return EnforcementEncounter.of(row) if row else None

    @link(description="The docket, the latest notice to appear first unless ordered otherwise.")
    async def removalCases(  # noqa: N802 - the name in the graph
        self,
        info: Info,
        filter: RemovalCaseFilter | None = None,
        orderBy: RemovalCaseOrder | None = None,  # noqa: N803 - the name in the graph
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Connection[RemovalCase] | None:
        statement = select(RemovalCaseRow).where(*(filter.conditions() if filter else ()))
        order = (orderBy or RemovalCaseOrder()).columns()
        page = Page(first, after, last, before)
        return await connect(info.context, statement, RemovalCase.of, order=order, page=page)


@strawberry.type
class Mutation:
    @act(description="Record an encounter.")
    async def recordEncounter(self, info: Info, input: RecordEncounter) -> EnforcementEncounter | None:  # noqa: N802
        async with info.context.writing() as write:
            row = await record_encounter(write, input)
        return EnforcementEncounter.of(row)

    @act(description="Serve a notice to appear on the person of an encounter; opens the case if there is none.")
    async def placeInProceedings(self, info: Info, input: PlaceInProceedings) -> RemovalCase | None:  # noqa: N802
        async with info.context.writing() as write:
            row = await place_in_proceedings(write, input)
        return RemovalCase.of(row)

    @act(description="Record an order; the referral to secondary follows from it.")
    async def recordOrder(self, info: Info, input: RecordOrder) -> RemovalCase | None:  # noqa: N802
        async with info.context.writing() as write:
            row = await record_order(write, input)
        return RemovalCase.of(row)

    @act(description="Verify that the person left under the order; closes the case.")
    async def verifyDeparture(self, info: Info, input: VerifyDeparture) -> RemovalCase | None:  # noqa: N802
        async with info.context.writing() as write:
            row = await verify_departure(write, input)
        return RemovalCase.of(row)

    @act(description="Book a person into detention under an open case.")
    async def bookIn(self, info: Info, input: BookIn) -> Detention | None:  # noqa: N802
        async with info.context.writing() as write:
            row = await book_in(write, input)
        return Detention.of(row)

    @act(description="Book a person out of detention.")
    async def bookOut(self, info: Info, input: BookOut) -> Detention | None:  # noqa: N802
        async with info.context.writing() as write:
            row = await book_out(write, input)
        return Detention.of(row)


schema = make_schema(Query, Mutation, types=[EnforcementEncounter, EnforcementEvent, RemovalCase, Detention, Traveler])
