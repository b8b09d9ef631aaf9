"""Access requirements: carried between objects, interfaces and interface objects, always to the stricter.

Code: MISSING_TRANSITIVE_AUTH_REQUIREMENTS.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gateway.composition import typerefs
from gateway.composition.facts import parsed_fields, set_applications, split_context
from gateway.composition.fieldsets import Selection
from gateway.composition.merging.applied import conjunction, settle_access
from gateway.composition.merging.context import Merge, find
from gateway.composition.rules.access import ACCESS
from gateway.composition.schema import Applied, FieldDef, Kind
from gateway.errors import Mistake

__all__ = ["missing_requirements", "spread_access"]

_ARGUMENT = {"requiresScopes": "scopes", "policy": "policies"}
_Found = list[tuple[int, Applied]]


def spread_access(merge: Merge) -> None:
    """Set the access directives of every merged type and field from all places that bear on it."""
    for element in ACCESS:
        if element not in merge.names:
            continue
        for definition in merge.schema.types.values():
            if definition.kind is Kind.INTERFACE:
                found = [
                    a for name in merge.schema.possible_types(definition.name) for a in _of_type(merge, name, element)
                ]
                _set(merge, definition.directives, element, found, definition.name)
            for item in definition.fields.values():
                if definition.kind is Kind.INTERFACE:
                    _set(merge, item.directives, element, _of_interface_field(merge, item, element), item.coordinate)
                else:
                    found = _of_field(merge, definition.name, item.name, element)
                    _set(merge, item.directives, element, found, item.coordinate)


def _set(merge: Merge, directives: list[Applied], element: str, found: _Found, coordinate: str) -> None:
    directives[:] = [application for application in directives if application.element != element]
    directives.extend(settle_access(merge, found, coordinate))


def _of_type(merge: Merge, name: str, element: str) -> _Found:
    sources = merge.sources(name).items()
    return [(i, a) for i, source in sources for a in source.directives if a.element == element]


def _own(merge: Merge, owner: str, name: str, element: str) -> _Found:
    return [
        (i, a)
        for i, source in merge.sources(owner).items()
        if name in source.fields and not merge.external(i, f"{owner}.{name}")
        for a in source.fields[name].directives
        if a.element == element
    ]


def _of_field(merge: Merge, owner: str, name: str, element: str) -> _Found:
    found = _own(merge, owner, name, element)
    for interface in merge.schema.types[owner].interfaces:
        if interface in merge.schema.types:
            found.extend(_own(merge, interface, name, element))
    return found


def _of_interface_field(merge: Merge, item: FieldDef, element: str) -> _Found:
    found = _own(merge, item.owner, item.name, element)
    for name in merge.schema.possible_types(item.owner):
        found.extend(_of_field(merge, name, item.name, element))
    return found


def missing_requirements(merge: Merge) -> Iterator[Mistake]:
    """A mistake for each field that reads, through ``@requires`` or a context, what its own readers may not."""
    if not any(element in merge.names for element in ACCESS):
        return
    for subgraph in merge.subgraphs:
        for item, application in set_applications(subgraph, "requires"):
            yield from _judge(merge, subgraph.name, item, parsed_fields(application), item.owner, "@requires")
        for definition in subgraph.schema.types.values():
            for item in definition.fields.values():
                for argument in item.args.values():
                    source = find(argument.directives, "fromContext")
                    name, selections = split_context(str(source.args.get("field"))) if source else ("", ())
                    for holder in subgraph.schema.types.values():
                        if name and any(
                            a.element == "context" and a.args.get("name") == name for a in holder.directives
                        ):
                            yield from _judge(merge, subgraph.name, item, selections, holder.name, "@fromContext")


def _judge(
    merge: Merge, subgraph: str, item: FieldDef, selections: Sequence[Selection], owner: str, directive: str
) -> Iterator[Mistake]:
    merged = merge.schema.types.get(item.owner)
    if merged is None or item.name not in merged.fields:
        return
    ours = [*merged.directives, *merged.fields[item.name].directives]
    touched = _touched(merge, selections, owner)
    if directive == "@fromContext" and owner in merge.schema.types:
        touched = [(owner, merge.schema.types[owner].directives), *touched]
    for coordinate, theirs in touched:
        if not all(_implies(ours, theirs, element) for element in ACCESS):
            message = (
                f'[{subgraph}] Field "{item.coordinate}" reads "{coordinate}" through {directive} but does not '
                "demand the access that it demands (@authenticated, @requiresScopes, @policy)."
            )
            where = f"{item.coordinate} ({subgraph}: line {item.line})"
            hint = f'put the access directives of "{coordinate}" on "{item.coordinate}" too'
            yield Mistake("MISSING_TRANSITIVE_AUTH_REQUIREMENTS", message, where, hint, (subgraph,))
            return


def _touched(merge: Merge, selections: Sequence[Selection], owner: str) -> list[tuple[str, list[Applied]]]:
    """Each field, returned type and fragment's type a set touches, with its merged directives."""
    types, found = merge.schema.types, list[tuple[str, list[Applied]]]()
    for entry in selections:
        if not entry.name:
            condition = entry.condition or owner
            if entry.condition in types:
                found.append((condition, types[condition].directives))
            found.extend(_touched(merge, entry.children, condition))
            continue
        item = types[owner].fields.get(entry.name) if owner in types else None
        if item is None:
            continue
        found.append((item.coordinate, item.directives))
        target = typerefs.base(item.type)
        if target in types:
            found.append((target, types[target].directives))
            found.extend(_touched(merge, entry.children, target))
    return found


def _implies(ours: Sequence[Applied], theirs: Sequence[Applied], element: str) -> bool:
    wanted = find(theirs, element)
    if wanted is None:
        return True
    held = [application for application in ours if application.element == element]
    if element == "authenticated":
        return bool(held)
    argument = _ARGUMENT[element]
    own = conjunction([application.args[argument] for application in held])
    needed = [set(group) for group in wanted.args[argument]]
    if not needed:
        return True
    return bool(held) and all(any(group <= set(mine) for group in needed) for mine in own)
