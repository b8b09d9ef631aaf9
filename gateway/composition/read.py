"""A parsed SDL document read into a ``Schema``: blocks kept, root types under their standard names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphql.language import (
    ConstDirectiveNode,
    DirectiveDefinitionNode,
    DocumentNode,
    EnumTypeDefinitionNode,
    EnumTypeExtensionNode,
    FieldDefinitionNode,
    InputObjectTypeDefinitionNode,
    InputObjectTypeExtensionNode,
    InputValueDefinitionNode,
    InterfaceTypeDefinitionNode,
    InterfaceTypeExtensionNode,
    Node,
    ObjectTypeDefinitionNode,
    ObjectTypeExtensionNode,
    ScalarTypeDefinitionNode,
    ScalarTypeExtensionNode,
    SchemaDefinitionNode,
    SchemaExtensionNode,
    StringValueNode,
    TypeExtensionNode,
    UnionTypeDefinitionNode,
    UnionTypeExtensionNode,
)

from gateway.composition import typerefs, values
from gateway.composition.schema import (
    Applied,
    Argument,
    Block,
    DirectiveDef,
    EnumValue,
    FieldDef,
    Kind,
    Schema,
    TypeDef,
)

__all__ = ["ROOT_NAMES", "line_of", "read_applied", "read_directive", "read_schema"]

ROOT_NAMES = {"query": "Query", "mutation": "Mutation", "subscription": "Subscription"}
_KINDS: dict[type[Node], Kind] = {
    ScalarTypeDefinitionNode: Kind.SCALAR,
    ScalarTypeExtensionNode: Kind.SCALAR,
    ObjectTypeDefinitionNode: Kind.OBJECT,
    ObjectTypeExtensionNode: Kind.OBJECT,
    InterfaceTypeDefinitionNode: Kind.INTERFACE,
    InterfaceTypeExtensionNode: Kind.INTERFACE,
    UnionTypeDefinitionNode: Kind.UNION,
    UnionTypeExtensionNode: Kind.UNION,
    EnumTypeDefinitionNode: Kind.ENUM,
    EnumTypeExtensionNode: Kind.ENUM,
    InputObjectTypeDefinitionNode: Kind.INPUT,
    InputObjectTypeExtensionNode: Kind.INPUT,
}


def read_schema(document: DocumentNode) -> Schema:
    """Every type and directive of the document, extensions joined to what they extend.

    Names written twice keep their first meaning here; that they may not be is a rule's business. Root types keep
    the names they are given; see ``roots``.
    """
    schema = Schema()
    for node in document.definitions:
        if isinstance(node, SchemaDefinitionNode | SchemaExtensionNode):
            _read_schema_block(schema, node)
        elif isinstance(node, DirectiveDefinitionNode):
            schema.directives.setdefault(node.name.value, read_directive(node))
        elif type(node) in _KINDS:
            _read_type_block(schema, node)
    explicit = any(isinstance(node, SchemaDefinitionNode) for node in document.definitions)
    for operation, name in ROOT_NAMES.items():
        root = schema.types.get(name)
        if not explicit and operation not in schema.roots and root is not None and root.kind is Kind.OBJECT:
            schema.roots[operation] = name
    return schema


def _read_schema_block(schema: Schema, node: SchemaDefinitionNode | SchemaExtensionNode) -> None:
    if isinstance(node, SchemaDefinitionNode):
        schema.description = _text(node.description)
    for operation in node.operation_types or ():
        schema.roots.setdefault(operation.operation.value, operation.type.name.value)
    schema.applied.extend(read_applied(node.directives, 0))


def _read_type_block(schema: Schema, node: Any) -> None:
    kind, name = _KINDS[type(node)], node.name.value
    definition = schema.types.setdefault(name, TypeDef(name, kind))
    if definition.kind is not kind:
        return
    extension = isinstance(node, TypeExtensionNode)
    definition.blocks.append(Block(extension, line_of(node)))
    block = len(definition.blocks) - 1
    if not extension and definition.description is None:
        definition.description = _text(node.description)
    definition.directives.extend(read_applied(node.directives, block))
    for interface in getattr(node, "interfaces", None) or ():
        definition.interfaces.setdefault(interface.name.value, block)
    for member in getattr(node, "types", None) or ():
        definition.members.setdefault(member.name.value, block)
    for value in getattr(node, "values", None) or ():
        definition.values.setdefault(
            value.name.value,
            EnumValue(
                value.name.value,
                _text(value.description),
                read_applied(value.directives, block),
                block,
                line_of(value),
            ),
        )
    for field in getattr(node, "fields", None) or ():
        if kind is Kind.INPUT:
            definition.inputs.setdefault(field.name.value, _read_argument(field, block))
        else:
            definition.fields.setdefault(field.name.value, _read_field(name, field, block))


def _read_field(owner: str, node: FieldDefinitionNode, block: int) -> FieldDef:
    args: dict[str, Argument] = {}
    for argument in node.arguments or ():
        args.setdefault(argument.name.value, _read_argument(argument, block))
    return FieldDef(
        owner,
        node.name.value,
        typerefs.of_node(node.type),
        args,
        _text(node.description),
        read_applied(node.directives, block),
        block,
        line_of(node),
    )


def _read_argument(node: InputValueDefinitionNode, block: int) -> Argument:
    return Argument(
        node.name.value,
        typerefs.of_node(node.type),
        node.default_value,
        _text(node.description),
        read_applied(node.directives, block),
        block,
        line_of(node),
    )


def read_directive(node: DirectiveDefinitionNode) -> DirectiveDef:
    """The directive a definition node defines."""
    args: dict[str, Argument] = {}
    for argument in node.arguments or ():
        args.setdefault(argument.name.value, _read_argument(argument, 0))
    locations = tuple(location.value for location in node.locations)
    return DirectiveDef(node.name.value, args, locations, bool(node.repeatable), _text(node.description), line_of(node))


def read_applied(nodes: Sequence[ConstDirectiveNode] | None, block: int) -> list[Applied]:
    """The directives written on one element, in order."""
    return [
        Applied(
            node.name.value,
            {argument.name.value: values.of_node(argument.value) for argument in node.arguments or ()},
            {argument.name.value: argument.value for argument in node.arguments or ()},
            block,
            line_of(node),
        )
        for node in nodes or ()
    ]


def line_of(node: Node | None) -> int:
    """The line the node starts on, 1 for the first; 0 when unknown."""
    if node is None or node.loc is None:
        return 0
    return node.loc.start_token.line


def _text(node: StringValueNode | None) -> str | None:
    return None if node is None else node.value
