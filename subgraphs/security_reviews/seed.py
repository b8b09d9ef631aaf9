"""The Visa Security Program's part of a synthetic journey, as rows: reviews, what was found, timeline."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from subgraphs.kit.tables import provenance
from subgraphs.kit.world.model import Journey, SecurityReviewFact
from subgraphs.security_reviews.enums import RecommendationValue, ReviewStatus, ScreeningResult
from subgraphs.security_reviews.tables import (
    Base,
    CoordinationRow,
    DerogatoryRow,
    ReviewEventRow,
    SecurityReviewRow,
)

__all__ = ["rows"]


def rows(journey: Journey) -> Iterator[Base]:
    """The rows of ``journey`` that are the program's, parents before children.

    Of State's applications only the instant of submission is taken: State lets the program provide it.
    """
    submitted = {fact.application_id: fact.submitted_at for fact in journey.visa_applications}
    for fact in journey.security_reviews:
        yield _review(fact, submitted.get(fact.application_id))
        for item in fact.derogatory:
            yield DerogatoryRow(
                review_id=fact.review_id,
                source=item.source,
                kind=item.kind,
                summary=item.summary,
                originator=item.originator,
                handling=item.handling,
            )
        for entry in fact.coordination:
            yield CoordinationRow(review_id=fact.review_id, agency=entry.agency, at=entry.at, outcome=entry.outcome)
    for event in journey.events_of("ICE_VSP"):
        yield ReviewEventRow(
            id=event.id,
            traveler_id=journey.traveler_id,
            at=event.at,
            kind=event.kind,
            summary=event.summary,
            review_id=event.reference("review_id"),
            **provenance(event.provenance),
        )


def _review(fact: SecurityReviewFact, submitted_at: datetime | None) -> SecurityReviewRow:
    columns: dict[str, Any] = {}
    if (advice := fact.recommendation) is not None:
        columns = {
            "recommended": RecommendationValue[advice.value],
            "recommended_ground": advice.ground,
            "recommended_at": advice.sent_at,
            "recommended_until": advice.expires_at,
            "recommended_tearline": advice.tearline,
            "recommended_priority": advice.priority,
            "recommended_read_at": advice.read_at,
        }
    return SecurityReviewRow(
        review_id=fact.review_id,
        application_id=fact.application_id,
        submitted_at=submitted_at,
        subject_id=fact.subject,
        post=fact.post,
        opened_at=fact.opened_at,
        closed_at=fact.closed_at,
        screening_result=ScreeningResult[fact.screening_result],
        review_status=ReviewStatus[fact.review_status],
        analyst=fact.analyst,
        **columns,
        **provenance(fact.provenance),
    )
