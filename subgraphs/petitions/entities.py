"""The entities of USCIS's chapter: Petition, BenefitRequest, AsylumCase, and its part of Traveler."""

from __future__ import annotations

import datetime as dt
from functools import partial

import strawberry
from strawberry import ID

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
    resolved,
    shared,
    sys,
)
from subgraphs.kit.codes import coded
from subgraphs.kit.identifiers import check
from subgraphs.petitions.enums import (
    AsylumKind,
    BenefitStatus,
    FormType,
    PetitionStatus,
    RequestedAction,
    RevokedBy,
    Supplement,
)
from subgraphs.petitions.loaders import pending_extension, protections
from subgraphs.petitions.ordering import PetitionFilter, PetitionOrder, conditions, ordering
from subgraphs.petitions.tables import (
    ActionRow,
    AsylumCaseRow,
    BenefitRequestRow,
    PetitionEventRow,
    PetitionRow,
    ProtectedFlagRow,
)
from subgraphs.petitions.types import (
    FraudReferral,
    PetitionAction,
    Petitioner,
    PetitionEvent,
    PimsRecord,
    ProtectedFlag,
    ReturnMemo,
    SensitivePetitionAction,
    StatutoryProtections,
)

__all__ = ["AsylumCase", "BenefitRequest", "Petition", "Traveler"]

adj = partial(classified, "ADJ")
asylum = partial(classified, "ADJ", overlays=["ASY_2086"])


@entity("receiptNumber", description="A petition to USCIS for somebody's benefit: an I-129, I-130, I-140 and so on.")
class Petition:
    receiptNumber: str | None = shared("Petition.receiptNumber")
    formType: FormType | None = adj()
    supplements: list[Supplement] | None = adj()
    classification: CodedValue | None = adj(description="The class asked for; list petition-class.")
    beneficiaryCount: int | None = adj(description="More than one where an H-2 petition names nobody.")
    requestedAction: RequestedAction | None = adj()
    notifyPost: CodedValue | None = adj(description="The consular post told of an approval.")
    receivedOn: dt.date | None = adj()
    decidedOn: dt.date | None = adj(description="The day of the first decision.")
    status: PetitionStatus | None = adj()
    validFrom: dt.date | None = adj(description="Validity of the petition; not of a visa, not of a stay.")
    validTo: dt.date | None = adj()
    jobTitle: str | None = adj()
    wageAnnualUsd: int | None = classified("BUS", description="USD minor units a year.")
    worksite: str | None = classified("BUS")
    lcaNumber: str | None = classified("BUS")
    premium: bool | None = adj()
    rfeReasons: list[str] | None = classified("DELIB", description="What each request for evidence asked, and why.")
    revokedBy: RevokedBy | None = adj()
    relatedReceipts: list[str] | None = classified("IDN")
    provenance: Provenance | None = sys()
    row: strawberry.Private[PetitionRow | None] = None

    @classmethod
    def of(cls, row: PetitionRow) -> Petition:
        """The petition in ``row``."""
        return cls(
            row=row,
            receiptNumber=row.receipt_number,
            formType=row.form_type,
            supplements=[Supplement[name] for name in row.supplements],
            classification=coded("petition-class", row.classification),
            beneficiaryCount=row.beneficiary_count,
            requestedAction=row.requested_action,
            notifyPost=coded("post", row.notify_post),
            receivedOn=row.received_on,
            decidedOn=row.decided_on,
            status=row.status,
            validFrom=row.valid_from,
            validTo=row.valid_to,
            jobTitle=row.job_title,
            wageAnnualUsd=row.wage_annual_usd,
            worksite=row.worksite,
            lcaNumber=row.lca_number,
            premium=row.premium,
            rfeReasons=row.rfe_reasons,
            revokedBy=row.revoked_by,
            relatedReceipts=row.related_receipts,
            provenance=Provenance.of(row),
        )

    @classmethod
    async def resolve_reference(cls, info: Info, key: Key) -> Petition | None:
        """The petition a representation names; all of one request's are one statement."""
        row = await info.context.one(PetitionRow, PetitionRow.receipt_number, check("RECEIPT", key["receiptNumber"]))
        return cls.of(row) if row else None

    @link(description="Who petitions.")
    def petitioner(self) -> Petitioner | None:
        return Petitioner.of(self.row) if self.row else None

    @link(description="For whose benefit; nobody where the workers are unnamed.")
    def beneficiary(self) -> Traveler | None:
        found = self.row and self.row.beneficiary_id
        return Traveler(id=ID(found)) if found else None

    @link(description="What happened to it, oldest first; holds, fraud and checks are in sensitiveHistory.")
    async def history(self, info: Info) -> list[PetitionAction] | None:
        return [PetitionAction.of(row) for row in await self._actions(info) if not row.sensitive]

    @link(description="History actions that show deliberation, oldest first.")
    async def sensitiveHistory(self, info: Info) -> list[SensitivePetitionAction] | None:  # noqa: N802 - graph name
        return [SensitivePetitionAction.of(row) for row in await self._actions(info) if row.sensitive]

    @link(description="Its referral to the fraud unit, if there was one.")
    def fraudReferral(self) -> FraudReferral | None:  # noqa: N802 - graph name
        row = self.row
        if row is None or row.fraud_referred is None:
            return None
        return FraudReferral(
            referred=row.fraud_referred, unit=row.fraud_unit, at=row.fraud_at, outcome=row.fraud_outcome
        )

    @link(description="State's memo, where the petition came back.")
    def returnMemo(self) -> ReturnMemo | None:  # noqa: N802 - graph name
        row = self.row
        if row is None or row.return_at is None:
            return None
        return ReturnMemo(summary=row.return_summary, refusalCategory=row.return_category, at=row.return_at)

    @link(origin="STATE_CA", description="State's evidence of approval: its old home, now answered by visas.")
    def pims(self) -> PimsRecord | None:
        row = self.row
        if row is None or row.pims_present is None:
            return None
        return PimsRecord(present=row.pims_present, recordedAt=row.pims_recorded_at, verifiedBy=row.pims_verified_by)

    async def _actions(self, info: Info) -> list[ActionRow]:
        return await info.context.many(ActionRow, ActionRow.receipt_number, self.receiptNumber)


