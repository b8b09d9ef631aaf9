"""Representations' shapes put together: possible as long as no name would have to carry two different values."""

from __future__ import annotations

from gateway.planning.plan import InputField, InputFragment, InputSelection

__all__ = ["input_key_names", "merge_inputs"]


def merge_inputs(
    first: tuple[InputSelection, ...], second: tuple[InputSelection, ...]
) -> tuple[InputSelection, ...] | None:
    """Both shapes in one, ``first`` leading; None when one name would need values from two sources."""
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
        elif isinstance(before, InputField) and before.source == part.source:
            found[key] = InputField(part.source, part.name, merged, before.required or part.required)
        else:
            return None
    return tuple(found.values())


def input_key_names(inputs: tuple[InputSelection, ...]) -> frozenset[str]:
    """The names of the fields without which a representation is not sent."""
    names: set[str] = set()
    for part in inputs:
        if isinstance(part, InputFragment):
            names |= input_key_names(part.selections)
        elif part.required:
            names.add(part.name)
    return frozenset(names)
