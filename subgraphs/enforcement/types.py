"""The object types of the enforcement subgraph: what ICE ERO knows of a traveler."""

from __future__ import annotations

import datetime as dt
from functools import partial

import strawberry
from strawberry import ID

from subgraphs.enforcement.enums import CaseState, DepartureProof, EncounterKind, OrderKind, RemovalStage
from subgraphs.enforcement.inputs import RemovalCaseFilter, RemovalCaseOrder
from subgraphs.enforcement.laws import referral
from subgraphs.enforcement.tables import (
    CriminalHistoryRow,
    DetentionRow,
    EncounterRow,
    EnforcementEventRow,
    RemovalCaseRow,
)
from subgraphs.kit import (
    CodedValue,
    Connection,
    Info,
    Key,
    OrderBy,
    Page,
    Provenance,
    TimelineEvent,
    classified,
    connect_rows,
    entity,
    link,
    shared,
    sys,
    value,
)
from subgraphs.kit.codes import coded

__all__ = [
    "CriminalHistoryItem",
    "DepartureVerification",
    "Detention",
    "EnforcementEncounter",
    "EnforcementEvent",
    "Relief",
    "RemovalCase",
    "RemovalOrder",
    "Traveler",
]

_relief = partial(classified, "ENF", overlays=["ASY_2086"])
_history = partial(classified, "DLE", overlays=["THIRD_AGENCY"])


@value(description="What was ordered, by whom, when, and whether the order is final.")
class RemovalOrder:
    kind: OrderKind | None = classified("ENF")
    by: str | None = classified("ENF")
    on: dt.date | None = classified("ENF")
    final: bool | None = classified("ENF")


@value(description="Relief asked for; its kind alone can disclose an asylum claim.")
class Relief:
    kind: str | None = _relief()
    status: str | None = _relief()
    at: dt.date | None = _relief()


@value(description="Proof that the person left.")
class DepartureVerification:
    on: dt.date | None = classified("ENF")
    poe: CodedValue | None = classified("ENF")
    proof: DepartureProof | None = classified("ENF")
    country: str | None = classified("ENF")
    i205Executed: bool | None = classified("ENF")


@value(description="A conviction that another authority reported.")
class CriminalHistoryItem:
    conviction: str | None = _history()
    date: dt.date | None = _history()
    jurisdiction: str | None = _history()
    ncicCode: str | None = _history()

    @classmethod
    def of(cls, row: CriminalHistoryRow) -> CriminalHistoryItem:
        """The conviction in ``row``."""
        return cls(conviction=row.conviction, date=row.date, jurisdiction=row.jurisdiction, ncicCode=row.ncic_code)


@entity("eventNumber", description="One encounter (EID).")
class EnforcementEncounter:
    eventNumber: str | None = classified("ENF")
    subjectId: str | None = classified("ENF")
    at: dt.datetime | None = classified("ENF")
    kind: EncounterKind | None = classified("ENF")
    method: str | None = classified("ENF")
    alienNumber: str | None = classified("IDN")
    fin: str | None = classified("IDN")
    place: str | None = classified("DELIB", description="Where it was; 8 U.S.C. 1229(e) protects some places.")
    provenance: Provenance | None = sys()
    row: strawberry.Private[EncounterRow]

    @classmethod
    def of(cls, row: EncounterRow) -> EnforcementEncounter:
        """The encounter in ``row``."""
        return cls(
            eventNumber=row.event_number,
            subjectId=row.subject_id,
            at=row.at,
            kind=row.kind,
            method=row.method,
            alienNumber=row.alien_number,
            fin=row.fin,
            place=row.place,
            provenance=Provenance.of(row),
            row=row,
        )

    @classmethod
    async def resolve_reference(cls, info: Info, key: Key) -> EnforcementEncounter | None:
        """The encounter a representation names."""
        row = await info.context.one(EncounterRow, EncounterRow.event_number, key["eventNumber"])
        return cls.of(row) if row else None

    @link()
    def traveler(self) -> Traveler | None:
        return Traveler(id=ID(self.row.traveler_id))


@entity("detentionId", description="One stay in detention (EARM).")
class Detention:
    detentionId: str | None = classified("DET")
    facility: str | None = classified("DET")
    bookInAt: dt.datetime | None = classified("DET")
    bookOutAt: dt.datetime | None = classified("DET")
    releaseCode: str | None = classified("DET")
    bondUsd: int | None = classified("DET", description="US cents.")
    class_: str | None = classified("DET", name="class", description="The custody classification.")
    provenance: Provenance | None = sys()

    @classmethod
    def of(cls, row: DetentionRow) -> Detention:
        """The stay in ``row``."""
        return cls(
            detentionId=row.detention_id,
            facility=row.facility,
            bookInAt=row.book_in_at,
            bookOutAt=row.book_out_at,
            releaseCode=row.release_code,
            bondUsd=row.bond_usd,
            class_=row.classification,
            provenance=Provenance.of(row),
        )

    @classmethod
    async def resolve_reference(cls, info: Info, key: Key) -> Detention | None:
        """The stay a representation names."""
        row = await info.context.one(DetentionRow, DetentionRow.detention_id, key["detentionId"])
        return cls.of(row) if row else None


