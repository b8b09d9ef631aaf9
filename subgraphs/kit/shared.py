"""Fields that more than one subgraph declares, classified once so that every declaration says the same."""

from __future__ import annotations

from typing import Any, Final

from subgraphs.kit.directives import classified

__all__ = ["SHARED", "shared"]

_CA = ("VISA_222F",)
SHARED: Final[dict[str, tuple[str, tuple[str, ...], str]]] = {
    "Traveler.id": ("SYS", (), "OBIM"),
    "Traveler.pendingExtensionFiledOn": ("ADJ", (), "USCIS"),
    "Petition.receiptNumber": ("IDN", (), "USCIS"),
    "BenefitRequest.receiptNumber": ("IDN", (), "USCIS"),
    "Petition.pims": ("LINK", (), "STATE_CA"),
    "PimsRecord.present": ("ADJ", _CA, "STATE_CA"),
    "PimsRecord.recordedAt": ("ADJ", _CA, "STATE_CA"),
    "PimsRecord.verifiedBy": ("ADJ", _CA, "STATE_CA"),
    "VisaApplication.applicationId": ("IDN", _CA, "STATE_CA"),
    "VisaApplication.status": ("ADJ", _CA, "STATE_CA"),
    "VisaApplication.submittedAt": ("ADJ", _CA, "STATE_CA"),
    "Visa.foilNumber": ("TDOC", _CA, "STATE_CA"),
    "ExchangeVisitor.sevisId": ("IDN", (), "ICE_SEVP"),
    "ExchangeVisitor.category": ("EDU", (), "ICE_SEVP"),
    "Sponsor.programNumber": ("ADJ", (), "STATE_ECA"),
    "Inspection.inspectionId": ("XING", (), "CBP"),
    "Departure.departureId": ("XING", (), "CBP"),
    "SecurityReview.reviewId": ("SEC", (), "ICE_VSP"),
    "Admission.i94Number": ("XING", (), "CBP"),
    "RemovalCase.caseId": ("ENF", (), "ICE_ERO"),
}
"""Coordinate -> (category, overlays, origin)."""


def shared(coordinate: str, **more: Any) -> Any:
    """The field at ``coordinate`` as every subgraph declares it; ``more`` as for ``classified`` (``external=True``...).

    Raises ``KeyError`` for a coordinate that is not in ``SHARED``.
    """
    category, overlays, origin = SHARED[coordinate]
    return classified(category, overlays=overlays, origin=origin, **more)
