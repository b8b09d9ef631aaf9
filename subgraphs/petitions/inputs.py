"""What each mutation is given. A note stays in the file and is never part of the graph."""

from __future__ import annotations

import datetime as dt

import strawberry
from strawberry import ID

from subgraphs.petitions.enums import FormType, PetitionDecision, RequestedAction, RevocationStep, RevokedBy, Supplement

__all__ = [
    "DecidePetition",
    "ReaffirmPetition",
    "ReceivePetition",
    "RecordEvidence",
    "RequestEvidence",
    "ReturnPetitionFromDos",
    "RevokePetition",
    "SendPetitionToDos",
]


@strawberry.input(description="A petition as it comes in.")
class ReceivePetition:
    receiptNumber: str
    formType: FormType
    classification: str = strawberry.field(description="A code of the list petition-class.")
    petitionerName: str
    petitionerEin: str | None = None
    beneficiary: ID | None = strawberry.field(default=None, description="The traveler; nobody for unnamed workers.")
    beneficiaryCount: int = 1
    requestedAction: RequestedAction = RequestedAction.NEW
    supplements: list[Supplement] | None = None
    notifyPost: str | None = strawberry.field(default=None, description="A code of the list post.")
    jobTitle: str | None = None
    premium: bool = False
    relatedReceipts: list[str] | None = None


@strawberry.input(description="Ask the petitioner for more.")
class RequestEvidence:
    receiptNumber: str
    reasons: list[str]
    note: str | None = None


@strawberry.input(description="What was asked for has come.")
class RecordEvidence:
    receiptNumber: str
    note: str | None = None


@strawberry.input(description="A decision on an undecided petition; an approval has a validity, no other does.")
class DecidePetition:
    receiptNumber: str
    decision: PetitionDecision
    validFrom: dt.date | None = None
    validTo: dt.date | None = None
    note: str | None = None


@strawberry.input(description="Ship an approved petition to State.")
class SendPetitionToDos:
    receiptNumber: str
    note: str | None = None


@strawberry.input(description="A petition State does not find approvable comes back with its memo.")
class ReturnPetitionFromDos:
    receiptNumber: str
    summary: str
    refusalCategory: str
    note: str | None = None


@strawberry.input(description="The approval stands after all.")
class ReaffirmPetition:
    receiptNumber: str
    note: str | None = None


@strawberry.input(description="Revoke an approval, by notice first unless it is automatic or State's.")
class RevokePetition:
    receiptNumber: str
    step: RevocationStep = RevocationStep.REVOKE
    by: RevokedBy = RevokedBy.USCIS
    note: str | None = None
