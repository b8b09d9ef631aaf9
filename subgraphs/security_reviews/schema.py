"""The Visa Security Program subgraph's schema: reviews of visa applications, and advice to the consular officer.

``VisaApplication`` is State's. Its ``status`` is only ever an input here (``@requires`` of ``windowState``), and no
type, mutation or event of this subgraph can set it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Annotated

import strawberry
from sqlalchemy import select
from strawberry import ID

from subgraphs.kit import (
    CodedValue,
    Connection,
    Info,
    Key,
    Page,
    Provenance,
    act,
    classified,
    connect,
    connect_rows,
    entity,
    event,
    link,
    make_schema,
    reads,
    resolved,
    shared,
    sys,
)
from subgraphs.kit.codes import coded
from subgraphs.security_reviews import acts, inputs, laws, types
from subgraphs.security_reviews.enums import ReviewStatus, ScreeningResult, VisaApplicationStatus, WindowState
from subgraphs.security_reviews.loaders import REVIEW_ORDER, review_conditions
from subgraphs.security_reviews.tables import CoordinationRow, DerogatoryRow, ReviewEventRow, SecurityReviewRow

__all__ = ["Mutation", "Query", "SecurityReview", "Traveler", "VisaApplication", "schema"]


@entity("reviewId", "application { applicationId }", description="A security review of one visa application.")
class SecurityReview:
    reviewId: str | None = shared("SecurityReview.reviewId")
    post: CodedValue | None = classified("SEC")
    openedAt: dt.datetime | None = classified("SEC")
    closedAt: dt.datetime | None = classified("SEC")
    screeningResult: ScreeningResult | None = classified("SEC")
    reviewStatus: ReviewStatus | None = classified("SEC")
    provenance: Provenance | None = sys()
    row: strawberry.Private[SecurityReviewRow | None] = None
    applicationStatus: strawberry.Private[str | None] = None

    @classmethod
    def of(cls, row: SecurityReviewRow, application_status: str | None = None) -> SecurityReview:
        """The review in ``row``; ``application_status`` is what State said in this request, where it was asked."""
        return cls(
            reviewId=row.review_id,
            post=coded("post", row.post),
            openedAt=row.opened_at,
            closedAt=row.closed_at,
            screeningResult=row.screening_result,
            reviewStatus=row.review_status,
            provenance=Provenance.of(row),
            row=row,
            applicationStatus=application_status,
        )

    @classmethod
    async def resolve_reference(cls, info: Info, key: Key) -> SecurityReview | None:
        """The review a representation names by its number or by its application; batched per kind of key."""
        application = key.get("application")
        application = application if isinstance(application, Mapping) else {}
        if key.get("reviewId") is not None:
            row = await info.context.one(SecurityReviewRow, SecurityReviewRow.review_id, key["reviewId"])
        else:
            number = application["applicationId"]
            row = await info.context.one(SecurityReviewRow, SecurityReviewRow.application_id, number)
        return None if row is None else cls.of(row, application.get("status"))

    @link(
        provides=["submittedAt"],
        description="The application under review, State's record.",
    )
    def application(self) -> VisaApplication | None:
        if self.row is None:
            return None
        return VisaApplication(applicationId=self.row.application_id, submittedAt=self.row.submitted_at)

    @resolved(
        "SEC",
        requires=["application { status }"],
        description="The window the application is in, derived from State's status at this moment and never stored.",
    )
    def windowState(self) -> WindowState | None:  # noqa: N802 - the name in the graph
        if self.applicationStatus is None:
            return None
        return laws.window_state(VisaApplicationStatus(self.applicationStatus))

    @link(description="The advice that was sent, where there was one.")
    def recommendation(self) -> types.VspRecommendation | None:
        return types.VspRecommendation.of(self.row) if self.row else None

    @link()
    async def derogatory(self, info: Info) -> list[types.DerogatoryItem] | None:
        rows = await info.context.many(DerogatoryRow, DerogatoryRow.review_id, self.reviewId)
        return [types.DerogatoryItem.of(row) for row in rows]

    @link(description="Exchanges with other agencies about the review.")
    async def coordination(self, info: Info) -> list[types.CoordinationEntry] | None:
        rows = await info.context.many(CoordinationRow, CoordinationRow.review_id, self.reviewId)
        return [types.CoordinationEntry.of(row) for row in rows]

    @link(description="Whose application it is.")
    def subject(self) -> Traveler | None:
        return Traveler(id=ID(self.row.subject_id)) if self.row else None


@entity("applicationId")
class VisaApplication:
    # State's visa application; here, only what the security review adds to it
    applicationId: str | None = shared("VisaApplication.applicationId")
    status: VisaApplicationStatus | None = shared("VisaApplication.status", external=True)
    submittedAt: dt.datetime | None = shared("VisaApplication.submittedAt", external=True)

    @classmethod
    def resolve_reference(cls, info: Info, key: Key) -> VisaApplication:
        """The application by its number alone: whether it exists is State's to say."""
        return cls(applicationId=str(key["applicationId"]))

    @link(description="The security review of this application.")
    async def securityReview(self, info: Info) -> SecurityReview | None:  # noqa: N802
        row = await info.context.one(SecurityReviewRow, SecurityReviewRow.application_id, self.applicationId)
        return None if row is None else SecurityReview.of(row)

    @link(description="The Visa Security Program's advice on this application.")
    async def vspRecommendation(self, info: Info) -> types.VspRecommendation | None:  # noqa: N802
        row = await info.context.one(SecurityReviewRow, SecurityReviewRow.application_id, self.applicationId)
        return None if row is None else types.VspRecommendation.of(row)


