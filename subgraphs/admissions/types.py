"""The object types of the admissions subgraph: what CBP knows of a traveler's crossings."""

from __future__ import annotations

import datetime as dt

import strawberry
from strawberry import ID

from subgraphs.admissions.enums import (
    BiometricMatch,
    CrossingDirection,
    CrossingMode,
    DepartureMethod,
    InspectionOutcome,
    InspectionStage,
    InspectionState,
    UpdateFlag,
)
from subgraphs.admissions.inputs import AdmissionFilter, AdmissionOrder
from subgraphs.admissions.loaders import departure_of, latest_stay
from subgraphs.admissions.notes import AuthorizedStay, CrossingEvent, Lookout, OverstayAssessment
from subgraphs.admissions.overstay import Extension, assess
from subgraphs.admissions.ports import local_day
from subgraphs.admissions.stubs import ExchangeVisitor, Visa
from subgraphs.admissions.tables import (
    AdmissionRow,
    ArrivalRow,
    CrossingEventRow,
    DepartureRow,
    InspectionRow,
    LookoutRow,
)
from subgraphs.kit import (
    CodedValue,
    Connection,
    Info,
    Key,
    OrderBy,
    Page,
    Provenance,
    classified,
    connect_rows,
    entity,
    link,
    shared,
    sys,
)
from subgraphs.kit.codes import coded

__all__ = [
    "Admission",
    "Arrival",
    "Departure",
    "Inspection",
    "Traveler",
]


@entity("crossingId", description="One crossing of the border (NIIS).")
class Arrival:
    crossingId: str | None = classified("XING")
    poe: CodedValue | None = classified("XING")
    mode: CrossingMode | None = classified("XING")
    at: dt.datetime | None = classified("XING")
    direction: CrossingDirection | None = classified("XING")
    carrier: str | None = classified("APIS")
    flight: str | None = classified("APIS")
    manifestRef: str | None = classified("APIS")
    document: str | None = classified("TDOC", description="The travel document presented.")
    usAddress: str | None = classified("CON")
    provenance: Provenance | None = sys()
    row: strawberry.Private[ArrivalRow]

    @classmethod
    def of(cls, row: ArrivalRow) -> Arrival:
        """The crossing in ``row``."""
        return cls(
            crossingId=row.crossing_id,
            poe=coded("poe", row.poe),
            mode=row.mode,
            at=row.at,
            direction=row.direction,
            carrier=row.carrier,
            flight=row.flight,
            manifestRef=row.manifest_ref,
            document=row.document,
            usAddress=row.us_address,
            provenance=Provenance.of(row),
            row=row,
        )

    @classmethod
    async def resolve_reference(cls, info: Info, key: Key) -> Arrival | None:
        """The crossing a representation names."""
        row = await info.context.one(ArrivalRow, ArrivalRow.crossing_id, key["crossingId"])
        return cls.of(row) if row else None

    @link()
    def traveler(self) -> Traveler | None:
        return Traveler(id=ID(self.row.traveler_id))

    @link(description="The visa presented, if one was.")
    def visa(self) -> Visa | None:
        return Visa(foilNumber=self.row.foil_number) if self.row.foil_number else None


@entity("inspectionId", description="One inspection of one crossing (TECS).")
class Inspection:
    inspectionId: str | None = shared("Inspection.inspectionId")
    stage: InspectionStage | None = classified("XING")
    port: CodedValue | None = classified("XING")
    state: InspectionState | None = classified("XING")
    openedAt: dt.datetime | None = classified("XING")
    officerRef: str | None = classified("INSP")
    outcome: InspectionOutcome | None = classified("XING")
    reason: str | None = classified("XING", description="The section of the INA an adverse outcome rests on.")
    forms: list[str] | None = classified("XING")
    referredFor: str | None = classified("INSP")
    narrative: str | None = classified("INSP")
    biometricMatch: BiometricMatch | None = classified("BMR")
    provenance: Provenance | None = sys()
    row: strawberry.Private[InspectionRow]

    @classmethod
    def of(cls, row: InspectionRow) -> Inspection:
        """The inspection in ``row``."""
        return cls(
            inspectionId=row.inspection_id,
            stage=row.stage,
            port=coded("poe", row.port),
            state=row.state,
            openedAt=row.opened_at,
            officerRef=row.officer_ref,
            outcome=row.outcome,
            reason=row.reason,
            forms=row.forms,
            referredFor=row.referred_for,
            narrative=row.narrative,
            biometricMatch=row.biometric_match,
            provenance=Provenance.of(row),
            row=row,
        )

    @classmethod
    async def resolve_reference(cls, info: Info, key: Key) -> Inspection | None:
        """The inspection a representation names."""
        row = await info.context.one(InspectionRow, InspectionRow.inspection_id, key["inspectionId"])
        return cls.of(row) if row else None

    @link()
    async def arrival(self, info: Info) -> Arrival | None:
        row = await info.context.one(ArrivalRow, ArrivalRow.crossing_id, self.row.crossing_id)
        return Arrival.of(row) if row else None

    @link()
    def traveler(self) -> Traveler | None:
        return Traveler(id=ID(self.row.traveler_id))


