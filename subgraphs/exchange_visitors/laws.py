"""The state machines of a SEVIS record and of a sponsor's designation, as tables and pure functions."""

from __future__ import annotations

from datetime import date, timedelta

from subgraphs.exchange_visitors.enums import SanctionKind, SponsorStatus
from subgraphs.exchange_visitors.enums import SevisStatus as S
from subgraphs.kit.states import StateMachine, Transition

__all__ = [
    "RECORD",
    "SPONSOR",
    "VALIDATION_DAYS",
    "extension_objection",
    "sanction_step",
    "validated_late",
    "validation_objection",
]

#: Calendar days before and after the program's start within which a sponsor validates an arrival (22 CFR 62.70).
VALIDATION_DAYS = 30

RECORD: StateMachine[S] = StateMachine(
    "ExchangeVisitor.status",
    [
        Transition(S.DRAFT, "issue", S.INITIAL),
        Transition(S.DRAFT, "cancel", S.CANCELED),
        Transition(S.INITIAL, "validate", S.ACTIVE),
        Transition(S.INITIAL, "no_show", S.NO_SHOW),
        Transition(S.INITIAL, "cancel", S.CANCELED),
        Transition(S.INITIAL, "invalidate", S.INVALID),
        Transition(S.ACTIVE, "extend", S.ACTIVE),
        Transition(S.ACTIVE, "complete", S.INACTIVE),
        Transition(S.ACTIVE, "terminate", S.TERMINATED),
    ],
)

# a designation that was ended never comes back
SPONSOR: StateMachine[SponsorStatus] = StateMachine(
    "Sponsor.status",
    [
        Transition(SponsorStatus.ACTIVE, "sanction", SponsorStatus.SANCTIONED),
        Transition(SponsorStatus.ACTIVE, "end", SponsorStatus.TERMINATED),
        Transition(SponsorStatus.SANCTIONED, "sanction", SponsorStatus.SANCTIONED),
        Transition(SponsorStatus.SANCTIONED, "end", SponsorStatus.TERMINATED),
        Transition(SponsorStatus.SANCTIONED, "restore", SponsorStatus.ACTIVE),
    ],
)


def sanction_step(kind: SanctionKind) -> str:
    """The step of :data:`SPONSOR` that a sanction of ``kind`` is."""
    return "end" if kind is SanctionKind.TERMINATION else "sanction"


def validation_objection(program_start: date, on: date) -> str:
    """Why an arrival cannot be validated on day ``on``, or ``""``: nobody arrives more than 30 days ahead."""
    if on < program_start - timedelta(days=VALIDATION_DAYS):
        return f"an arrival can be validated from {VALIDATION_DAYS} days before the program starts"
    return ""


def validated_late(program_start: date, on: date) -> bool:
    """Whether a validation on day ``on`` breaks the sponsor's duty to validate in 30 days.

    It is taken all the same: the participant is here, and a record that says so late is better than one that does not.
    """
    return on > program_start + timedelta(days=VALIDATION_DAYS)


def extension_objection(program_start: date, program_end: date, new_end: date, most_months: int) -> str:
    """Why a program cannot be extended to ``new_end``, or ``""``; ``most_months`` is the category's whole length."""
    if new_end <= program_end:
        return "an extension must end later than the program does now"
    months = (new_end.year - program_start.year) * 12 + new_end.month - program_start.month
    if months > most_months or (months == most_months and new_end.day > program_start.day):
        return f"the category allows {most_months} months in all from the program's start"
    return ""
