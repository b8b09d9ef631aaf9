"""What the consular mutations take, and what lists of applications are filtered and ordered by."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum

import strawberry
from strawberry import ID

from subgraphs.kit import Direction, reads_field
from subgraphs.visas.enums import (
    ApplicationKind,
    BiometricResult,
    ConsularDisposition,
    RevocationKind,
    VisaApplicationOrderField,
    VisaApplicationStatus,
    VisaEntries,
)

__all__ = [
    "AdjudicateApplicationInput",
    "AdjudicationDecision",
    "DsAnswersInput",
    "FeeInput",
    "InterviewWaiverInput",
    "IssueVisaInput",
    "PassportInput",
    "RecordConsularDispositionInput",
    "RecordInterviewInput",
    "RefuseVisaInput",
    "ReturnToAdjudicationInput",
    "RevokeVisaInput",
    "ScheduleInterviewInput",
    "SubmitApplicationInput",
    "VisaApplicationFilter",
    "VisaApplicationOrder",
]


@strawberry.input(description="Which applications to list; every condition given must hold.")
class VisaApplicationFilter:
    status: VisaApplicationStatus | None = reads_field("VisaApplication.status")
    post: str | None = reads_field("VisaApplication.post")
    submittedOnOrAfter: dt.date | None = reads_field("VisaApplication.submittedAt")


@strawberry.input(description="In which order to list applications.")
class VisaApplicationOrder:
    field: VisaApplicationOrderField = reads_field(
        "VisaApplication.submittedAt",
        "VisaApplication.decidedAt",
        default=VisaApplicationOrderField.SUBMITTED_AT,
    )
    direction: Direction = Direction.DESC


@strawberry.enum(description="What an officer decides about an application; a refusal is refuseVisa with its ground.")
class AdjudicationDecision(StrEnum):
    """Approved, or refused under 221(g) for more processing."""

    APPROVED = "APPROVED"
    ADMINISTRATIVE_PROCESSING = "ADMINISTRATIVE_PROCESSING"


@strawberry.input(description="The passport the application is made on.")
class PassportInput:
    number: str
    issuer: str
    issued: dt.date
    expires: dt.date
    mrz: str | None = None


@strawberry.input(description="What the applicant wrote on the form.")
class DsAnswersInput:
    travelPlans: str
    employer: str | None = None
    priorTravel: str | None = None
    socialMedia: list[str] | None = None
    securityAnswers: list[str] | None = None


@strawberry.input(description="A form as it was sent in. A draft with this number becomes it.")
class SubmitApplicationInput:
    applicationId: str
    travelerId: ID
    kind: ApplicationKind
    visaClass: str
    post: str
    passport: PassportInput
    answers: DsAnswersInput
    petitionReceipts: list[str] | None = None
    sevisId: str | None = None


@strawberry.input(description="A fee that was paid.")
class FeeInput:
    code: str
    usdMinor: int


@strawberry.input(description="The authority for doing without an interview, and the version of the rule.")
class InterviewWaiverInput:
    authority: str
    ruleVersion: str


@strawberry.input(
    description="Either an instant for the interview or a waiver of it; the fee where it is not yet paid."
)
class ScheduleInterviewInput:
    applicationId: str
    at: dt.datetime | None = None
    waiver: InterviewWaiverInput | None = None
    fee: FeeInput | None = None


@strawberry.input(description="What was done at the window: prints taken and answered, a note by the officer.")
class RecordInterviewInput:
    applicationId: str
    biometricResult: BiometricResult
    fin: str | None = None
    note: str | None = None


@strawberry.input(description="The officer's decision.")
class AdjudicateApplicationInput:
    applicationId: str
    decision: AdjudicationDecision
    advisoryProgram: str | None = strawberry.field(
        default=None, description="With ADMINISTRATIVE_PROCESSING: the advisory opinion that is asked for."
    )
    note: str | None = None


@strawberry.input(description="A refusal on a ground of the Act, for instance 214(b).")
class RefuseVisaInput:
    applicationId: str
    ground: str
    note: str | None = None


@strawberry.input(description="The foil that was printed.")
class IssueVisaInput:
    applicationId: str
    foilNumber: str
    controlNumber: str
    expiresOn: dt.date
    entries: VisaEntries
    issuedOn: dt.date | None = None
    annotation: str | None = None


@strawberry.input(description="The end of a visa before its date; effective at once unless an instant is given.")
class RevokeVisaInput:
    foilNumber: str
    kind: RevocationKind
    ground: str
    reason: str | None = None
    effective: dt.datetime | None = None


@strawberry.input(description="An approval taken back before printing, or a 221(g) refusal overcome.")
class ReturnToAdjudicationInput:
    applicationId: str
    reason: str


@strawberry.input(description="What the post did with a security recommendation.")
class RecordConsularDispositionInput:
    applicationId: str
    disposition: ConsularDisposition
