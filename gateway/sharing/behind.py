"""What an operation on record asks for behind a link, and what it asks for elsewhere: read from its text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    parse,
)

__all__ = ["Behind", "read_behind"]


@dataclass(frozen=True, slots=True)
class Behind:
    """The coordinates (on every type they can stand on) that stand behind the link, and those that stand elsewhere too."""

    inside: tuple[str, ...] = ()
    outside: frozenset[str] = frozenset()


def read_behind(schema: GraphQLSchema, text: str, link: str) -> Behind:
    """What ``text`` asks for behind the coordinate ``link``; nothing where it is no operation on ``schema``."""
    try:
        document = parse(text, no_location=True)
    except GraphQLError:
        return Behind()
    fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}
    inner: dict[str, None] = {}
    outer: set[str] = set()

    def walk(selections: SelectionSetNode | None, kind: GraphQLNamedType | None, inside: bool) -> None:
        for each in selections.selections if selections is not None else ():
            if isinstance(each, FragmentSpreadNode):
                part = fragments[each.name.value]
                walk(part.selection_set, schema.get_type(part.type_condition.name.value), inside)
            elif isinstance(each, InlineFragmentNode):
                on = each.type_condition
                walk(each.selection_set, schema.get_type(on.name.value) if on else kind, inside)
            elif isinstance(each, FieldNode) and isinstance(
                kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType
            ):
                field(each, kind, inside)

    def field(node: FieldNode, kind: GraphQLNamedType, inside: bool) -> None:
        names = [f"{one.name}.{node.name.value}" for one in _possible(schema, kind)]
        if inside:
            inner.update(dict.fromkeys(names))
        else:
            outer.update(names)
        found = None if isinstance(kind, GraphQLUnionType) else kind.fields.get(node.name.value)  # type: ignore[attr-defined]
        if found is not None:
            walk(node.selection_set, get_named_type(found.type), inside or link in names)

    for each in document.definitions:
        if isinstance(each, OperationDefinitionNode):
            walk(each.selection_set, schema.get_root_type(each.operation), False)
    return Behind(tuple(inner), frozenset(outer))


def _possible(schema: GraphQLSchema, kind: GraphQLNamedType) -> Sequence[GraphQLNamedType]:
    if isinstance(kind, GraphQLInterfaceType | GraphQLUnionType):
        return schema.get_possible_types(kind)
    return [kind]
