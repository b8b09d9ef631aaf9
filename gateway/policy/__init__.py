"""The policy room: agreements as values, compiled against the graph, and the decision for one caller and coordinate.

Pure but for :func:`load_bundle`, which reads the TOML folder; no clock (the instant is an argument), no network, no
web. Law: docs/policy.md. How to write and read an agreement: docs/agreements.md.
"""

from gateway.policy.bundle import Bundle, load_bundle, read_bundle
from gateway.policy.decision import AtomResult, Basis, Candidate, Decision, Outcome, Reason
from gateway.policy.decisions import Case, Decisions, OnRecord
from gateway.policy.facts import MISSING, UNREACHABLE, Facts, Value
from gateway.policy.masks import Masked, apply_mask, mask_value
from gateway.policy.policy import Policy, compile_policy
from gateway.policy.unrestricted import Unrestricted, unrestricted
from gateway.policy.vocabulary import CaseKind, Vocabulary

__all__ = [
    "MISSING",
    "UNREACHABLE",
    "AtomResult",
    "Basis",
    "Bundle",
    "Candidate",
    "Case",
    "CaseKind",
    "Decision",
    "Decisions",
    "Facts",
    "Masked",
    "OnRecord",
    "Outcome",
    "Policy",
    "Reason",
    "Unrestricted",
    "Value",
    "Vocabulary",
    "apply_mask",
    "compile_policy",
    "load_bundle",
    "mask_value",
    "read_bundle",
    "unrestricted",
]