@entity("i94Number", description="One admission or parole with its I-94 (NIIS).")
class Admission:
    i94Number: str | None = shared("Admission.i94Number")
    classOfAdmission: CodedValue | None = classified("XING")
    poe: CodedValue | None = classified("XING")
    admittedAt: dt.datetime | None = classified("XING")
    paroleKind: CodedValue | None = classified("XING")
    updateFlag: UpdateFlag | None = classified("XING")
    provenance: Provenance | None = sys()
    row: strawberry.Private[AdmissionRow]

    @classmethod
    def of(cls, row: AdmissionRow) -> Admission:
        """The admission in ``row``."""
        return cls(
            i94Number=row.i94_number,
            classOfAdmission=coded("coa", row.class_of_admission),
            poe=coded("poe", row.poe),
            admittedAt=row.admitted_at,
            paroleKind=coded("parole", row.parole_kind),
            updateFlag=row.update_flag,
            provenance=Provenance.of(row),
            row=row,
        )

    @classmethod
    async def resolve_reference(cls, info: Info, key: Key) -> Admission | None:
        """The admission a representation names."""
        row = await info.context.one(AdmissionRow, AdmissionRow.i94_number, key["i94Number"])
        return cls.of(row) if row else None

    @link()
    async def arrival(self, info: Info) -> Arrival | None:
        row = await info.context.one(ArrivalRow, ArrivalRow.crossing_id, self.row.crossing_id)
        return Arrival.of(row) if row else None

    @link()
    def traveler(self) -> Traveler | None:
        return Traveler(id=ID(self.row.traveler_id))

    @link()
    def authorizedStay(self) -> AuthorizedStay | None:  # noqa: N802 - the name in the graph
        return AuthorizedStay(kind=self.row.stay_kind, until=self.row.stay_until)

    @link(description="The visa presented, if one was.")
    def visa(self) -> Visa | None:
        return Visa(foilNumber=self.row.foil_number) if self.row.foil_number else None

    @link(
        provides=["category { list code label }"],
        description="The program the traveler was admitted for; its category is the DS-2019's, as seen at the port.",
    )
    def exchangeVisitor(self) -> ExchangeVisitor | None:  # noqa: N802 - the name in the graph
        if self.row.sevis_id is None:
            return None
        return ExchangeVisitor(sevisId=self.row.sevis_id, category=coded("j-category", self.row.program_category))

    @link(description="The departure matched to this admission; the surest where several were.")
    async def departure(self, info: Info) -> Departure | None:
        row = await departure_of(info.context, self.row.i94_number)
        return Departure.of(row) if row else None


@entity("departureId", description="One departure (ADIS), matched to an admission or not.")
class Departure:
    departureId: str | None = shared("Departure.departureId")
    i94Number: str | None = classified("XING")
    at: dt.datetime | None = classified("XING")
    poe: CodedValue | None = classified("XING")
    mode: CrossingMode | None = classified("XING")
    method: DepartureMethod | None = classified("XING")
    matchConfidence: float | None = classified("XING", description="0 to 1; how sure the match to the traveler is.")
    provenance: Provenance | None = sys()
    row: strawberry.Private[DepartureRow]

    @classmethod
    def of(cls, row: DepartureRow) -> Departure:
        """The departure in ``row``."""
        return cls(
            departureId=row.departure_id,
            i94Number=row.i94_number,
            at=row.at,
            poe=coded("poe", row.poe),
            mode=row.mode,
            method=row.method,
            matchConfidence=row.match_confidence,
            provenance=Provenance.of(row),
            row=row,
        )

    @classmethod
    async def resolve_reference(cls, info: Info, key: Key) -> Departure | None:
        """The departure a representation names."""
        row = await info.context.one(DepartureRow, DepartureRow.departure_id, key["departureId"])
        return cls.of(row) if row else None

    @link()
    async def admission(self, info: Info) -> Admission | None:
        if self.row.i94_number is None:
            return None
        row = await info.context.one(AdmissionRow, AdmissionRow.i94_number, self.row.i94_number)
        return Admission.of(row) if row else None

    @link()
    def traveler(self) -> Traveler | None:
        return Traveler(id=ID(self.row.traveler_id))


