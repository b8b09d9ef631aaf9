"""What the federation directives of one subgraph say about its fields, computed once and asked often."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from gateway.composition import typerefs
from gateway.composition.fieldsets import FieldSetError, Selection, mentioned, parse_field_set
from gateway.composition.schema import Applied, FieldDef, Kind, TypeDef
from gateway.composition.subgraph import Subgraph

__all__ = ["Facts", "Key", "Marked", "applied", "gather", "parsed_fields", "set_applications", "split_context"]


class Marked(Protocol):
    """Anything directives stand on."""

    @property
    def directives(self) -> list[Applied]: ...


def applied(element: Marked, name: str) -> Applied | None:
    """The first application of a specification's directive on an element, if there."""
    return next((application for application in element.directives if application.element == name), None)


@dataclass(frozen=True)
class Key:
    """One ``@key``: its text verbatim, its selections (empty when they do not parse), and where it stands."""

    application: Applied
    text: str
    selections: tuple[Selection, ...]
    resolvable: bool
    extension: bool


@dataclass
class Facts:
    """Coordinates (``Type.field``) with each property, and the keys of each type."""

    subgraph: Subgraph
    keys: dict[str, list[Key]] = field(default_factory=dict)
    external: set[str] = field(default_factory=set)
    fake_external: set[str] = field(default_factory=set)
    provided: set[str] = field(default_factory=set)
    shareable: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)
    interface_objects: set[str] = field(default_factory=set)

    def fully_external(self, coordinate: str) -> bool:
        """External and not provided anywhere in the subgraph."""
        return coordinate in self.external and coordinate not in self.provided

    def key_of(self, coordinate: str) -> bool:
        """Whether the field belongs to some key."""
        return coordinate in self._key_fields

    _key_fields: set[str] = field(default_factory=set)


def parsed_fields(application: Applied, argument: str = "fields") -> tuple[Selection, ...]:
    """The selections in a directive's field set; empty when it is no string or does not parse."""
    text = application.args.get(argument)
    if not isinstance(text, str):
        return ()
    try:
        return parse_field_set(text)
    except FieldSetError:
        return ()


def gather(subgraph: Subgraph) -> Facts:
    """The facts of one subgraph."""
    facts = Facts(subgraph)
    for definition in subgraph.schema.types.values():
        if applied(definition, "interfaceObject") is not None:
            facts.interface_objects.add(definition.name)
        keys = [_key(application, definition) for application in definition.directives if application.element == "key"]
        if keys:
            facts.keys[definition.name] = keys
    _gather_keys(facts)
    _gather_external(facts)
    _gather_sets(facts)
    _gather_shareable(facts)
    return facts


def _key(application: Applied, definition: TypeDef) -> Key:
    text = application.args.get("fields")
    on_extension = bool(definition.blocks) and definition.blocks[application.block].extension
    return Key(
        application,
        text if isinstance(text, str) else "",
        parsed_fields(application),
        application.args.get("resolvable") is not False,
        on_extension or applied(definition, "extends") is not None,
    )


def _gather_keys(facts: Facts) -> None:
    schema = facts.subgraph.schema
    for owner, keys in facts.keys.items():
        for key in keys:
            names = {item.coordinate for item in mentioned(key.selections, owner, schema)}
            facts._key_fields |= names
            facts.used |= names
            if key.extension:
                facts.fake_external |= names


def _gather_external(facts: Facts) -> None:
    for definition in facts.subgraph.schema.types.values():
        whole = (
            facts.subgraph.federation is not None
            and definition.kind is Kind.OBJECT
            and applied(definition, "external") is not None
        )
        for item in definition.fields.values():
            if whole or applied(item, "external") is not None:
                facts.external.add(item.coordinate)
    facts.fake_external &= facts.external
    facts.external -= facts.fake_external


def set_applications(subgraph: Subgraph, element: str) -> Iterator[tuple[FieldDef, Applied]]:
    """Each field with the applications of ``@requires`` or ``@provides`` on it."""
    for definition in subgraph.schema.types.values():
        for item in definition.fields.values():
            for application in item.directives:
                if application.element == element:
                    yield item, application


def _gather_sets(facts: Facts) -> None:
    subgraph, schema = facts.subgraph, facts.subgraph.schema
    for item, application in set_applications(subgraph, "requires"):
        facts.used |= _coordinates(facts, parsed_fields(application), item.owner)
    for item, application in set_applications(subgraph, "provides"):
        names = _coordinates(facts, parsed_fields(application), typerefs.base(item.type))
        facts.used |= names
        facts.provided |= names
    for definition in schema.types.values():
        if definition.kind is not Kind.OBJECT:
            continue
        for name in definition.interfaces:
            interface = schema.types.get(name)
            if interface is not None:
                facts.used |= {f"{definition.name}.{n}" for n in interface.fields if n in definition.fields}
        for item in definition.fields.values():
            for argument in item.args.values():
                facts.used |= _context_uses(facts, argument.directives)


def _context_uses(facts: Facts, directives: Sequence[Applied]) -> set[str]:
    found: set[str] = set()
    for application in directives:
        text = application.args.get("field") if application.element == "fromContext" else None
        name, selections = split_context(text) if isinstance(text, str) else ("", ())
        if not name:
            continue
        for definition in facts.subgraph.schema.types.values():
            if any(a.element == "context" and a.args.get("name") == name for a in definition.directives):
                found |= _coordinates(facts, selections, definition.name)
    return found


def split_context(text: str) -> tuple[str, tuple[Selection, ...]]:
    """The context's name and the selections of ``"$name selection"``; an empty name when it is not of that form."""
    stripped = text.strip()
    if not stripped.startswith("$"):
        return "", ()
    name = stripped[1:]
    for position, character in enumerate(name):
        if not (character.isalnum() or character == "_"):
            name = name[:position]
            break
    rest = stripped[1 + len(name) :]
    try:
        return name, parse_field_set(rest) if rest.strip() else ()
    except FieldSetError:
        return name, ()


def _coordinates(facts: Facts, selections: Sequence[Selection], owner: str) -> set[str]:
    return {item.coordinate for item in mentioned(selections, owner, facts.subgraph.schema)}


def _gather_shareable(facts: Facts) -> None:
    for definition in facts.subgraph.schema.types.values():
        blocks = {a.block for a in definition.directives if a.element == "shareable"}
        for item in definition.fields.values():
            where = item.coordinate
            if (
                applied(item, "shareable") is not None
                or item.block in blocks
                or facts.key_of(where)
                or (where in facts.external and where in facts.provided)
            ):
                facts.shareable.add(where)
