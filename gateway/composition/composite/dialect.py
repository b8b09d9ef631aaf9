"""What marks a subgraph of the composite schemas dialect, and its document as something to look things up in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from graphql.language import (
    ArgumentNode,
    ConstDirectiveNode,
    DirectiveDefinitionNode,
    DocumentNode,
    FieldDefinitionNode,
    InputValueDefinitionNode,
    InterfaceTypeDefinitionNode,
    InterfaceTypeExtensionNode,
    ObjectTypeDefinitionNode,
    ObjectTypeExtensionNode,
    ScalarTypeDefinitionNode,
    SchemaDefinitionNode,
    SchemaExtensionNode,
    StringValueNode,
    TypeNode,
    UnionTypeDefinitionNode,
    UnionTypeExtensionNode,
)

from gateway.composition.specs import FEDERATION

__all__ = [
    "DIRECTIVES",
    "SCALARS",
    "Document",
    "Fielded",
    "argument_text",
    "base_name",
    "directive",
    "everywhere",
    "has",
    "is_composite",
    "without",
]

# what the dialect's specification defines; every subgraph may use them, and may write the definitions out
DIRECTIVES = frozenset(
    {"key", "lookup", "internal", "is", "require", "shareable", "provides", "external", "override", "inaccessible"}
)
SCALARS = frozenset({"FieldSelectionSet", "FieldSelectionMap"})
_TELLING = frozenset({"lookup", "internal", "is", "require"})  # federation has none of these

Fielded: TypeAlias = (
    ObjectTypeDefinitionNode | ObjectTypeExtensionNode | InterfaceTypeDefinitionNode | InterfaceTypeExtensionNode
)


def is_composite(document: DocumentNode) -> bool:
    """Whether a subgraph is written in this dialect: it uses what only this dialect has, and does not link federation."""
    linked = (
        argument_text(each, "url") or ""
        for node in document.definitions
        if isinstance(node, SchemaDefinitionNode | SchemaExtensionNode)
        for each in node.directives or ()
        if each.name.value == "link"
    )
    federated = any(each.startswith(FEDERATION) for each in linked)
    return not federated and any(each.name.value in _TELLING for each in everywhere(document))


def everywhere(document: DocumentNode) -> Iterator[ConstDirectiveNode]:
    """The directives on the schema, on types, fields and arguments."""
    for node in document.definitions:
        yield from getattr(node, "directives", None) or ()
        for item in getattr(node, "fields", None) or ():
            yield from item.directives or ()
            for argument in getattr(item, "arguments", None) or ():
                yield from argument.directives or ()


def directive(node: Any, name: str) -> ConstDirectiveNode | None:
    """The first application of ``@name`` on the node."""
    return next((each for each in node.directives or () if each.name.value == name), None)


def has(node: Any, name: str) -> bool:
    """Whether ``@name`` stands on the node."""
    return directive(node, name) is not None


def without(node: Any, *names: str) -> tuple[ConstDirectiveNode, ...]:
    """The node's directives but those of ``names``."""
    return tuple(each for each in node.directives or () if each.name.value not in names)


def argument_text(applied: ConstDirectiveNode, name: str) -> str | None:
    """The text that the directive is given for an argument; None where it is no string."""
    arguments: Iterable[ArgumentNode] = applied.arguments or ()
    value = next((each.value for each in arguments if each.name.value == name), None)
    return value.value if isinstance(value, StringValueNode) else None


def base_name(node: TypeNode) -> str:
    """The name in a type, lists and non-null taken off."""
    inner: Any = node
    while not hasattr(inner, "name"):
        inner = inner.type
    return str(inner.name.value)


@dataclass
class Document:
    """One subgraph's document: every type's nodes (definition and extensions), and what can be what."""

    name: str
    node: DocumentNode
    composite: bool
    types: dict[str, list[Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, name: str, node: DocumentNode, dialect: str = "") -> Document:
        """The document indexed; what the dialect's specification defines itself is left out of one in the dialect."""
        composite = dialect == "composite" or (not dialect and is_composite(node))
        if composite:
            node = replace(node, definitions=tuple(each for each in node.definitions if not _specified(each)))
        made = cls(name, node, composite)
        for each in node.definitions:
            if not isinstance(each, SchemaDefinitionNode | SchemaExtensionNode | DirectiveDefinitionNode):
                made.types.setdefault(getattr(each, "name").value, []).append(each)  # noqa: B009 (nodes of many kinds)
        return made

    def root(self, operation: str) -> str:
        """The name of the root type for ``query``, ``mutation`` or ``subscription``."""
        for node in self.node.definitions:
            if isinstance(node, SchemaDefinitionNode | SchemaExtensionNode):
                for each in node.operation_types or ():
                    if each.operation.value == operation:
                        return each.type.name.value
        return operation.capitalize()

    def fields(self, type_name: str) -> dict[str, FieldDefinitionNode]:
        """The fields of a type, by name."""
        nodes = self.types.get(type_name, ())
        return {each.name.value: each for node in nodes if isinstance(node, Fielded) for each in node.fields or ()}

    def inputs(self, type_name: str) -> dict[str, InputValueDefinitionNode]:
        """The fields of an input type, by name."""
        if self.fields(type_name):
            return {}
        return {each.name.value: each for node in self.types.get(type_name, ()) for each in getattr(node, "fields", ())}

    def has_on(self, type_name: str, name: str) -> bool:
        """Whether ``@name`` stands on the type, at its definition or an extension."""
        return any(has(node, name) for node in self.types.get(type_name, ()))

    def is_object(self, type_name: str) -> bool:
        """Whether the type is an object type here."""
        return any(
            isinstance(node, ObjectTypeDefinitionNode | ObjectTypeExtensionNode)
            for node in self.types.get(type_name, ())
        )

    def possible(self, type_name: str) -> list[str]:
        """The object types that an object of the type can be of here."""
        nodes = self.types.get(type_name, ())
        if any(isinstance(node, UnionTypeDefinitionNode | UnionTypeExtensionNode) for node in nodes):
            return [each.name.value for node in nodes for each in node.types or ()]
        if any(isinstance(node, InterfaceTypeDefinitionNode | InterfaceTypeExtensionNode) for node in nodes):
            return [name for name in self.types if self.is_object(name) and type_name in self.interfaces(name)]
        return [type_name] if self.is_object(type_name) else []

    def interfaces(self, type_name: str) -> list[str]:
        """The interfaces that a type implements here."""
        nodes = self.types.get(type_name, ())
        return [each.name.value for node in nodes for each in getattr(node, "interfaces", None) or ()]


def _specified(node: Any) -> bool:
    if isinstance(node, DirectiveDefinitionNode):
        return node.name.value in DIRECTIVES
    return isinstance(node, ScalarTypeDefinitionNode) and node.name.value in SCALARS
