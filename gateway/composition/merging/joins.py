"""The ``@join__`` directives of merged elements, printed. Join specification: https://specs.apollo.dev/join."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from gateway.composition import values
from gateway.composition.facts import applied
from gateway.composition.merging.context import Merge, Override
from gateway.composition.schema import EnumValue, FieldDef, TypeDef
from gateway.composition.specs import CONNECT

__all__ = [
    "enum_value_joins",
    "field_joins",
    "implements_joins",
    "input_joins",
    "kept_joins",
    "member_joins",
    "quoted",
    "type_joins",
]


def quoted(text: str) -> str:
    """The text as a GraphQL string."""
    return json.dumps(text, ensure_ascii=False)


def type_joins(merge: Merge, name: str, sources: Mapping[int, TypeDef]) -> list[str]:
    """``@join__type`` for each subgraph defining the type: one for each key, else one."""
    joins: list[str] = []
    for index in sources:
        facts, graph = merge.facts[index], merge.graphs[index]
        tail = ", isInterfaceObject: true" if name in facts.interface_objects else ""
        keys = facts.keys.get(name, [])
        for key in keys:
            parts = f"graph: {graph}, key: {quoted(key.text)}"
            if key.extension:
                parts += ", extension: true"
            if "resolvable" in key.application.args:
                parts += f", resolvable: {'true' if key.resolvable else 'false'}"
            joins.append(f"@join__type({parts}{tail})")
        if not keys:
            joins.append(f"@join__type(graph: {graph}{tail})")
    return [*joins, *kept_joins(merge, sources)]


def implements_joins(merge: Merge, sources: Mapping[int, TypeDef]) -> list[str]:
    """``@join__implements`` for each interface of each subgraph."""
    return [
        f"@join__implements(graph: {merge.graphs[index]}, interface: {quoted(interface)})"
        for index, source in sources.items()
        for interface in source.interfaces
    ]


def member_joins(merge: Merge, sources: Mapping[int, TypeDef]) -> list[str]:
    """``@join__unionMember`` for each member in each subgraph."""
    return [
        f"@join__unionMember(graph: {merge.graphs[index]}, member: {quoted(member)})"
        for index, source in sources.items()
        for member in source.members
    ]


def enum_value_joins(merge: Merge, having: Mapping[int, EnumValue]) -> list[str]:
    """``@join__enumValue`` for each subgraph with the value."""
    return [f"@join__enumValue(graph: {merge.graphs[index]})" for index in having]


def input_joins(merge: Merge, types: Mapping[int, str], lacking: bool) -> list[str]:
    """``@join__field`` of an input field: none when every subgraph has it with the same type."""
    differ = len(set(types.values())) > 1
    if not lacking and not differ:
        return []
    return [
        f"@join__field(graph: {merge.graphs[index]}{f', type: {quoted(ref)}' if differ else ''})"
        for index, ref in types.items()
    ]


def kept_joins(merge: Merge, sources: Mapping[int, Any]) -> list[str]:
    """``@join__directive`` for directives kept as data (cache tags, connectors), one for equal ones of several."""
    kept: dict[tuple[str, str], list[str]] = {}
    for index, source in sources.items():
        for application in source.directives:
            name = "federation__cacheTag" if application.element == "cacheTag" else application.name
            if application.element == "cacheTag" or application.element.startswith(f"{CONNECT}#"):
                args = values.print_value(application.args, "", merge.value_kind)
                kept.setdefault((name, args), []).append(merge.graphs[index])
    return [
        f"@join__directive(graphs: [{', '.join(graphs)}], name: {quoted(name)}, args: {args})"
        for (name, args), graphs in kept.items()
    ]


def field_joins(
    merge: Merge,
    sources: Mapping[int, FieldDef],
    lacking: bool,
    override: Override,
    contextual: Mapping[int, list[str]],
) -> list[str]:
    """``@join__field`` for each subgraph that has the field, or none when nothing needs saying.

    Nothing needs saying when every subgraph with the parent type resolves the field itself, with one type, asking
    for and providing nothing. ``contextual`` holds the printed context arguments by subgraph.
    """
    resolving = {i: source for i, source in sources.items() if not merge.external(i, source.coordinate)}
    kept = {i: source for i, source in sources.items() if not override.gone(i)}
    typed = [source.type for i, source in resolving.items() if not override.gone(i)]
    differ = len(set(typed)) > 1
    plain = (
        not lacking
        and not differ
        and len(kept) == len(sources)
        and len(resolving) == len(sources)
        and not (override.used or override.unused or override.labels)
        and not any(contextual.values())
        and not any(applied(s, e) is not None for s in sources.values() for e in ("requires", "provides"))
    )
    if plain:
        return []
    return [_field_join(merge, index, source, differ, override, contextual) for index, source in kept.items()]


def _field_join(
    merge: Merge,
    index: int,
    source: FieldDef,
    differ: bool,
    override: Override,
    contextual: Mapping[int, list[str]],
) -> str:
    parts = [f"graph: {merge.graphs[index]}"]
    for element in ("requires", "provides"):
        application = applied(source, element)
        if application is not None:
            parts.append(f"{element}: {quoted(str(application.args.get('fields')))}")
    taken = applied(source, "override")
    if taken is not None:
        parts.append(f"override: {quoted(str(taken.args.get('from')))}")
    if differ:
        parts.append(f"type: {quoted(source.type)}")
    if merge.external(index, source.coordinate):
        parts.append("external: true")
    if index in override.used:
        parts.append("usedOverridden: true")
    if index in override.labels:
        parts.append(f"overrideLabel: {quoted(override.labels[index])}")
    if contextual.get(index):
        parts.append(f"contextArguments: [{', '.join(contextual[index])}]")
    return f"@join__field({', '.join(parts)})"
