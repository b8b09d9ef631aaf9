"""Whether an agreement is in force at an instant, and when that changes next.

``draft -> signed -> active -> (suspended | terminated | expired)``. Dates begin at midnight UTC and are half-open. An
active agreement whose review is overdue stays in force for 90 days, with a warning, and is then suspended.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final, Protocol

__all__ = ["GRACE", "IN_FORCE", "Dated", "boundaries", "in_force", "midnight", "state_of"]

GRACE: Final = timedelta(days=90)
IN_FORCE: Final = frozenset({"active", "review-overdue"})


class Dated(Protocol):
    """What an agreement says of its own life; ``status`` is what its signers declared."""

    @property
    def status(self) -> str: ...
    @property
    def effective(self) -> date: ...
    @property
    def review_by(self) -> date: ...
    @property
    def expires(self) -> date: ...


@lru_cache(maxsize=4096)
def midnight(day: date) -> datetime:
    """The first instant of ``day``, UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def state_of(agreement: Dated, at: datetime) -> str:
    """``draft``, ``signed``, ``suspended``, ``terminated``, ``pending``, ``active``, ``review-overdue`` or ``expired``."""
    if agreement.status != "active":
        return agreement.status
    if at < midnight(agreement.effective):
        return "pending"
    if at >= midnight(agreement.expires):
        return "expired"
    if at >= midnight(agreement.review_by) + GRACE:
        return "suspended"
    return "review-overdue" if at >= midnight(agreement.review_by) else "active"


def in_force(agreement: Dated, at: datetime) -> bool:
    """Whether its grants, withholds and flows count at ``at``."""
    return state_of(agreement, at) in IN_FORCE


def boundaries(agreements: Iterable[Dated]) -> tuple[datetime, ...]:
    """Every instant at which some agreement comes into or goes out of force, sorted."""
    found: set[datetime] = set()
    for agreement in agreements:
        if agreement.status == "active":
            found |= {midnight(agreement.effective), midnight(agreement.expires), midnight(agreement.review_by) + GRACE}
    return tuple(sorted(found))
