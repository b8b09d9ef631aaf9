"""The state machine of a visa application and of a visa (domain.md 1.6), as tables and pure functions.

Everything that changes a status asks here first; nothing here reads a database, a clock or a request. The consular
officer alone moves an application: no step is caused by a recommendation of another agency (INA 104(a), HSA 428(e)).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

from subgraphs.kit.states import StateMachine, Transition
from subgraphs.visas.enums import ConsularDisposition, PublicVisaStatus, RevocationKind, VisaStatus
from subgraphs.visas.enums import VisaApplicationStatus as S

__all__ = [
    "APPLICATION",
    "CORRECTABLE",
    "ISSUED_ONCE",
    "REFUSED",
    "VISA",
    "disposition_objection",
    "ground_family",
    "public_status",
    "refusal_step",
    "revocation_step",
    "validity_objection",
]

#: Refused under 221(g): not final, the applicant or the post can still overcome it.
CORRECTABLE = frozenset({S.REFUSED_221G_DOCUMENTS, S.ADMINISTRATIVE_PROCESSING})

REFUSED = frozenset({S.REFUSED_221G_DOCUMENTS, S.REFUSED_214B, S.REFUSED_212A, S.REFUSED_OTHER})

#: A visa was issued; whatever became of it later.
ISSUED_ONCE = frozenset({S.ISSUED, S.REVOKED, S.CANCELED_WITHOUT_PREJUDICE, S.EXPIRED, S.VOID_222G})

_OPEN = (S.IN_ADJUDICATION, S.RETURNED_TO_ADJUDICATION, S.REFUSED_221G_DOCUMENTS, S.ADMINISTRATIVE_PROCESSING)
_BEFORE_DECISION = (
    S.DRAFT,
    S.SUBMITTED,
    S.FEE_PAID,
    S.SCHEDULED,
    S.INTERVIEW_WAIVED,
    S.BIOMETRICS_TAKEN,
    *_OPEN,
)
_DECISIONS = {
    "approve": S.APPROVED_NOT_ISSUED,
    "process": S.ADMINISTRATIVE_PROCESSING,
    "refuse_221g": S.REFUSED_221G_DOCUMENTS,
    "refuse_214b": S.REFUSED_214B,
    "refuse_212a": S.REFUSED_212A,
    "refuse_other": S.REFUSED_OTHER,
}

APPLICATION: StateMachine[S] = StateMachine(
    "VisaApplication.status",
    [
        Transition(S.DRAFT, "submit", S.SUBMITTED),
        Transition(S.SUBMITTED, "pay", S.FEE_PAID),
        Transition(S.FEE_PAID, "schedule", S.SCHEDULED),
        Transition(S.FEE_PAID, "waive", S.INTERVIEW_WAIVED),
        Transition(S.SCHEDULED, "schedule", S.SCHEDULED),
        Transition(S.INTERVIEW_WAIVED, "schedule", S.SCHEDULED),
        Transition(S.SCHEDULED, "take_biometrics", S.BIOMETRICS_TAKEN),
        Transition(S.INTERVIEW_WAIVED, "take_biometrics", S.BIOMETRICS_TAKEN),
        Transition(S.BIOMETRICS_TAKEN, "interview", S.IN_ADJUDICATION),
        # a decision already standing cannot be repeated, but a 221(g) refusal can be followed by any other decision
        *(Transition(s, step, after) for s in _OPEN for step, after in _DECISIONS.items() if after is not s),
        *(Transition(s, "return", S.IN_ADJUDICATION) for s in (S.REFUSED_221G_DOCUMENTS, S.ADMINISTRATIVE_PROCESSING)),
        Transition(S.APPROVED_NOT_ISSUED, "return", S.RETURNED_TO_ADJUDICATION),
        Transition(S.APPROVED_NOT_ISSUED, "issue", S.ISSUED),
        Transition(S.ISSUED, "revoke", S.REVOKED),
        Transition(S.ISSUED, "cancel", S.CANCELED_WITHOUT_PREJUDICE),
        Transition(S.ISSUED, "expire", S.EXPIRED),
        Transition(S.ISSUED, "void", S.VOID_222G),
        *(Transition(s, "withdraw", S.WITHDRAWN) for s in _BEFORE_DECISION),
        *(Transition(s, "abandon", S.ABANDONED) for s in _BEFORE_DECISION),
    ],
)

VISA: StateMachine[VisaStatus] = StateMachine(
    "Visa.status",
    [
        Transition(VisaStatus.ISSUED, "revoke", VisaStatus.REVOKED),
        Transition(VisaStatus.ISSUED, "cancel", VisaStatus.CANCELED),
        Transition(VisaStatus.ISSUED, "expire", VisaStatus.EXPIRED),
        Transition(VisaStatus.ISSUED, "void", VisaStatus.VOID_222G),
    ],
)

# Under 221(g) it says "Refused", also while the post is still at work on the case;
# an approval that is not yet a visa, or was taken back, says no more than that the case is being processed.
_PUBLIC: Mapping[S, PublicVisaStatus] = MappingProxyType(
    {
        S.DRAFT: PublicVisaStatus.NO_STATUS,
        S.SUBMITTED: PublicVisaStatus.READY,
        S.FEE_PAID: PublicVisaStatus.READY,
        S.SCHEDULED: PublicVisaStatus.READY,
        S.INTERVIEW_WAIVED: PublicVisaStatus.READY,
        S.BIOMETRICS_TAKEN: PublicVisaStatus.READY,
        S.IN_ADJUDICATION: PublicVisaStatus.READY,
        S.RETURNED_TO_ADJUDICATION: PublicVisaStatus.ADMINISTRATIVE_PROCESSING,
        S.APPROVED_NOT_ISSUED: PublicVisaStatus.ADMINISTRATIVE_PROCESSING,
        S.REFUSED_221G_DOCUMENTS: PublicVisaStatus.REFUSED,
        S.ADMINISTRATIVE_PROCESSING: PublicVisaStatus.REFUSED,
        S.REFUSED_214B: PublicVisaStatus.REFUSED,
        S.REFUSED_212A: PublicVisaStatus.REFUSED,
        S.REFUSED_OTHER: PublicVisaStatus.REFUSED,
        S.ISSUED: PublicVisaStatus.ISSUED,
        S.REVOKED: PublicVisaStatus.ISSUED,
        S.CANCELED_WITHOUT_PREJUDICE: PublicVisaStatus.ISSUED,
        S.EXPIRED: PublicVisaStatus.ISSUED,
        S.VOID_222G: PublicVisaStatus.ISSUED,
        S.WITHDRAWN: PublicVisaStatus.NO_STATUS,
        S.ABANDONED: PublicVisaStatus.NO_STATUS,
    }
)


def public_status(status: S) -> PublicVisaStatus:
    """What the public site shows for ``status``; a revocation never shows there."""
    return _PUBLIC[status]


def ground_family(ground: str) -> str:
    """MEDICAL for 212(a)(1), SERIOUS for 212(a)(2) and (3), else ORDINARY: each family is a field of its own.

    Source: INA 212(a)(1) health, (2) criminal, (3) security.
    """
    if ground.startswith("212(a)(1)"):
        return "MEDICAL"
    if ground.startswith(("212(a)(2)", "212(a)(3)")):
        return "SERIOUS"
    return "ORDINARY"


def refusal_step(ground: str) -> str:
    """The step of :data:`APPLICATION` that a refusal on ``ground`` is."""
    if ground == "221(g)":
        return "refuse_221g"
    if ground == "214(b)":
        return "refuse_214b"
    return "refuse_212a" if ground.startswith("212(a)") else "refuse_other"


def revocation_step(kind: RevocationKind) -> str:
    """The step of :data:`VISA` and of :data:`APPLICATION` that a revocation of ``kind`` is."""
    return "cancel" if kind is RevocationKind.CANCELED_WITHOUT_PREJUDICE else "revoke"


def disposition_objection(disposition: ConsularDisposition, status: S) -> str:
    """Why ``disposition`` contradicts ``status``, or ``""`` when it does not.

    The disposition reports what the post did; it can never be used to bring the status about.
    """
    if disposition is ConsularDisposition.CONCURRED_REFUSED and status not in REFUSED:
        return "CONCURRED_REFUSED can only be recorded for a refused application"
    if disposition is ConsularDisposition.ISSUED_NOTWITHSTANDING and status not in ISSUED_ONCE:
        return "ISSUED_NOTWITHSTANDING can only be recorded for an issued visa"
    if disposition is ConsularDisposition.PENDING and status not in {*_BEFORE_DECISION, S.APPROVED_NOT_ISSUED}:
        return "PENDING can only be recorded while the application is undecided"
    return ""


def validity_objection(issued_on: date, expires_on: date) -> str:
    """Why a visa cannot be valid from ``issued_on`` to ``expires_on``, or ``""``; ten years is the statute's limit."""
    if expires_on <= issued_on:
        return "a visa must expire after the day it is issued"
    years = expires_on.year - issued_on.year
    if years > 10 or (years == 10 and (expires_on.month, expires_on.day) > (issued_on.month, issued_on.day)):
        return "no visa is valid for more than ten years"
    return ""
