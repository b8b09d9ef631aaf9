"""The consular subgraph's schema: visa applications and visas, as State keeps them.

The value types are in ``types``, what mutations take in ``inputs``, what they do in ``acts``, the state machine in
``laws``. An application's status changes by a consular officer's act and by nothing else.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import strawberry
from sqlalchemy import select
from strawberry import ID

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
from subgraphs.visas import acts, inputs, laws, types
from subgraphs.visas.enums import (
    ApplicationKind,
    ConsularDisposition,
    PublicVisaStatus,
    VisaApplicationStatus,
    VisaEntries,
    VisaStatus,
)
from subgraphs.visas.loaders import VISA_ORDER, application_conditions, application_order, refusals, visa_of
from subgraphs.visas.tables import ConsularNoteRow, PimsRow, VisaApplicationRow, VisaEventRow, VisaRow
from subgraphs.visas.types import ca

__all__ = ["Mutation", "Petition", "Query", "Traveler", "Visa", "VisaApplication", "schema"]


@entity("applicationId", description="An application for a visa. Confidential under INA 222(f).")
class VisaApplication:
    applicationId: str | None = shared("VisaApplication.applicationId")
    kind: ApplicationKind | None = ca("ADJ")
    visaClass: CodedValue | None = ca("ADJ")
    post: CodedValue | None = ca("ADJ")
    submittedAt: dt.datetime | None = shared("VisaApplication.submittedAt", shareable=True)
    interviewAt: dt.datetime | None = ca("ADJ")
    decidedAt: dt.datetime | None = ca("ADJ", description="Of the decision that stands; empty while there is none.")
    status: VisaApplicationStatus | None = shared("VisaApplication.status")
    publicStatus: PublicVisaStatus | None = sys(description="What the public site shows; 221(g) shows as refused.")
    petitionReceipts: list[str] | None = ca("IDN")
    consularDisposition: ConsularDisposition | None = ca(
        "ADJ", description="State's answer to a security recommendation."
    )
    fees: list[types.Fee] | None = sys()
    provenance: Provenance | None = sys()
    row: strawberry.Private[VisaApplicationRow | None] = None

    @classmethod
    def of(cls, row: VisaApplicationRow) -> VisaApplication:
        """The application in ``row``."""
        return cls(
            applicationId=row.application_id,
            kind=row.kind,
            visaClass=coded("coa", row.visa_class),
            post=coded("post", row.post),
            submittedAt=row.submitted_at,
            interviewAt=row.interview_at,
            decidedAt=row.decided_at,
            status=row.status,
            publicStatus=laws.public_status(row.status),
            petitionReceipts=row.petition_receipts,
            consularDisposition=row.consular_disposition,
            fees=[types.Fee(code=fee["code"], usdMinor=fee["usdMinor"]) for fee in row.fees],
            provenance=Provenance.of(row),
            row=row,
        )

    @classmethod
    async def resolve_reference(cls, info: Info, key: Key) -> VisaApplication | None:
        """The application a representation names; all of one request's are one statement."""
        row = await info.context.one(VisaApplicationRow, VisaApplicationRow.application_id, key["applicationId"])
        return None if row is None else cls.of(row)

    @link(description="Who applies.")
    def applicant(self) -> Traveler | None:
        return Traveler(id=ID(self.row.applicant_id)) if self.row else None

    @link(description="The petitions the application relies on, as USCIS keeps them.")
    def petitions(self) -> list[Petition] | None:
        return [Petition(receiptNumber=receipt) for receipt in self.petitionReceipts or []]

    @link()
    def passport(self) -> types.PassportData | None:
        return types.PassportData.of(self.row) if self.row else None

    @link()
    def interviewWaiver(self) -> types.InterviewWaiver | None:  # noqa: N802 - the name in the graph
        return types.InterviewWaiver.of(self.row) if self.row else None

    @link(description="What the applicant wrote on the form.")
    def dsAnswers(self) -> types.DsAnswers | None:  # noqa: N802
        return types.DsAnswers.of(self.row) if self.row else None

    @link(description="Refusals on ordinary grounds, oldest first.")
    async def refusals(self, info: Info) -> list[types.Refusal] | None:
        return [types.Refusal.of(row) for row in await refusals(info.context, self.applicationId, "ORDINARY")]

    @link(description="Refusals on criminal and security grounds, oldest first.")
    async def seriousRefusals(self, info: Info) -> list[types.SeriousRefusal] | None:  # noqa: N802
        return [types.SeriousRefusal.of(row) for row in await refusals(info.context, self.applicationId, "SERIOUS")]

    @link(description="Refusals on health grounds, oldest first.")
    async def medicalRefusals(self, info: Info) -> list[types.MedicalRefusal] | None:  # noqa: N802
        return [types.MedicalRefusal.of(row) for row in await refusals(info.context, self.applicationId, "MEDICAL")]

    @link(description="The security advisory opinion, where one was asked for.")
    def sao(self) -> types.SecurityAdvisory | None:
        return types.SecurityAdvisory.of(self.row) if self.row else None

    @link()
    def biometricCheck(self) -> types.BiometricCheck | None:  # noqa: N802
        return types.BiometricCheck.of(self.row) if self.row else None

    @link()
    async def consularNotes(self, info: Info) -> list[types.ConsularNote] | None:  # noqa: N802
        rows = await info.context.many(ConsularNoteRow, ConsularNoteRow.application_id, self.applicationId)
        return [types.ConsularNote.of(row) for row in rows]

    @link()
    def fraudPrevention(self) -> types.FraudPrevention | None:  # noqa: N802
        return types.FraudPrevention.of(self.row) if self.row else None

    @link(description="The visa issued on this application.")
    async def visa(self, info: Info) -> Visa | None:
        row = await visa_of(info.context, self.applicationId)
        return None if row is None else Visa.of(row)


