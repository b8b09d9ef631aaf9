"""Visa Security Program facts: a review of one application."""

from datetime import datetime, timedelta

from subgraphs.kit.world.build.draft import Draft, source
from subgraphs.kit.world.model import (
    CoordinationFact,
    DerogatoryFact,
    RecommendationFact,
    SecurityReviewFact,
    VisaApplicationFact,
)

__all__ = ["recommendation", "review"]


def recommendation(
    value: str, sent: datetime, *, ground: str | None = None, tearline: str = "", read: datetime | None = None
) -> RecommendationFact:
    """A recommendation sent at the instant, good for sixty days."""
    priority = "HIGH" if value == "RECOMMEND_REFUSE" else "ROUTINE"
    return RecommendationFact(value, ground, sent, sent + timedelta(days=60), tearline, priority, read)


def review(
    draft: Draft,
    of: VisaApplicationFact,
    opened: datetime,
    *,
    closed: datetime | None = None,
    screening: str = "NO_MATCH",
    status: str = "SCREENED_CLEAR",
    recommended: RecommendationFact | None = None,
    derogatory: tuple[DerogatoryFact, ...] = (),
    coordination: tuple[CoordinationFact, ...] = (),
) -> SecurityReviewFact:
    """A security review of the application at its post."""
    moments = [at for at in (opened, closed, recommended.sent_at if recommended else None) if at is not None]
    number = draft.numbers.review(opened.year)
    fact = SecurityReviewFact(
        review_id=number,
        application_id=of.application_id,
        subject=draft.traveler_id,
        post=of.post,
        opened_at=opened,
        closed_at=closed,
        screening_result=screening,
        review_status=status,
        recommendation=recommended,
        derogatory=derogatory,
        coordination=coordination,
        analyst=f"vsp-{of.post.lower()}-1",
        provenance=source("ICE_VSP", "VSPTS-Net", max(moments), len(moments)),
    )
    draft.security_reviews.append(fact)
    draft.happened("ICE_VSP", "VSPTS-Net", opened, "review.opened", "Review opened", review_id=number)
    if recommended is not None:
        draft.happened(
            "ICE_VSP", "VSPTS-Net", recommended.sent_at, "review.recommendation", "Sent to post", review_id=number
        )
    if closed is not None:
        draft.happened("ICE_VSP", "VSPTS-Net", closed, "review.closed", "Review closed", review_id=number)
    return fact
