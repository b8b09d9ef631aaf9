"""A decision as a value: what comes out for one caller and one coordinate, on which basis, and what was considered."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

__all__ = ["AtomResult", "Basis", "Candidate", "Decision", "Outcome", "Reason"]


class Outcome(StrEnum):
    """What the client is shown. Law: docs/policy.md section 2."""

    ALLOW = "ALLOW"
    MASK = "MASK"
    DENY = "DENY"
    ABSENT = "ABSENT"
    UNAVAILABLE = "UNAVAILABLE"


class Reason(StrEnum):
    """Why a value is withheld. None of these depends on the record, so all of them may be shown to the client."""

    NO_SUCH_FIELD = "NO_SUCH_FIELD"
    NOT_RECOGNISED = "NOT_RECOGNISED"
    NO_AGREEMENT = "NO_AGREEMENT"
    NOT_IN_FORCE = "NOT_IN_FORCE"
    PURPOSE_NOT_COVERED = "PURPOSE_NOT_COVERED"
    ROLE_NOT_COVERED = "ROLE_NOT_COVERED"
    WITHHELD_BY_PROVIDER = "WITHHELD_BY_PROVIDER"
    STATUTE = "STATUTE"
    CASE_CONDITION = "CASE_CONDITION"
    NOT_SHARED = "NOT_SHARED"
    FACT_UNAVAILABLE = "FACT_UNAVAILABLE"
    DECISION_ERROR = "DECISION_ERROR"


@dataclass(frozen=True, slots=True)
class Basis:
    """What a decision rests on: an agreement (or a prohibition, version 0) and its article."""

    agreement: str
    version: int
    article: str
    title: str


@dataclass(frozen=True, slots=True)
class AtomResult:
    """One atom of a condition in words, and whether it held: ``true``, ``false`` or ``unknown``."""

    text: str
    result: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """One clause that was considered: ``result`` is ``true``, ``false`` or ``unknown``; ``because`` says why not.

    ``kind`` is ``grant``, ``withhold`` or ``prohibition``; ``mask`` the mask a grant gives the value under.
    """

    kind: str
    id: str
    article: str
    title: str
    result: str
    because: str = ""
    mask: str = ""
    atoms: tuple[AtomResult, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """What a caller gets of one coordinate. ``owner`` is the agency of the value's origin.

    Not ``settled`` means: the facts in ``needs`` are not known yet and could change it; ``outcome`` is then what
    follows if they stay unknown. An ABSENT decision carries a basis for the record and no reason for the client.
    """

    outcome: Outcome
    coordinate: str
    owner: str
    mask: str = ""
    basis: Basis | None = None
    reason: str = ""
    how_to_request: str = ""
    settled: bool = True
    needs: frozenset[str] = frozenset()
    candidates: tuple[Candidate, ...] = field(default=(), repr=False)
    obligations: tuple[str, ...] = ()

    @classmethod
    def nowhere(cls, coordinate: str) -> Decision:
        """The denial of a field that no subgraph has."""
        return cls(Outcome.DENY, coordinate, "", reason=Reason.NO_SUCH_FIELD)
