"""Representations' shapes put together: possible as long as no name would have to carry two different values."""

from __future__ import annotations

from dataclasses import replace

from gateway.operation.model import Condition
from gateway.planning.plan import InputField, InputFragment, InputSelection

__all__ = ["input_key_names", "input_names", "merge_inputs", "without_conditions"]


def merge_inputs(
    first: tuple[InputSelection, ...], second: tuple[InputSelection, ...]
) -> tuple[InputSelection, ...] | None:
    """Both shapes in one, ``first`` leading.

    None when one name would need values from two sources, or one value under two unlike conditions.
    """
    found: dict[object, InputSelection] = {}
    for part in (*first, *second):
        key: object = part.name if isinstance(part, InputField) else part.types
        before = found.get(key)
        if before is None:
            found[key] = part
            continue
        merged = merge_inputs(before.selections, part.selections)
        if merged is None:
            return None
        if isinstance(part, InputFragment):
            found[key] = InputFragment(part.types, merged)
        elif isinstance(before, InputField) and before.source == part.source and _compatible(before, part):
            conditions = before.conditions if before.conditions == part.conditions else ()
            found[key] = InputField(part.source, part.name, merged, before.required or part.required, conditions)
        else:
            return None
    return tuple(found.values())


def _compatible(one: InputField, two: InputField) -> bool:
    return one.conditions == two.conditions or not one.conditions or not two.conditions


def without_conditions(inputs: tuple[InputSelection, ...], known: tuple[Condition, ...]) -> tuple[InputSelection, ...]:
    """The shape where ``known`` conditions hold anyway, since nothing is sent otherwise."""
    if not known:
        return inputs
    return tuple(
        replace(
            part,
            selections=without_conditions(part.selections, known),
            conditions=tuple(each for each in part.conditions if each not in known),
        )
        if isinstance(part, InputField)
        else replace(part, selections=without_conditions(part.selections, known))
        for part in inputs
    )


def input_key_names(inputs: tuple[InputSelection, ...]) -> frozenset[str]:
    """The names of the fields without which a representation is not sent."""
    names: set[str] = set()
    for part in inputs:
        if isinstance(part, InputFragment):
            names |= input_key_names(part.selections)
        elif part.required:
            names.add(part.name)
    return frozenset(names)


def input_names(inputs: tuple[InputSelection, ...]) -> frozenset[str]:
    """The dotted names of all that a representation is made of; where one of them is missing it is not sent."""
    names: set[str] = set()
    for part in inputs:
        below = input_names(part.selections)
        if isinstance(part, InputFragment):
            names |= below
        else:
            names.add(part.name)
            names.update(f"{part.name}.{name}" for name in below)
    return frozenset(names)
