"""Cut the operation to what this caller may be told, before anything is planned.

The walk decides (``walk.py``); here its findings become the permitted operation and the ledger.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from gateway.caller import Caller
from gateway.enforcement.permitted import Permitted
from gateway.enforcement.shapes import Shapes
from gateway.enforcement.walk import Ledger, Walk
from gateway.operation.model import Operation, Selection
from gateway.policy import Policy
from gateway.policy.cells import alike_once
from gateway.policy.conditions import Atom

__all__ = ["Ground", "all_down", "authorize", "permit"]


@dataclass(frozen=True, slots=True)
class Ground:
    """What was weighed of one traveler, or of the case alone: comparisons, and the facts they read.

    ``way`` are the texts of the arguments that lead to the traveler (see ``walk.beside``; "" for nobody known). ``down``:
    weighed as if no flag were up.
    """

    way: tuple[str, ...]
    down: bool
    atoms: tuple[Atom, ...]
    names: tuple[str, ...]


def authorize(
    operation: Operation,
    policy: Policy,
    caller: Caller,
    shapes: Shapes,
    facts: Mapping[str, Any],
    subjects: Mapping[str, Mapping[str, Any]],
    at: datetime,
    attributed: bool = False,
) -> Permitted:
    """The permitted part of ``operation`` for ``caller``, with a ruling on each of the client's fields.

    ``facts`` are the request's own (``case.*``); ``subjects`` the statutory flags of travelers known beforehand.
    ``attributed``: whose the outermost records are is read in any case. Raises ``AccessError`` ``ARGUMENT_WITHHELD`` when an argument reads what is withheld.
    """
    return permit(operation, policy, caller, shapes, facts, subjects, at, attributed)[0]


def permit(
    operation: Operation,
    policy: Policy,
    caller: Caller,
    shapes: Shapes,
    facts: Mapping[str, Any],
    subjects: Mapping[str, Mapping[str, Any]],
    at: datetime,
    attributed: bool = False,
) -> tuple[Permitted, tuple[Ground, ...] | None]:
    """What ``authorize`` says, and the ground it stands on: None where an error decided something."""
    walk = Walk(operation, policy, caller, shapes, subjects, at, attributed)
    ruled, asked = walk.whole(facts)
    ledger, ground = walk.ledger, _ground(walk)
    if walk.absent and any(value is True for flags in subjects.values() for value in flags.values()):
        told = Walk(operation, policy, caller, shapes, all_down(subjects), at)
        told.whole(facts)
        ledger = _as_of_anybody(told.ledger, ledger, walk.absent)
        more = _ground(told, down=True)
        ground = None if ground is None or more is None else (*ground, *more)
    return Permitted(
        client=operation,
        operation=replace(operation, selections=asked),
        ruled=ruled,
        decisions=walk.decisions,
        facts=frozenset(walk.fact_coordinates),
        ledger=tuple(ledger.values()),
        needs_subjects=walk.needs_subjects,
        known=dict(facts),
        masks=walk.masks,
        turning=tuple(sorted(set(_turning(operation.selections)))),
    ), ground


def _turning(selections: Sequence[Selection]) -> Iterator[str]:
    """The variables of the conditions on ``selections``, at every depth."""
    for each in selections:
        yield from (condition.variable for condition in each.conditions)
        yield from _turning(each.selections)


def _ground(walk: Walk, *, down: bool = False) -> tuple[Ground, ...] | None:
    """What the walk weighed. None where an error decided something."""
    found: list[Ground] = []
    for way, on in walk.weighed():
        if on.failed:
            return None
        atoms = alike_once(atom for cell in on.cells for atom in cell.atoms)
        found.append(Ground(way, down, atoms, tuple(sorted({name for cell in on.cells for name in cell.names}))))
    return tuple(found)


def all_down(subjects: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The flags of travelers as if none were up."""
    return {
        traveler: {name: False if value is True else value for name, value in flags.items()}
        for traveler, flags in subjects.items()
    }


def _as_of_anybody(told: Ledger, ledger: Ledger, absent: set[tuple[str, ...]]) -> Ledger:
    """``ledger`` with what is static for the request if no flag is up, ``told``: told of a protected person too.

    Where her records are not there nothing below them is ruled on; a ledger that ended there, or an argument that is a
    mistake and is not looked at, would tell that she is protected.
    """
    return {key: entry for key, entry in told.items() if key in ledger or _within(key[1], absent)} | ledger


def _within(path: tuple[str, ...], absent: set[tuple[str, ...]]) -> bool:
    """Whether ``path`` is, or stands below, one of those in ``absent``."""
    return any(path[:length] in absent for length in range(1, len(path) + 1))
