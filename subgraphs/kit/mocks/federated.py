"""A subgraph's SDL as a schema that can be executed: Federation's own fields added, its keys and ``@reads`` read off."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from graphql import (
    ConstDirectiveNode,
    DefinitionNode,
    FieldNode,
    GraphQLObjectType,
    GraphQLSchema,
    ListValueNode,
    ObjectTypeDefinitionNode,
    ObjectTypeExtensionNode,
    OperationType,
    SchemaDefinitionNode,
    SchemaExtensionNode,
    SelectionSetNode,
    StringValueNode,
    build_ast_schema,
    get_named_type,
    parse,
    print_ast,
)

from subgraphs.kit.directives import Reads

__all__ = ["Federated", "KeyShape", "read_sdl"]

KeyShape: TypeAlias = Mapping[str, "KeyShape | None"]
"""A key's fields; a nested selection maps to its own."""
_MACHINERY = frozenset({"_Any", "_Entity", "_Service"})


@dataclass(frozen=True, slots=True)
class Marked:
    """What stands on a field or argument, where the kit's own schemas keep what Strawberry was told."""

    directives: tuple[Reads, ...]


@dataclass(frozen=True, slots=True)
class Federated:
    """The schema, each entity's keys in the order of the SDL, and the coordinates of every key field."""

    sdl: str
    core: GraphQLSchema
    keys: Mapping[str, tuple[KeyShape, ...]]
    key_fields: frozenset[str]


def read_sdl(sdl: str) -> Federated:
    """The schema that ``sdl`` describes, of Federation 1 or 2; raises ``GraphQLError`` where it is none."""
    document = parse(sdl)
    definitions = [each for each in document.definitions if not _is_aside(each)]
    keys = dict(_keys(definitions))
    query = _query_name(document.definitions)
    entity = f"union _Entity = {' | '.join(sorted(keys))}\n" if keys else ""
    entities = "_entities(representations: [_Any!]!): [_Entity]!" if keys else ""
    more = f"scalar _Any\ntype _Service {{ sdl: String! }}\n{entity}type {query} {{ {entities} _service: _Service! }}"
    schemas = [each for each in definitions if isinstance(each, SchemaDefinitionNode)]
    text = "\n".join(print_ast(each) for each in _merged(definitions, parse(more).definitions))
    if not schemas and query != "Query":
        text += f"\nschema {{ query: {query} }}"
    core = build_ast_schema(parse(text), assume_valid_sdl=True)
    _mark(core)
    coordinates = {
        each for name, shapes in keys.items() for shape in shapes for each in _coordinates(core, name, shape)
    }
    return Federated(sdl, core, keys, frozenset(coordinates))


def _is_aside(node: DefinitionNode) -> bool:
    """Whether it says nothing of types: links of the schema, and Federation's own types, which are added."""
    name = getattr(node, "name", None)
    return isinstance(node, SchemaExtensionNode) or (name is not None and name.value in _MACHINERY)


def _query_name(definitions: Iterable[DefinitionNode]) -> str:
    for each in definitions:
        if isinstance(each, SchemaDefinitionNode | SchemaExtensionNode):
            for operation in each.operation_types or ():
                if operation.operation is OperationType.QUERY:
                    return operation.type.name.value
    return "Query"


def _merged(definitions: Iterable[DefinitionNode], more: Iterable[DefinitionNode]) -> list[DefinitionNode]:
    """One definition for each object type: what ``extend type`` and Federation add goes into it."""
    objects: dict[str, list[ObjectTypeDefinitionNode | ObjectTypeExtensionNode]] = {}
    others: list[DefinitionNode] = []
    for each in (*definitions, *more):
        if isinstance(each, ObjectTypeDefinitionNode | ObjectTypeExtensionNode):
            objects.setdefault(each.name.value, []).append(each)
        else:
            others.append(each)
    return others + [_one(parts) for parts in objects.values()]


def _one(parts: list[ObjectTypeDefinitionNode | ObjectTypeExtensionNode]) -> ObjectTypeDefinitionNode:
    # some servers print _entities and _service: ours come last and stand
    fields = {field.name.value: field for part in parts for field in part.fields or ()}
    return ObjectTypeDefinitionNode(
        name=parts[0].name,
        interfaces=tuple({each.name.value: each for part in parts for each in part.interfaces or ()}.values()),
        directives=tuple(each for part in parts for each in part.directives or ()),
        fields=tuple(fields.values()),
    )


def _keys(definitions: Iterable[DefinitionNode]) -> Iterator[tuple[str, tuple[KeyShape, ...]]]:
    found: dict[str, list[KeyShape]] = {}
    for each in definitions:
        if isinstance(each, ObjectTypeDefinitionNode | ObjectTypeExtensionNode):
            for mark in each.directives or ():
                fields = _text(mark, "fields") if mark.name.value.rpartition("__")[2] == "key" else ""
                if fields:
                    found.setdefault(each.name.value, []).append(_shape(fields))
    for name, shapes in found.items():
        yield name, tuple(shapes)


def _shape(fields: str) -> KeyShape:
    definition: Any = parse(f"{{ {fields} }}").definitions[0]
    return _selected(definition.selection_set)


def _selected(selection: SelectionSetNode) -> KeyShape:
    nodes = (each for each in selection.selections if isinstance(each, FieldNode))
    return {
        node.name.value: _selected(node.selection_set) if node.selection_set else None
        for node in nodes
        if node.name.value != "__typename"
    }


def _coordinates(core: GraphQLSchema, name: str, shape: KeyShape) -> Iterator[str]:
    owner = core.type_map.get(name)
    for field, inner in shape.items():
        yield f"{name}.{field}"
        if inner is not None and isinstance(owner, GraphQLObjectType) and field in owner.fields:
            yield from _coordinates(core, get_named_type(owner.fields[field].type).name, inner)


def _mark(core: GraphQLSchema) -> None:
    """Put ``@reads`` where the kit looks for it: on fields, arguments and fields of input types."""
    for kind in core.type_map.values():
        for field in getattr(kind, "fields", {}).values():
            for each in (field, *getattr(field, "args", {}).values()):
                read = [_texts(mark, "fields") for mark in _directives(each) if mark.name.value == "reads"]
                if read:
                    each.extensions["strawberry-definition"] = Marked(tuple(Reads(fields=names) for names in read))


def _directives(declared: Any) -> Iterable[ConstDirectiveNode]:
    return getattr(declared.ast_node, "directives", None) or ()


def _text(mark: ConstDirectiveNode, name: str) -> str:
    found = next((each.value for each in mark.arguments or () if each.name.value == name), None)
    return found.value if isinstance(found, StringValueNode) else ""


def _texts(mark: ConstDirectiveNode, name: str) -> list[str]:
    found = next((each.value for each in mark.arguments or () if each.name.value == name), None)
    items = found.values if isinstance(found, ListValueNode) else (found,)
    return [each.value for each in items if isinstance(each, StringValueNode)]