@entity("receiptNumber", description="A request that is not a petition: an I-485, I-539, I-765 or I-131.")
class BenefitRequest:
    receiptNumber: str | None = shared("BenefitRequest.receiptNumber")
    form: FormType | None = adj()
    status: BenefitStatus | None = adj()
    filedOn: dt.date | None = adj()
    decidedOn: dt.date | None = adj()
    provenance: Provenance | None = sys()
    applicantId: strawberry.Private[str | None] = None

    @classmethod
    def of(cls, row: BenefitRequestRow) -> BenefitRequest:
        """The request in ``row``."""
        return cls(
            receiptNumber=row.receipt_number,
            form=row.form,
            status=row.status,
            filedOn=row.filed_on,
            decidedOn=row.decided_on,
            provenance=Provenance.of(row),
            applicantId=row.applicant_id,
        )

    @classmethod
    async def resolve_reference(cls, info: Info, key: Key) -> BenefitRequest | None:
        """The request a representation names."""
        number = check("RECEIPT", key["receiptNumber"])
        row = await info.context.one(BenefitRequestRow, BenefitRequestRow.receipt_number, number)
        return cls.of(row) if row else None

    @link(description="Who asks.")
    def applicant(self) -> Traveler | None:
        return Traveler(id=ID(self.applicantId)) if self.applicantId else None


