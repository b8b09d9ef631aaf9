"""What ICE's Visa Security Program holds: reviews and recommendations (never a visa status)."""

from dataclasses import dataclass
from datetime import datetime

from subgraphs.kit.world.facts.identity import ProvenanceFact

__all__ = ["CoordinationFact", "DerogatoryFact", "RecommendationFact", "SecurityReviewFact"]


@dataclass(frozen=True, slots=True)
class RecommendationFact:
    """What VSP recommends. `value`: NO_OBJECTION, RECOMMEND_REFUSE, RECOMMEND_SAO, INFORMATION_PROVIDED, WITHDRAWN."""

    value: str
    ground: str | None
    sent_at: datetime
    expires_at: datetime | None
    tearline: str
    priority: str
    read_at: datetime | None


@dataclass(frozen=True, slots=True)
class DerogatoryFact:
    """One derogatory item; the originator's policy decides on it."""

    source: str
    kind: str
    summary: str
    originator: str
    handling: str


@dataclass(frozen=True, slots=True)
class CoordinationFact:
    """One exchange with another agency about the review."""

    agency: str
    at: datetime
    outcome: str


@dataclass(frozen=True, slots=True)
class SecurityReviewFact:
    """One review of one application. post: list `post`. The window state is State's to derive, so it is not here."""

    review_id: str
    application_id: str
    subject: str  # traveler id
    post: str
    opened_at: datetime
    closed_at: datetime | None
    screening_result: str
    review_status: str
    recommendation: RecommendationFact | None
    derogatory: tuple[DerogatoryFact, ...]
    coordination: tuple[CoordinationFact, ...]
    analyst: str
    provenance: ProvenanceFact
