"""What one caller gets at one instant, decided record by record and remembered while it is asked.

Whatever a cell's facts are, they decide by the truth of its atoms alone. Facts met before are looked up; facts met for
the first time become truths, and only truths met for the first time are weighed. Coordinates that share a cell share
the result. Facts belong to one caller and one instant: nothing of them is ever taken from another's. What truths come to
is the column's, for all callers of its kind with the same certificates, and holds words only.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, TypeAlias

from gateway.caller import Caller
from gateway.coordinates import Coordinate
from gateway.policy.column import Column, Parts
from gateway.policy.conditions import Atom, evaluate
from gateway.policy.decide import Cell, weigh
from gateway.policy.decision import Considered, Decision, Outcome, Reason
from gateway.policy.facts import MISSING, UNREACHABLE, Facts, Look, Truth, Value
from gateway.policy.following import follow

__all__ = ["Case", "Decisions", "OnRecord"]

_MOST: Final = 5_000
_Row: TypeAlias = dict[Coordinate | None, Decision]
"""The decision that one outcome of a cell's atoms leads to, under None, and again by each coordinate it was given."""


class Case:
    """What the caller and the facts of one case come to, worked out once for all records of a request.

    By the cell's identity, which the column holds: how its comparisons came out that read nothing else (``free``), and
    the decisions met so far by the facts of the record (``rows``). ``truths`` are those comparisons by the identity of
    the atom, ``known`` whether each fact that they read is known.
    """

    __slots__ = ("free", "known", "rows", "truths")

    def __init__(self) -> None:
        self.free: dict[int, tuple[int, ...]] = {}
        self.known: dict[str, int] = {}
        self.truths: dict[int, int] = {}
        self.rows: dict[int, dict[tuple[object, ...], _Row]] = {}


class Decisions:
    """Decides for ``caller`` at the instant ``at``; ``case_kind`` is the kind of the caller's case, if it has one."""

    __slots__ = ("_case_kind", "_held", "_rows", "at", "caller", "column")

    def __init__(self, column: Column, caller: Caller, at: datetime, case_kind: str | None) -> None:
        self.caller = caller
        self.at = at
        self.column = column
        self._case_kind = case_kind
        self._rows: dict[int, dict[tuple[object, ...], _Row]] = {}  # by the cell's identity: the column holds it
        self._held = 0

    def of(self, coordinate: Coordinate, facts: Facts) -> Decision:
        """What the caller gets of ``coordinate`` when ``facts`` are known. An error inside is a denial."""
        try:
            found = self.column.met.get(coordinate) or self.column.lookup(coordinate)
            return found if isinstance(found, Decision) else _given(self.row(found, facts), coordinate)
        except Exception:
            return _failed(coordinate)

    def on(self, facts: Facts, case: Case | None = None) -> OnRecord:
        """The decisions on one record, whose ``facts`` do not change meanwhile.

        ``case`` is shared by records of one request: all of them have the very same ``case.*`` facts.
        """
        return OnRecord(self, facts, case)

    def apart(self, coordinates: tuple[Coordinate, ...]) -> tuple[Coordinate, ...]:
        """The first of each of ``coordinates`` that are decided alike on every record; all where that fails."""
        try:
            return self.column.apart(coordinates)
        except Exception:
            return coordinates

    def row(self, cell: Cell, facts: Facts, case: Case | None = None) -> _Row:
        """The decision of all coordinates of ``cell`` when ``facts`` are known; ``case`` as for ``on``."""
        if case is None:
            case, known, names = Case(), self._rows, cell.names
        else:
            known, names = case.rows, self.column.parts(cell).names
        rows = known.get(id(cell))
        if rows is None:
            rows = known[id(cell)] = {}
        get = facts.get
        key = tuple([value if (value := get(name, MISSING)).__class__ is str else _frozen(value) for name in names])
        try:
            found = rows.get(key)
        except TypeError:  # a fact that cannot be hashed: decide without remembering
            return self._weighed(cell, facts, case)
        if found is None:
            found = self._weighed(cell, facts, case)
            if self._held >= _MOST:
                known.clear()
                self._held = 0
            else:
                rows[key] = found
                self._held += 1
        return found

    def _weighed(self, cell: Cell, facts: Facts, case: Case) -> _Row:
        weighed = self.column.weighed
        alike = (self.caller.training, id(cell), self._outcome(cell, facts, case))
        found = weighed.get(alike)
        if found is None:
            known = {name: facts[name] for name in cell.names if name in facts}
            look = Look(self.caller, known, self._case_kind)
            decide = follow if cell.follows else weigh
            found = {None: decide(cell, self.caller, look, self.at)}
            candidates = found[None].candidates
            if isinstance(candidates, Considered):
                candidates.put_into_words()
            if len(weighed) >= _MOST:
                weighed.clear()
            weighed[alike] = found
        return found

    def _outcome(self, cell: Cell, facts: Facts, case: Case) -> tuple[int, ...]:
        """All that a decision can depend on: the truth of each atom, and which facts are not known and why."""
        parts, look = self.column.parts(cell), Look(self.caller, facts, self._case_kind)
        free = case.free.get(id(cell))
        if free is None:
            free = case.free[id(cell)] = self._free(parts, look, case)
        if facts.keys().isdisjoint(parts.names):
            return free + parts.unknown
        return free + self._truths(parts.atoms, parts.names, look)

    def _truths(self, atoms: Sequence[Atom], names: Sequence[str], look: Look) -> tuple[int, ...]:
        return tuple([self._truth(atom, look) for atom in atoms] + [_unknown(look(name)) for name in names])

    def _free(self, parts: Parts, look: Look, case: Case) -> tuple[int, ...]:
        """As ``_truths``, each comparison and each fact looked at once for all cells: many say the same of a case."""
        truths, known = case.truths, case.known
        for atom in parts.free_atoms:
            if id(atom) not in truths:
                truths[id(atom)] = self._truth(atom, look)
        for name in parts.free_names:
            if name not in known:
                known[name] = _unknown(look(name))
        return tuple([truths[id(atom)] for atom in parts.free_atoms] + [known[name] for name in parts.free_names])

    def _truth(self, atom: Atom, look: Look) -> int:
        truth = evaluate(atom, look, self.at)
        return 1 if truth is Truth.TRUE else 0 if truth is Truth.FALSE else 2


