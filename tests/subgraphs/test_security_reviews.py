"""The Visa Security Program subgraph: reviews and advice, and that no way leads from it to an application's status."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from subgraphs.kit.testing import NOW, Asked
from subgraphs.security_reviews import laws
from subgraphs.security_reviews.enums import RecommendationValue, ScreeningResult, WindowState
from subgraphs.security_reviews.enums import ReviewStatus as S
from subgraphs.security_reviews.enums import VisaApplicationStatus as A
from subgraphs.security_reviews.tables import CoordinationRow, DerogatoryRow, ReviewEventRow, SecurityReviewRow
from tests.subgraphs import acting
from tests.subgraphs.acting import stored
from tests.subgraphs.conftest import SubgraphFactory

NET: dict[str, Any] = {
    "agency": "ICE_VSP",
    "system": "VSPTS-Net",
    "record_version": "1",
    "as_of": NOW,
    "received_at": NOW,
}
ANA = "TRV-01J9ZZZZZZZZZZZZZZZZZZZZZ1"
FIRST, SECOND = "VSR-2026-0001001", "VSR-2026-0001002"
ADVICE: dict[str, Any] = {
    "recommended": RecommendationValue.RECOMMEND_REFUSE,
    "recommended_ground": "212(a)(3)(B)",
    "recommended_at": NOW - timedelta(days=1),
    "recommended_until": NOW + timedelta(days=59),
    "recommended_tearline": "Releasable summary",
    "recommended_priority": "HIGH",
}


def review(number: str = FIRST, application: str = "AA00000001", **changed: Any) -> SecurityReviewRow:
    """A review at Cairo with a possible match, in vetting unless changed."""
    columns: dict[str, Any] = {
        "application_id": application,
        "submitted_at": datetime(2026, 10, 1, 8, tzinfo=UTC),
        "subject_id": ANA,
        "post": "CRO",
        "opened_at": datetime(2026, 10, 2, tzinfo=UTC),
        "screening_result": ScreeningResult.POSSIBLE_MATCH,
        "review_status": S.IN_VETTING,
        **NET,
    }
    return SecurityReviewRow(review_id=number, **(columns | changed))


async def act(app: Asked, name: str, given: dict[str, Any], select: str = "reviewStatus") -> Any:
    return await acting.act(app, name, given, select)


# reading


async def test_a_review_with_everything_on_it(subgraph: SubgraphFactory) -> None:
    found = DerogatoryRow(
        review_id=FIRST, source="partner", kind="association", summary="s", originator="DOJ", handling="ORCON"
    )
    asked = CoordinationRow(review_id=FIRST, agency="CBP", at=NOW, outcome="no record")
    app = await subgraph("security_reviews", [review(review_status=S.RECOMMENDATION_SENT, **ADVICE), found, asked])
    answer = await app.ask(
        """query($id: String!) { securityReview(reviewId: $id) {
          reviewId post { code label } openedAt closedAt screeningResult reviewStatus subject { id }
          application { applicationId submittedAt }
          recommendation { value ground sentAt expiresAt tearline priority readAt }
          derogatory { source kind summary originator handling } coordination { agency outcome }
          provenance { agency system } } }""",
        {"id": FIRST},
    )
    assert answer == {
        "data": {
            "securityReview": {
                "reviewId": FIRST,
                "post": {"code": "CRO", "label": "Cairo"},
                "openedAt": "2026-10-02T00:00:00Z",
                "closedAt": None,
                "screeningResult": "POSSIBLE_MATCH",
                "reviewStatus": "RECOMMENDATION_SENT",
                "subject": {"id": ANA},
                "application": {"applicationId": "AA00000001", "submittedAt": "2026-10-01T08:00:00Z"},
                "recommendation": {
                    "value": "RECOMMEND_REFUSE",
                    "ground": "212(a)(3)(B)",
                    "sentAt": "2026-10-31T12:00:00Z",
                    "expiresAt": "2026-12-30T12:00:00Z",
                    "tearline": "Releasable summary",
                    "priority": "HIGH",
                    "readAt": None,
                },
                "derogatory": [
                    {
                        "source": "partner",
                        "kind": "association",
                        "summary": "s",
                        "originator": "DOJ",
                        "handling": "ORCON",
                    }
                ],
                "coordination": [{"agency": "CBP", "outcome": "no record"}],
                "provenance": {"agency": "ICE_VSP", "system": "VSPTS-Net"},
            }
        }
    }


async def test_a_review_answers_to_its_number_and_to_its_application(subgraph: SubgraphFactory) -> None:
    app = await subgraph("security_reviews", [review(), review(SECOND, "AA00000002")])
    found = await app.entities(
        [
            {"__typename": "SecurityReview", "reviewId": FIRST},
            {"__typename": "SecurityReview", "application": {"applicationId": "AA00000002"}},
            {"__typename": "SecurityReview", "application": {"applicationId": "AA99999999"}},
            {"__typename": "SecurityReview", "application": None},
            {"__typename": "SecurityReview"},
        ],
        "... on SecurityReview { reviewId }",
    )
    assert found == [{"reviewId": FIRST}, {"reviewId": SECOND}, None, None, None]


@pytest.mark.parametrize(
    ("status", "window"),
    [
        ("SUBMITTED", "PRE_ADJUDICATION"),
        ("IN_ADJUDICATION", "PENDING"),
        ("REFUSED_221G_DOCUMENTS", "PENDING"),
        ("ADMINISTRATIVE_PROCESSING", "PENDING"),
        ("RETURNED_TO_ADJUDICATION", "PENDING"),
        ("APPROVED_NOT_ISSUED", "APPROVED_NOT_ISSUED"),
        ("ISSUED", "ISSUED"),
        ("REFUSED_214B", "CLOSED"),
        ("REVOKED", "CLOSED"),
        (None, None),
    ],
)
async def test_the_window_is_derived_from_what_state_says_now(
    subgraph: SubgraphFactory, status: str | None, window: str | None
) -> None:
    app = await subgraph("security_reviews", [review()])
    by_number = {"__typename": "SecurityReview", "reviewId": FIRST, "application": {"status": status}}
    by_application = {
        "__typename": "SecurityReview",
        "application": {"applicationId": "AA00000001", "status": status},
    }
    found = await app.entities([by_number, by_application], "... on SecurityReview { windowState }")
    assert found == [{"windowState": window}] * 2


def test_every_status_of_state_is_in_a_window() -> None:
    assert {laws.window_state(status) for status in A} == set(WindowState)


async def test_an_application_leads_to_its_review_and_advice(subgraph: SubgraphFactory) -> None:
    app = await subgraph("security_reviews", [review(**ADVICE), review(SECOND, "AA00000002")])
    found = await app.entities(
        [{"__typename": "VisaApplication", "applicationId": f"AA0000000{n}"} for n in (1, 2, 3)],
        "... on VisaApplication { applicationId securityReview { reviewId } vspRecommendation { value } }",
    )
    assert found == [
        {
            "applicationId": "AA00000001",
            "securityReview": {"reviewId": FIRST},
            "vspRecommendation": {"value": "RECOMMEND_REFUSE"},
        },
        {"applicationId": "AA00000002", "securityReview": {"reviewId": SECOND}, "vspRecommendation": None},
        {"applicationId": "AA00000003", "securityReview": None, "vspRecommendation": None},
    ]


async def test_a_travelers_reviews_and_events(subgraph: SubgraphFactory) -> None:
    happened = [
        ReviewEventRow(
            id=f"EV-{n}",
            traveler_id=ANA,
            at=NOW - timedelta(n),
            kind="review.opened",
            summary="x",
            review_id=FIRST,
            **NET,
        )
        for n in (1, 2)
    ]
    newer = review(SECOND, "AA00000002", opened_at=datetime(2026, 10, 9, tzinfo=UTC))
    app = await subgraph("security_reviews", [review(), newer, *happened])
    (found,) = await app.entities(
        [{"__typename": "Traveler", "id": ANA}],
        """... on Traveler { securityReviews(first: 1) { totalCount nodes { reviewId } pageInfo { hasNextPage } }
             reviewEvents { id summary reviewId provenance { agency } } }""",
    )
    assert found["securityReviews"] == {
        "totalCount": 2,
        "nodes": [{"reviewId": SECOND}],
        "pageInfo": {"hasNextPage": True},
    }
    assert [item["id"] for item in found["reviewEvents"]] == ["EV-2", "EV-1"]
    assert found["reviewEvents"][0]["provenance"] == {"agency": "ICE_VSP"}


async def test_the_queue_by_post_and_status(subgraph: SubgraphFactory) -> None:
    app = await subgraph(
        "security_reviews",
        [
            review(),
            review(SECOND, "AA00000002", post="NWD"),
            review("VSR-2026-0001003", "AA00000003", review_status=S.CLOSED),
        ],
    )
    answer = await app.ask(
        '{ securityReviews(filter: {post: "CRO", reviewStatus: IN_VETTING}) { totalCount nodes { reviewId } } }'
    )
    assert answer["data"]["securityReviews"] == {"totalCount": 1, "nodes": [{"reviewId": FIRST}]}


# acting

OPENED: dict[str, Any] = {
    "reviewId": "vsr-2026-0001001",
    "applicationId": "AA00000001",
    "travelerId": ANA,
    "post": "CRO",
    "screeningResult": "POSSIBLE_MATCH",
    "submittedAt": "2026-10-01T08:00:00Z",
}


async def test_a_review_opens_in_vetting_or_clear_once_per_application(subgraph: SubgraphFactory) -> None:
    app = await subgraph("security_reviews")
    got = await act(app, "openReview", OPENED, "reviewId reviewStatus openedAt provenance { recordVersion }")
    assert got == {
        "reviewId": FIRST,
        "reviewStatus": "IN_VETTING",
        "openedAt": "2026-11-01T12:00:00Z",
        "provenance": {"recordVersion": "1"},
    }
    assert await act(app, "openReview", {**OPENED, "reviewId": SECOND}) == "CONFLICT"
    clear = {**OPENED, "reviewId": SECOND, "applicationId": "AA00000002", "screeningResult": "NO_MATCH"}
    assert await act(app, "openReview", clear) == {"reviewStatus": "SCREENED_CLEAR"}
    assert await act(app, "openReview", {**OPENED, "post": "ATL"}) == "BAD_INPUT"
    assert await act(app, "openReview", {**OPENED, "submittedAt": "2026-11-02T00:00:00Z"}) == "BAD_INPUT"
    assert await act(app, "openReview", {**OPENED, "reviewId": "R1"}) == "BAD_IDENTIFIER"


async def test_advice_is_sent_read_withdrawn_and_sent_again(subgraph: SubgraphFactory) -> None:
    app = await subgraph("security_reviews", [review()])
    sent = {
        "reviewId": FIRST,
        "value": "RECOMMEND_REFUSE",
        "ground": "212(a)(3)(B)",
        "tearline": "Summary",
        "priority": "HIGH",
    }
    read = "reviewStatus recommendation { value ground sentAt expiresAt tearline readAt }"
    assert await act(app, "sendRecommendation", sent, read) == {
        "reviewStatus": "RECOMMENDATION_SENT",
        "recommendation": {
            "value": "RECOMMEND_REFUSE",
            "ground": "212(a)(3)(B)",
            "sentAt": "2026-11-01T12:00:00Z",
            "expiresAt": "2026-12-31T12:00:00Z",
            "tearline": "Summary",
            "readAt": None,
        },
    }
    assert await act(app, "sendRecommendation", sent) == "ILLEGAL_TRANSITION", "withdraw the standing one first"
    got = await act(app, "acknowledgeRecommendation", {"reviewId": FIRST}, "recommendation { readAt }")
    assert got == {"recommendation": {"readAt": "2026-11-01T12:00:00Z"}}
    await act(app, "acknowledgeRecommendation", {"reviewId": FIRST})
    got = await act(app, "withdrawRecommendation", {"reviewId": FIRST, "reason": "mistaken identity"}, read)
    assert (got["reviewStatus"], got["recommendation"]["value"], got["recommendation"]["ground"]) == (
        "IN_VETTING",
        "WITHDRAWN",
        None,
    )
    assert await act(app, "withdrawRecommendation", {"reviewId": FIRST, "reason": "again"}) == "ILLEGAL_TRANSITION"
    again = {"reviewId": FIRST, "value": "NO_OBJECTION"}
    assert await act(app, "sendRecommendation", again) == {"reviewStatus": "RECOMMENDATION_SENT"}
    kinds = [event["kind"] for event in await app.events()]
    assert kinds == [
        "recommendationSent",
        "recommendationAcknowledged",
        "recommendationWithdrawn",
        "recommendationSent",
    ], "the second reading is no event"
    assert len(await stored(app, ReviewEventRow)) == 4


@pytest.mark.parametrize(
    ("changed", "given"),
    [
        ({}, {"value": "RECOMMEND_REFUSE"}),
        ({}, {"value": "WITHDRAWN"}),
        ({}, {"value": "NO_OBJECTION", "ground": "212(a)(3)(B)"}),
        ({}, {"value": "NO_OBJECTION", "priority": "WHENEVER"}),
        (
            {"screening_result": ScreeningResult.NO_MATCH, "review_status": S.SCREENED_CLEAR},
            {"value": "RECOMMEND_SAO"},
        ),
    ],
)
async def test_advice_that_contradicts_itself_is_not_sent(
    subgraph: SubgraphFactory, changed: dict[str, Any], given: dict[str, Any]
) -> None:
    app = await subgraph("security_reviews", [review(**changed)])
    assert await act(app, "sendRecommendation", {"reviewId": FIRST, **given}) == "BAD_INPUT"
    assert await app.events() == []


async def test_nothing_is_read_before_it_is_sent(subgraph: SubgraphFactory) -> None:
    app = await subgraph("security_reviews", [review()])
    assert await act(app, "acknowledgeRecommendation", {"reviewId": FIRST}) == "ILLEGAL_TRANSITION"
    assert await act(app, "acknowledgeRecommendation", {"reviewId": SECOND}) == "NO_SUCH_RECORD"


async def test_a_match_is_answered_or_resolved_before_the_review_closes(subgraph: SubgraphFactory) -> None:
    sent = review(SECOND, "AA00000002", review_status=S.RECOMMENDATION_SENT, **ADVICE)
    app = await subgraph("security_reviews", [review(), sent])
    assert await act(app, "closeReview", {"reviewId": FIRST}) == "BAD_INPUT"
    resolved = {"reviewId": FIRST, "screeningResult": "NO_MATCH"}
    got = await act(app, "closeReview", resolved, "reviewStatus screeningResult closedAt")
    assert got == {"reviewStatus": "CLOSED", "screeningResult": "NO_MATCH", "closedAt": "2026-11-01T12:00:00Z"}
    assert await act(app, "closeReview", {"reviewId": SECOND}) == {"reviewStatus": "CLOSED"}
    for name in ("closeReview", "acknowledgeRecommendation"):
        assert await act(app, name, {"reviewId": SECOND}) == "ILLEGAL_TRANSITION"
    again = {"reviewId": SECOND, "value": "NO_OBJECTION"}
    assert await act(app, "sendRecommendation", again) == "ILLEGAL_TRANSITION"


# the law: advice, never a status
