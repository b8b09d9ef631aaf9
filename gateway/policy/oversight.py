"""Who may see what concerns other agencies: by agreement, like every other field."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from gateway.caller import Caller
from gateway.coordinates import Coordinate
from gateway.policy.decision import Outcome
from gateway.policy.policy import Policy

__all__ = ["ACCOUNT", "OWN_SIDE", "oversees"]

ACCOUNT: Final = Coordinate("AuditEvent", "decision")
"""The field of the record whose sharing makes a caller an auditor."""
OWN_SIDE: Final = Coordinate("AuditEvent", "ownSide")
"""The field whose sharing lets an agency's officer see what concerns the agency, and nothing else."""


def oversees(policy: Policy, caller: Caller, at: datetime) -> bool:
    """Whether ``caller`` is given everybody's side: an agreement in force at ``at`` lets them read the whole record."""
    return policy.decide(caller, ACCOUNT, {}, at).outcome is Outcome.ALLOW
