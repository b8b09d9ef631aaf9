"""Types: kinds settled, interfaces implemented, unions, enums and input objects merged.

Codes: TYPE_KIND_MISMATCH, EXTENSION_WITH_NO_BASE, INTERFACE_OBJECT_USAGE_ERROR, ENUM_VALUE_MISMATCH,
EMPTY_MERGED_ENUM_TYPE, EMPTY_MERGED_INPUT_TYPE, REQUIRED_INPUT_FIELD_MISSING_IN_SOME_SUBGRAPH,
INTERFACE_KEY_MISSING_IMPLEMENTATION_TYPE.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from gateway.composition import specs, typerefs
from gateway.composition.merging.applied import merge_applied
from gateway.composition.merging.context import Merge, find, listed
from gateway.composition.merging.joins import enum_value_joins, implements_joins, input_joins, member_joins, type_joins
from gateway.composition.merging.references import merge_default, merge_type
from gateway.composition.read import ROOT_NAMES
from gateway.composition.schema import Argument, EnumValue, Kind, TypeDef

__all__ = ["create_types", "merge_description", "merge_enums", "merge_inputs", "merge_unions"]

_ROOTS = frozenset(ROOT_NAMES.values())


def merge_description(merge: Merge, sources: Mapping[int, Any], coordinate: str) -> str | None:
    """The most frequent text, the first of equally frequent ones; an empty one only if there is no other."""
    counts: Counter[str] = Counter(source.description for source in sources.values() if source.description is not None)
    filled = {text: count for text, count in counts.items() if text}
    if not filled:
        return "" if counts else None
    chosen = max(filled, key=lambda text: filled[text])
    if len(counts) > 1:
        others = [i for i, source in sources.items() if source.description not in (None, chosen)]
        message = f'"{coordinate}" is described otherwise in {merge.named(others)}; the most frequent text was taken.'
        merge.note("INCONSISTENT_DESCRIPTION", message, coordinate)
    return chosen


def create_types(merge: Merge) -> None:
    """One merged type, still without members, for each name; kinds judged, directives and ``implements`` merged."""
    names = dict.fromkeys(name for subgraph in merge.subgraphs for name in _own_types(merge, subgraph.schema.types))
    for name in names:
        _settle_kind(merge, name)
    for name in names:
        sources = merge.sources(name)
        merged = TypeDef(name, merge.kinds[name])
        merge.schema.types[name] = merged
        merged.description = merge_description(merge, sources, name)
        for source in sources.values():
            for interface in source.interfaces:
                merged.interfaces.setdefault(interface, 0)
        merged.joins = [*implements_joins(merge, sources), *type_joins(merge, name, sources)]
        _check_base(merge, name, sources)
        _note_inconsistent_entity(merge, name, sources)
    for name, merged in merge.schema.types.items():
        merged.directives = merge_applied(merge, merge.sources(name), name)
        _check_interface_objects(merge, name)
        if merged.kind is Kind.INTERFACE:
            _check_interface_keys(merge, name)


def _own_types(merge: Merge, types: Iterable[str]) -> list[str]:
    """The types that reach the supergraph: not those of specifications."""
    return [name for name in types if not _machinery(name, merge)]


def _machinery(name: str, merge: Merge) -> bool:
    if name in specs.MACHINERY_TYPES or name == "_FieldSet" or name.startswith("__"):
        return True
    for subgraph in merge.subgraphs:
        if name not in subgraph.schema.types:
            continue
        if name in (f"{subgraph.links.link_name}__Purpose", f"{subgraph.links.link_name}__Import"):
            return True
        found = subgraph.links.source_of(name)
        if found is not None and found[0].identity in specs.UNMERGED:
            return True
    return False


def _settle_kind(merge: Merge, name: str) -> None:
    kinds: dict[Kind, list[int]] = {}
    for index, subgraph in enumerate(merge.subgraphs):
        definition = subgraph.schema.types.get(name)
        if definition is not None:
            kinds.setdefault(merge.kind_of(index, definition), []).append(index)
    merge.kinds[name] = next(iter(kinds))
    if len(kinds) > 1:
        merge.mismatched.add(name)
        uses = listed([f"{kind} type in {merge.named(indexes)}" for kind, indexes in kinds.items()])
        sources = {i: merge.subgraphs[i].schema.types[name] for indexes in kinds.values() for i in indexes}
        hint = "define it as one kind of type everywhere, or give one of them another name"
        merge.error("TYPE_KIND_MISMATCH", f'Type "{name}" has mismatched kind: it is {uses}.', sources, name, hint)


def _check_base(merge: Merge, name: str, sources: dict[int, TypeDef]) -> None:
    extended = [i for i, source in sources.items() if source.has_extension]
    if name in _ROOTS or not extended or any(source.has_definition for source in sources.values()):
        return
    message = f'Type "{name}" is only ever extended: no subgraph defines it ({merge.named(extended)}).'
    hint = f'define "{name}" in one subgraph, without extend'
    merge.error("EXTENSION_WITH_NO_BASE", message, sources, name, hint)


def _note_inconsistent_entity(merge: Merge, name: str, sources: dict[int, TypeDef]) -> None:
    keyed = [i for i in sources if merge.facts[i].keys.get(name)]
    if merge.kinds[name] is Kind.OBJECT and keyed and len(keyed) < len(sources):
        keyless = [i for i in sources if i not in keyed]
        message = f'Type "{name}" has a @key in {merge.named(keyed)} but none in {merge.named(keyless)}.'
        merge.note("INCONSISTENT_ENTITY", message, name)


def _check_interface_objects(merge: Merge, name: str) -> None:
    sources = merge.sources(name)
    standing_in = {i: source for i, source in sources.items() if name in merge.facts[i].interface_objects}
    if not standing_in:
        return
    if len(standing_in) == len(sources):
        message = f'Type "{name}" is an @interfaceObject everywhere: no subgraph defines it as an interface.'
        hint = f'define interface "{name}" with its implementations in one subgraph'
        merge.error("INTERFACE_OBJECT_USAGE_ERROR", message, standing_in, name, hint)
        return
    implementations = set(merge.schema.possible_types(name))
    for index, source in standing_in.items():
        defined = sorted(implementations & set(merge.subgraphs[index].schema.types))
        if defined:
            message = (
                f'[{merge.subgraphs[index].name}] Interface "{name}" is an @interfaceObject there, so its '
                f"implementations cannot be defined there too: {listed(defined)}."
            )
            hint = "remove these types from the subgraph, or define the interface there"
            merge.error("INTERFACE_OBJECT_USAGE_ERROR", message, {index: source}, name, hint)


def _check_interface_keys(merge: Merge, name: str) -> None:
    expected = set(merge.schema.possible_types(name))
    for index, source in merge.sources(name).items():
        if name in merge.facts[index].interface_objects:
            continue
        keys = [key for key in merge.facts[index].keys.get(name, ()) if key.resolvable]
        missing = sorted(expected - set(merge.subgraphs[index].schema.possible_types(name)))
        if keys and missing:
            message = (
                f'[{merge.subgraphs[index].name}] Interface type "{name}" has a resolvable key '
                f'(@key(fields: "{keys[0].text}")) there, but that subgraph lacks some of its implementations: '
                f"{listed(missing)}."
            )
            hint = "define all implementations there, or write resolvable: false on the interface's key"
            merge.error("INTERFACE_KEY_MISSING_IMPLEMENTATION_TYPE", message, {index: source}, name, hint)


def merge_unions(merge: Merge) -> None:
    """Members of each union: those of every subgraph."""
    for name, merged in merge.schema.types.items():
        if merged.kind is not Kind.UNION:
            continue
        sources = merge.sources(name)
        for source in sources.values():
            for member in source.members:
                merged.members.setdefault(member, 0)
        merged.joins.extend(member_joins(merge, sources))
        for member in merged.members:
            lacking = [i for i, source in sources.items() if member not in source.members]
            if lacking:
                message = f'Union type "{name}" has member "{member}" but not in {merge.named(lacking)}.'
                merge.note("INCONSISTENT_UNION_MEMBER", message, name)


def merge_inputs(merge: Merge) -> None:
    """Fields of each input object: those that every subgraph defining the type has."""
    for name, merged in merge.schema.types.items():
        if merged.kind is not Kind.INPUT:
            continue
        sources = merge.sources(name)
        for field_name in dict.fromkeys(n for source in sources.values() for n in source.inputs):
            entry = _merge_input(merge, name, field_name, sources)
            if entry is not None:
                merged.inputs[field_name] = entry
        if not merged.inputs:
            message = (
                f'No field of input object type "{name}" is in every subgraph defining it: {merge.named(sources)}.'
            )
            hint = "define at least one field of it in all of them"
            merge.error("EMPTY_MERGED_INPUT_TYPE", message, sources, name, hint)


def _merge_input(merge: Merge, owner: str, name: str, sources: dict[int, TypeDef]) -> Argument | None:
    coordinate = f"{owner}.{name}"
    having = {i: source.inputs[name] for i, source in sources.items() if name in source.inputs}
    lacking = {i: source for i, source in sources.items() if name not in source.inputs}
    hidden = any(find(entry.directives, "inaccessible") is not None for entry in having.values())
    if lacking and not hidden:
        required = [i for i, entry in having.items() if entry.required]
        if required:
            message = (
                f'Input object field "{coordinate}" is required in {merge.named(required)} '
                f"but does not appear in {merge.named(lacking)}."
            )
            hint = f'add "{name}" there, or make it optional'
            merge.error("REQUIRED_INPUT_FIELD_MISSING_IN_SOME_SUBGRAPH", message, having, coordinate, hint)
        else:
            message = f'Input object field "{coordinate}" is left out: it does not appear in {merge.named(lacking)}.'
            merge.note("INCONSISTENT_INPUT_OBJECT_FIELD", message, coordinate)
        return None
    merged = Argument(name, "")
    merged.description = merge_description(merge, having, coordinate)
    merged.directives = merge_applied(merge, having, coordinate)
    types = {i: entry.type for i, entry in having.items()}
    merged.type = merge_type(merge, types, having, coordinate, "FIELD_TYPE_MISMATCH", inputs=True)
    merged.default = merge_default(merge, having, coordinate, "INPUT_FIELD_DEFAULT_MISMATCH")
    merged.joins = input_joins(merge, types, bool(lacking))
    return merged


def merge_enums(merge: Merge) -> None:
    """Values of each enum: all for output, the common ones for input, and they must agree for both."""
    inputs, outputs = _positions(merge)
    for name, merged in merge.schema.types.items():
        if merged.kind is not Kind.ENUM:
            continue
        sources = merge.sources(name)
        if name not in inputs and name not in outputs:
            message = f'Enum type "{name}" is used nowhere in the supergraph; its values were joined.'
            merge.note("UNUSED_ENUM_TYPE", message, name)
        for value in dict.fromkeys(v for source in sources.values() for v in source.values):
            kept = _merge_value(merge, name, value, inputs.get(name, ""), outputs.get(name, ""))
            if kept is not None:
                merged.values[value] = kept
        if not merged.values:
            message = f'No value of enum type "{name}" is in every subgraph defining it: {merge.named(sources)}.'
            hint = "define at least one value of it in all of them"
            merge.error("EMPTY_MERGED_ENUM_TYPE", message, sources, name, hint)


def _merge_value(merge: Merge, owner: str, name: str, as_input: str, as_output: str) -> EnumValue | None:
    coordinate = f"{owner}.{name}"
    sources = merge.sources(owner)
    having = {i: source.values[name] for i, source in sources.items() if name in source.values}
    lacking = [i for i in sources if i not in having]
    hidden = any(find(value.directives, "inaccessible") is not None for value in having.values())
    if lacking and not hidden and as_input:
        if not as_output:
            message = f'Value "{coordinate}" is left out: it is not defined in {merge.named(lacking)}.'
            merge.note("INCONSISTENT_ENUM_VALUE_FOR_INPUT_ENUM", message, coordinate)
            return None
        message = (
            f'Enum type "{owner}" is used as input (by "{as_input}") and as output (by "{as_output}"), '
            f'but value "{name}" is not defined in {merge.named(lacking)}.'
        )
        hint = f'define "{name}" there too, or remove it in {merge.named(having)}'
        merge.error("ENUM_VALUE_MISMATCH", message, having, coordinate, hint)
    elif lacking and not hidden:
        message = f'Value "{coordinate}" is not defined in {merge.named(lacking)}.'
        merge.note("INCONSISTENT_ENUM_VALUE_FOR_OUTPUT_ENUM", message, coordinate)
    merged = EnumValue(name, merge_description(merge, having, coordinate))
    merged.directives = merge_applied(merge, having, coordinate)
    merged.joins = enum_value_joins(merge, having)
    return merged


def _positions(merge: Merge) -> tuple[dict[str, str], dict[str, str]]:
    """The types used as input and as output in the merged schema, each with one coordinate that does so."""
    inputs: dict[str, str] = {}
    outputs: dict[str, str] = {}
    for directive in merge.schema.directives.values():
        for argument in directive.args.values():
            inputs.setdefault(typerefs.base(argument.type), f"@{directive.name}({argument.name}:)")
    for definition in merge.schema.types.values():
        for item in definition.fields.values():
            outputs.setdefault(typerefs.base(item.type), item.coordinate)
            for argument in item.args.values():
                inputs.setdefault(typerefs.base(argument.type), f"{item.coordinate}({argument.name}:)")
        for entry in definition.inputs.values():
            inputs.setdefault(typerefs.base(entry.type), f"{definition.name}.{entry.name}")
    return inputs, outputs
