"""CLAIMS history action codes and the petition status each one leads to.

Source: domain.md section 1.6 (public NIEM code list). A code with no status changes nothing (a notice, a check).
`sensitive` marks holds, fraud, intent to revoke, quality and interagency-check actions: those are deliberative.
KO and KP begin with K like the holds but record a shipment to State, so they are ordinary.
"""

from dataclasses import dataclass

__all__ = ["ACTIONS", "Action", "action", "status_after"]


@dataclass(frozen=True, slots=True)
class Action:
    """One history action: its code, its label, the PetitionStatus it leads to (or None), whether it is sensitive."""

    code: str
    label: str
    status: str | None
    sensitive: bool = False


def _table(*actions: Action) -> dict[str, Action]:
    return {item.code: item for item in actions}


ACTIONS: dict[str, Action] = _table(
    Action("IAA", "Receipt notice sent", "RECEIVED"),
    Action("AFA", "Rejected at intake", "REJECTED"),
    Action("IC", "Rejection notice sent", "REJECTED"),
    Action("FBA", "Request for initial evidence", "EVIDENCE_REQUESTED"),
    Action("FBB", "Request for additional evidence", "EVIDENCE_REQUESTED"),
    Action("FBC", "Request for evidence after review", "EVIDENCE_REQUESTED"),
    Action("IK", "Evidence request notice sent", "EVIDENCE_REQUESTED"),
    Action("IKP", "Evidence request sent, premium clock stopped", "EVIDENCE_REQUESTED"),
    Action("HA", "Evidence received", "EVIDENCE_RECEIVED"),
    Action("HAP", "Evidence received, premium clock restarted", "EVIDENCE_RECEIVED"),
    Action("FE", "Intent to deny", "INTENT_TO_DENY"),
    Action("II", "Intent to deny notice sent", "INTENT_TO_DENY"),
    Action("DA", "Approved", "APPROVED"),
    Action("DB", "Approved, change of status", "APPROVED"),
    Action("DC", "Approved, extension of stay", "APPROVED"),
    Action("DE", "Approved, notify port of entry", "APPROVED"),
    Action("DF", "Approved on motion", "APPROVED"),
    Action("DG", "Approved, amended", "APPROVED"),
    Action("DH", "Approved after hold", "APPROVED"),
    Action("IEA", "Approval notice sent", "APPROVED"),
    Action("EA", "Denied", "DENIED"),
    Action("EC", "Denied with a finding of fraud", "DENIED", sensitive=True),
    Action("IFA", "Denial notice sent", "DENIED"),
    Action("EL", "Abandoned", "ABANDONED"),
    Action("IFAA", "Abandonment notice sent", "ABANDONED"),
    Action("EK", "Withdrawn", "WITHDRAWN"),
    Action("IT", "Withdrawal acknowledged", "WITHDRAWN"),
    Action("KO", "Shipped to Department of State", "SENT_TO_DOS"),
    Action("KP", "Sent by Department of State to consulate", "SENT_TO_DOS"),
    Action("DJ", "Visa issued by Department of State", "VISA_ISSUED_BY_DOS"),
    Action("EO", "Visa denied by Department of State", "VISA_DENIED_BY_DOS"),
    Action("CD", "Returned by Department of State for review", "RETURNED_BY_DOS"),
    Action("BI", "Relocated from Department of State", "RETURNED_BY_DOS"),
    Action("DI", "Approval reaffirmed after return", "REAFFIRMED"),
    Action("IQ", "Reaffirmation notice sent", "REAFFIRMED"),
    Action("FC", "Intent to revoke", "INTENT_TO_REVOKE", sensitive=True),
    Action("FCA0", "Intent to revoke, fraud", "INTENT_TO_REVOKE", sensitive=True),
    Action("IV", "Intent to revoke notice sent", "INTENT_TO_REVOKE"),
    Action("EGA", "Revoked on notice", "REVOKED"),
    Action("EGB", "Revoked on notice after reply", "REVOKED"),
    Action("IR", "Revocation notice sent", "REVOKED"),
    Action("EW0", "Revoked automatically", "REVOKED"),
    Action("EQ", "Revoked by Department of State", "REVOKED"),
    Action("EP", "Terminated by Department of State", "REVOKED"),
    Action("AGA", "Reopened on motion", "REOPENED"),
    Action("AGB", "Reopened on service motion", "REOPENED"),
    Action("AH", "Reopened for reconsideration", "REOPENED"),
    Action("KA", "Held for supervisor", "HELD", sensitive=True),
    Action("KF", "Held for interagency check", "HELD", sensitive=True),
    Action("KH", "Held for legal review", "HELD", sensitive=True),
    Action("FS", "Held, security check", "HELD", sensitive=True),
    Action("FT", "Held, other", "HELD", sensitive=True),
    Action("FFA", "Referred to fraud detection", None, sensitive=True),
    Action("FFB", "Returned by fraud detection", None, sensitive=True),
    Action("QA1", "Quality assurance pull", None, sensitive=True),
    Action("IBS1", "Interagency border inspection check", None, sensitive=True),
    Action("FZA", "T-1 waiting list", None, sensitive=True),
)


def action(code: str) -> Action:
    """The action called `code`. Raises KeyError for a code CLAIMS does not know."""
    return ACTIONS[code]


def status_after(codes: tuple[str, ...]) -> str:
    """The PetitionStatus a history of action codes (oldest first) leads to; an empty history is RECEIVED."""
    status = "RECEIVED"
    for code in codes:
        status = ACTIONS[code].status or status
    return status