@entity("foilNumber", "controlNumber", description="A visa. Its validity is neither the petition's nor the stay's.")
class Visa:
    foilNumber: str | None = shared("Visa.foilNumber")
    controlNumber: str | None = ca("TDOC")
    visaClass: CodedValue | None = ca("ADJ")
    issuedOn: dt.date | None = ca("ADJ")
    expiresOn: dt.date | None = ca("ADJ")
    entries: VisaEntries | None = ca("ADJ")
    annotation: str | None = ca("ADJ")
    issuingPost: CodedValue | None = ca("ADJ")
    status: VisaStatus | None = ca("ADJ")
    statusBasis: str | None = ca("ADJ", description="The ground of a status that no officer gave, such as VOID_222G.")
    passportNumber: str | None = ca("TDOC")
    provenance: Provenance | None = sys()
    row: strawberry.Private[VisaRow | None] = None

    @classmethod
    def of(cls, row: VisaRow) -> Visa:
        """The visa in ``row``."""
        return cls(
            foilNumber=row.foil_number,
            controlNumber=row.control_number,
            visaClass=coded("coa", row.visa_class),
            issuedOn=row.issued_on,
            expiresOn=row.expires_on,
            entries=row.entries,
            annotation=row.annotation,
            issuingPost=coded("post", row.issuing_post),
            status=row.status,
            statusBasis=row.status_basis,
            passportNumber=row.passport_number,
            provenance=Provenance.of(row),
            row=row,
        )

    @classmethod
    async def resolve_reference(cls, info: Info, key: Key) -> Visa | None:
        """The visa a representation names by either of its numbers; batched per kind of number."""
        if key.get("foilNumber") is not None:
            row = await info.context.one(VisaRow, VisaRow.foil_number, key["foilNumber"])
        else:
            row = await info.context.one(VisaRow, VisaRow.control_number, key["controlNumber"])
        return None if row is None else cls.of(row)

    @link(description="The revocation, where there was one.")
    def revocation(self) -> types.VisaRevocation | None:
        return types.VisaRevocation.of(self.row) if self.row else None

    @link()
    async def application(self, info: Info) -> VisaApplication | None:
        if self.row is None:
            return None
        number = self.row.application_id
        row = await info.context.one(VisaApplicationRow, VisaApplicationRow.application_id, number)
        return None if row is None else VisaApplication.of(row)

    @link(description="Whom the visa was issued to.")
    def holder(self) -> Traveler | None:
        return Traveler(id=ID(self.row.holder_id)) if self.row else None


@entity("receiptNumber")
class Petition:
    # USCIS's petition; State adds its own evidence of the approval
    receiptNumber: str | None = shared("Petition.receiptNumber")

    @classmethod
    def resolve_reference(cls, info: Info, key: Key) -> Petition:
        """The petition by its number alone: whether it exists is USCIS's to say."""
        return cls(receiptNumber=str(key["receiptNumber"]))

    @link(origin="STATE_CA", override="petitions", description="The petition as the post sees it.")
    async def pims(self, info: Info) -> types.PimsRecord | None:
        row = await info.context.one(PimsRow, PimsRow.receipt_number, self.receiptNumber)
        return None if row is None else types.PimsRecord.of(row)


