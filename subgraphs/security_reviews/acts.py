"""What the Visa Security Program does: each act is one transaction that asks ``laws``, changes rows and says so.

An act changes reviews and nothing else. What becomes of the application is State's act in State's subgraph: a
recommendation travels as an event, and as a field the consular officer reads.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select

from subgraphs.kit import Context, Refusal, Write
from subgraphs.kit.codes import require_code
from subgraphs.kit.identifiers import check
from subgraphs.security_reviews import inputs, laws
from subgraphs.security_reviews.enums import RecommendationValue
from subgraphs.security_reviews.tables import CoordinationRow, ReviewEventRow, SecurityReviewRow

__all__ = ["acknowledge", "close", "open_review", "send", "withdraw"]

PRIORITIES = ("ROUTINE", "HIGH", "URGENT")


async def open_review(context: Context, input: inputs.OpenReviewInput) -> SecurityReviewRow:
    """The review, SCREENED_CLEAR or IN_VETTING; raises ``Refusal`` CONFLICT where the application has one."""
    number = check("REVIEW_ID", input.reviewId)
    application = check("APPLICATION_ID", input.applicationId)
    post = require_code("post", input.post)
    if input.submittedAt > context.now:
        raise Refusal("BAD_INPUT", "An application is reviewed after it was submitted")
    async with context.writing() as write:
        taken = (SecurityReviewRow.review_id == number) | (SecurityReviewRow.application_id == application)
        if (await write.session.scalars(select(SecurityReviewRow).where(taken))).first() is not None:
            raise Refusal("CONFLICT", "The review number is in use, or the application has a review")
        row = SecurityReviewRow(
            review_id=number,
            application_id=application,
            submitted_at=input.submittedAt,
            subject_id=str(input.travelerId),
            post=post,
            opened_at=context.now,
            screening_result=input.screeningResult,
            review_status=laws.opened_status(input.screeningResult),
            analyst=context.caller.user or None,
            agency="ICE_VSP",
            system="VSPTS-Net",
            record_version="0",
            as_of=context.now,
            received_at=context.now,
        )
        write.add(row)
        _told(context, write, row, "review.opened", "Review opened", "reviewOpened")
    return row


async def send(context: Context, input: inputs.SendRecommendationInput) -> SecurityReviewRow:
    """The review, RECOMMENDATION_SENT; the post is told by the event, the application is left alone."""
    if input.priority not in PRIORITIES:
        raise Refusal("BAD_INPUT", f"priority is one of {', '.join(PRIORITIES)}")
    async with context.writing() as write:
        row = await _review(write, input.reviewId)
        row.review_status = laws.REVIEW.fire(row.review_status, "send")
        if objection := laws.sending_objection(input.value, input.ground, row.screening_result):
            raise Refusal("BAD_INPUT", objection)
        row.recommended, row.recommended_ground = input.value, input.ground
        row.recommended_at = context.now
        row.recommended_until = context.now + dt.timedelta(days=laws.VALID_DAYS)
        row.recommended_tearline, row.recommended_priority = input.tearline, input.priority
        row.recommended_read_at = None
        payload = {"value": input.value.name, "priority": input.priority}
        _told(context, write, row, "review.recommendation", "Sent to post", "recommendationSent", payload)
    return row


async def withdraw(context: Context, input: inputs.WithdrawRecommendationInput) -> SecurityReviewRow:
    """The review, IN_VETTING again; what was advised reads WITHDRAWN from now on."""
    if not input.reason.strip():
        raise Refusal("BAD_INPUT", "A withdrawal states its reason")
    async with context.writing() as write:
        row = await _review(write, input.reviewId)
        row.review_status = laws.REVIEW.fire(row.review_status, "withdraw")
        row.recommended, row.recommended_ground, row.recommended_tearline = RecommendationValue.WITHDRAWN, None, None
        outcome = f"Recommendation withdrawn: {input.reason}"
        write.add(CoordinationRow(review_id=row.review_id, agency="STATE_CA", at=context.now, outcome=outcome))
        _told(context, write, row, "review.withdrawn", "Recommendation withdrawn", "recommendationWithdrawn")
    return row


async def acknowledge(context: Context, input: inputs.AcknowledgeRecommendationInput) -> SecurityReviewRow:
    """The review with the read receipt; the first reading counts, a second one changes nothing."""
    async with context.writing() as write:
        row = await _review(write, input.reviewId)
        laws.REVIEW.fire(row.review_status, "acknowledge")
        if row.recommended_read_at is None:
            row.recommended_read_at = context.now
            _told(context, write, row, "review.acknowledged", "Read at post", "recommendationAcknowledged")
    return row


async def close(context: Context, input: inputs.CloseReviewInput) -> SecurityReviewRow:
    """The review, CLOSED; a match must have been answered or resolved first."""
    async with context.writing() as write:
        row = await _review(write, input.reviewId)
        result = input.screeningResult or row.screening_result
        status = laws.REVIEW.fire(row.review_status, "close")
        if objection := laws.closing_objection(row.review_status, result):
            raise Refusal("BAD_INPUT", objection)
        row.screening_result, row.review_status, row.closed_at = result, status, context.now
        _told(context, write, row, "review.closed", "Review closed", "reviewClosed")
    return row


async def _review(write: Write, number: str) -> SecurityReviewRow:
    return await write.get(SecurityReviewRow, check("REVIEW_ID", number), name="security review")


def _told(
    context: Context,
    write: Write,
    row: SecurityReviewRow,
    kind: str,
    summary: str,
    event: str,
    payload: dict[str, str] | None = None,
) -> None:
    row.touch(context.now)
    write.add(
        ReviewEventRow(
            traveler_id=row.subject_id,
            at=context.now,
            kind=kind,
            summary=summary,
            review_id=row.review_id,
            agency="ICE_VSP",
            system="VSPTS-Net",
            record_version="1",
            as_of=context.now,
            received_at=context.now,
        )
    )
    told = {"reviewStatus": row.review_status.name, "applicationId": row.application_id, "post": row.post}
    write.emit(event, "SecurityReview", row.review_id, told | (payload or {}))
