"""The value types of the Visa Security Program subgraph."""

from __future__ import annotations

import datetime as dt
from functools import partial

from strawberry import ID

from subgraphs.kit import Provenance, TimelineEvent, classified, value
from subgraphs.security_reviews.enums import RecommendationValue
from subgraphs.security_reviews.tables import CoordinationRow, DerogatoryRow, ReviewEventRow, SecurityReviewRow

__all__ = ["CoordinationEntry", "DerogatoryItem", "ReviewEvent", "VspRecommendation", "derog"]

derog = partial(classified, "DLE", overlays=["THIRD_AGENCY"])


@value(description="What the Visa Security Program advises the consular officer. Advice, never a visa status.")
class VspRecommendation:
    value: RecommendationValue | None = classified("SEC")
    ground: str | None = classified("SEC", description="The citation the advice rests on.")
    sentAt: dt.datetime | None = classified("SEC")
    expiresAt: dt.datetime | None = classified("SEC")
    tearline: str | None = classified("SEC", description="The summary that may be released.")
    priority: str | None = classified("SEC")
    readAt: dt.datetime | None = classified("SEC", description="When the post acknowledged it.")

    @classmethod
    def of(cls, row: SecurityReviewRow) -> VspRecommendation | None:
        """The recommendation in ``row``; ``None`` before one was sent."""
        if row.recommended is None:
            return None
        return cls(
            value=row.recommended,
            ground=row.recommended_ground,
            sentAt=row.recommended_at,
            expiresAt=row.recommended_until,
            tearline=row.recommended_tearline,
            priority=row.recommended_priority,
            readAt=row.recommended_read_at,
        )


@value(description="Something adverse that was found. Its originator's rules decide who may see it.")
class DerogatoryItem:
    source: str | None = derog()
    kind: str | None = derog()
    summary: str | None = derog()
    originator: str | None = derog()
    handling: str | None = derog()

    @classmethod
    def of(cls, row: DerogatoryRow) -> DerogatoryItem:
        """The item in ``row``."""
        return cls(
            source=row.source, kind=row.kind, summary=row.summary, originator=row.originator, handling=row.handling
        )


@value(description="An exchange with another agency about a review.")
class CoordinationEntry:
    agency: str | None = classified("DELIB")
    at: dt.datetime | None = classified("DELIB")
    outcome: str | None = classified("DELIB")

    @classmethod
    def of(cls, row: CoordinationRow) -> CoordinationEntry:
        """The exchange in ``row``."""
        return cls(agency=row.agency, at=row.at, outcome=row.outcome)


@value(description="Something that happened in a security review.")
class ReviewEvent(TimelineEvent):
    summary: str | None = classified("SEC")
    reviewId: str | None = classified("SEC")

    @classmethod
    def of(cls, row: ReviewEventRow) -> ReviewEvent:
        """The event in ``row``."""
        return cls(
            id=ID(row.id),
            at=row.at,
            kind=row.kind,
            summary=row.summary,
            reviewId=row.review_id,
            provenance=Provenance.of(row),
        )
