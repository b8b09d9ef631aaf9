"""Fields of objects and interfaces, merged one by one.

Codes: EXTERNAL_MISSING_ON_BASE, FIELD_TYPE_MISMATCH, INVALID_FIELD_SHARING, MERGED_DIRECTIVE_APPLICATION_ON_EXTERNAL.
"""

from __future__ import annotations

from collections.abc import Mapping

from gateway.composition import specs
from gateway.composition.merging.applied import MERGED, merge_applied
from gateway.composition.merging.arguments import context_arguments, merge_arguments
from gateway.composition.merging.context import Merge, Override
from gateway.composition.merging.externals import check_externals
from gateway.composition.merging.joins import field_joins, kept_joins
from gateway.composition.merging.overrides import settle_override
from gateway.composition.merging.references import merge_type
from gateway.composition.merging.types import merge_description
from gateway.composition.schema import FieldDef, Kind, TypeDef

__all__ = ["check_sharing", "merge_fields"]


def merge_fields(merge: Merge, kind: Kind) -> None:
    """The fields of every type of one kind: those of any subgraph."""
    for name, merged in merge.schema.types.items():
        if merged.kind is not kind:
            continue
        sources = merge.sources(name)
        for field_name in dict.fromkeys(n for source in sources.values() for n in source.fields):
            if name == "Query" and field_name in specs.MACHINERY_FIELDS:
                continue
            _merge_field(merge, merged, field_name, sources)


def _merge_field(merge: Merge, owner: TypeDef, name: str, types: Mapping[int, TypeDef]) -> None:
    sources = {i: source.fields[name] for i, source in types.items() if name in source.fields}
    override = settle_override(merge, owner.name, name, sources)
    merged = FieldDef(owner.name, name, "")
    coordinate = merged.coordinate
    resolving = {i: s for i, s in sources.items() if not merge.external(i, s.coordinate)}
    _check_directives_on_externals(merge, sources, resolving)
    if not resolving and not _stands_in(merge, owner, name):
        owner.fields[name] = FieldDef(owner.name, name, next(iter(sources.values())).type)
        message = f'Field "{coordinate}" is marked @external wherever it is ({merge.named(sources)}).'
        hint = "remove @external in the subgraph that resolves it"
        merge.error("EXTERNAL_MISSING_ON_BASE", message, sources, coordinate, hint)
    else:
        owner.fields[name] = merged
        base = resolving or sources
        merged.description = merge_description(merge, sources, coordinate)
        merged.directives = merge_applied(merge, resolving, coordinate)
        types_of = {i: source.type for i, source in base.items()}
        merged.type = merge_type(merge, types_of, base, coordinate, "FIELD_TYPE_MISMATCH", inputs=False)
        contextual = {i: context_arguments(merge, i, source) for i, source in sources.items()}
        merge_arguments(merge, merged, base)
        check_externals(merge, merged, sources, resolving)
        lacking = len(sources) < len(types)
        merged.joins = field_joins(merge, sources, lacking, override, contextual)
        merged.joins += kept_joins(merge, sources)
        _note_absence(merge, owner, name, types, sources)
    if owner.kind is Kind.OBJECT:
        check_sharing(merge, owner.name, name, sources, override)


def _note_absence(
    merge: Merge, owner: TypeDef, name: str, types: Mapping[int, TypeDef], sources: Mapping[int, FieldDef]
) -> None:
    """Hint at value types whose subgraphs do not all have the field."""
    lacking = [
        i
        for i, definition in types.items()
        if i not in sources and not all(merge.external(i, item.coordinate) for item in definition.fields.values())
    ]
    keyed = any(merge.facts[i].keys.get(owner.name) for i in types)
    if lacking and not keyed and owner.name not in ("Query", "Mutation", "Subscription"):
        kind = "INTERFACE" if owner.kind is Kind.INTERFACE else "OBJECT"
        message = f'Field "{owner.name}.{name}" of a type without key is not in {merge.named(lacking)}.'
        merge.note(f"INCONSISTENT_{kind}_VALUE_TYPE_FIELD", message, f"{owner.name}.{name}")


def _stands_in(merge: Merge, owner: TypeDef, name: str) -> bool:
    """Whether some interface object resolves the field where a subgraph lacks the type."""
    if owner.kind is not Kind.OBJECT:
        return False
    return any(
        not merge.external(index, item.coordinate)
        for index in range(len(merge.subgraphs))
        for item in merge.interface_object_fields(index, owner.name, name)
    )


def _check_directives_on_externals(
    merge: Merge, sources: Mapping[int, FieldDef], resolving: Mapping[int, FieldDef]
) -> None:
    for index, source in sources.items():
        if index in resolving:
            continue
        for application in source.directives:
            if application.element in MERGED:
                message = (
                    f'[{merge.subgraphs[index].name}] Directive "@{application.name}" cannot be on external field '
                    f'"{source.coordinate}": it belongs where the field is resolved.'
                )
                hint = "move the directive to the subgraph that resolves the field"
                code = "MERGED_DIRECTIVE_APPLICATION_ON_EXTERNAL"
                merge.error(code, message, {index: source}, source.coordinate, hint)


def check_sharing(merge: Merge, owner: str, name: str, sources: Mapping[int, FieldDef], override: Override) -> None:
    """A mistake when several subgraphs resolve the field and not all of them mark it shareable."""
    coordinate = f"{owner}.{name}"
    resolving: dict[int, bool] = {}
    for index, source in sources.items():
        facts = merge.facts[index]
        if not facts.fully_external(source.coordinate) and index not in override.used | override.unused:
            resolving[index] = source.coordinate in facts.shareable and owner != "Subscription"
    standing: dict[int, FieldDef] = {}
    for index in range(len(merge.subgraphs)):
        for item in merge.interface_object_fields(index, owner, name):
            facts = merge.facts[index]
            if not facts.fully_external(item.coordinate):
                standing[index] = item
                resolving[index] = resolving.get(index, True) and item.coordinate in facts.shareable
    alone = [index for index, shareable in resolving.items() if not shareable]
    marked = owner == "Subscription" and any(
        source.coordinate in merge.facts[i].shareable for i, source in sources.items()
    )
    if marked:
        message = f'Field "{coordinate}" is @shareable: fields of the subscription root cannot be.'
        merge.error("INVALID_FIELD_SHARING", message, sources, coordinate, "leave out @shareable")
    if len(resolving) > 1 and alone:
        where = {i: (sources.get(i) or standing[i]) for i in sorted(resolving)}
        message = (
            f'Non-shareable field "{coordinate}" is resolved from {merge.named(where)} '
            f"and not marked @shareable in {merge.named(alone)}."
        )
        hint = "mark the field @shareable in all of them, or resolve it in one"
        merge.error("INVALID_FIELD_SHARING", message, where, coordinate, hint)
