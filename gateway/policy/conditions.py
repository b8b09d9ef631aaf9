"""The closed condition language of agreements: ten atoms under ``all`` and ``any``, three-valued.

===========  ==================================================================================
``is``       equals the literal (a list fact: one of its members does)
``is_not``   is known, is not null and differs (a list fact: no member equals)
``in``       equals one of the literals             ``not_in``  is known, not null, equals none
``same_as``  equals another fact; two lists share a member
``before``   earlier than a date, an instant, ``now`` or another fact      ``after``  later than
``within``   at most the ISO 8601 duration away from the decision's instant, on either side
``at_least`` a number not below                     ``at_most`` a number not above
``present``  true: there is a value; false: the record is known to hold none
===========  ==================================================================================

There is no negation over a condition, no code and no pattern. An atom whose fact is missing or unreachable is UNKNOWN.
A comparison with null is FALSE, whichever way it points; only ``present`` speaks of null. Normative text: policy.md, 3.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final, TypeAlias

from gateway.policy.facts import FREE_SOURCES, MISSING, SOURCES, UNREACHABLE, Truth, Value, source_of

__all__ = [
    "ALWAYS",
    "OPERATORS",
    "Atom",
    "Condition",
    "ConditionError",
    "Group",
    "atoms_of",
    "evaluate",
    "is_duration",
    "parse_condition",
    "shifted",
    "unknown_facts",
]

OPERATORS: Final = (
    "is",
    "is_not",
    "in",
    "not_in",
    "same_as",
    "before",
    "after",
    "within",
    "at_least",
    "at_most",
    "present",
)
_OF_TEXTS: Final = {"is": True, "same_as": True, "is_not": False}
"""What is said of two texts by whether they are equal."""
_DURATION = re.compile(
    r"^P(?=.)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$"
)
_FACT = re.compile(r"^(?:(?:caller|case|record|subject)(?:\.[A-Za-z_][A-Za-z0-9_]*)+|value)$")

Lookup: TypeAlias = Callable[[str], Value]


class ConditionError(ValueError):
    """A condition is not one: ``what`` is wrong and ``hint`` how to write it."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Atom:
    """One comparison of one fact. ``operand`` is a literal, a tuple of literals, or another fact's name."""

    attr: str
    operator: str
    operand: Value
    refers: str = ""
    record_bound: bool = field(default=False, compare=False)

    def __str__(self) -> str:
        shown = self.refers or _show(self.operand)
        return f"{self.attr} {self.operator.replace('_', ' ')} {shown}"

    @property
    def facts(self) -> tuple[str, ...]:
        """The names the atom reads."""
        return (self.attr, self.refers) if self.refers else (self.attr,)


@dataclass(frozen=True, slots=True)
class Group:
    """``all`` or ``any`` of its parts. An empty ``all`` is always true; an empty ``any`` cannot be written."""

    every: bool
    parts: tuple[Atom | Group, ...]

    def __str__(self) -> str:
        if not self.parts:
            return "always"
        word = " and " if self.every else " or "
        return word.join(
            f"({part})" if isinstance(part, Group) and len(part.parts) > 1 else str(part) for part in self.parts
        )


Condition: TypeAlias = Atom | Group
ALWAYS: Final = Group(True, ())


def parse_condition(raw: object) -> Condition:
    """The condition that a TOML table says; raises ``ConditionError`` naming the first mistake in it."""
    if not isinstance(raw, Mapping):
        raise ConditionError(
            f"a condition is a table, not {type(raw).__name__}", 'write { attr = "case.state", is = "open" }'
        )
    keys = set(raw)
    for word in ("all", "any"):
        if word in keys:
            if keys != {word}:
                extra = ", ".join(sorted(keys - {word}))
                raise ConditionError(
                    f"'{word}' stands alone in its table, but {extra} is beside it", f"write {{ {word} = [ ... ] }}"
                )
            return _group(word, raw[word])
    return _atom(raw)


def _group(word: str, parts: object) -> Group:
    if not isinstance(parts, list) or not parts:
        raise ConditionError(
            f"'{word}' needs a list of at least one condition",
            f'write {{ {word} = [ {{ attr = "case.state", is = "open" }} ] }}',
        )
    return Group(word == "all", tuple(parse_condition(part) for part in parts))