@entity("caseNumber", description="An asylum or credible-fear case; for its owner alone (8 CFR 208.6).")
class AsylumCase:
    caseNumber: str | None = asylum()
    kind: AsylumKind | None = asylum()
    stage: str | None = asylum()
    filedOn: dt.date | None = asylum()
    office: str | None = asylum()
    provenance: Provenance | None = sys()
    applicantId: strawberry.Private[str | None] = None

    @classmethod
    def of(cls, row: AsylumCaseRow) -> AsylumCase:
        """The case in ``row``."""
        return cls(
            caseNumber=row.case_number,
            kind=row.kind,
            stage=row.stage,
            filedOn=row.filed_on,
            office=row.office,
            provenance=Provenance.of(row),
            applicantId=row.applicant_id,
        )

    @classmethod
    async def resolve_reference(cls, info: Info, key: Key) -> AsylumCase | None:
        """The case a representation names."""
        row = await info.context.one(AsylumCaseRow, AsylumCaseRow.case_number, key["caseNumber"])
        return cls.of(row) if row else None

    @link(description="Who fears to return.")
    def applicant(self) -> Traveler | None:
        return Traveler(id=ID(self.applicantId)) if self.applicantId else None


@entity("id", description="USCIS's chapter of a traveler.")
class Traveler:
    id: ID = shared("Traveler.id", required=True)

    @classmethod
    def resolve_reference(cls, info: Info, key: Key) -> Traveler:
        """The traveler a representation names; who has no record here has an empty chapter."""
        return cls(id=ID(key["id"]))

    @link(description="Petitions for the traveler's benefit, by receipt number unless ordered.")
    async def petitions(
        self,
        info: Info,
        filter: PetitionFilter | None = None,
        orderBy: PetitionOrder | None = None,  # noqa: N803 - graph name
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Connection[Petition] | None:
        where = conditions(filter)
        rows = await info.context.many(PetitionRow, PetitionRow.beneficiary_id, str(self.id), where=where)
        page = Page(first, after, last, before)
        return await connect_rows(info.context, rows, Petition.of, order=ordering(orderBy), page=page)

    @link(description="Requests the traveler filed, by receipt number.")
    async def benefitRequests(  # noqa: N802 - graph name
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Connection[BenefitRequest] | None:
        rows = await info.context.many(BenefitRequestRow, BenefitRequestRow.applicant_id, str(self.id))
        order = [OrderBy(BenefitRequestRow.receipt_number)]
        page = Page(first, after, last, before)
        return await connect_rows(info.context, rows, BenefitRequest.of, order=order, page=page)

    @link(description="Asylum and credible-fear cases.")
    async def asylumCases(self, info: Info) -> list[AsylumCase] | None:  # noqa: N802 - graph name
        rows = await info.context.many(AsylumCaseRow, AsylumCaseRow.applicant_id, str(self.id))
        return [AsylumCase.of(row) for row in rows]

    @link(description="Protections under 8 USC 1367, ended ones included.")
    async def protectedFlags(self, info: Info) -> list[ProtectedFlag] | None:  # noqa: N802 - graph name
        rows = await info.context.many(ProtectedFlagRow, ProtectedFlagRow.traveler_id, str(self.id))
        return [ProtectedFlag.of(row) for row in rows]

    @link(description="What protects the traveler at the decision instant; never null, for decisions rest on it.")
    async def statutoryProtections(self, info: Info) -> StatutoryProtections | None:  # noqa: N802 - graph name
        return await protections(info.context, str(self.id))

    @resolved("ADJ", origin="USCIS", description="When the earliest undecided extension or change was filed.")
    async def pendingExtensionFiledOn(self, info: Info) -> dt.date | None:  # noqa: N802 - graph name
        return await pending_extension(info.context, str(self.id))

    @link(description="What USCIS did, oldest first.")
    async def petitionEvents(self, info: Info) -> list[PetitionEvent] | None:  # noqa: N802 - graph name
        rows = await info.context.many(PetitionEventRow, PetitionEventRow.traveler_id, str(self.id))
        return [PetitionEvent.of(row) for row in sorted(rows, key=lambda row: (row.at, row.id))]
