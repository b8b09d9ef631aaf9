"""What each subgraph's SDL says of itself: keys, and for every field on what terms it is answered there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

from graphql import GraphQLSchema, build_schema, parse, print_ast
from graphql.language import (
    BooleanValueNode,
    FieldDefinitionNode,
    InterfaceTypeDefinitionNode,
    ObjectTypeDefinitionNode,
    OperationDefinitionNode,
    SelectionSetNode,
    StringValueNode,
    UnionTypeDefinitionNode,
)

__all__ = ["Declared", "Kind", "Side", "leading", "read_sides", "selection_of"]

_Directed = FieldDefinitionNode | ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode


@dataclass(slots=True)
class Declared:
    """One field of one type in one subgraph; ``stale`` where another subgraph overrides it."""

    name: str
    type: str
    external: bool = False
    requires: str = ""
    provides: str = ""
    takes_over: str = ""
    stale: bool = False


@dataclass(slots=True)
class Kind:
    """One object type, interface or union in one subgraph; ``keys`` are those that let one in."""

    name: str
    fields: dict[str, Declared] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    key_fields: frozenset[str] = frozenset()
    interface_object: bool = False
    object: bool = True
    members: set[str] = field(default_factory=set)

    def exclusive(self) -> Iterator[Declared]:
        """The fields that this subgraph answers itself, keys left out."""
        for each in self.fields.values():
            if not each.external and not each.stale and each.name not in self.key_fields:
                yield each


@dataclass(slots=True)
class Side:
    """One subgraph: its types, and the schema that it answers, entities included."""

    name: str
    kinds: dict[str, Kind]
    schema: GraphQLSchema


@cache
def selection_of(text: str) -> SelectionSetNode:
    """The selection set that a field set such as ``id org { name }`` stands for."""
    definition = parse("{" + text + "}", no_location=True).definitions[0]
    if not isinstance(definition, OperationDefinitionNode):
        raise TypeError(text)
    return definition.selection_set


def leading(text: str) -> frozenset[str]:
    """The outermost fields of a field set; those of fragments at the top included."""
    found: set[str] = set()
    stack = list(selection_of(text).selections)
    while stack:
        node = stack.pop()
        name = getattr(node, "name", None)
        if name is not None:
            found.add(name.value)
        else:
            below: SelectionSetNode = getattr(node, "selection_set")  # noqa: B009 (the base class has no such field)
            stack.extend(below.selections)
    return frozenset(found)


def _applied(node: _Directed, name: str) -> Iterator[Mapping[str, str]]:
    for each in node.directives or ():
        if each.name.value == name:
            given = {argument.name.value: argument.value for argument in each.arguments or ()}
            yield {
                key: value.value if isinstance(value, StringValueNode) else str(getattr(value, "value", "")).lower()
                for key, value in given.items()
                if isinstance(value, StringValueNode | BooleanValueNode)
            }


def _text(node: _Directed, name: str, argument: str) -> str:
    return next((each[argument] for each in _applied(node, name)), "")


def _kind(node: ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode) -> Kind:
    keys = [(each["fields"], each.get("resolvable") != "false") for each in _applied(node, "key")]
    kind = Kind(
        node.name.value,
        keys=[text for text, resolvable in keys if resolvable],
        key_fields=frozenset().union(*(leading(text) for text, _ in keys)),
        interface_object=any(True for _ in _applied(node, "interfaceObject")),
        object=isinstance(node, ObjectTypeDefinitionNode),
    )
    for each in node.fields or ():
        kind.fields[each.name.value] = Declared(
            each.name.value,
            print_ast(each.type),
            external=any(True for _ in _applied(each, "external")),
            requires=_text(each, "requires", "fields"),
            provides=_text(each, "provides", "fields"),
            takes_over=_text(each, "override", "from"),
        )
    return kind


def _side(name: str, sdl: str) -> Side:
    kinds: dict[str, Kind] = {}
    implementing: list[tuple[str, str]] = []
    for node in parse(sdl, no_location=True).definitions:
        if isinstance(node, ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode):
            kinds[node.name.value] = _kind(node)
            implementing += [(each.name.value, node.name.value) for each in node.interfaces or ()]
        elif isinstance(node, UnionTypeDefinitionNode):
            members = {each.name.value for each in node.types or ()}
            kinds[node.name.value] = Kind(node.name.value, object=False, members=members)
    for interface, member in implementing:
        kinds[interface].members.add(member)
    return Side(name, kinds, build_schema(_executable(sdl, kinds), assume_valid_sdl=True))


def _executable(sdl: str, kinds: Mapping[str, Kind]) -> str:
    entities = [each.name for each in kinds.values() if each.object and each.key_fields]
    parts = [sdl, "scalar _Any"]
    if "Query" not in kinds:
        parts.append("type Query { _service: String }")
    text = "\n".join(parts)
    if entities:
        text += f"\nunion _Entity = {' | '.join(entities)}\n"
        text = text.replace("type Query {", "type Query { _entities(representations: [_Any!]!): [_Entity]!", 1)
    return text


def read_sides(subgraphs: Mapping[str, str]) -> dict[str, Side]:
    """Every subgraph by its name, with what they take over from each other noted on the one that lost it."""
    sides = {name: _side(name, sdl) for name, sdl in subgraphs.items()}
    for side in sides.values():
        for kind, declared in _fields(side.kinds.values()):
            if declared.takes_over:
                sides[declared.takes_over].kinds[kind.name].fields[declared.name].stale = True
    return sides


def _fields(kinds: Iterable[Kind]) -> Iterator[tuple[Kind, Declared]]:
    for kind in kinds:
        for declared in kind.fields.values():
            yield kind, declared
