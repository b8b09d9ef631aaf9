"""A decision as a value: what comes out for one caller and one coordinate, on which basis, and what was considered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import overload

__all__ = ["AtomResult", "Basis", "Candidate", "Considered", "Decision", "Outcome", "Reason"]


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
    OBLIGATION_UNMET = "OBLIGATION_UNMET"
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


class Considered(Sequence[Candidate]):
    """The candidates of a decision, put into words when somebody looks; most decisions are never explained.

    ``tell`` holds the clauses and the very facts that were weighed, so it tells the same whenever it is called; once it
    has told, it is let go and the facts with it.
    """

    __slots__ = ("_found", "_tell", "_truths")

    def __init__(self, tell: Callable[[], tuple[Candidate, ...]]) -> None:
        self._tell: Callable[[], tuple[Candidate, ...]] | None = tell
        self._found: tuple[Candidate, ...] = ()
        self._truths: tuple[tuple[str, str], ...] | None = None

    def put_into_words(self) -> tuple[Candidate, ...]:
        """The candidates, once and for all."""
        tell = self._tell
        if tell is not None:
            self._found = tell()
            self._tell = None
        return self._found

    def truths(self) -> tuple[tuple[str, str], ...]:
        """How each condition that was weighed came out, sorted; gone through once."""
        if self._truths is None:
            self._truths = _truths(self.put_into_words())
        return self._truths

    @overload
    def __getitem__(self, index: int) -> Candidate: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Candidate, ...]: ...
    def __getitem__(self, index: int | slice) -> Candidate | tuple[Candidate, ...]:
        return self.put_into_words()[index]

    def __len__(self) -> int:
        return len(self.put_into_words())


def _truths(candidates: Iterable[Candidate]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted({atom.text: atom.result for each in candidates for atom in each.atoms}.items()))


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
    candidates: Sequence[Candidate] = field(default=(), repr=False, compare=False)
    obligations: tuple[str, ...] = ()

    def truths(self) -> tuple[tuple[str, str], ...]:
        """How each condition that was weighed came out, as (its text, ``true``, ``false`` or ``unknown``), sorted."""
        found = self.candidates
        return found.truths() if isinstance(found, Considered) else _truths(found)

    def named(self, coordinate: str) -> Decision:
        """The same decision, on another coordinate that is decided alike."""
        return Decision(
            self.outcome,
            coordinate,
            self.owner,
            self.mask,
            self.basis,
            self.reason,
            self.how_to_request,
            self.settled,
            self.needs,
            self.candidates,
            self.obligations,
        )

    def owned(self, owner: str) -> Decision:
        """The same decision in another owner's name."""
        return replace(self, owner=owner)

    @classmethod
    def nowhere(cls, coordinate: str) -> Decision:
        """The denial of a field that no subgraph has."""
        return cls(Outcome.DENY, coordinate, "", reason=Reason.NO_SUCH_FIELD)