@entity("id")
class Traveler:
    # one person; here, that person's visa chapter
    id: ID = shared("Traveler.id", required=True)

    @classmethod
    def resolve_reference(cls, info: Info, key: Key) -> Traveler:
        """The traveler by number: State holds a chapter, not the person."""
        return cls(id=ID(str(key["id"])))

    @link(description="Applications of this traveler, latest submitted first.")
    async def visaApplications(  # noqa: N802
        self,
        info: Info,
        filter: inputs.VisaApplicationFilter | None = None,
        orderBy: inputs.VisaApplicationOrder | None = None,  # noqa: N803
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Connection[VisaApplication] | None:
        conditions = application_conditions(filter)
        rows = await info.context.many(VisaApplicationRow, VisaApplicationRow.applicant_id, self.id, where=conditions)
        page, order = Page(first, after, last, before), application_order(orderBy)
        return await connect_rows(info.context, rows, VisaApplication.of, order=order, page=page)

    @link(description="Visas issued to this traveler, latest first.")
    async def visas(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Connection[Visa] | None:
        rows = await info.context.many(VisaRow, VisaRow.holder_id, self.id)
        page = Page(first, after, last, before)
        return await connect_rows(info.context, rows, Visa.of, order=VISA_ORDER, page=page)

    @link(description="State's part of the timeline, oldest first.")
    async def visaEvents(self, info: Info) -> list[types.VisaEvent] | None:  # noqa: N802
        rows = await info.context.many(VisaEventRow, VisaEventRow.traveler_id, self.id)
        return [types.VisaEvent.of(row) for row in sorted(rows, key=lambda row: (row.at, row.id))]


@strawberry.type
class Query:
    @link(description="One application by its number.")
    async def visaApplication(  # noqa: N802
        self,
        info: Info,
        applicationId: Annotated[str, reads("VisaApplication.applicationId")],  # noqa: N803
    ) -> VisaApplication | None:
        return await VisaApplication.resolve_reference(info, {"applicationId": applicationId})

    @link(description="One visa by the number on its foil.")
    async def visa(
        self,
        info: Info,
        foilNumber: Annotated[str, reads("Visa.foilNumber")],  # noqa: N803
    ) -> Visa | None:
        return await Visa.resolve_reference(info, {"foilNumber": foilNumber})

    @link(description="The queue of applications, latest submitted first.")
    async def visaApplications(  # noqa: N802
        self,
        info: Info,
        filter: inputs.VisaApplicationFilter | None = None,
        orderBy: inputs.VisaApplicationOrder | None = None,  # noqa: N803
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Connection[VisaApplication] | None:
        statement = select(VisaApplicationRow).where(*application_conditions(filter))
        page, order = Page(first, after, last, before), application_order(orderBy)
        return await connect(info.context, statement, VisaApplication.of, order=order, page=page)


@strawberry.type
class Mutation:
    @act(description="Take in a form that was sent.")
    async def submitApplication(  # noqa: N802
        self, info: Info, input: inputs.SubmitApplicationInput
    ) -> VisaApplication | None:
        return VisaApplication.of(await acts.submit(info.context, input))

    @act(description="Schedule the interview, or waive it.")
    async def scheduleInterview(  # noqa: N802
        self, info: Info, input: inputs.ScheduleInterviewInput
    ) -> VisaApplication | None:
        return VisaApplication.of(await acts.schedule(info.context, input))

    @act(description="Record prints and interview; the application is then in adjudication.")
    async def recordInterview(  # noqa: N802
        self, info: Info, input: inputs.RecordInterviewInput
    ) -> VisaApplication | None:
        return VisaApplication.of(await acts.interview(info.context, input))

    @act(description="Approve, or send to administrative processing.")
    async def adjudicateApplication(  # noqa: N802
        self, info: Info, input: inputs.AdjudicateApplicationInput
    ) -> VisaApplication | None:
        return VisaApplication.of(await acts.adjudicate(info.context, input))

    @act(description="Print the visa of an approved application.")
    async def issueVisa(self, info: Info, input: inputs.IssueVisaInput) -> Visa | None:  # noqa: N802
        return Visa.of(await acts.issue(info.context, input))

    @act(description="Refuse on a ground of the Act.")
    async def refuseVisa(self, info: Info, input: inputs.RefuseVisaInput) -> VisaApplication | None:  # noqa: N802
        return VisaApplication.of(await acts.refuse(info.context, input))

    @act(description="Revoke a visa, or cancel it without prejudice; ports of entry are told.")
    async def revokeVisa(self, info: Info, input: inputs.RevokeVisaInput) -> Visa | None:  # noqa: N802
        return Visa.of(await acts.revoke(info.context, input))

    @act(description="Take an unprinted approval back, or reopen a 221(g) refusal.")
    async def returnToAdjudication(  # noqa: N802
        self, info: Info, input: inputs.ReturnToAdjudicationInput
    ) -> VisaApplication | None:
        return VisaApplication.of(await acts.return_to_adjudication(info.context, input))

    @act(description="Say what the post did with a security recommendation.")
    async def recordConsularDisposition(  # noqa: N802
        self, info: Info, input: inputs.RecordConsularDispositionInput
    ) -> VisaApplication | None:
        return VisaApplication.of(await acts.record_disposition(info.context, input))


@strawberry.type
class Subscription:
    @event("visaRevoked", tells=["Visa.status"], description="A visa was revoked, or canceled without prejudice.")
    async def visaRevoked(self, info: Info) -> Visa | None:  # noqa: N802
        return await Visa.resolve_reference(info, {"foilNumber": info.context.event.entity_key})

    @event(
        "applicationStatusChanged",
        tells=["VisaApplication.status"],
        description="An application took a step: submitted, approved, refused, issued, revoked.",
    )
    async def visaStatusChanged(self, info: Info) -> VisaApplication | None:  # noqa: N802
        return await VisaApplication.resolve_reference(info, {"applicationId": info.context.event.entity_key})


schema = make_schema(Query, Mutation, subscription=Subscription)
