"""The client's fields that stand on an object of one type, laid out once for all objects that are ruled on alike.

What is laid out follows from a permit and from which of its conditional selections take part; records change nothing
of it, so a permit keeps it (``Permitted.worked``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLOutputType

from gateway.coordinates import Coordinate
from gateway.enforcement.permitted import Permitted, Ruled, RuledField
from gateway.enforcement.shapes import Shapes
from gateway.policy import Decision, Outcome, Policy

__all__ = ["Layout", "Row", "Slot", "collect"]

_MOST_TURNS = 8  # ways in which conditional selections take part, kept for one permit


@dataclass(frozen=True, slots=True)
class Slot:
    """One response key of an object: the fields under it, and what is the same of it on every object of the type.

    ``ruling`` is None for what no rule is about (``__typename``); ``plumbing`` is not counted. ``targets`` are the
    types its value can have.
    """

    key: str
    group: tuple[RuledField, ...]
    first: RuledField
    coordinate: Coordinate
    ruling: Decision | None
    plumbing: bool
    governed: bool
    targets: tuple[str, ...]
    children: tuple[Ruled, ...]
    kind: GraphQLOutputType | None


@dataclass(frozen=True, slots=True)
class Row:
    """The slots of one object, in order. ``ruled`` is held, so that its identity is its own.

    ``shown`` are the rulings of leaves that no record can change and that are in clear: nothing is done to their values.
    ``owners`` are whose those are that are governed, ``others`` the slots that have to be looked at one by one.
    """

    ruled: Sequence[Ruled]
    slots: tuple[Slot, ...]
    keys: frozenset[str]
    shown: tuple[Decision, ...]
    owners: frozenset[str]
    others: tuple[Slot, ...]


def _row(ruled: Sequence[Ruled], slots: tuple[Slot, ...]) -> Row:
    plain = [(each, ruling) for each in slots if (ruling := _shown(each)) is not None]
    clear = {id(each) for each, _ in plain}
    return Row(
        ruled,
        slots,
        frozenset(each.key for each in slots),
        tuple(ruling for each, ruling in plain if not each.plumbing),
        frozenset(ruling.owner for each, ruling in plain if each.governed),
        tuple(each for each in slots if id(each) not in clear),
    )


def _shown(slot: Slot) -> Decision | None:
    """The ruling of a leaf that is settled and in clear."""
    ruling = slot.ruling
    if ruling is None or slot.targets or slot.first.gather is not None or not ruling.settled:
        return None
    return ruling if ruling.outcome is Outcome.ALLOW else None


def collect(ruled: Iterable[Ruled], name: str, variables: Mapping[str, Any]) -> dict[str, list[RuledField]]:
    """The client's fields that apply to an object of type ``name``, by response key, in order."""
    found: dict[str, list[RuledField]] = {}
    for each in ruled:
        if isinstance(each, RuledField):
            if all(condition.holds(variables) for condition in each.field.conditions):
                found.setdefault(each.field.key, []).append(each)
        elif name in each.types and all(c.holds(variables) for c in each.fragment.conditions):
            for key, group in collect(each.children, name, variables).items():
                found.setdefault(key, []).extend(group)
    return found


class Layout:
    """The slots of one answer's objects, by what they are ruled by and their type."""

    def __init__(self, permitted: Permitted, policy: Policy, shapes: Shapes) -> None:
        self.policy = policy
        self.shapes = shapes
        self.variables = permitted.client.variables
        turn = tuple(bool(self.variables.get(name)) for name in permitted.turning)
        kept: dict[tuple[bool, ...], dict[tuple[int, str], Row]] = permitted.worked.setdefault("laid", {})
        if turn not in kept and len(kept) < _MOST_TURNS:
            kept[turn] = {}
        self._laid = kept.get(turn, {})

    def row(self, ruled: Sequence[Ruled], name: str) -> Row:
        """What stands on an object of type ``name`` under ``ruled``: a part of the permit, or a slot's ``children``."""
        found = self._laid.get((id(ruled), name))
        if found is None:
            slots = tuple(
                self.slot(key, name, tuple(group)) for key, group in collect(ruled, name, self.variables).items()
            )
            found = self._laid[id(ruled), name] = _row(ruled, slots)
        return found

    def slot(self, key: str, name: str, group: tuple[RuledField, ...]) -> Slot:
        """The slot of the fields in ``group`` on an object of type ``name``."""
        first = next((each for each in group if name in each.rulings or each.gather), group[0])
        coordinate = Coordinate(name, first.field.name)
        return Slot(
            key,
            group,
            first,
            coordinate,
            first.rulings.get(name),
            name in self.shapes.plumbing,
            self.policy.governed(coordinate),
            tuple(sorted({target for each in group for target in each.targets})),
            group[0].children if len(group) == 1 else tuple(child for each in group for child in each.children),
            self.shapes.field_type(name, first.field.name),
        )
