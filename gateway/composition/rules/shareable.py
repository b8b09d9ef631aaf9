"""``@shareable`` where it cannot be. Code: INVALID_SHAREABLE_USAGE."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from gateway.composition.facts import Facts, applied
from gateway.composition.schema import Kind
from gateway.errors import Mistake

__all__ = ["misplaced_shareable"]


def misplaced_shareable(facts: Facts) -> Iterator[Mistake]:
    """A mistake for ``@shareable`` on an interface's field, or twice on one field or block of a type."""
    for definition in facts.subgraph.schema.types.values():
        blocks = Counter(a.block for a in definition.directives if a.element == "shareable")
        for block, times in blocks.items():
            if times > 1:
                line = definition.blocks[block].line
                yield _twice(definition.name, f"{definition.name}, line {line}")
        for item in definition.fields.values():
            where = f"{item.coordinate}, line {item.line}"
            if definition.kind is Kind.INTERFACE and applied(item, "shareable") is not None:
                message = f'"{item.coordinate}" is a field of an interface: only object fields can be @shareable.'
                yield Mistake("INVALID_SHAREABLE_USAGE", message, where, "mark the fields of the implementing types")
            if sum(a.element == "shareable" for a in item.directives) > 1:
                yield _twice(item.coordinate, where)


def _twice(what: str, where: str) -> Mistake:
    return Mistake("INVALID_SHAREABLE_USAGE", f'"{what}" is marked @shareable twice.', where, "leave one of them out")
