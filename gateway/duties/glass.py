"""Break-glass: a supervisor's request to look, in immediate danger to life, and what has to be true before it opens.

Pure rules over one value. ``asked -> approved (open until expires_at) -> reviewed``. Two people of one agency, one
case, at most one hour; every approved one is reviewed within 24 hours. What an open one gives is the agreements' to
say (``caller.breakGlass``); statutes know nothing of it. Law: docs/policy.md, "Break-glass".
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from gateway.caller import Caller
from gateway.errors import AccessError, RequestError
from gateway.policy.vocabulary import Vocabulary

__all__ = [
    "FINDINGS",
    "LONGEST",
    "NOTICE",
    "REVIEW",
    "Glass",
    "Notice",
    "approve",
    "ask_for",
    "may_approve",
    "review",
    "usable",
]

LONGEST: Final = 60
"""Minutes that a grant lasts at most, and that a request waits for its approval."""
REVIEW: Final = timedelta(hours=24)
NOTICE: Final = timedelta(minutes=5)
FINDINGS: Final = ("justified", "unjustified")
_SHORTEST_REASON: Final = 20
_LONGEST_REASON: Final = 2000


@dataclass(frozen=True, slots=True)
class Glass:
    """One request to break the glass, and what became of it."""

    id: str
    agency: str
    role: str
    user: str
    purpose: str
    case: str
    reason: str
    minutes: int
    asked_at: datetime
    approved_by: str = ""
    approved_at: datetime | None = None
    expires_at: datetime | None = None
    reviewed_by: str = ""
    reviewed_at: datetime | None = None
    finding: str = ""
    note: str = ""

    @property
    def review_due(self) -> datetime | None:
        """Until when it has to be reviewed; None while nobody approved it."""
        return self.approved_at + REVIEW if self.approved_at is not None else None

    def state(self, now: datetime) -> str:
        """``pending``, ``lapsed`` (nobody approved it in time), ``open`` or ``expired``."""
        if self.expires_at is None:
            return "pending" if now < self.asked_at + timedelta(minutes=LONGEST) else "lapsed"
        return "open" if now < self.expires_at else "expired"

    def review_state(self, now: datetime) -> str:
        """``none`` (nothing to review), ``due``, ``overdue`` or ``done``."""
        if self.review_due is None:
            return "none"
        if self.reviewed_at is not None:
            return "done"
        return "overdue" if now > self.review_due else "due"

    def as_json(self, now: datetime) -> dict[str, Any]:
        """The grant as its two people and the auditor see it."""
        moments = {"askedAt": self.asked_at, "approvedAt": self.approved_at, "expiresAt": self.expires_at,
                   "reviewDue": self.review_due, "reviewedAt": self.reviewed_at}  # fmt: skip
        words = {"approvedBy": self.approved_by, "reviewedBy": self.reviewed_by, "finding": self.finding,
                 "note": self.note}  # fmt: skip
        return {
            "id": self.id,
            "state": self.state(now),
            "agency": self.agency,
            "role": self.role,
            "user": self.user,
            "purpose": self.purpose,
            "case": self.case,
            "reason": self.reason,
            "minutes": self.minutes,
            **{name: at.isoformat() for name, at in moments.items() if at is not None},
            **{name: text for name, text in words.items() if text},
            "review": self.review_state(now),
        }


@dataclass(frozen=True, slots=True)
class Notice:
    """One agency that has to learn that the glass was broken over its data, and by which request first."""

    glass: str
    agency: str
    request: str
    at: datetime
    due: datetime
    number: int = 0
    seen_at: datetime | None = None
    seen_by: str = ""

    def overdue(self, now: datetime) -> bool:
        """Whether the agency should have been told before ``now`` and was not."""
        return self.seen_at is None and now > self.due


def ask_for(caller: Caller, page: Any, vocabulary: Vocabulary, at: datetime, id: str) -> Glass:
    """The request that ``caller`` makes with ``page`` ({reason, case, minutes}), not approved yet.

    Raises ``AccessError`` ``BREAK_GLASS_PURPOSE`` or ``BREAK_GLASS_CASE``, ``RequestError`` ``BREAK_GLASS_MALFORMED``.
    """
    if caller.purpose not in vocabulary.break_glass:
        raise AccessError(
            "BREAK_GLASS_PURPOSE",
            "The glass is broken for purposes that stand for it, and your token names another.",
            where="authorization",
            hint=f"Use a token for {' or '.join(sorted(vocabulary.break_glass)) or 'such a purpose'}.",
        )
    found = page if isinstance(page, dict) else {}
    reason, case, minutes = found.get("reason"), found.get("case"), found.get("minutes")
    if not isinstance(reason, str) or not _SHORTEST_REASON <= len(reason.strip()) <= _LONGEST_REASON:
        raise _malformed(
            "reason", f"Say in {_SHORTEST_REASON} to {_LONGEST_REASON} characters who is in danger and why."
        )
    if not isinstance(minutes, int) or isinstance(minutes, bool) or not 1 <= minutes <= LONGEST:
        raise _malformed("minutes", f"Ask for 1 to {LONGEST} whole minutes.")
    if not isinstance(case, str) or not case:
        raise _malformed("case", "Name the one case it is about.")
    if case != caller.case:
        raise AccessError(
            "BREAK_GLASS_CASE",
            "A grant covers exactly one case, the one of your token.",
            where="case",
            hint="Get a token for the case of the person in danger.",
        )
    return Glass(id, caller.agency, caller.role, caller.user, caller.purpose, case, reason.strip(), minutes, at)


def approve(glass: Glass, approver: Caller, vocabulary: Vocabulary, at: datetime) -> Glass:
    """``glass``, open from ``at`` on; ``approver`` is another user of the same agency in a role that may.

    Raises ``AccessError`` ``BREAK_GLASS_APPROVER``, ``BREAK_GLASS_EXPIRED``, ``RequestError`` ``BREAK_GLASS_DECIDED``.
    """
    if not may_approve(glass, approver, vocabulary):
        raise AccessError(
            "BREAK_GLASS_APPROVER",
            "You cannot approve this: it takes another supervisor of the agency that asks.",
            where="authorization",
            hint="A second person with a supervisor's role of that agency has to do it.",
        )
    if glass.approved_by:
        raise RequestError("BREAK_GLASS_DECIDED", "This has been approved already.", status=409, hint="Nothing to do.")
    if glass.state(at) == "lapsed":
        raise _expired("Nobody approved it within the hour.")
    return replace(glass, approved_by=approver.user, approved_at=at, expires_at=at + timedelta(minutes=glass.minutes))


def may_approve(glass: Glass, approver: Caller, vocabulary: Vocabulary) -> bool:
    """Whether ``approver`` is another user of the same agency whose role approves this purpose."""
    role = vocabulary.roles.get(approver.role)
    return (
        role is not None
        and approver.agency == glass.agency
        and approver.agency in role.agencies
        and glass.purpose in role.approves
        and bool(approver.user)
        and approver.user != glass.user
    )


def usable(glass: Glass | None, caller: Caller, at: datetime) -> Glass:
    """``glass``, when ``caller`` may ask under it at ``at``.

    Raises ``AccessError`` ``BREAK_GLASS_UNKNOWN`` (none of this caller's for this case), ``BREAK_GLASS_PENDING``,
    ``BREAK_GLASS_EXPIRED``.
    """
    mine = (caller.agency, caller.role, caller.user, caller.purpose, caller.case)
    if glass is None or (glass.agency, glass.role, glass.user, glass.purpose, glass.case) != mine:
        raise AccessError(
            "BREAK_GLASS_UNKNOWN",
            "You have no such grant for this case.",
            where="extensions.breakGlass",
            hint="Ask for one: POST /break-glass with reason, case and minutes.",
        )
    state = glass.state(at)
    if state == "pending":
        raise AccessError(
            "BREAK_GLASS_PENDING",
            "Nobody has approved this grant yet.",
            where="extensions.breakGlass",
            hint=f"Another supervisor of your agency approves it: POST /break-glass/{glass.id}/approve.",
        )
    if state != "open":
        raise _expired("Its time is over.")
    return glass


def review(glass: Glass, by: str, finding: str, note: str, at: datetime) -> Glass:
    """``glass``, reviewed; raises ``RequestError`` ``BREAK_GLASS_MALFORMED`` or ``BREAK_GLASS_DECIDED``."""
    if finding not in FINDINGS:
        raise _malformed("finding", f"Say {' or '.join(FINDINGS)}.")
    if not by or by in (glass.user, glass.approved_by):
        raise _malformed("by", "Who asked or approved does not review.")
    if glass.approved_at is None or glass.reviewed_at is not None:
        raise RequestError("BREAK_GLASS_DECIDED", "There is nothing to review in it (any more).", status=409)
    return replace(glass, reviewed_by=by, reviewed_at=at, finding=finding, note=note)


def _malformed(where: str, hint: str) -> RequestError:
    return RequestError("BREAK_GLASS_MALFORMED", f'"{where}" is missing or cannot be used.', where=where, hint=hint)


def _expired(what: str) -> AccessError:
    return AccessError(
        "BREAK_GLASS_EXPIRED",
        f"{what} A grant lasts an hour at most.",
        where="extensions.breakGlass",
        hint="If the danger lasts, ask for another: POST /break-glass.",
    )
