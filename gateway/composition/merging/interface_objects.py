"""Fields that interface objects add to the implementations of their interface."""

from __future__ import annotations

from copy import deepcopy

from gateway.composition.merging.context import Merge, Override
from gateway.composition.merging.fields import check_sharing
from gateway.composition.schema import FieldDef, Kind, TypeDef

__all__ = ["add_interface_object_fields"]


def add_interface_object_fields(merge: Merge) -> None:
    """Give each object type the interface fields that only an interface object resolves for it."""
    for merged in merge.schema.types.values():
        if merged.kind is not Kind.OBJECT:
            continue
        for interface_name in merged.interfaces:
            interface = merge.schema.types.get(interface_name)
            for item in list(interface.fields.values()) if interface is not None else ():
                _add(merge, merged, item)


def _add(merge: Merge, merged: TypeDef, item: FieldDef) -> None:
    providers = [
        index
        for index, facts in enumerate(merge.facts)
        if item.owner in facts.interface_objects
        and item.name in merge.subgraphs[index].schema.types[item.owner].fields
        and item.coordinate not in facts.external
    ]
    if not providers:
        return
    own = merged.fields.get(item.name)
    if own is not None:
        sources = {i: t.fields[own.name] for i, t in merge.sources(merged.name).items() if own.name in t.fields}
        if sources and all(merge.external(i, source.coordinate) for i, source in sources.items()):
            own.directives.extend(deepcopy(item.directives))
        return
    added = FieldDef(
        merged.name, item.name, item.type, deepcopy(item.args), item.description, deepcopy(item.directives)
    )
    added.joins = ["@join__field"]
    merged.fields[item.name] = added
    check_sharing(merge, merged.name, item.name, {}, Override())
