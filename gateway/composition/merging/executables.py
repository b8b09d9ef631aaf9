"""Executable directives: kept when every subgraph defines them, where all of them allow them."""

from __future__ import annotations

from gateway.composition.merging.arguments import merge_arguments
from gateway.composition.merging.context import Merge
from gateway.composition.merging.types import merge_description
from gateway.composition.schema import DirectiveDef

__all__ = ["merge_executables"]

_EXECUTABLE = (
    "QUERY",
    "MUTATION",
    "SUBSCRIPTION",
    "FIELD",
    "FRAGMENT_DEFINITION",
    "FRAGMENT_SPREAD",
    "INLINE_FRAGMENT",
    "VARIABLE_DEFINITION",
)
_BUILT_IN = frozenset({"skip", "include", "deprecated", "specifiedBy"})


def merge_executables(merge: Merge) -> None:
    """Define in the merged schema each directive with executable locations that all subgraphs share."""
    names = dict.fromkeys(name for subgraph in merge.subgraphs for name in subgraph.schema.directives)
    for name in names:
        if name in _BUILT_IN or name in merge.composed:
            continue
        sources = {
            i: subgraph.schema.directives[name]
            for i, subgraph in enumerate(merge.subgraphs)
            if name in subgraph.schema.directives
        }
        if any(location in _EXECUTABLE for source in sources.values() for location in source.locations):
            _merge(merge, name, sources)


def _merge(merge: Merge, name: str, sources: dict[int, DirectiveDef]) -> None:
    if len(sources) < len(merge.subgraphs):
        message = f'Directive "@{name}" is left out: it is only defined in {merge.named(sources)}.'
        merge.note("INCONSISTENT_EXECUTABLE_DIRECTIVE_PRESENCE", message, f"@{name}")
        return
    common = [location for location in _EXECUTABLE if all(location in source.locations for source in sources.values())]
    if not common:
        message = f'Directive "@{name}" is left out: its definitions have no executable location in common.'
        merge.note("NO_EXECUTABLE_DIRECTIVE_INTERSECTION", message, f"@{name}")
        return
    _note_differences(merge, name, sources, common)
    merged = DirectiveDef(name, locations=tuple(common))
    merged.repeatable = all(source.repeatable for source in sources.values())
    merged.description = merge_description(merge, sources, f"@{name}")
    merge_arguments(merge, merged, sources)
    merge.schema.directives[name] = merged


def _note_differences(merge: Merge, name: str, sources: dict[int, DirectiveDef], common: list[str]) -> None:
    wider = [
        i for i, s in sources.items() if any(where in _EXECUTABLE and where not in common for where in s.locations)
    ]
    if wider:
        message = (
            f'Directive "@{name}" is kept on {", ".join(common)} only: {merge.named(wider)} allow it elsewhere too.'
        )
        merge.note("INCONSISTENT_EXECUTABLE_DIRECTIVE_LOCATIONS", message, f"@{name}")
    if len({source.repeatable for source in sources.values()}) > 1:
        message = f'Directive "@{name}" is repeatable in some subgraphs only, so it is not in the supergraph.'
        merge.note("INCONSISTENT_EXECUTABLE_DIRECTIVE_REPEATABLE", message, f"@{name}")
