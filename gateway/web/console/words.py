"""What the files say, in plain English: conditions, reasons, states and codes, for readers who do not read TOML."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from gateway.policy.conditions import ALWAYS, Atom, Condition

__all__ = ["OUTCOMES", "REASONS", "coded", "condition_tree", "days_between", "plain", "sentence"]

REASONS: Final[Mapping[str, str]] = {
    "NO_SUCH_FIELD": "there is no such field",
    "NOT_RECOGNISED": "agency, role and purpose do not go together",
    "NO_AGREEMENT": "no agreement of the owner with the agency names the field",
    "NOT_IN_FORCE": "the agreements that name it are not in force",
    "PURPOSE_NOT_COVERED": "an agreement names it, for other purposes",
    "ROLE_NOT_COVERED": "an agreement names it, for other roles",
    "WITHHELD_BY_PROVIDER": "the owner withholds it by name",
    "STATUTE": "a statute forbids it",
    "CASE_CONDITION": "the case did not meet the agreement's conditions",
    "NOT_SHARED": "the conditions on caller or case were not met",
    "OBLIGATION_UNMET": "an obligation of the agreement was not met",
    "FACT_UNAVAILABLE": "a fact it depends on could not be had",
    "DECISION_ERROR": "the decision failed, and what fails is denied",
    "SOURCE_UNAVAILABLE": "the owner's system did not answer",
}
OUTCOMES: Final[Mapping[str, str]] = {
    "ALLOW": "shared",
    "MASK": "shared masked",
    "DENY": "withheld, and told",
    "ABSENT": "withheld, and not told",
    "UNAVAILABLE": "unavailable",
}
_FACTS: Final[Mapping[str, str]] = {
    "subject.id": "the person the record is about",
    "case.subject": "the person the case is about",
    "case.state": "the case",
    "case.kind": "the kind of case",
    "caller.location": "the place the caller works at",
    "caller.role": "the caller's role",
    "caller.agency": "the caller's agency",
    "caller.purpose": "the caller's purpose",
    "caller.user": "the caller",
    "caller.case": "the caller's case",
    "caller.portfolio": "what is assigned to the caller",
    "caller.training": "the caller's training",
    "caller.synthetic": "the caller's limit to synthetic records",
    "subject.p1367": "protection of the person under 8 U.S.C. 1367",
    "subject.asylum2086": "protection of the person under 8 CFR 208.6",
    "subject.sealed": "a seal on the person's records",
    "value": "the value itself",
}
_SOURCES: Final = {"record": "the record's", "case": "the case's", "caller": "the caller's", "subject": "the person's"}
_VERBS: Final[Mapping[str, str]] = {
    "is": "is",
    "is_not": "is not",
    "in": "is one of",
    "not_in": "is none of",
    "same_as": "is the same as",
    "before": "is before",
    "after": "is after",
    "at_least": "is at least",
    "at_most": "is at most",
}
_SPAN: Final = re.compile(r"^P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$")
_UNITS: Final = ("year", "month", "week", "day", "hour", "minute", "second")
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def sentence(atom: Atom) -> str:
    """One condition as a clause: ``the case is open``."""
    subject = _fact(atom.attr)
    if atom.operator == "present":
        return f"{subject} is {'known' if atom.operand else 'known to be empty'}"
    if atom.operator == "within":
        return f"{subject} is within {_span(str(atom.operand))} of the request"
    if atom.operator == "is" and isinstance(atom.operand, bool) and not atom.refers:
        return f"{subject} {'applies' if atom.operand else 'does not apply'}"
    other = _fact(atom.refers) if atom.refers else _literal(atom.operand)
    return f"{subject} {_VERBS.get(atom.operator, atom.operator)} {other}"


def condition_tree(when: Condition) -> dict[str, Any] | None:
    """A condition for a nested list: ``{"text", "raw"}`` or ``{"word": "all of"|"any of", "parts"}``; None for always."""
    if when == ALWAYS:
        return None
    if isinstance(when, Atom):
        return {"text": sentence(when), "raw": str(when)}
    parts = [part for each in when.parts if (part := condition_tree(each)) is not None]
    if when.every:  # all of all of is all of
        parts = [inner for part in parts for inner in (part["parts"] if part.get("word") == "all of" else [part])]
    if len(parts) == 1:
        return parts[0]
    return {"word": "all of" if when.every else "any of", "parts": parts}


def _fact(name: str) -> str:
    if name in _FACTS:
        return _FACTS[name]
    source, _, path = name.partition(".")
    words = " ".join(_CAMEL.sub(" ", path).replace(".", " ").lower().split())
    return f"{_SOURCES.get(source, source)} {words}"


def _literal(value: Any) -> str:
    if isinstance(value, tuple | list | frozenset):
        return ", ".join(_literal(each) for each in value)
    if value is None:
        return "nothing"
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def _span(text: str) -> str:
    found = _SPAN.match(text)
    if found is None:
        return text
    parts = [(int(count), unit) for count, unit in zip(found.groups(), _UNITS, strict=True) if count]
    return " and ".join(f"{count} {unit}{'' if count == 1 else 's'}" for count, unit in parts) or text


def coded(code: str) -> str:
    """A reason's code in words; the code itself where it is a notice's own."""
    return REASONS.get(code, code.replace("_", " ").lower())


def plain(text: str) -> str:
    """A kebab-case name as words: ``border-inspection-primary`` as ``border inspection primary``."""
    return text.replace("-", " ")


def days_between(later: date, at: datetime) -> int:
    """Days from ``at`` to a day to come; negative once it has passed."""
    return (later - at.date()).days
