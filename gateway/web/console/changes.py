"""What a change of the agreements does, as data for pages: sentences, each with a case that is decided differently."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from gateway.policy import UNREACHABLE, Decision
from gateway.policy.diff import Change
from gateway.policy.examples import Ran
from gateway.policy.proof.witness import Witness

__all__ = ["shown_fact", "told_changes", "told_example"]


def told_changes(changes: Iterable[Change]) -> list[dict[str, Any]]:
    """The changes, the heaviest first: ``sentence``, ``kind``, ``sign`` (``+`` wider, ``-`` narrower), ``witness``."""
    return [
        {
            "kind": each.kind,
            "sign": "+" if each.wider else "-" if each.kind in _NARROWER else "",
            "sentence": each.sentence,
            "coordinates": list(each.coordinates),
            "callers": ["/".join(who) for who in each.callers],
            "witness": _witness(each.witness) if each.witness else None,
        }
        for each in changes
    ]


_NARROWER = frozenset({"withheld", "narrower", "mask-stronger", "flow-gone"})


def _witness(found: Witness) -> dict[str, Any]:
    return {
        "caller": "/".join(found.kind),
        "coordinate": found.coordinate,
        "at": found.at,
        "facts": {name: shown_fact(value) for name, value in found.facts.items()},
        "before": _outcome(found.before),
        "after": _outcome(found.after),
    }


def _outcome(decision: Decision) -> dict[str, str]:
    basis = decision.basis
    return {
        "outcome": str(decision.outcome),
        "mask": decision.mask,
        "reason": str(decision.reason),
        "because": f"{basis.agreement} {basis.article}" if basis else "",
    }


def shown_fact(value: Any) -> str:
    """A fact's value as text; what no source could tell is ``unknown``."""
    if value is UNREACHABLE:
        return "unknown"
    return value if isinstance(value, str) else json.dumps(value, default=str)


def told_example(ran: Ran) -> dict[str, Any]:
    """One example that ran."""
    decision, caller = ran.decision, ran.example.caller
    basis = decision.basis
    return {
        "title": ran.example.title or ran.example.field,
        "who": " / ".join(str(caller.get(name, "")) for name in ("agency", "role", "purpose")),
        "field": ran.example.field,
        "facts": {name: shown_fact(value) for name, value in ran.example.facts.items()},
        "expected": ran.example.expect,
        "came": str(decision.outcome),
        "mask": decision.mask,
        "because": f"{basis.agreement} {basis.article}" if basis else "",
        "reason": str(decision.reason),
        "wrong": ran.wrong,
    }
