"""The graph as one caller may see it: the API schema without the fields that no grant gives its agency and role.

Two views of it: what a caller is *given* answers introspection; what it may *name* is what its documents are valid on.
The second is wider by the fields that no agreement covers yet: those are denied with the reason, and whom to ask.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from graphql import (
    DocumentNode,
    FieldDefinitionNode,
    GraphQLSchema,
    InterfaceTypeDefinitionNode,
    ObjectTypeDefinitionNode,
    TypeNode,
    UnionTypeDefinitionNode,
    build_ast_schema,
    parse,
    print_schema,
)
from graphql.language import NamedTypeNode

from gateway.caller import Caller
from gateway.coordinates import Coordinate
from gateway.operation import Documents, Limits
from gateway.policy import Policy
from gateway.policy.naming import closed_to

__all__ = ["Views", "agency_view", "view_sdl"]

_Composite = ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode
_MOST_VIEWS = 192  # three for each kind of caller
_NOTHING = '''
"""%s"""
type Query {
  """Always null."""
  nothing: Boolean
}
'''


def view_sdl(schema: GraphQLSchema, visible: Callable[[Coordinate], bool], *, strict: bool = False) -> DocumentNode:
    """The schema as a document in which only ``visible`` coordinates of object types are left.

    Types that nothing leads to any more, and types without fields, are gone as well. An interface keeps a field when
    one of its implementers does; the others then keep it as well, as GraphQL asks of them, unless ``strict``. A caller
    to whom no field of ``Query`` is left sees a graph that says so: GraphQL knows no schema without a query.
    """
    document = parse(print_schema(schema), no_location=True)
    kinds: dict[str, Any] = {each.name.value: each for each in document.definitions if hasattr(each, "name")}
    kept: dict[str, tuple[FieldDefinitionNode, ...]] = {}
    for name, node in kinds.items():
        if isinstance(node, ObjectTypeDefinitionNode):
            fields = node.fields or ()
            kept[name] = tuple(each for each in fields if visible(Coordinate(name, each.name.value)))
    for name, node in kinds.items():
        if isinstance(node, InterfaceTypeDefinitionNode):
            inside = [each for each, other in kinds.items() if name in _interfaces(other)]
            seen = {each.name.value for other in inside for each in kept.get(other, ())}
            kept[name] = tuple(each for each in node.fields or () if each.name.value in seen)
            for other in () if strict else inside:  # an implementer has every field its interface has
                _restore(other, kinds, kept, {each.name.value for each in kept[name]})
    _close(kinds, kept)
    if not kept.get("Query") and not kept.get("Subscription"):
        return parse(_NOTHING % "Nothing of this graph is given to your role.", no_location=True)
    if not kept.get("Query"):
        document = _only_listening(document, kinds, kept)
    return _rebuilt(document, kinds, kept)


def _only_listening(
    document: DocumentNode, kinds: dict[str, Any], kept: dict[str, tuple[FieldDefinitionNode, ...]]
) -> DocumentNode:
    """``document`` with a query that says so: a role may be given subscriptions and nothing to ask for."""
    (query,) = parse(_NOTHING % "Your role is given subscriptions and nothing else.", no_location=True).definitions
    assert isinstance(query, ObjectTypeDefinitionNode)  # noqa: S101 - it is written above
    old, kinds["Query"], kept["Query"] = kinds["Query"], query, tuple(query.fields or ())
    return DocumentNode(definitions=tuple(query if each is old else each for each in document.definitions))


def agency_view(schema: GraphQLSchema, policy: Policy, agency: str, at: datetime) -> DocumentNode:
    """The graph as ``agency`` may see it: what some agreement in force at ``at`` could give one of its roles.

    It holds what introspection tells a caller in any of the agency's roles: nothing that each of them would not find.
    """
    shown: set[Coordinate] = set()
    for role, words in policy.vocabulary.roles.items():
        if agency in words.agencies:
            shown.update(_shown(view_sdl(schema, policy.view(agency, role, at).__contains__)))
    return view_sdl(schema, shown.__contains__)


def _shown(document: DocumentNode) -> Iterator[Coordinate]:
    """What stands on the object types of a view."""
    for node in document.definitions:
        if isinstance(node, ObjectTypeDefinitionNode):
            yield from (Coordinate(node.name.value, each.name.value) for each in node.fields or ())


def _interfaces(node: Any) -> set[str]:
    return {each.name.value for each in getattr(node, "interfaces", None) or ()}


def _restore(
    name: str, kinds: dict[str, Any], kept: dict[str, tuple[FieldDefinitionNode, ...]], wanted: set[str]
) -> None:
    if kept.get(name):
        have = {each.name.value for each in kept[name]}
        kept[name] = tuple(each for each in kinds[name].fields or () if each.name.value in have | wanted)


def _close(kinds: dict[str, Any], kept: dict[str, tuple[FieldDefinitionNode, ...]]) -> None:
    """Drop fields that lead to types without fields, until nothing changes."""
    changed = True
    while changed:
        changed = False
        empty = {name for name, fields in kept.items() if not fields}
        for name, node in kinds.items():
            if isinstance(node, UnionTypeDefinitionNode) and not _members(node, kinds, kept):
                empty.add(name)
        for name, fields in kept.items():
            left = tuple(each for each in fields if _named(each.type) not in empty)
            if len(left) != len(fields):
                kept[name], changed = left, True


def _members(node: Any, kinds: dict[str, Any], kept: dict[str, tuple[FieldDefinitionNode, ...]]) -> list[str]:
    """The types of a union that a caller is given something of; what only leads on tells of nothing that is there."""
    return [
        each.name.value
        for each in getattr(node, "types", None) or ()
        if any(
            not isinstance(kinds.get(_named(one.type)), _Composite | UnionTypeDefinitionNode)
            for one in kept.get(each.name.value, ())
        )
    ]


def _named(node: TypeNode) -> str:
    while not isinstance(node, NamedTypeNode):
        node = node.type  # type: ignore[attr-defined]
    return node.name.value


def _rebuilt(
    document: DocumentNode, kinds: dict[str, Any], kept: dict[str, tuple[FieldDefinitionNode, ...]]
) -> DocumentNode:
    reached: set[str] = set()
    stack = [name for name in ("Query", "Mutation", "Subscription") if kept.get(name)]
    while stack:
        name = stack.pop()
        node = kinds.get(name)
        if name in reached or node is None:
            continue
        reached.add(name)
        for each in kept.get(name, getattr(node, "fields", None) or ()):
            stack.append(_named(each.type))
            stack.extend(_named(argument.type) for argument in getattr(each, "arguments", None) or ())
        stack.extend(_interfaces(node))
        stack.extend(_members(node, kinds, kept))
        if isinstance(node, InterfaceTypeDefinitionNode):
            stack.extend(each for each, other in kinds.items() if name in _interfaces(other) and kept.get(each))
    definitions: list[Any] = []
    for node in document.definitions:
        name = node.name.value if hasattr(node, "name") and node.name else ""
        if isinstance(node, _Composite):
            if name in reached and kept.get(name):
                inside = tuple(each for each in node.interfaces or () if each.name.value in reached)
                definitions.append(replace(node, fields=kept[name], interfaces=inside))
        elif isinstance(node, UnionTypeDefinitionNode):
            if name in reached:
                members = tuple(each for each in node.types or () if each.name.value in reached)
                definitions.append(replace(node, types=members))
        elif name in reached or not name or node.kind == "directive_definition":
            definitions.append(node)
    return DocumentNode(definitions=tuple(definitions))


@dataclass(slots=True)
class Views:
    """The views made so far, one for each kind of caller; bounded."""

    schema: GraphQLSchema
    policy: Policy
    limits: Limits = field(default_factory=Limits)
    _made: OrderedDict[tuple[Any, ...], Any] = field(default_factory=OrderedDict)

    def of(self, caller: Caller, at: datetime) -> GraphQLSchema:
        """The schema that introspection answers from for ``caller``: what some grant in force could ever give it."""
        given: GraphQLSchema = self._known("given", caller, at, self._given)
        return given

    def documents(self, caller: Caller, at: datetime) -> Documents:
        """Reads the documents of callers of this agency and role, valid on what they may name."""
        documents: Documents = self._known("named", caller, at, self._documents)
        return documents

    def may_name(self, caller: Caller, coordinate: Coordinate, at: datetime) -> bool:
        """Whether ``caller`` may know that there is such a ``coordinate``."""
        return coordinate not in self._known("closed", caller, at, self._closed)

    def _known(self, what: str, caller: Caller, at: datetime, make: Callable[[Caller, datetime], Any]) -> Any:
        key = (what, caller.agency, caller.role, self.policy.next_change(at))
        if key not in self._made:
            self._made[key] = make(caller, at)
            if len(self._made) > _MOST_VIEWS:
                self._made.popitem(last=False)
        return self._made[key]

    def _given(self, caller: Caller, at: datetime) -> GraphQLSchema:
        given = self.policy.view(caller.agency, caller.role, at)
        return build_ast_schema(view_sdl(self.schema, given.__contains__), assume_valid=True)

    def _closed(self, caller: Caller, at: datetime) -> frozenset[Coordinate]:
        return closed_to(self.policy, caller.agency, caller.role, at)

    def _documents(self, caller: Caller, at: datetime) -> Documents:
        closed: frozenset[Coordinate] = self._known("closed", caller, at, self._closed)
        named = view_sdl(self.schema, lambda each: each not in closed, strict=True)
        return Documents(self.schema, self.limits, shown=build_ast_schema(named, assume_valid=True))
