"""What the gateway tells of a change of the agreements; no subgraph answers it."""

from __future__ import annotations

from datetime import date, datetime
from enum import Enum
from typing import Any

import strawberry

from subgraphs.kit import classified, value

__all__ = ["AgreementChange", "AgreementChangeKind"]


@strawberry.enum(description="What happened to an agreement; one change can be several of these.")
class AgreementChangeKind(Enum):
    ANNOUNCED = "ANNOUNCED"
    ACTIVATED = "ACTIVATED"
    AMENDED = "AMENDED"
    FLOWS_CHANGED = "FLOWS_CHANGED"
    REVIEW_OVERDUE = "REVIEW_OVERDUE"
    SUSPENDED = "SUSPENDED"
    EXPIRED = "EXPIRED"
    TERMINATED = "TERMINATED"
    JOINED = "JOINED"
    LEFT = "LEFT"


def _said(description: str) -> Any:
    return classified("ADJ", origin="ALL", description=description)


@value(description="One agreement that stands otherwise than before, as a party to it is told.")
class AgreementChange:
    agreementId: str | None = _said("Which agreement.")
    at: datetime | None = _said("From when on it stands so.")
    kinds: list[AgreementChangeKind] | None = _said(
        "What happened; LEFT alone for an agency that is no party any more."
    )
    articles: list[str] | None = _said("Articles whose grants or withholdings are new, gone or otherwise.")
    flows: list[str] | None = _said("Articles whose flows are new, gone or otherwise.")
    state: str | None = _said(
        "How it stands: active, review-overdue, suspended, expired, terminated, pending, signed or draft."
    )
    version: int | None = _said("Its version.")
    title: str | None = _said("Its title.")
    provider: str | None = _said("The agency that gives.")
    recipients: list[str] | None = _said("The agencies that receive.")
    effective: date | None = _said("In force from this day on.")
    reviewBy: date | None = _said("To be reviewed by this day; 90 days later it is suspended.")
    expires: date | None = _said("In force up to and without this day.")
    digest: str | None = _said("Over its whole meaning; the journal of activations has the same.")
    epoch: str | None = _said("The policy in force since.")