class OnRecord:
    """The decisions on the coordinates of one record.

    ``cells`` are those that were weighed with its facts; ``failed`` says that some decision is the denial of an error.
    """

    __slots__ = ("_case", "_decisions", "_facts", "_rows", "cells", "failed")

    def __init__(self, decisions: Decisions, facts: Facts, case: Case | None = None) -> None:
        self._decisions = decisions
        self._case = case
        self._facts = facts
        self._rows: dict[int, _Row] = {}
        self.cells: list[Cell] = []
        self.failed = False

    def of(self, coordinate: Coordinate) -> Decision:
        """What the caller gets of ``coordinate`` on this record. An error inside is a denial."""
        try:
            column = self._decisions.column
            found = column.met.get(coordinate) or column.lookup(coordinate)
            if isinstance(found, Decision):
                return found
            row = self._rows.get(id(found))
            if row is None:
                row = self._rows[id(found)] = self._decisions.row(found, self._facts, self._case)
                self.cells.append(found)
            return row.get(coordinate) or _given(row, coordinate)
        except Exception:
            self.failed = True
            return _failed(coordinate)


def _given(row: _Row, coordinate: Coordinate) -> Decision:
    found = row.get(coordinate)
    if found is None:
        found = row[coordinate] = row[None].named(f"{coordinate.type}.{coordinate.field}")
    return found


def _unknown(value: Value) -> int:
    return 1 if value is MISSING else 2 if value is UNREACHABLE else 0


def _failed(coordinate: Coordinate) -> Decision:
    return Decision(Outcome.DENY, str(coordinate), "", reason=Reason.DECISION_ERROR)


def _frozen(value: Value) -> object:
    """``value`` as a key: a truth value is not the number it equals, and a list is the values in it."""
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple):
        return tuple(_frozen(each) for each in value)
    return (value.__class__, value)
