"""Types and defaults of one element, merged over its sources.

Codes: FIELD_TYPE_MISMATCH, FIELD_ARGUMENT_TYPE_MISMATCH, FIELD_ARGUMENT_DEFAULT_MISMATCH, INPUT_FIELD_DEFAULT_MISMATCH.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphql.language import ValueNode, print_ast

from gateway.composition import values
from gateway.composition.merging.context import Merge, listed
from gateway.composition.rules.implementations import covariant
from gateway.composition.schema import Argument

__all__ = ["merge_default", "merge_type"]


def merge_type(
    merge: Merge, types: Mapping[int, str], sources: Mapping[int, Any], coordinate: str, code: str, *, inputs: bool
) -> str:
    """The type all sources agree on: the widest of output types, the narrowest of input types.

    Where one is no subtype of another a mistake is recorded and the first one stands.
    """
    running = ""
    for ref in types.values():
        if not running or ref == running:
            running = ref
        elif covariant(running, ref, merge.schema):
            running = running if inputs else ref
        elif covariant(ref, running, merge.schema):
            running = ref if inputs else running
        else:
            uses = _uses(merge, types)
            message = f'Type of "{coordinate}" is incompatible across subgraphs: it has {uses}.'
            hint = "give it the same type everywhere, or types of which one is a subtype of the other"
            merge.error(code, message, sources, coordinate, hint)
            return next(iter(types.values()))
    if len(set(types.values())) > 1:
        kind = "ARGUMENT" if code.startswith("FIELD_ARGUMENT") else "FIELD"
        message = f'Type of "{coordinate}" differs between subgraphs: it has {_uses(merge, types)}.'
        merge.note(f"INCONSISTENT_BUT_COMPATIBLE_{kind}_TYPE", message, coordinate)
    return running


def _uses(merge: Merge, types: Mapping[int, str]) -> str:
    by_type: dict[str, list[int]] = {}
    for index, ref in types.items():
        by_type.setdefault(ref, []).append(index)
    return listed([f'type "{ref}" in {merge.named(indexes)}' for ref, indexes in by_type.items()])


def merge_default(merge: Merge, sources: Mapping[int, Argument], coordinate: str, code: str) -> ValueNode | None:
    """The default that every source has; ``None`` when some lack it, and a mistake when two differ."""
    first: ValueNode | None = None
    seen: dict[Any, list[int]] = {}
    for index, source in sources.items():
        seen.setdefault(values.key_of(source.default_value), []).append(index)
        first = first or source.default
    given = {key: indexes for key, indexes in seen.items() if key != values.key_of(values.ABSENT)}
    if len(given) > 1:
        uses = listed([f"default {print_ast(_default(sources[i[0]]))} in {merge.named(i)}" for i in given.values()])
        message = f'"{coordinate}" has incompatible default values across subgraphs: it has {uses}.'
        merge.error(code, message, sources, coordinate, "give it the same default everywhere, or none")
        return first
    if len(seen) > 1:
        message = f'"{coordinate}" has a default in some subgraphs only, so it has none in the supergraph.'
        merge.note("INCONSISTENT_DEFAULT_VALUE_PRESENCE", message, coordinate)
        return None
    return first


def _default(source: Argument) -> ValueNode:
    assert source.default is not None  # noqa: S101  only sources with a default are asked
    return source.default
