"""The two graphql-core schemas of a supergraph: the full one, and the one clients see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from graphql import (
    ConstDirectiveNode,
    DefinitionNode,
    DirectiveDefinitionNode,
    DocumentNode,
    EnumTypeDefinitionNode,
    FieldDefinitionNode,
    GraphQLSchema,
    InputObjectTypeDefinitionNode,
    InputValueDefinitionNode,
    InterfaceTypeDefinitionNode,
    ListTypeNode,
    NamedTypeNode,
    NonNullTypeNode,
    ObjectTypeDefinitionNode,
    OperationTypeDefinitionNode,
    ScalarTypeDefinitionNode,
    SchemaDefinitionNode,
    TypeDefinitionNode,
    TypeNode,
    UnionTypeDefinitionNode,
    build_ast_schema,
    print_schema,
)

if TYPE_CHECKING:
    from gateway.supergraph.model import Supergraph

__all__ = ["build_api_schema", "build_full_schema", "print_api"]

_KEPT_DIRECTIVES = frozenset({"deprecated", "specifiedBy", "oneOf"})
_EXECUTABLE = frozenset({"QUERY", "MUTATION", "SUBSCRIPTION", "FIELD", "INLINE_FRAGMENT", "FRAGMENT_SPREAD"})
_T = TypeVar("_T")


def build_full_schema(document: DocumentNode, machinery: tuple[str, ...]) -> GraphQLSchema:
    """Every type and field of the supergraph, inaccessible ones included, without the join machinery."""
    return _build(_Filter(machinery, hidden=""), document)


def build_api_schema(document: DocumentNode, machinery: tuple[str, ...], hidden: str) -> GraphQLSchema:
    """What clients see: no machinery, nothing under ``@inaccessible`` (called ``hidden`` here)."""
    return _build(_Filter(machinery, hidden), document)


def print_api(supergraph: Supergraph) -> str:
    """The API schema as SDL, types in alphabetical order."""
    return print_schema(supergraph.api_schema) + "\n"


def _build(keep: _Filter, document: DocumentNode) -> GraphQLSchema:
    return build_ast_schema(keep.document(document), assume_valid=True, assume_valid_sdl=True)


class _Filter:
    """Rebuilds a document without machinery and without whatever carries the ``hidden`` directive."""

    def __init__(self, machinery: tuple[str, ...], hidden: str) -> None:
        self.machinery = machinery
        self.hidden = hidden
        self.gone: set[str] = set()

    def document(self, document: DocumentNode) -> DocumentNode:
        types = [node for node in document.definitions if isinstance(node, TypeDefinitionNode)]
        self.gone = {
            node.name.value
            for node in types
            if node.name.value.startswith(self.machinery) or self._hides(node.directives)
        }
        kept: list[DefinitionNode] = []
        for definition in document.definitions:
            if isinstance(definition, SchemaDefinitionNode):
                kept.append(self._schema(definition))
            elif isinstance(definition, DirectiveDefinitionNode):
                if self._executable(definition):
                    kept.append(definition)
            elif isinstance(definition, TypeDefinitionNode) and definition.name.value not in self.gone:
                kept.append(self._type(definition))
        kept.sort(key=lambda node: node.name.value if isinstance(node, TypeDefinitionNode) else "")
        return DocumentNode(definitions=tuple(kept))

    def _hides(self, directives: Sequence[ConstDirectiveNode] | None) -> bool:
        return any(each.name.value == self.hidden for each in directives or ())

    def _known(self, type: TypeNode) -> bool:
        inner = type
        while isinstance(inner, ListTypeNode | NonNullTypeNode):
            inner = inner.type
        return isinstance(inner, NamedTypeNode) and inner.name.value not in self.gone

    def _executable(self, node: DirectiveDefinitionNode) -> bool:
        if node.name.value.startswith(self.machinery):
            return False
        return bool(_EXECUTABLE & {each.value for each in node.locations})

    def _schema(self, node: SchemaDefinitionNode) -> SchemaDefinitionNode:
        roots: tuple[OperationTypeDefinitionNode, ...] = tuple(
            each for each in node.operation_types if self._known(each.type)
        )
        return SchemaDefinitionNode(description=node.description, directives=(), operation_types=roots)

    def _type(self, node: TypeDefinitionNode) -> TypeDefinitionNode:
        kept = _kept(node.directives)
        common: dict[str, Any] = {"name": node.name, "description": node.description, "directives": kept}
        if isinstance(node, ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode):
            interfaces = self._names(node.interfaces)
            return type(node)(**common, interfaces=interfaces, fields=self._fields(node.fields))
        if isinstance(node, UnionTypeDefinitionNode):
            return UnionTypeDefinitionNode(**common, types=self._names(node.types))
        if isinstance(node, EnumTypeDefinitionNode):
            values = tuple(_bare(each) for each in node.values or () if not self._hides(each.directives))
            return EnumTypeDefinitionNode(**common, values=values)
        if isinstance(node, InputObjectTypeDefinitionNode):
            return InputObjectTypeDefinitionNode(**common, fields=self._inputs(node.fields))
        return ScalarTypeDefinitionNode(**common)

    def _names(self, nodes: Sequence[NamedTypeNode] | None) -> tuple[NamedTypeNode, ...]:
        return tuple(each for each in nodes or () if each.name.value not in self.gone)

    def _fields(self, nodes: Sequence[FieldDefinitionNode] | None) -> tuple[FieldDefinitionNode, ...]:
        return tuple(
            FieldDefinitionNode(
                name=node.name,
                description=node.description,
                directives=_kept(node.directives),
                type=node.type,
                arguments=self._inputs(node.arguments),
            )
            for node in nodes or ()
            if not self._hides(node.directives) and self._known(node.type)
        )

    def _inputs(self, nodes: Sequence[InputValueDefinitionNode] | None) -> tuple[InputValueDefinitionNode, ...]:
        return tuple(_bare(node) for node in nodes or () if not self._hides(node.directives) and self._known(node.type))


def _kept(directives: Sequence[ConstDirectiveNode] | None) -> tuple[ConstDirectiveNode, ...]:
    return tuple(each for each in directives or () if each.name.value in _KEPT_DIRECTIVES)


def _bare(node: _T) -> _T:
    """A copy of an enum value or input value without the directives that clients never see."""
    attributes = {key: getattr(node, key, None) for key in node.keys}  # type: ignore[attr-defined]
    attributes["directives"] = _kept(attributes.get("directives"))
    return type(node)(**attributes)
