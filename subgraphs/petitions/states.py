"""The law of a petition's states (domain.md 1.6): which step leads where, and which CLAIMS action records it."""

from __future__ import annotations

from typing import Final

from subgraphs.kit.states import StateMachine, Transition
from subgraphs.petitions.enums import PetitionStatus as S

__all__ = ["ACTION_OF_STEP", "PETITION", "UNDECIDED"]

UNDECIDED: Final = (
    S.RECEIVED,
    S.EVIDENCE_REQUESTED,
    S.EVIDENCE_RECEIVED,
    S.INTENT_TO_DENY,
    S.HELD,
    S.REOPENED,
)
"""The states in which USCIS still owes a decision."""

_STANDING: Final = (S.APPROVED, S.SENT_TO_DOS, S.VISA_ISSUED_BY_DOS, S.REAFFIRMED)
_DECISIONS: Final = (
    ("approve", S.APPROVED),
    ("deny", S.DENIED),
    ("withdraw", S.WITHDRAWN),
    ("abandon", S.ABANDONED),
)


def _transitions() -> list[Transition[S]]:
    out = [Transition(state, step, after) for state in UNDECIDED for step, after in _DECISIONS]
    out += [
        Transition(state, "request-evidence", S.EVIDENCE_REQUESTED)
        for state in (S.RECEIVED, S.EVIDENCE_RECEIVED, S.REOPENED)
    ]
    out += [
        Transition(state, "record-evidence", S.EVIDENCE_RECEIVED) for state in (S.EVIDENCE_REQUESTED, S.INTENT_TO_DENY)
    ]
    out += [
        Transition(state, "intend-to-deny", S.INTENT_TO_DENY) for state in (S.RECEIVED, S.EVIDENCE_RECEIVED, S.REOPENED)
    ]
    out += [Transition(state, "send-to-dos", S.SENT_TO_DOS) for state in (S.APPROVED, S.REAFFIRMED)]
    out += [
        Transition(S.SENT_TO_DOS, "return-from-dos", S.RETURNED_BY_DOS),
        Transition(S.VISA_DENIED_BY_DOS, "return-from-dos", S.RETURNED_BY_DOS),
        Transition(S.RETURNED_BY_DOS, "reaffirm", S.REAFFIRMED),
        Transition(S.INTENT_TO_REVOKE, "reaffirm", S.REAFFIRMED),
        Transition(S.RETURNED_BY_DOS, "intend-to-revoke", S.INTENT_TO_REVOKE),
        Transition(S.APPROVED, "intend-to-revoke", S.INTENT_TO_REVOKE),
        Transition(S.REAFFIRMED, "intend-to-revoke", S.INTENT_TO_REVOKE),
        Transition(S.INTENT_TO_REVOKE, "revoke", S.REVOKED),
    ]
    # Automatic revocation (the employer closes, the petitioner dies) and State's own need no notice.
    out += [Transition(state, "revoke-automatically", S.REVOKED) for state in _STANDING]
    out += [Transition(state, "revoke-by-dos", S.REVOKED) for state in (S.SENT_TO_DOS, S.RETURNED_BY_DOS)]
    return out


PETITION: Final = StateMachine("Petition.status", _transitions())
"""The allowed steps; a step not listed is refused with the list of what is."""

ACTION_OF_STEP: Final[dict[str, str]] = {
    "request-evidence": "FBA",
    "record-evidence": "HA",
    "intend-to-deny": "FE",
    "approve": "DA",
    "deny": "EA",
    "withdraw": "EK",
    "abandon": "EL",
    "send-to-dos": "KO",
    "return-from-dos": "CD",
    "reaffirm": "DI",
    "intend-to-revoke": "FC",
    "revoke": "EGA",
    "revoke-automatically": "EW0",
    "revoke-by-dos": "EQ",
}
"""The CLAIMS history action that records each step."""
