"""The closed vocabularies of the security review subgraph, as GraphQL enums.

``VisaApplicationStatus`` is State's: it is repeated here only because a
federated ``@external`` field must name the owner's type; a test compares the two.
"""

from __future__ import annotations

from enum import StrEnum

import strawberry

__all__ = ["RecommendationValue", "ReviewStatus", "ScreeningResult", "VisaApplicationStatus", "WindowState"]


@strawberry.enum(description="What the automated screening of the application found.")
class ScreeningResult(StrEnum):
    """No match, a possible one, or a confirmed one."""

    NO_MATCH = "NO_MATCH"
    POSSIBLE_MATCH = "POSSIBLE_MATCH"
    CONFIRMED_MATCH = "CONFIRMED_MATCH"


@strawberry.enum(description="Where the review stands inside the Visa Security Program.")
class ReviewStatus(StrEnum):
    """The states of domain.md 1.6; the moves between them are in ``laws.MOVES``."""

    SCREENED_CLEAR = "SCREENED_CLEAR"
    IN_VETTING = "IN_VETTING"
    REFERRED_TO_POST = "REFERRED_TO_POST"
    RECOMMENDATION_SENT = "RECOMMENDATION_SENT"
    CLOSED = "CLOSED"


@strawberry.enum(description="What the Visa Security Program advises. Advice only: the consular officer decides.")
class RecommendationValue(StrEnum):
    """The words of a recommendation."""

    NO_OBJECTION = "NO_OBJECTION"
    RECOMMEND_REFUSE = "RECOMMEND_REFUSE"
    RECOMMEND_SAO = "RECOMMEND_SAO"
    INFORMATION_PROVIDED = "INFORMATION_PROVIDED"
    WITHDRAWN = "WITHDRAWN"


@strawberry.enum(description="Which window of the application the review stands in, derived from State's status.")
class WindowState(StrEnum):
    """The windows of domain.md 2.7; ``laws.window_state`` derives them."""

    PRE_ADJUDICATION = "PRE_ADJUDICATION"
    PENDING = "PENDING"
    APPROVED_NOT_ISSUED = "APPROVED_NOT_ISSUED"
    ISSUED = "ISSUED"
    CLOSED = "CLOSED"


@strawberry.enum(
    description="Where an application stands inside the Department of State. Only consular acts change it; "
    "what the public site shows is publicStatus."
)
class VisaApplicationStatus(StrEnum):
    """State's words, word for word; read through the gateway, never stored and never written here."""

    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    FEE_PAID = "FEE_PAID"
    SCHEDULED = "SCHEDULED"
    INTERVIEW_WAIVED = "INTERVIEW_WAIVED"
    BIOMETRICS_TAKEN = "BIOMETRICS_TAKEN"
    IN_ADJUDICATION = "IN_ADJUDICATION"
    REFUSED_221G_DOCUMENTS = "REFUSED_221G_DOCUMENTS"
    ADMINISTRATIVE_PROCESSING = "ADMINISTRATIVE_PROCESSING"
    REFUSED_214B = "REFUSED_214B"
    REFUSED_212A = "REFUSED_212A"
    REFUSED_OTHER = "REFUSED_OTHER"
    APPROVED_NOT_ISSUED = "APPROVED_NOT_ISSUED"
    RETURNED_TO_ADJUDICATION = "RETURNED_TO_ADJUDICATION"
    ISSUED = "ISSUED"
    REVOKED = "REVOKED"
    CANCELED_WITHOUT_PREJUDICE = "CANCELED_WITHOUT_PREJUDICE"
    EXPIRED = "EXPIRED"
    VOID_222G = "VOID_222G"
    WITHDRAWN = "WITHDRAWN"
    ABANDONED = "ABANDONED"