@entity("id")
class Traveler:
    # one person; here, the security reviews of that person's applications
    id: ID = shared("Traveler.id", required=True)

    @classmethod
    def resolve_reference(cls, info: Info, key: Key) -> Traveler:
        """The traveler by number: this subgraph holds a chapter, not the person."""
        return cls(id=ID(str(key["id"])))

    @link(description="Reviews of this traveler's applications, latest opened first.")
    async def securityReviews(  # noqa: N802
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Connection[SecurityReview] | None:
        rows = await info.context.many(SecurityReviewRow, SecurityReviewRow.subject_id, self.id)
        page = Page(first, after, last, before)
        return await connect_rows(info.context, rows, SecurityReview.of, order=REVIEW_ORDER, page=page)

    @link(description="The program's part of the timeline, oldest first.")
    async def reviewEvents(self, info: Info) -> list[types.ReviewEvent] | None:  # noqa: N802
        rows = await info.context.many(ReviewEventRow, ReviewEventRow.traveler_id, self.id)
        return [types.ReviewEvent.of(row) for row in sorted(rows, key=lambda row: (row.at, row.id))]


@strawberry.type
class Query:
    @link(description="One review by its number.")
    async def securityReview(  # noqa: N802
        self,
        info: Info,
        reviewId: Annotated[str, reads("SecurityReview.reviewId")],  # noqa: N803
    ) -> SecurityReview | None:
        return await SecurityReview.resolve_reference(info, {"reviewId": reviewId})

    @link(description="The queue of reviews, latest opened first.")
    async def securityReviews(  # noqa: N802
        self,
        info: Info,
        filter: inputs.SecurityReviewFilter | None = None,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Connection[SecurityReview] | None:
        statement = select(SecurityReviewRow).where(*review_conditions(filter))
        page = Page(first, after, last, before)
        return await connect(info.context, statement, SecurityReview.of, order=REVIEW_ORDER, page=page)


@strawberry.type
class Mutation:
    @act(description="Open a review of an application.")
    async def openReview(self, info: Info, input: inputs.OpenReviewInput) -> SecurityReview | None:  # noqa: N802
        return SecurityReview.of(await acts.open_review(info.context, input))

    @act(description="Send advice to the post. The application's status stays as State has it.")
    async def sendRecommendation(  # noqa: N802
        self, info: Info, input: inputs.SendRecommendationInput
    ) -> SecurityReview | None:
        return SecurityReview.of(await acts.send(info.context, input))

    @act(description="Take advice back.")
    async def withdrawRecommendation(  # noqa: N802
        self, info: Info, input: inputs.WithdrawRecommendationInput
    ) -> SecurityReview | None:
        return SecurityReview.of(await acts.withdraw(info.context, input))

    @act(description="The post has read the advice.")
    async def acknowledgeRecommendation(  # noqa: N802
        self, info: Info, input: inputs.AcknowledgeRecommendationInput
    ) -> SecurityReview | None:
        return SecurityReview.of(await acts.acknowledge(info.context, input))

    @act(description="End a review.")
    async def closeReview(self, info: Info, input: inputs.CloseReviewInput) -> SecurityReview | None:  # noqa: N802
        return SecurityReview.of(await acts.close(info.context, input))


@strawberry.type
class Subscription:
    @event(
        "recommendationSent",
        "recommendationWithdrawn",
        tells=["SecurityReview.reviewStatus"],
        description="Advice was sent to the post, or taken back.",
    )
    async def recommendationSent(self, info: Info) -> SecurityReview | None:  # noqa: N802
        return await SecurityReview.resolve_reference(info, {"reviewId": info.context.event.entity_key})


schema = make_schema(Query, Mutation, subscription=Subscription)
