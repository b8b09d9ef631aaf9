"""Look-ups by a number: whose record it is comes first, and what that person's flags forbid is not asked for at all.

Law: docs/policy.md section 5, "plan". A look-up finds a record and only with it whose it is. Where a statutory flag of the
person decides on what is asked beside that, the number is looked up for the person alone first; then what could be
given of the record is asked for, and of a record of which nothing could be, nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gateway.coordinates import Coordinate
from gateway.enforcement.hidden import HIDDEN, hidden_fields, read_hidden
from gateway.enforcement.permitted import Permitted
from gateway.enforcement.shapes import Shapes
from gateway.enforcement.values import named_by
from gateway.operation.model import Field, Operation, Selection
from gateway.policy import Policy

__all__ = ["Lookup", "first_operation", "guarded_lookups", "rest_operation", "subject_of", "withheld"]


@dataclass(frozen=True, slots=True)
class Lookup:
    """A root field that leads to one record of type ``kind``; ``own`` are the fields of the record's own that are asked.

    What stands below ``own`` in value types is among them, what leads to another record is not.
    """

    field: Field
    kind: str
    own: tuple[Coordinate, ...]


def guarded_lookups(permitted: Permitted, policy: Policy, shapes: Shapes) -> tuple[Lookup, ...]:
    """The look-ups of a query by something else than a traveler's number of which a statutory flag decides something."""
    found: tuple[Lookup, ...] | None = permitted.worked.get("lookups")
    if found is None:
        found = permitted.worked["lookups"] = tuple(_guarded(permitted, policy, shapes))
    return found


def _guarded(permitted: Permitted, policy: Policy, shapes: Shapes) -> Iterator[Lookup]:
    if permitted.client.kind != "query" or not permitted.needs_subjects:
        return
    root = permitted.operation.root
    for each in permitted.operation.selections:
        if not isinstance(each, Field) or named_by(policy, root, each, permitted.client.variables).id:
            continue
        kind = shapes.target(root, each.name)
        if (
            kind not in shapes.subjects
            or shapes.possible(kind) != (kind,)
            or "[" in str(shapes.field_type(root, each.name))
        ):
            continue
        own = tuple(dict.fromkeys(_own(each.selections, kind, kind, shapes)))
        if any(_by_flags(permitted, coordinate) for coordinate in own):
            yield Lookup(each, kind, own)


def _by_flags(permitted: Permitted, coordinate: Coordinate) -> bool:
    decision = permitted.decisions.get(str(coordinate))
    needs = () if decision is None or decision.settled else decision.needs
    return any(need.startswith("subject.") and need != "subject.id" for need in needs)


def _own(selections: Sequence[Selection], parent: str, kind: str, shapes: Shapes) -> Iterator[Coordinate]:
    """The coordinates of ``selections`` on a ``parent`` object that are data of the record it is part of."""
    for each in selections:
        if not isinstance(each, Field):
            yield from _own(each.selections, each.type, kind, shapes)
        elif not each.name.startswith("__") and not each.key.startswith(HIDDEN):
            yield Coordinate(parent, each.name)
            target = _value_type(parent, each, shapes)
            if target:
                yield from _own(each.selections, target, kind, shapes)


def _value_type(parent: str, field: Field, shapes: Shapes) -> str:
    """The type of what a field holds that is part of the same record; "" for a leaf and for another record."""
    target = shapes.target(parent, field.name)
    if not target or target in shapes.plumbing or any(shapes.is_entity(each) for each in shapes.possible(target)):
        return ""
    return target


def first_operation(permitted: Permitted, lookups: Sequence[Lookup], shapes: Shapes) -> Operation:
    """What finds out whose the records of ``lookups`` are, and nothing else of them."""
    selections = permitted.worked.get("first lookups")
    if selections is None:
        selections = permitted.worked["first lookups"] = tuple(
            replace(
                each.field,
                selections=(
                    Field("__typename", "__typename", each.kind, hidden=True),
                    *hidden_fields(shapes, each.kind, {shapes.subjects[each.kind]}),
                ),
            )
            for each in lookups
        )
    return replace(permitted.operation, selections=selections)


def subject_of(lookup: Lookup, data: Mapping[str, Any], shapes: Shapes) -> str | None:
    """Whose record was found: a traveler's number, "" where it is about nobody, None where none was found."""
    item = data.get(lookup.field.key)
    if not isinstance(item, dict):
        return None
    value = read_hidden(item, shapes.subjects[lookup.kind])
    return value if isinstance(value, str) else ""


def withheld(lookup: Lookup, facts: Mapping[str, Any], gives: Any, shapes: Shapes) -> frozenset[Coordinate] | None:
    """What of the record could not be given whatever else is learned, with the person's flags among ``facts``.

    None where the record could not be there at all. ``gives`` says whether a coordinate could be given with facts.
    """
    told = shapes.told_by(lookup.kind)
    if told and not any(gives(each, facts) for each in told):
        return None
    return frozenset(each for each in lookup.own if not gives(each, facts))


def rest_operation(
    permitted: Permitted, gone: Mapping[str, frozenset[Coordinate] | None], shapes: Shapes
) -> Operation | None:
    """The permitted operation without what is ``gone`` of each look-up, by its key; None where nothing is left to ask.

    The facts that decide on the rest stay.
    """
    if not any(each is None or each for each in gone.values()):
        return permitted.operation
    place = ("rest", tuple(sorted(gone.items(), key=lambda each: each[0])))
    selections: tuple[Selection, ...] | None = permitted.worked.get(place)
    if selections is None:
        selections = permitted.worked[place] = tuple(_rest(permitted, gone, shapes))
    return replace(permitted.operation, selections=selections) if selections else None


def _rest(
    permitted: Permitted, gone: Mapping[str, frozenset[Coordinate] | None], shapes: Shapes
) -> Iterator[Selection]:
    for each in permitted.operation.selections:
        cut = gone.get(each.key, frozenset()) if isinstance(each, Field) else frozenset()
        if cut is None:
            continue
        if not cut or not isinstance(each, Field):
            yield each
            continue
        kind = shapes.target(each.parent, each.name)
        yield replace(each, selections=_without(each.selections, kind, cut, shapes))


def _without(
    selections: Sequence[Selection], parent: str, cut: frozenset[Coordinate], shapes: Shapes
) -> tuple[Selection, ...]:
    kept: list[Selection] = []
    for each in selections:
        if not isinstance(each, Field):
            kept.append(replace(each, selections=_without(each.selections, each.type, cut, shapes)))
        elif each.name.startswith("__") or each.key.startswith(HIDDEN):
            kept.append(each)
        elif Coordinate(parent, each.name) not in cut:
            target = _value_type(parent, each, shapes)
            kept.append(replace(each, selections=_without(each.selections, target, cut, shapes)) if target else each)
    return tuple(kept) or (Field("__typename", "__typename", parent, hidden=True),)
