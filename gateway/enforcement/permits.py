"""Permitted operations kept: worked out once for a kind of caller and a question, and again when what decided changes.

A permit follows from the operation, the kind of caller, the agreements in force and how the conditions came out that
were weighed on the way. Everything but the last is the key; the last is looked at anew for each request, with its own
caller, case, travelers, flags and instant. Only where every one of them comes out as it did is a permit used again:
the walk would have taken the same turns. Nothing that was read is kept: conditions and how they came out, no values.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count
from typing import Any, Final, TypeAlias

import msgspec
from graphql import is_scalar_type

from gateway.caller import Caller
from gateway.enforcement.authorize import Ground, all_down, authorize, permit
from gateway.enforcement.permitted import Permitted
from gateway.enforcement.shapes import Shapes
from gateway.enforcement.values import argument_value
from gateway.enforcement.walk import beside
from gateway.operation.model import Operation
from gateway.policy import MISSING, UNREACHABLE, Policy
from gateway.policy.conditions import evaluate
from gateway.policy.facts import Look, Truth

__all__ = ["Permits"]

_MOST: Final = 500  # permits, and operations with kinds of callers
_MOST_TURNS: Final = 32  # ways in which the walk over one operation went for one kind of caller
_KNOWN: Final = ("caller.", "case.", "subject.")
_LONGEST: Final = 4_000  # bytes of variables; what is longer is asked once
_Flags: TypeAlias = Mapping[str, Mapping[str, Any]]
_Key: TypeAlias = tuple[object, ...]
_Signature: TypeAlias = tuple[int, ...]
_Turns: TypeAlias = tuple[Ground, ...]


@dataclass(frozen=True, slots=True)
class _Asked:
    """An operation that was met; ``whole`` are the variables of which only counts that they name something.

    ``number`` is its own: what is kept under it is never found for another operation, not after it was forgotten.
    """

    number: int
    operation: Operation
    whole: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Family:
    """The permits under one key: the ways in which the walk went, each with what it weighed, by that written out.

    ``number`` is its own, as an operation's is.
    """

    number: int
    turns: dict[str, _Turns] = field(default_factory=dict)


@dataclass(slots=True)
class Permits:
    """The permits of one policy on one graph, the least recently used going first."""

    policy: Policy
    shapes: Shapes
    _numbers: Iterator[int] = field(default_factory=count)
    _asked: OrderedDict[int, _Asked] = field(default_factory=OrderedDict)
    _families: OrderedDict[_Key, _Family] = field(default_factory=OrderedDict)
    _kept: OrderedDict[tuple[int, str, _Signature], Permitted] = field(default_factory=OrderedDict)

    def of(
        self, operation: Operation, caller: Caller, facts: Mapping[str, Any], flags: _Flags, at: datetime
    ) -> Permitted:
        """The permitted part of ``operation``: what ``authorize`` says of it, which is asked where that is not known.

        ``facts`` are the request's own (``case.*``), ``flags`` those of travelers known beforehand. Raises as
        ``authorize`` does.
        """
        key = self._key(operation, caller, facts, flags, at)
        if key is None:
            return authorize(operation, self.policy, caller, self.shapes, facts, flags, at)
        kind = self.policy.case_kind(caller)
        request = _Request(operation.variables, facts, flags, caller, kind.name if kind else None, at)
        family = self._families.get(key)
        if family is not None:
            for name, turns in family.turns.items():
                place = (family.number, name, request.signature(turns))
                found = self._kept.get(place)
                if found is not None:
                    self._families.move_to_end(key)
                    self._kept.move_to_end(place)
                    return _for_request(found, operation, facts)
        permitted, ground = permit(operation, self.policy, caller, self.shapes, facts, flags, at)
        if ground is not None:
            self._keep(key, permitted, tuple(map(_before_fetching, ground)), request)
        return permitted

    def _keep(self, key: _Key, permitted: Permitted, turns: _Turns, request: _Request) -> None:
        """Keep a permit without what was the request's own."""
        family = self._families.get(key)
        if family is None:
            family = self._families[key] = _Family(next(self._numbers))
        name = repr(turns)  # true and 1 are equal, and no condition takes them for the same
        if name not in family.turns and len(family.turns) >= _MOST_TURNS:
            return
        family.turns[name] = turns
        self._kept[family.number, name, request.signature(turns)] = replace(
            permitted,
            client=replace(permitted.client, variables={}),
            operation=replace(permitted.operation, variables={}),
            known={},
        )
        if len(self._families) > _MOST:
            self._families.popitem(last=False)
        if len(self._kept) > _MOST:
            self._kept.popitem(last=False)

    def _key(
        self, operation: Operation, caller: Caller, facts: Mapping[str, Any], flags: _Flags, at: datetime
    ) -> _Key | None:
        """All that decides besides the conditions; None where a permit is not kept."""
        if operation.kind == "mutation" or not all(name.startswith("case.") for name in facts):
            return None
        if not all(name.startswith("subject.") for each in flags.values() for name in each):
            return None
        asked = self._operation(operation)
        values = [
            (name, True if name in asked.whole and isinstance(value, str) and value else value)
            for name, value in operation.variables.items()
        ]
        marked = [name for name, value in values if value is True and operation.variables[name] is not True]
        try:
            given = msgspec.json.encode((values, marked))
        except (TypeError, ValueError, OverflowError):
            return None
        if len(given) > _LONGEST:
            return None
        kind = self.policy.case_kind(caller)
        return (
            asked.number,
            given,
            caller.kind,
            caller.unmet,
            caller.location,
            caller.portfolio,
            caller.training,
            caller.synthetic_only,
            bool(caller.break_glass),
            bool(caller.case),
            kind.name if kind else None,
            self.policy.period(at),
            any(value is True for each in flags.values() for value in each.values()),
        )

    def _operation(self, operation: Operation) -> _Asked:
        """The operation met before with the very same selections, which its entry holds."""
        known = self._asked.get(id(operation.selections))
        if known is not None and known.operation == operation:
            self._asked.move_to_end(id(operation.selections))
            return known
        made = self._asked[id(operation.selections)] = _Asked(
            next(self._numbers), replace(operation, variables={}), self._whole(operation)
        )
        if len(self._asked) > _MOST:
            self._asked.popitem(last=False)
        return made

    def _whole(self, operation: Operation) -> frozenset[str]:
        """The variables that are whole arguments wherever they stand, and of a scalar's type.

        Whether they are given is looked at by the walk, and whom they name through that traveler's facts; the values
        themselves are not.
        """
        schema = self.shapes.schema
        found = {
            name
            for name, text in operation.definitions
            if is_scalar_type(schema.type_map.get(text.partition(" ")[0].rstrip("!")))
        }
        for each in operation.fields():
            gathers = any(f"{name}.{each.name}" in self.shapes.gathers for name in self.shapes.possible(each.parent))
            for argument in each.arguments:
                if gathers or not argument.text.startswith("$"):
                    found -= argument.variables
        return frozenset(found)