def _atom(raw: Mapping[str, object]) -> Atom:
    attr = raw.get("attr")
    if not isinstance(attr, str) or not _FACT.match(attr):
        raise ConditionError(
            f"{attr!r} is not the name of a fact", f"an attr begins with one of {', '.join(SOURCES)}, as in case.state"
        )
    operators = sorted(set(raw) - {"attr"})
    if len(operators) != 1 or operators[0] not in OPERATORS:
        found = ", ".join(operators) or "none"
        raise ConditionError(
            f"one operator is needed for {attr}, found: {found}", f"the operators are {', '.join(OPERATORS)}"
        )
    operator = operators[0]
    operand, refers = _operand(attr, operator, raw[operator])
    bound = source_of(attr) not in FREE_SOURCES or (bool(refers) and source_of(refers) not in FREE_SOURCES)
    return Atom(attr, operator, operand, refers, bound)


def _operand(attr: str, operator: str, raw: object) -> tuple[Value, str]:
    wrong = ConditionError(f"{raw!r} cannot stand after '{operator}' of {attr}", _HINTS[operator])
    match operator:
        case "is" | "is_not":
            if not isinstance(raw, str | bool | int | float | date):
                raise wrong
            return raw, ""
        case "in" | "not_in":
            if not isinstance(raw, list) or not raw or not all(isinstance(item, str | int | date) for item in raw):
                raise wrong
            return tuple(raw), ""
        case "same_as":
            if not isinstance(raw, str) or not _FACT.match(raw):
                raise wrong
            return None, raw
        case "before" | "after":
            return _moment_operand(raw, wrong)
        case "within":
            if not isinstance(raw, str) or not _DURATION.match(raw):
                raise wrong
            return raw, ""
        case "present":
            if not isinstance(raw, bool):
                raise wrong
            return raw, ""
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        raise wrong
    return raw, ""


def _moment_operand(raw: object, wrong: ConditionError) -> tuple[Value, str]:
    if isinstance(raw, date):
        return raw, ""
    if raw == "now":
        return "now", ""
    if isinstance(raw, str) and _FACT.match(raw):
        return None, raw
    raise wrong


_HINTS: Final = {
    "is": "write one text, number, date, true or false",
    "is_not": "write one text, number, date, true or false",
    "in": 'write a list, as in ["OPEN", "HELD"]',
    "not_in": 'write a list, as in ["OPEN", "HELD"]',
    "same_as": "write the name of another fact, as in caller.location",
    "before": 'write a date (2026-10-01), "now" or the name of a fact',
    "after": 'write a date (2026-10-01), "now" or the name of a fact',
    "within": 'write an ISO 8601 duration, as in "P10Y", "P30D" or "PT72H"',
    "at_least": "write a number",
    "at_most": "write a number",
    "present": "write true or false",
}


def atoms_of(condition: Condition) -> Iterator[Atom]:
    """Every atom, in the order written."""
    if isinstance(condition, Atom):
        yield condition
    else:
        for part in condition.parts:
            yield from atoms_of(part)


def evaluate(condition: Condition, look: Lookup, at: datetime, *, best_case: bool = False) -> Truth:
    """TRUE, FALSE or UNKNOWN. With ``best_case`` every atom about a record counts as true.

    Conditions know no negation, so a FALSE best case follows from the caller and the case alone.
    """
    if isinstance(condition, Atom):
        return Truth.TRUE if best_case and condition.record_bound else _test(condition, look, at)
    decisive = Truth.FALSE if condition.every else Truth.TRUE
    result = Truth.TRUE if condition.every else Truth.FALSE
    for part in condition.parts:
        truth = evaluate(part, look, at, best_case=best_case)
        if truth is decisive:
            return decisive
        if truth is Truth.UNKNOWN:
            result = Truth.UNKNOWN
    return result


