"""The exchange visitor subgraph's schema: sponsors as State ECA designates them, SEVIS records as ICE SEVP keeps them.

The value types are in ``types``, what mutations take in ``inputs``, what they do in ``acts``, the state machines in
``laws``.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import strawberry
from sqlalchemy import select
from strawberry import ID

from subgraphs.exchange_visitors import acts, inputs, types
from subgraphs.exchange_visitors.enums import SevisStatus, SponsorStatus
from subgraphs.exchange_visitors.loaders import RECORD_ORDER, participant_conditions, record_conditions
from subgraphs.exchange_visitors.tables import (
    DependentRow,
    ExchangeEventRow,
    ExchangeVisitorRow,
    SanctionRow,
    SponsorRow,
)
from subgraphs.exchange_visitors.types import eca, sevp
from subgraphs.kit import (
    CodedValue,
    Connection,
    Info,
    Key,
    Page,
    Provenance,
    act,
    connect,
    connect_rows,
    entity,
    event,
    link,
    make_schema,
    reads,
    shared,
    sys,
)
from subgraphs.kit.codes import coded

__all__ = ["ExchangeVisitor", "Mutation", "Query", "Sponsor", "Traveler", "schema"]


@entity("programNumber", description="An organization that State ECA has designated to run exchange programs.")
class Sponsor:
    programNumber: str | None = shared("Sponsor.programNumber")
    name: str | None = eca("ADJ")
    kind: str | None = eca("ADJ")
    designatedOn: dt.date | None = eca("ADJ")
    expiresOn: dt.date | None = eca("ADJ")
    status: SponsorStatus | None = eca("ADJ")
    categories: list[CodedValue] | None = eca("ADJ", description="Categories it may run, from the list j-category.")
    provenance: Provenance | None = sys()

    @classmethod
    def of(cls, row: SponsorRow) -> Sponsor:
        """The sponsor in ``row``."""
        codes = (coded("j-category", code) for code in row.categories)
        return cls(
            programNumber=row.program_number,
            name=row.name,
            kind=row.kind,
            designatedOn=row.designated_on,
            expiresOn=row.expires_on,
            status=row.status,
            categories=[code for code in codes if code is not None],
            provenance=Provenance.of(row),
        )

    @classmethod
    async def resolve_reference(cls, info: Info, key: Key) -> Sponsor | None:
        """The sponsor a representation names; all of one request's are one statement."""
        row = await info.context.one(SponsorRow, SponsorRow.program_number, key["programNumber"])
        return None if row is None else cls.of(row)

    @link(description="Sanctions, oldest first.")
    async def sanctions(self, info: Info) -> list[types.Sanction] | None:
        rows = await info.context.many(SanctionRow, SanctionRow.program_number, self.programNumber)
        return [types.Sanction.of(row) for row in sorted(rows, key=lambda row: (row.at, row.row))]

    @link(description="SEVIS records of the sponsor's programs, latest start first.")
    async def participants(
        self,
        info: Info,
        filter: inputs.ParticipantFilter | None = None,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Connection[ExchangeVisitor] | None:
        statement = select(ExchangeVisitorRow).where(
            ExchangeVisitorRow.program_number == self.programNumber, *participant_conditions(filter)
        )
        page = Page(first, after, last, before)
        return await connect(info.context, statement, ExchangeVisitor.of, order=RECORD_ORDER, page=page)


@entity("sevisId", description="One SEVIS record: a person in an exchange program.")
class ExchangeVisitor:
    sevisId: str | None = shared("ExchangeVisitor.sevisId")
    programNumber: str | None = sevp("EDU")
    category: CodedValue | None = shared("ExchangeVisitor.category", shareable=True)
    subject: CodedValue | None = sevp("EDU", description="Field of study, from the list cip.")
    programStart: dt.date | None = sevp("EDU")
    programEnd: dt.date | None = sevp("EDU")
    status: SevisStatus | None = sevp("EDU")
    statusAt: dt.datetime | None = sevp("EDU")
    validatedAt: dt.datetime | None = sevp("EDU", description="When the sponsor validated the arrival.")
    provenance: Provenance | None = sys()
    row: strawberry.Private[ExchangeVisitorRow | None] = None

    @classmethod
    def of(cls, row: ExchangeVisitorRow) -> ExchangeVisitor:
        """The record in ``row``."""
        return cls(
            sevisId=row.sevis_id,
            programNumber=row.program_number,
            category=coded("j-category", row.category),
            subject=coded("cip", row.subject),
            programStart=row.program_start,
            programEnd=row.program_end,
            status=row.status,
            statusAt=row.status_at,
            validatedAt=row.validated_at,
            provenance=Provenance.of(row),
            row=row,
        )

    @classmethod
    async def resolve_reference(cls, info: Info, key: Key) -> ExchangeVisitor | None:
        """The record a representation names; all of one request's are one statement."""
        row = await info.context.one(ExchangeVisitorRow, ExchangeVisitorRow.sevis_id, key["sevisId"])
        return None if row is None else cls.of(row)

    @link(description="Whose record it is.")
    def traveler(self) -> Traveler | None:
        return Traveler(id=ID(self.row.traveler_id)) if self.row else None

    @link(description="The sponsor of the program.")
    async def sponsor(self, info: Info) -> Sponsor | None:
        row = await info.context.one(SponsorRow, SponsorRow.program_number, self.programNumber)
        return None if row is None else Sponsor.of(row)

    @link()
    def site(self) -> types.ActivitySite | None:
        return types.ActivitySite.of(self.row) if self.row else None

    @link()
    def funding(self) -> types.Funding | None:
        return types.Funding.of(self.row) if self.row else None

    @link(description="Why the program ended before its date, where it did.")
    def termination(self) -> types.Termination | None:
        return types.Termination.of(self.row) if self.row else None

    @link(description="J-2 dependents.")
    async def dependents(self, info: Info) -> list[Traveler] | None:
        rows = await info.context.many(DependentRow, DependentRow.sevis_id, self.sevisId)
        return [Traveler(id=ID(row.traveler_id)) for row in rows]

    @link(origin="STATE_ECA")
    def twoYearRule(self) -> types.TwoYearRule | None:  # noqa: N802 - the name in the graph
        return types.TwoYearRule.of(self.row) if self.row else None

    @link(origin="STATE_ECA")
    def waiver212e(self) -> types.Waiver212e | None:
        return types.Waiver212e.of(self.row) if self.row else None

    @link()
    def ds2019(self) -> types.Ds2019 | None:
        return types.Ds2019.of(self.row) if self.row else None


@entity("id")
class Traveler:
    # one person; here, that person's exchange programs
    id: ID = shared("Traveler.id", required=True)

    @classmethod
    def resolve_reference(cls, info: Info, key: Key) -> Traveler:
        """The traveler by number: this subgraph holds a chapter, not the person."""
        return cls(id=ID(str(key["id"])))

    @link(description="SEVIS records of this traveler, latest start first.")
    async def exchangePrograms(  # noqa: N802
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Connection[ExchangeVisitor] | None:
        rows = await info.context.many(ExchangeVisitorRow, ExchangeVisitorRow.traveler_id, self.id)
        page = Page(first, after, last, before)
        return await connect_rows(info.context, rows, ExchangeVisitor.of, order=RECORD_ORDER, page=page)

    @link(description="The programs' part of the timeline, oldest first.")
    async def exchangeEvents(self, info: Info) -> list[types.ExchangeEvent] | None:  # noqa: N802
        rows = await info.context.many(ExchangeEventRow, ExchangeEventRow.traveler_id, self.id)
        return [types.ExchangeEvent.of(row) for row in sorted(rows, key=lambda row: (row.at, row.id))]


@strawberry.type
class Query:
    @link(description="One SEVIS record by its number.")
    async def exchangeVisitor(  # noqa: N802
        self,
        info: Info,
        sevisId: Annotated[str, reads("ExchangeVisitor.sevisId")],  # noqa: N803
    ) -> ExchangeVisitor | None:
        return await ExchangeVisitor.resolve_reference(info, {"sevisId": sevisId})

    @link(description="One sponsor by its program number.")
    async def sponsor(
        self,
        info: Info,
        programNumber: Annotated[str, reads("Sponsor.programNumber")],  # noqa: N803
    ) -> Sponsor | None:
        return await Sponsor.resolve_reference(info, {"programNumber": programNumber})

    @link(description="SEVIS records, latest start first.")
    async def exchangeVisitors(  # noqa: N802
        self,
        info: Info,
        filter: inputs.ExchangeVisitorFilter | None = None,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Connection[ExchangeVisitor] | None:
        statement = select(ExchangeVisitorRow).where(*record_conditions(filter))
        page = Page(first, after, last, before)
        return await connect(info.context, statement, ExchangeVisitor.of, order=RECORD_ORDER, page=page)


@strawberry.type
class Mutation:
    @act(description="The sponsor confirms that the participant has arrived.")
    async def validateArrival(  # noqa: N802
        self, info: Info, input: inputs.ValidateArrivalInput
    ) -> ExchangeVisitor | None:
        return ExchangeVisitor.of(await acts.validate(info.context, input))

    @act(description="End a program before its date; ports of entry are told.")
    async def terminateProgram(  # noqa: N802
        self, info: Info, input: inputs.TerminateProgramInput
    ) -> ExchangeVisitor | None:
        return ExchangeVisitor.of(await acts.terminate(info.context, input))

    @act(description="Move the end of a program to a later day.")
    async def extendProgram(  # noqa: N802
        self, info: Info, input: inputs.ExtendProgramInput
    ) -> ExchangeVisitor | None:
        return ExchangeVisitor.of(await acts.extend(info.context, input))

    @act(origin="STATE_ECA", description="Sanction a sponsor, or end its designation.")
    async def sanctionSponsor(  # noqa: N802
        self, info: Info, input: inputs.SanctionSponsorInput
    ) -> Sponsor | None:
        return Sponsor.of(await acts.sanction(info.context, input))


@strawberry.type
class Subscription:
    @event(
        "arrivalValidated",
        "programTerminated",
        "programExtended",
        tells=["ExchangeVisitor.status"],
        description="A participant's arrival was validated, or the program ended early or was extended.",
    )
    async def exchangeStatusChanged(self, info: Info) -> ExchangeVisitor | None:  # noqa: N802
        return await ExchangeVisitor.resolve_reference(info, {"sevisId": info.context.event.entity_key})


schema = make_schema(Query, Mutation, subscription=Subscription)