@entity("caseId", description="One removal case (EARM).")
class RemovalCase:
    caseId: str | None = shared("RemovalCase.caseId")
    stage: RemovalStage | None = classified("ENF")
    charges: list[str] | None = classified("ENF", description="Sections of the INA.")
    ntaServedOn: dt.date | None = classified("ENF")
    court: CodedValue | None = classified("ENF")
    stays: list[str] | None = classified("ENF")
    referral: str | None = classified(
        "ENF", description="REFER_TO_SECONDARY while an order is outstanding: all that primary inspection is told."
    )
    state: CaseState | None = classified("ENF")
    officerRef: str | None = classified("DELIB")
    provenance: Provenance | None = sys()
    row: strawberry.Private[RemovalCaseRow]

    @classmethod
    def of(cls, row: RemovalCaseRow) -> RemovalCase:
        """The case in ``row``."""
        return cls(
            caseId=row.case_id,
            stage=row.stage,
            charges=row.charges,
            ntaServedOn=row.nta_served_on,
            court=coded("court", row.court),
            stays=row.stays,
            referral=referral(row.stage, row.order_kind),
            state=row.state,
            officerRef=row.officer_ref,
            provenance=Provenance.of(row),
            row=row,
        )

    @classmethod
    async def resolve_reference(cls, info: Info, key: Key) -> RemovalCase | None:
        """The case a representation names."""
        row = await info.context.one(RemovalCaseRow, RemovalCaseRow.case_id, key["caseId"])
        return cls.of(row) if row else None

    @link()
    def order(self) -> RemovalOrder | None:
        row = self.row
        if row.order_kind is None:
            return None
        return RemovalOrder(kind=row.order_kind, by=row.order_by, on=row.order_on, final=row.order_final)

    @link()
    def relief(self) -> list[Relief] | None:
        return [
            Relief(kind=item["kind"], status=item["status"], at=dt.date.fromisoformat(item["at"]))
            for item in self.row.relief
        ]

    @link()
    def traveler(self) -> Traveler | None:
        return Traveler(id=ID(self.row.traveler_id))

    @link(description="The encounters that led to the case.")
    async def encounters(self, info: Info) -> list[EnforcementEncounter] | None:
        rows = await info.context.many(EncounterRow, EncounterRow.case_id, self.row.case_id)
        return [EnforcementEncounter.of(row) for row in rows]

    @link()
    async def detentions(self, info: Info) -> list[Detention] | None:
        rows = await info.context.many(DetentionRow, DetentionRow.case_id, self.row.case_id)
        return [Detention.of(row) for row in rows]

    @link()
    def departureVerification(self) -> DepartureVerification | None:  # noqa: N802 - the name in the graph
        row = self.row
        if row.left_on is None:
            return None
        return DepartureVerification(
            on=row.left_on,
            poe=coded("poe", row.left_poe),
            proof=row.left_proof,
            country=row.left_country,
            i205Executed=row.left_i205,
        )


@value(description="An enforcement event of a traveler's chapter; its words name no charge and no relief.")
class EnforcementEvent(TimelineEvent):
    summary: str | None = classified("ENF")

    @classmethod
    def of(cls, row: EnforcementEventRow) -> EnforcementEvent:
        """The event in ``row``."""
        return cls(id=ID(row.id), at=row.at, kind=row.kind, summary=row.summary, provenance=Provenance.of(row))


@entity("id", description="A traveler's chapter in enforcement.")
class Traveler:
    id: ID = shared("Traveler.id", required=True)

    @classmethod
    def resolve_reference(cls, info: Info, key: Key) -> Traveler:
        """The traveler a representation names; a traveler without records has an empty chapter."""
        return cls(id=ID(key["id"]))

    @link(description="Encounters, the latest first.")
    async def enforcementEncounters(  # noqa: N802 - the name in the graph
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Connection[EnforcementEncounter] | None:
        rows = await info.context.many(EncounterRow, EncounterRow.traveler_id, str(self.id))
        order = [OrderBy(EncounterRow.at, descending=True), OrderBy(EncounterRow.event_number)]
        page = Page(first, after, last, before)
        return await connect_rows(info.context, rows, EnforcementEncounter.of, order=order, page=page)

    @link(description="Removal cases, the latest notice to appear first unless ordered otherwise.")
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
        where = filter.conditions() if filter else ()
        rows = await info.context.many(RemovalCaseRow, RemovalCaseRow.traveler_id, str(self.id), where=where)
        order = (orderBy or RemovalCaseOrder()).columns()
        page = Page(first, after, last, before)
        return await connect_rows(info.context, rows, RemovalCase.of, order=order, page=page)

    @link(description="Stays in detention, the latest first.")
    async def detentions(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Connection[Detention] | None:
        rows = await info.context.many(DetentionRow, DetentionRow.traveler_id, str(self.id))
        order = [OrderBy(DetentionRow.book_in_at, descending=True), OrderBy(DetentionRow.detention_id)]
        page = Page(first, after, last, before)
        return await connect_rows(info.context, rows, Detention.of, order=order, page=page)

    @link(description="Convictions that other authorities reported.")
    async def criminalHistory(self, info: Info) -> list[CriminalHistoryItem] | None:  # noqa: N802 - the name in the graph
        rows = await info.context.many(CriminalHistoryRow, CriminalHistoryRow.traveler_id, str(self.id))
        return [CriminalHistoryItem.of(row) for row in rows]

    @link(description="Enforcement's part of the traveler's timeline, the oldest first.")
    async def enforcementEvents(self, info: Info) -> list[EnforcementEvent] | None:  # noqa: N802 - the name in the graph
        rows = await info.context.many(EnforcementEventRow, EnforcementEventRow.traveler_id, str(self.id))
        return [EnforcementEvent.of(row) for row in sorted(rows, key=lambda row: (row.at, row.id))]
