"""Runs the ``[[example]]`` entries of agreements and prohibitions: each is one decision with its expected outcome.

A failing example is a finding of ``gateway check``, not of start: the policy in force is what the clauses say.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from gateway.caller import Caller
from gateway.errors import Mistake
from gateway.policy.agreement import Example
from gateway.policy.decision import Decision
from gateway.policy.facts import UNREACHABLE, Value
from gateway.policy.lifecycle import midnight
from gateway.policy.policy import Policy

__all__ = ["EXAMPLE_INSTANT", "Ran", "check_examples", "run_examples"]

EXAMPLE_INSTANT: Final = datetime(2026, 11, 1, 12, tzinfo=UTC)
"""When an example that gives no date plays: the synthetic world's today."""

_PLACEHOLDER: Final = "EXAMPLE"
_CALLER_WORDS: Final = frozenset(
    ["agency", "role", "purpose", "case", "user", "location", "portfolio", "training", "synthetic", "breakGlass"]
)


@dataclass(frozen=True, slots=True)
class Ran:
    """One example that ran: from which file, what came out, and "" or what is wrong about it."""

    example: Example
    owner: str
    decision: Decision
    wrong: str = ""


def run_examples(policy: Policy, at: datetime = EXAMPLE_INSTANT) -> Iterator[Ran]:
    """Every example of the policy, run. ``at`` is the instant of those that give no date."""
    for agreement in policy.agreements:
        for example in agreement.examples:
            yield _run(policy, example, agreement.id, at)
    for prohibition in policy.compiled.prohibitions:
        for example in prohibition.examples:
            yield _run(policy, example, prohibition.id, at)


def check_examples(policy: Policy, at: datetime = EXAMPLE_INSTANT) -> tuple[Mistake, ...]:
    """The examples that do not come out as written, each with file and line."""
    hint = "correct the clause or the example; `gateway explain` shows every candidate"
    return tuple(
        Mistake(
            "POLICY_EXAMPLE_FAILS",
            f"example '{ran.example.title or ran.example.field}': {ran.wrong}",
            ran.example.where,
            hint,
        )
        for ran in run_examples(policy, at)
        if ran.wrong
    )


def _run(policy: Policy, example: Example, owner: str, at: datetime) -> Ran:
    caller = _caller(example)
    when = midnight(example.at) if example.at else at
    holder, _, path = example.field.partition(".")
    steps = policy.catalogue.path(holder, path) if path else None
    if steps is None:
        nothing = Decision.nowhere(example.field)
        return Ran(example, owner, nothing, f"'{example.field}' is in no subgraph")
    unknown = set(example.caller) - _CALLER_WORDS
    facts = {name: _value(value) for name, value in example.facts.items()}
    decision = policy.decide(caller, steps[-1], facts, when)
    if unknown:
        return Ran(example, owner, decision, f"a caller has no {', '.join(sorted(unknown))}")
    return Ran(example, owner, decision, _wrong(example, owner, decision))


def _caller(example: Example) -> Caller:
    """The example's caller; one whose facts speak of a case has one, even if no reference is written."""
    given: dict[str, Any] = dict(example.caller)
    case = given.get("case") or (_PLACEHOLDER if any(name.startswith("case.") for name in example.facts) else "")
    return Caller(
        agency=given.get("agency", ""),
        role=given.get("role", ""),
        purpose=given.get("purpose", ""),
        case=case,
        user=given.get("user", ""),
        location=given.get("location", ""),
        portfolio=tuple(given.get("portfolio", ())),
        training=tuple(given.get("training", ())),
        synthetic_only=given.get("synthetic", False),
        break_glass=_PLACEHOLDER if given.get("breakGlass", False) else "",
    )


def _value(value: Any) -> Value:
    if value == "UNREACHABLE":
        return UNREACHABLE
    return tuple(value) if isinstance(value, list) else value


def _wrong(example: Example, owner: str, decision: Decision) -> str:
    got = decision.outcome.lower()
    if got != example.expect:
        return f"expected {example.expect}, got {got}{f' ({decision.reason})' if decision.reason else ''}"
    if not decision.settled:
        return f"the facts leave it open: {', '.join(sorted(decision.needs))} must be given"
    if example.reason and decision.reason != example.reason:
        return f"expected reason {example.reason}, got {decision.reason or 'none'}"
    if example.mask and decision.mask != example.mask:
        return f"expected mask {example.mask}, got {decision.mask or 'none'}"
    basis = decision.basis
    if example.because and (basis is None or (basis.agreement, basis.article) != (owner, example.because)):
        return (
            f"expected because of {example.because}, got {f'{basis.agreement} {basis.article}' if basis else 'nothing'}"
        )
    return ""
