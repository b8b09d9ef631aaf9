"""What the security review mutations take, and what lists of reviews are filtered by."""

from __future__ import annotations

import datetime as dt

import strawberry
from strawberry import ID

from subgraphs.kit import reads_field
from subgraphs.security_reviews.enums import RecommendationValue, ReviewStatus, ScreeningResult

__all__ = [
    "AcknowledgeRecommendationInput",
    "CloseReviewInput",
    "OpenReviewInput",
    "SecurityReviewFilter",
    "SendRecommendationInput",
    "WithdrawRecommendationInput",
]


@strawberry.input(description="Which reviews to list; every condition given must hold.")
class SecurityReviewFilter:
    post: str | None = reads_field("SecurityReview.post")
    reviewStatus: ReviewStatus | None = reads_field("SecurityReview.reviewStatus")


@strawberry.input(description="A review of an application that State has taken in.")
class OpenReviewInput:
    reviewId: str
    applicationId: str
    travelerId: ID
    post: str
    screeningResult: ScreeningResult
    submittedAt: dt.datetime = strawberry.field(
        description="When the application was submitted, as State said when it handed it over."
    )


@strawberry.input(description="Advice to the consular officer.")
class SendRecommendationInput:
    reviewId: str
    value: RecommendationValue
    ground: str | None = None
    tearline: str | None = None
    priority: str = "ROUTINE"


@strawberry.input(description="Take the advice back; the review is in vetting again.")
class WithdrawRecommendationInput:
    reviewId: str
    reason: str


@strawberry.input(description="The post has read the advice.")
class AcknowledgeRecommendationInput:
    reviewId: str


@strawberry.input(description="End the review; screeningResult where vetting resolved a match.")
class CloseReviewInput:
    reviewId: str
    screeningResult: ScreeningResult | None = None
