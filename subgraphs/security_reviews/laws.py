"""The state machine of a security review and of its recommendation, as tables and pure functions.

Nothing here knows how to change a visa application: the Visa Security Program advises, the consular officer decides
(HSA 428(e)). The application's status comes in only as an argument of ``window_state``, and nothing comes back out.
"""

from __future__ import annotations

from subgraphs.kit.states import StateMachine, Transition
from subgraphs.security_reviews.enums import RecommendationValue, ScreeningResult, WindowState
from subgraphs.security_reviews.enums import ReviewStatus as S
from subgraphs.security_reviews.enums import VisaApplicationStatus as A

__all__ = ["REVIEW", "VALID_DAYS", "closing_objection", "opened_status", "sending_objection", "window_state"]

#: Days a recommendation stands after it is sent (synthetic).
VALID_DAYS = 60

REVIEW: StateMachine[S] = StateMachine(
    "SecurityReview.reviewStatus",
    [
        Transition(S.SCREENED_CLEAR, "vet", S.IN_VETTING),
        Transition(S.IN_VETTING, "refer", S.REFERRED_TO_POST),
        Transition(S.REFERRED_TO_POST, "vet", S.IN_VETTING),
        *(Transition(s, "send", S.RECOMMENDATION_SENT) for s in (S.SCREENED_CLEAR, S.IN_VETTING, S.REFERRED_TO_POST)),
        # another recommendation can follow only when the one that stands is withdrawn
        Transition(S.RECOMMENDATION_SENT, "withdraw", S.IN_VETTING),
        Transition(S.RECOMMENDATION_SENT, "acknowledge", S.RECOMMENDATION_SENT),
        *(
            Transition(s, "close", S.CLOSED)
            for s in (S.SCREENED_CLEAR, S.IN_VETTING, S.REFERRED_TO_POST, S.RECOMMENDATION_SENT)
        ),
    ],
)

_BEFORE = frozenset(
    {A.DRAFT, A.SUBMITTED, A.FEE_PAID, A.SCHEDULED, A.INTERVIEW_WAIVED, A.BIOMETRICS_TAKEN},
)
# A 221(g) refusal is still open: the post can overcome it, so the window is open too.
_PENDING = frozenset(
    {A.IN_ADJUDICATION, A.RETURNED_TO_ADJUDICATION, A.REFUSED_221G_DOCUMENTS, A.ADMINISTRATIVE_PROCESSING},
)


def opened_status(result: ScreeningResult) -> S:
    """The status a review opens in: clear where screening found nothing, else in vetting."""
    return S.SCREENED_CLEAR if result is ScreeningResult.NO_MATCH else S.IN_VETTING


def window_state(status: A) -> WindowState:
    """The window that State's ``status`` of the application puts a review in."""
    if status in _BEFORE:
        return WindowState.PRE_ADJUDICATION
    if status in _PENDING:
        return WindowState.PENDING
    if status is A.APPROVED_NOT_ISSUED:
        return WindowState.APPROVED_NOT_ISSUED
    if status is A.ISSUED:
        return WindowState.ISSUED
    return WindowState.CLOSED


def sending_objection(value: RecommendationValue, ground: str | None, result: ScreeningResult) -> str:
    """Why ``value`` cannot be sent, or ``""``.

    A refusal can only be advised on a ground of the Act; an objection needs something that was found; WITHDRAWN is not
    sent, it is what withdrawing leaves.
    """
    if value is RecommendationValue.WITHDRAWN:
        return "a recommendation is withdrawn with withdrawRecommendation"
    if value is RecommendationValue.RECOMMEND_REFUSE and not ground:
        return "advice to refuse needs its ground, for instance 212(a)(3)(B)"
    adverse = {RecommendationValue.RECOMMEND_REFUSE, RecommendationValue.RECOMMEND_SAO}
    if value in adverse and result is ScreeningResult.NO_MATCH:
        return f"{value} needs a possible or confirmed match; screening found none"
    if value is RecommendationValue.NO_OBJECTION and ground:
        return "NO_OBJECTION has no ground"
    return ""


def closing_objection(status: S, result: ScreeningResult) -> str:
    """Why a review cannot be closed, or ``""``: a match must be answered, or resolved to NO_MATCH, first."""
    if result is not ScreeningResult.NO_MATCH and status is not S.RECOMMENDATION_SENT:
        return f"screening says {result}: send a recommendation, or close with screeningResult NO_MATCH"
    return ""
