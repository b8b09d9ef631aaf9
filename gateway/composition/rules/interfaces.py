"""Keys of interfaces, and ``@interfaceObject``.

Codes: INTERFACE_KEY_NOT_ON_IMPLEMENTATION, INTERFACE_OBJECT_USAGE_ERROR.
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.composition.facts import Facts, Key
from gateway.composition.fieldsets import equal
from gateway.composition.schema import Kind
from gateway.errors import Mistake

__all__ = ["interface_keys", "keyless_interface_objects"]


def interface_keys(facts: Facts) -> Iterator[Mistake]:
    """A mistake for each implementation that lacks a key of its interface."""
    types = facts.subgraph.schema.types
    for owner, keys in facts.keys.items():
        if types[owner].kind is not Kind.INTERFACE:
            continue
        implementing = [t for t in types.values() if t.kind is Kind.OBJECT and owner in t.interfaces]
        for key in keys:
            for definition in implementing:
                if not _has_key(facts.keys.get(definition.name, []), key):
                    message = (
                        f'Key @key(fields: "{key.text}") on interface type "{owner}" is missing on '
                        f'implementation type "{definition.name}", or is not resolvable there.'
                    )
                    where = f"{definition.name}, line {definition.line}"
                    hint = f'add @key(fields: "{key.text}") to {definition.name}'
                    yield Mistake("INTERFACE_KEY_NOT_ON_IMPLEMENTATION", message, where, hint)


def _has_key(keys: list[Key], wanted: Key) -> bool:
    return any(equal(key.selections, wanted.selections) and (key.resolvable or not wanted.resolvable) for key in keys)


def keyless_interface_objects(facts: Facts) -> Iterator[Mistake]:
    """A mistake for each ``@interfaceObject`` type without a key."""
    for name in sorted(facts.interface_objects - set(facts.keys)):
        message = f'@interfaceObject can only be on types with a key, but type "{name}" has no @key in this subgraph.'
        where = f"{name}, line {facts.subgraph.schema.types[name].line}"
        yield Mistake("INTERFACE_OBJECT_USAGE_ERROR", message, where, f"add the @key of the interface to {name}")
