"""Other agencies' entities as search finds them and a watch tells of them: their key and nothing else."""

from __future__ import annotations

from subgraphs.kit import entity, shared

__all__ = [
    "Admission",
    "Departure",
    "ExchangeVisitor",
    "Inspection",
    "Petition",
    "RemovalCase",
    "SecurityReview",
    "Visa",
    "VisaApplication",
]


@entity("receiptNumber", resolvable=False)
class Petition:
    receiptNumber: str | None = shared("Petition.receiptNumber")


@entity("applicationId", resolvable=False)
class VisaApplication:
    applicationId: str | None = shared("VisaApplication.applicationId")


@entity("foilNumber", resolvable=False)
class Visa:
    foilNumber: str | None = shared("Visa.foilNumber")


@entity("i94Number", resolvable=False)
class Admission:
    i94Number: str | None = shared("Admission.i94Number")


@entity("sevisId", resolvable=False)
class ExchangeVisitor:
    sevisId: str | None = shared("ExchangeVisitor.sevisId")


@entity("caseId", resolvable=False)
class RemovalCase:
    caseId: str | None = shared("RemovalCase.caseId")


@entity("inspectionId", resolvable=False)
class Inspection:
    inspectionId: str | None = shared("Inspection.inspectionId")


@entity("departureId", resolvable=False)
class Departure:
    departureId: str | None = shared("Departure.departureId")


@entity("reviewId", resolvable=False)
class SecurityReview:
    reviewId: str | None = shared("SecurityReview.reviewId")