def unknown_facts(
    condition: Condition, look: Lookup, at: datetime, *, best_case: bool = False
) -> Iterator[tuple[str, bool]]:
    """The facts that leave the condition UNKNOWN, each with whether its source failed (True) or was not asked."""
    if isinstance(condition, Group):
        for part in condition.parts:
            if evaluate(part, look, at, best_case=best_case) is Truth.UNKNOWN:
                yield from unknown_facts(part, look, at, best_case=best_case)
    elif evaluate(condition, look, at, best_case=best_case) is Truth.UNKNOWN:
        for name in condition.facts:
            value = look(name)
            if value is MISSING or value is UNREACHABLE:
                yield name, value is UNREACHABLE


def _test(atom: Atom, look: Lookup, at: datetime) -> Truth:
    left = look(atom.attr)
    if left is MISSING or left is UNREACHABLE:
        return Truth.UNKNOWN
    right = atom.operand
    if atom.refers:
        right = look(atom.refers)
        if right is MISSING or right is UNREACHABLE:
            return Truth.UNKNOWN
    return Truth.TRUE if _holds(atom.operator, left, right, at) else Truth.FALSE


def _holds(operator: str, left: Value, right: Value, at: datetime) -> bool:
    if left.__class__ is str and right.__class__ is str and operator in _OF_TEXTS:  # nearly always
        return (left == right) is _OF_TEXTS[operator]
    if operator == "present":
        return (left is not None and left != ()) is right
    members = _members(left)
    if not members or right is None:
        return False
    match operator:
        case "is":
            return any(_equal(one, right) for one in members)
        case "is_not":
            return not any(_equal(one, right) for one in members)
        case "in" | "same_as":
            return any(_equal(one, other) for one in members for other in _members(right))
        case "not_in":
            return not any(_equal(one, other) for one in members for other in _members(right))
        case "at_least" | "at_most":
            return all(_ranked(operator, one, right) for one in members)
    return all(_timed(operator, one, right, at) for one in members)


def _members(value: Value) -> tuple[Value, ...]:
    if isinstance(value, tuple | list):
        return tuple(one for one in value if one is not None)
    return () if value is None else (value,)


def _equal(left: Value, right: Value) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, date) or isinstance(right, date):
        one, other = _moment(left), _moment(right)
        return one is not None and one == other
    return left == right


def _ranked(operator: str, left: Value, right: Value) -> bool:
    if isinstance(left, bool) or not isinstance(left, int | float) or not isinstance(right, int | float):
        return False
    return left >= right if operator == "at_least" else left <= right


def _timed(operator: str, left: Value, right: Value, at: datetime) -> bool:
    moment = _moment(left)
    if moment is None:
        return False
    if operator == "within":
        return isinstance(right, str) and shifted(at, right, -1) <= moment <= shifted(at, right, 1)
    bound = at if right == "now" else _moment(right)
    if bound is None:
        return False
    return moment < bound if operator == "before" else moment > bound


def _moment(value: Value) -> datetime | None:
    """The instant of a date (midnight UTC), a datetime or ISO text; None when it is none."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    return None


def is_duration(text: str) -> bool:
    """Whether ``text`` is an ISO 8601 duration as agreements write it: ``PT5M``, ``P1Y``."""
    return bool(_DURATION.match(text))


@lru_cache(maxsize=1024)
def shifted(at: datetime, duration: str, sign: int) -> datetime:
    """``at`` moved by an ISO 8601 duration, back (``sign`` -1) or on (1); the ends of time at the latest.

    Months and years move the calendar; the 31st becomes the last day of a shorter month.
    """
    found = _DURATION.match(duration)
    if found is None:
        raise ConditionError(f"{duration!r} is not a duration", _HINTS["within"])
    years, months, weeks, days, hours, minutes, seconds = (sign * int(part or 0) for part in found.groups())
    month = at.year * 12 + at.month - 1 + years * 12 + months
    year, month = month // 12, month % 12 + 1
    if not 1 <= year <= 9999:
        return datetime.max.replace(tzinfo=UTC) if sign > 0 else datetime.min.replace(tzinfo=UTC)
    first_of_next = date(year + month // 12, month % 12 + 1, 1) if year < 9999 else date(year, month, 28)
    day = min(at.day, (first_of_next - timedelta(days=1)).day)
    return at.replace(year=year, month=month, day=day) + timedelta(
        weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds
    )


def _show(value: Value) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(_show(one) for one in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date) else str(value)
