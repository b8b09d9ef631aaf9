"""Tables of the Visa Security Program subgraph: reviews, recommendations, what was found, events.

There is no column for a visa application's status, on purpose. ``submitted_at`` is State's fact, copied when the review
was opened (the field State lets this subgraph provide); everything else about the application stays with State.
"""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from subgraphs.kit.tables import COLUMN_TYPES, EventColumns, ProvenanceColumns, table_metadata
from subgraphs.security_reviews.enums import RecommendationValue, ReviewStatus, ScreeningResult

__all__ = ["Base", "CoordinationRow", "DerogatoryRow", "Event", "ReviewEventRow", "SecurityReviewRow"]


class Base(DeclarativeBase):
    """The tables of this subgraph."""

    metadata = table_metadata()
    type_annotation_map = COLUMN_TYPES


class Event(EventColumns, Base):
    """The outbox: what happened here, for whoever subscribes."""

    __tablename__ = "events"


class SecurityReviewRow(ProvenanceColumns, Base):
    """One review of one application; an application has at most one. Advice, if any, is in ``recommended*`` columns.

    The recommendation that stands, or the withdrawn one, is the one in the row; earlier ones are in the outbox.
    """

    __tablename__ = "security_reviews"
    __table_args__ = (Index("ix_security_reviews_queue", "post", "review_status", "opened_at"),)

    review_id: Mapped[str] = mapped_column(String(20), primary_key=True)
    application_id: Mapped[str] = mapped_column(String(20), unique=True)
    submitted_at: Mapped[dt.datetime | None]
    subject_id: Mapped[str] = mapped_column(String(30), index=True)
    post: Mapped[str] = mapped_column(String(8))
    opened_at: Mapped[dt.datetime]
    closed_at: Mapped[dt.datetime | None]
    screening_result: Mapped[ScreeningResult]
    review_status: Mapped[ReviewStatus]
    analyst: Mapped[str | None] = mapped_column(String(40))

    recommended: Mapped[RecommendationValue | None]
    recommended_ground: Mapped[str | None] = mapped_column(String(40))
    recommended_at: Mapped[dt.datetime | None]
    recommended_until: Mapped[dt.datetime | None]
    recommended_tearline: Mapped[str | None] = mapped_column(Text)
    recommended_priority: Mapped[str | None] = mapped_column(String(12))
    recommended_read_at: Mapped[dt.datetime | None]


class _OfReview:
    row: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    review_id: Mapped[str] = mapped_column(ForeignKey("security_reviews.review_id"), index=True)


class DerogatoryRow(_OfReview, Base):
    """Something adverse that was found; the originator's policy decides on it."""

    __tablename__ = "derogatory_items"

    source: Mapped[str] = mapped_column(String(80))
    kind: Mapped[str] = mapped_column(String(80))
    summary: Mapped[str] = mapped_column(Text)
    originator: Mapped[str] = mapped_column(String(40))
    handling: Mapped[str] = mapped_column(String(80))


class CoordinationRow(_OfReview, Base):
    """One exchange with another agency about a review."""

    __tablename__ = "coordination"

    agency: Mapped[str] = mapped_column(String(40))
    at: Mapped[dt.datetime]
    outcome: Mapped[str] = mapped_column(Text)


class ReviewEventRow(ProvenanceColumns, Base):
    """One line of a traveler's timeline as the program tells it; its number says nothing about the record."""

    __tablename__ = "review_events"

    id: Mapped[str] = mapped_column(String(40), primary_key=True, default=lambda: f"REV-{uuid.uuid4().hex[:20]}")
    traveler_id: Mapped[str] = mapped_column(String(30), index=True)
    at: Mapped[dt.datetime]
    kind: Mapped[str] = mapped_column(String(60))
    summary: Mapped[str] = mapped_column(String(200))
    review_id: Mapped[str | None] = mapped_column(String(20))
