"""What a decision may know: values by name, three truths, and the two ways of not knowing.

A fact is named ``caller.location``, ``case.state``, ``record.status``, ``subject.p1367`` or ``value``. A name that is
missing from the mapping is *unknown yet*; the value ``UNREACHABLE`` marks a fact whose source was asked and failed.
Both make an atom UNKNOWN; they differ in what follows: the first asks for the fact, the second answers UNAVAILABLE.
``None`` is a known value: the record holds nothing there. The flags of a subject are the exception (see ``Look``).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum
from typing import Final, TypeAlias

from gateway.caller import Caller

__all__ = [
    "FREE_SOURCES",
    "MISSING",
    "SOURCES",
    "UNREACHABLE",
    "Facts",
    "Look",
    "Marker",
    "Truth",
    "Value",
    "source_of",
]


class Marker(Enum):
    """The two values that are not values: a fact nobody asked for yet, and one whose source failed."""

    MISSING = "missing"
    UNREACHABLE = "unreachable"

    def __repr__(self) -> str:
        return self.name


MISSING: Final = Marker.MISSING
UNREACHABLE: Final = Marker.UNREACHABLE

Value: TypeAlias = (
    "str | bool | int | float | date | datetime | Marker | tuple[Value, ...] | list[Value] | Mapping[str, Value] | None"
)
Facts: TypeAlias = Mapping[str, Value]

SOURCES: Final = ("caller", "case", "record", "subject", "value")
"""Where a fact may come from: token, case record, the same entity, statutory authority, the field itself."""
FREE_SOURCES: Final = ("caller", "case")
"""The sources that are the same for every record of a request; only they may settle a *marked* denial."""

_NO_CASE: Final[Mapping[str, Value]] = {"case.state": "none", "case.kind": "none", "case.id": ""}


class Truth(Enum):
    """Kleene's three truths; members are compared by identity."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"


def source_of(name: str) -> str:
    """The first word of a fact's name: ``case`` of ``case.state``."""
    return name.partition(".")[0]


class Look:
    """Reads one fact by name, for one caller: ``look("case.state")``.

    ``caller.*`` comes from the caller alone, whatever the mapping says. Without a case in the token every ``case.*``
    the mapping does not hold is known to be nothing (state and kind ``none``), and so it is when the reference fits no
    kind of case (``case_kind`` is None). A statutory flag that its authority left null stays MISSING: a flag nobody
    set is not a flag that says no.
    """

    __slots__ = ("_caller", "_case_kind", "_facts")

    def __init__(self, caller: Caller, facts: Facts, case_kind: str | None = None) -> None:
        self._caller = caller
        self._facts = facts
        self._case_kind = case_kind

    def __call__(self, name: str) -> Value:
        if name.startswith("caller."):
            return self._of_caller(name[7:])
        value = self._facts.get(name, MISSING)
        if value is MISSING:
            return self._of_case(name) if name.startswith("case.") else value
        if value.__class__ is str or value.__class__ is bool:
            return value
        if isinstance(value, Mapping):
            return value.get("code")  # a coded value is compared by its code
        if value is None and name.startswith("subject.") and name != "subject.id":
            return MISSING
        return value

    def _of_case(self, name: str) -> Value:
        if not self._caller.case or self._case_kind is None:
            return _NO_CASE.get(name)
        if name == "case.id":
            return self._caller.case
        if name == "case.kind":
            return self._case_kind
        return MISSING

    def _of_caller(self, name: str) -> Value:
        caller = self._caller
        match name:
            case "agency":
                return caller.agency
            case "role":
                return caller.role
            case "purpose":
                return caller.purpose
            case "case":
                return caller.case or None
            case "user":
                return caller.user or None
            case "location":
                return caller.location or None
            case "portfolio":
                return caller.portfolio
            case "training":
                return caller.training
            case "synthetic":
                return caller.synthetic_only
            case "breakGlass":
                return bool(caller.break_glass)
        return MISSING
