"""``@external`` on fields nothing needs, and on interface fields. Codes: EXTERNAL_UNUSED, EXTERNAL_ON_INTERFACE."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.composition.facts import Facts, applied
from gateway.composition.schema import Kind
from gateway.errors import Mistake

__all__ = ["needless_external"]


def needless_external(facts: Facts) -> Iterator[Mistake]:
    """A mistake for each external field that no field set or interface uses, or that stands on an interface."""
    for definition in facts.subgraph.schema.types.values():
        for item in definition.fields.values():
            where = f"{item.coordinate}, line {item.line}"
            if definition.kind is Kind.INTERFACE and applied(item, "external") is not None:
                message = f'Interface field "{item.coordinate}" is marked @external, which only object fields can be.'
                hint = "mark the field of the implementing type instead"
                yield Mistake("EXTERNAL_ON_INTERFACE", message, where, hint)
            if item.coordinate in facts.external and item.coordinate not in facts.used:
                message = (
                    f'Field "{item.coordinate}" is marked @external but no @key, @requires, @provides '
                    "or interface of this subgraph uses it."
                )
                yield Mistake("EXTERNAL_UNUSED", message, where, "remove the field, or the @external on it")
