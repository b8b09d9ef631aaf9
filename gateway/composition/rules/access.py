"""Access directives where they cannot be. Code: AUTH_REQUIREMENTS_APPLIED_ON_INTERFACE."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.composition.facts import Facts, applied
from gateway.composition.schema import Kind
from gateway.errors import Mistake

__all__ = ["ACCESS", "access_on_interfaces"]

ACCESS = ("authenticated", "requiresScopes", "policy")


def access_on_interfaces(facts: Facts) -> Iterator[Mistake]:
    """A mistake for each access directive on an interface, its fields, or an ``@interfaceObject`` type."""
    for definition in facts.subgraph.schema.types.values():
        interface = definition.kind is Kind.INTERFACE
        for element in ACCESS:
            if (interface or definition.name in facts.interface_objects) and applied(definition, element) is not None:
                yield _mistake(element, definition.name, definition.line)
            for item in definition.fields.values() if interface else ():
                if applied(item, element) is not None:
                    yield _mistake(element, item.coordinate, item.line)


def _mistake(element: str, what: str, line: int) -> Mistake:
    message = f'@{element} cannot be on interfaces, their fields or interface objects, but is on "{what}".'
    hint = "put it on the implementing types: the interface takes the strictest of theirs"
    return Mistake("AUTH_REQUIREMENTS_APPLIED_ON_INTERFACE", message, f"{what}, line {line}", hint)