@dataclass(frozen=True, slots=True)
class _Request:
    """One request's own: what the conditions are looked at with."""

    variables: Mapping[str, Any]
    facts: Mapping[str, Any]
    flags: _Flags
    caller: Caller
    case_kind: str | None
    at: datetime

    def signature(self, turns: _Turns) -> _Signature:
        """How everything came out that ``turns`` depend on: all that decisions can depend on."""
        found: list[int] = []
        for each in turns:
            flags = all_down(self.flags) if each.down else self.flags
            facts = self.facts
            for text in each.way:
                facts = beside(facts, argument_value(text, self.variables) if text else "", flags)
            look = Look(self.caller, facts, self.case_kind)
            for atom in each.atoms:
                truth = evaluate(atom, look, self.at)
                found.append(1 if truth is Truth.TRUE else 0 if truth is Truth.FALSE else 2)
            for name in each.names:
                value = look(name)
                found.append(1 if value is MISSING else 2 if value is UNREACHABLE else 0)
        return tuple(found)


def _before_fetching(ground: Ground) -> Ground:
    """``ground`` without what no request can know before anything is fetched: the record's facts and the value."""
    return replace(
        ground,
        atoms=tuple(each for each in ground.atoms if all(name.startswith(_KNOWN) for name in each.facts)),
        names=tuple(name for name in ground.names if name.startswith(("case.", "subject."))),
    )


def _for_request(found: Permitted, operation: Operation, facts: Mapping[str, Any]) -> Permitted:
    """A kept permit as this request's own: its variables and what it knows of its case."""
    return replace(
        found,
        client=operation,
        operation=replace(operation, selections=found.operation.selections),
        known=dict(facts),
    )
