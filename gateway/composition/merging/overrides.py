"""``@override``: which subgraph's field is taken over, and the mistakes that keep it from being.

Codes: OVERRIDE_ON_INTERFACE, OVERRIDE_COLLISION_WITH_ANOTHER_DIRECTIVE, OVERRIDE_FROM_SELF_ERROR,
OVERRIDE_SOURCE_HAS_OVERRIDE, OVERRIDE_LABEL_INVALID.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from gateway.composition.facts import applied
from gateway.composition.merging.context import Merge, Override
from gateway.composition.schema import FieldDef, Kind

__all__ = ["settle_override"]

_LABEL = re.compile(r"[A-Za-z][A-Za-z0-9_\-:./]*")
_PERCENT = re.compile(r"percent\((?:\d{1,2}(?:\.\d{1,8})?|100)\)")
_COLLISION = "OVERRIDE_COLLISION_WITH_ANOTHER_DIRECTIVE"


def settle_override(merge: Merge, owner: str, name: str, sources: Mapping[int, FieldDef]) -> Override:
    """What the overrides of one field come to; a wrong one has no effect beyond its mistake."""
    override = Override()
    for index, source in sources.items():
        application = applied(source, "override")
        if application is not None:
            _judge(merge, owner, name, sources, index, override)
    if override.used or override.unused or override.labels:
        merge.overrides[f"{owner}.{name}"] = override
    return override


def _judge(
    merge: Merge, owner: str, name: str, sources: Mapping[int, FieldDef], index: int, override: Override
) -> None:
    source, coordinate = sources[index], f"{owner}.{name}"
    application = applied(source, "override")
    origin = str(application.args.get("from")) if application is not None else ""
    label = application.args.get("label") if application is not None else None
    here = {index: source}
    target = next((i for i, subgraph in enumerate(merge.subgraphs) if subgraph.name == origin), None)
    problem = _problem(merge, owner, sources, index, target, name)
    if problem is not None:
        code, message, hint = problem
        merge.error(code, f'@override of "{coordinate}" in {merge.named([index])}: {message}', here, coordinate, hint)
        return
    if target is None:
        message = f'"{coordinate}" in {merge.named([index])} overrides subgraph "{origin}", which does not exist.'
        merge.note("FROM_SUBGRAPH_DOES_NOT_EXIST", message, coordinate)
        return
    if target not in sources:
        message = f'"{coordinate}" is no longer in {merge.named([target])}: the @override can be removed.'
        merge.note("OVERRIDE_DIRECTIVE_CAN_BE_REMOVED", message, coordinate)
        return
    _take_over(merge, coordinate, target, override, labelled=bool(label))
    if label:
        if isinstance(label, str) and (_LABEL.fullmatch(label) or _PERCENT.fullmatch(label)):
            override.labels[index] = override.labels[target] = label
            message = f'"{coordinate}" is being moved from {merge.named([target])} under label "{label}".'
            merge.note("OVERRIDE_MIGRATION_IN_PROGRESS", message, coordinate)
        else:
            message = f'Invalid @override label "{label}" on "{coordinate}" in {merge.named([index])}'
            hint = "begin with a letter, then letters, digits and _ - : . /; or write percent(x) with x from 0 to 100"
            merge.error("OVERRIDE_LABEL_INVALID", message, here, coordinate, hint)


def _problem(
    merge: Merge, owner: str, sources: Mapping[int, FieldDef], index: int, target: int | None, name: str
) -> tuple[str, str, str] | None:
    """The first reason the override cannot stand: code, what, and what to do."""
    facts = merge.facts[index]
    if merge.schema.types[owner].kind is Kind.INTERFACE:
        if owner in facts.interface_objects:
            return _COLLISION, "the type is an @interfaceObject", "leave out @override"
        return "OVERRIDE_ON_INTERFACE", "fields of interfaces cannot be overridden", "override the implementing fields"
    if target is None:
        return None
    if target == index:
        return "OVERRIDE_FROM_SELF_ERROR", "it names its own subgraph", "name the subgraph that has the field now"
    source = sources.get(target)
    if source is None:
        if merge.interface_object_fields(target, owner, name):
            what = f"{merge.named([target])} has the field through an @interfaceObject"
            return _COLLISION, what, "leave out @override"
        return None
    if applied(source, "override") is not None:
        hint = "keep one of the two overrides"
        return "OVERRIDE_SOURCE_HAS_OVERRIDE", f"{merge.named([target])} overrides the field too", hint
    for element in ("requires", "provides"):
        if applied(source, element) is not None:
            what = f"the field in {merge.named([target])} is marked @{element}"
            return _COLLISION, what, f"remove @{element} there first"
    if merge.external(index, sources[index].coordinate):
        return _COLLISION, "the overriding field is marked @external", "leave out @external or @override"
    return None


def _take_over(merge: Merge, coordinate: str, target: int, override: Override, *, labelled: bool) -> None:
    if merge.external(target, coordinate):
        message = f'"{coordinate}" is external in {merge.named([target])}: the @override can be removed.'
        merge.note("OVERRIDE_DIRECTIVE_CAN_BE_REMOVED", message, coordinate)
        return
    if coordinate in merge.facts[target].used:
        override.used.add(target)
        message = f'"{coordinate}" is overridden but still used in {merge.named([target])}: mark it @external there.'
    else:
        override.unused.add(target)
        message = f'"{coordinate}" is overridden: it can be removed from {merge.named([target])}.'
    if not labelled:
        merge.note("OVERRIDDEN_FIELD_CAN_BE_REMOVED", message, coordinate)