@entity("id", description="A traveler's chapter at the border.")
class Traveler:
    id: ID = shared("Traveler.id", required=True)
    pendingExtensionFiledOn: dt.date | None = shared("Traveler.pendingExtensionFiledOn", external=True)
    # unknown unless a representation said so: absent is not the same as null
    extension: strawberry.Private[Extension] = Extension(known=False)

    @classmethod
    def resolve_reference(cls, info: Info, key: Key) -> Traveler:
        """The traveler a representation names, with USCIS's word on a pending extension where it was sent."""
        extension = Extension(known=False)
        if "pendingExtensionFiledOn" in key:
            filed = key["pendingExtensionFiledOn"]
            extension = Extension(known=True, filed_on=None if filed is None else dt.date.fromisoformat(filed))
        return cls(id=ID(key["id"]), pendingExtensionFiledOn=extension.filed_on, extension=extension)

    @link(
        requires=["pendingExtensionFiledOn"],
        description="Whether the latest admission's stay was exceeded; null for a traveler never admitted.",
    )
    async def overstay(self, info: Info) -> OverstayAssessment | None:
        found = await latest_stay(info.context, str(self.id))
        if found is None:
            return None
        stay, row = found
        said = assess(stay, self.extension, local_day(row.poe, info.context.now))
        return OverstayAssessment(
            status=said.status,
            basis=said.basis,
            daysOver=said.days_over,
            assessedAt=info.context.now,
            ruleId=said.rule,
            explanation=said.explanation,
        )

    @link(description="Admissions, the latest first unless ordered otherwise.")
    async def admissions(
        self,
        info: Info,
        filter: AdmissionFilter | None = None,
        orderBy: AdmissionOrder | None = None,  # noqa: N803 - the name in the graph
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Connection[Admission] | None:
        where = filter.conditions() if filter else ()
        rows = await info.context.many(AdmissionRow, AdmissionRow.traveler_id, str(self.id), where=where)
        order = (orderBy or AdmissionOrder()).columns()
        return await connect_rows(info.context, rows, Admission.of, order=order, page=Page(first, after, last, before))

    @link(description="Crossings in both directions, the latest first.")
    async def arrivals(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Connection[Arrival] | None:
        rows = await info.context.many(ArrivalRow, ArrivalRow.traveler_id, str(self.id))
        order = [OrderBy(ArrivalRow.at, descending=True), OrderBy(ArrivalRow.crossing_id)]
        return await connect_rows(info.context, rows, Arrival.of, order=order, page=Page(first, after, last, before))

    @link(description="Inspections, the latest first.")
    async def inspections(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Connection[Inspection] | None:
        rows = await info.context.many(InspectionRow, InspectionRow.traveler_id, str(self.id))
        order = [OrderBy(InspectionRow.opened_at, descending=True), OrderBy(InspectionRow.inspection_id)]
        return await connect_rows(info.context, rows, Inspection.of, order=order, page=Page(first, after, last, before))

    @link(description="Departures, the latest first, matched or not.")
    async def departures(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Connection[Departure] | None:
        rows = await info.context.many(DepartureRow, DepartureRow.traveler_id, str(self.id))
        order = [OrderBy(DepartureRow.at, descending=True), OrderBy(DepartureRow.departure_id)]
        return await connect_rows(info.context, rows, Departure.of, order=order, page=Page(first, after, last, before))

    @link(description="Lookouts in force.")
    async def lookouts(self, info: Info) -> list[Lookout] | None:
        rows = await info.context.many(LookoutRow, LookoutRow.traveler_id, str(self.id))
        return [Lookout.of(row) for row in rows if row.expires is None or row.expires > info.context.now]

    @link(description="The border's part of the traveler's timeline, the oldest first.")
    async def crossingEvents(self, info: Info) -> list[CrossingEvent] | None:  # noqa: N802 - the name in the graph
        rows = await info.context.many(CrossingEventRow, CrossingEventRow.traveler_id, str(self.id))
        return [CrossingEvent.of(row) for row in sorted(rows, key=lambda row: (row.at, row.id))]
