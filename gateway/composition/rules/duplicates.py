"""Names written twice in one document, and extensions of another kind than what they extend. Code: INVALID_GRAPHQL.

Spec: https://spec.graphql.org/draft/#sec-Schema, "must have a unique name" of each kind of definition.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from graphql.language import (
    DirectiveDefinitionNode,
    DocumentNode,
    ObjectValueNode,
    SchemaDefinitionNode,
    SchemaExtensionNode,
    TypeDefinitionNode,
    TypeExtensionNode,
)

from gateway.composition.read import line_of
from gateway.errors import Mistake

__all__ = ["duplicate_names"]


def duplicate_names(document: DocumentNode) -> Iterator[Mistake]:
    """A mistake for each name that one document gives twice where it may stand once."""
    kinds: dict[str, str] = {}
    members: dict[tuple[str, str], str] = {}
    seen: set[str] = set()
    for node in document.definitions:
        if isinstance(node, SchemaDefinitionNode | SchemaExtensionNode):
            yield from _schema_block(node, seen)
            yield from _applications("schema", node)
        elif isinstance(node, DirectiveDefinitionNode):
            yield from _once(seen, f"@{node.name.value}", "directive", node)
            yield from _arguments(f"@{node.name.value}", node)
        elif isinstance(node, TypeDefinitionNode | TypeExtensionNode):
            name, kind = node.name.value, node.kind.partition("_type_")[0].replace("_", " ")
            if isinstance(node, TypeDefinitionNode):
                yield from _once(seen, name, "type", node)
            if kinds.setdefault(name, kind) != kind:
                message = f'Type "{name}" is of kind {kinds[name]} and cannot be extended as {kind}.'
                yield _mistake(message, node, "write the extension with the keyword of the type's own kind")
            yield from _type_block(name, node, members)


def _schema_block(node: Any, seen: set[str]) -> Iterator[Mistake]:
    if isinstance(node, SchemaDefinitionNode):
        yield from _once(seen, "schema", "definition", node)
    for operation in node.operation_types or ():
        yield from _once(seen, f"schema.{operation.operation.value}", "root type", operation)


def _type_block(owner: str, node: Any, members: dict[tuple[str, str], str]) -> Iterator[Mistake]:
    yield from _applications(owner, node)
    for member in (*(getattr(node, "fields", None) or ()), *(getattr(node, "values", None) or ())):
        where = f"{owner}.{member.name.value}"
        if (owner, member.name.value) in members:
            yield _mistake(f'"{where}" is defined more than once.', member, "keep one of the definitions")
        members[owner, member.name.value] = where
        yield from _applications(where, member)
        yield from _arguments(where, member)


def _arguments(where: str, node: Any) -> Iterator[Mistake]:
    seen: set[str] = set()
    for argument in getattr(node, "arguments", None) or ():
        yield from _once(seen, f"{where}({argument.name.value}:)", "argument", argument)
        yield from _applications(f"{where}({argument.name.value}:)", argument)


def _applications(where: str, node: Any) -> Iterator[Mistake]:
    for application in node.directives or ():
        seen: set[str] = set()
        for argument in application.arguments or ():
            yield from _once(
                seen, f"@{application.name.value}({argument.name.value}:) on {where}", "argument", argument
            )
            yield from _value(where, argument.value)
    default = getattr(node, "default_value", None)
    if default is not None:
        yield from _value(where, default)


def _value(where: str, node: Any) -> Iterator[Mistake]:
    if isinstance(node, ObjectValueNode):
        seen: set[str] = set()
        for entry in node.fields:
            yield from _once(seen, f"{entry.name.value} in a value at {where}", "input field", entry)
    children: Iterable[Any] = getattr(node, "values", None) or ()
    for child in children:
        yield from _value(where, child)


def _once(seen: set[str], name: str, what: str, node: Any) -> Iterator[Mistake]:
    if name in seen:
        yield _mistake(f"There can be only one {what} {name}.", node, "keep one of them")
    seen.add(name)


def _mistake(message: str, node: Any, hint: str) -> Mistake:
    return Mistake("INVALID_GRAPHQL", message, f"line {line_of(node)}", hint)
