"""An incoming operation, parsed and validated once per text, with every coordinate it touches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLCompositeType,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLSyntaxError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    parse,
    validate,
    value_from_ast_untyped,
)

from subgraphs.kit.directives import Reads
from subgraphs.kit.errors import Refusal

__all__ = ["Operations", "Prepared"]

Used: TypeAlias = tuple[str, Any, ValueNode]
MAX_TEXT = 200_000
MAX_TOKENS = 20_000


@dataclass(frozen=True, slots=True)
class Prepared:
    """A valid operation: its document, its kind, and what it touches.

    ``coordinates`` are on concrete types (a selection on an interface counts for every type that implements it),
    machinery (``__typename``, ``_entities``) left out. ``arguments`` are (holding coordinate, argument, value).
    """

    document: DocumentNode
    name: str | None
    kind: str
    coordinates: frozenset[str]
    arguments: tuple[Used, ...]
    service: bool
    introspection: bool
    tells: frozenset[tuple[str, str]] = frozenset()

    def reads(self, variables: Mapping[str, Any]) -> frozenset[tuple[str, str]]:
        """The pairs (holding coordinate, coordinate that an argument in use tests or the field tells of)."""
        out: set[tuple[str, str]] = set(self.tells)
        for holder, argument, node in self.arguments:
            value = value_from_ast_untyped(node, dict(variables))
            out.update((holder, read) for read in _reads(argument, value))
        return frozenset(out)


class Operations:
    """Prepares operations of one schema; a text seen before costs a dictionary look-up."""

    def __init__(self, schema: GraphQLSchema, size: int = 1_000) -> None:
        self._schema = schema
        self._document = lru_cache(maxsize=size)(self._read)
        self._prepared = lru_cache(maxsize=size)(self._prepare)

    def prepare(self, text: str, name: str | None) -> Prepared:
        """The operation ``name`` of ``text``; raises ``Refusal`` OPERATION_INVALID or REQUEST_TOO_LARGE."""
        if len(text) > MAX_TEXT:
            raise Refusal("REQUEST_TOO_LARGE", "The operation's text is longer than a subgraph reads")
        return self._prepared(text, name)

    def _read(self, text: str) -> DocumentNode:
        try:
            document = parse(text, max_tokens=MAX_TOKENS, no_location=True)
        except GraphQLSyntaxError:
            raise Refusal("OPERATION_INVALID", "The operation is not GraphQL") from None
        if errors := validate(self._schema, document, max_errors=1):
            rule = errors[0].message.split(" ", 1)[0]
            raise Refusal("OPERATION_INVALID", f"The operation does not fit this subgraph's schema ({rule} ...)")
        return document

    def _prepare(self, text: str, name: str | None) -> Prepared:
        document = self._document(text)
        operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
        chosen = [node for node in operations if name is None or (node.name and node.name.value == name)]
        if len(chosen) != 1:
            raise Refusal("OPERATION_INVALID", "Name one operation of the document")
        walk = _Walk(self._schema, document)
        root = self._schema.get_root_type(chosen[0].operation)
        if root is None:  # validation lets no such operation through
            raise Refusal("OPERATION_INVALID", "This subgraph has no such kind of operation")
        walk.selections(chosen[0].selection_set, (root,))
        return Prepared(
            document,
            name,
            chosen[0].operation.value,
            frozenset(walk.coordinates),
            tuple(walk.arguments),
            walk.service,
            walk.introspection,
            frozenset(walk.tells),
        )


class _Walk:
    """Walks an operation with the set of concrete types a selection may stand on."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self._schema = schema
        self._fragments = {n.name.value: n for n in document.definitions if isinstance(n, FragmentDefinitionNode)}
        self._seen: set[tuple[str, tuple[str, ...]]] = set()
        self.coordinates: set[str] = set()
        self.arguments: list[Used] = []
        self.tells: set[tuple[str, str]] = set()
        self.service = False
        self.introspection = False

    def selections(self, node: SelectionSetNode, on: tuple[GraphQLObjectType, ...]) -> None:
        for selection in node.selections:
            if isinstance(selection, FieldNode):
                self._field(selection, on)
            elif isinstance(selection, InlineFragmentNode):
                narrowed = self._narrow(selection.type_condition.name.value if selection.type_condition else None, on)
                self.selections(selection.selection_set, narrowed)
            elif isinstance(selection, FragmentSpreadNode):
                fragment = self._fragments[selection.name.value]
                narrowed = self._narrow(fragment.type_condition.name.value, on)
                visit = (selection.name.value, tuple(type_.name for type_ in narrowed))
                if visit not in self._seen:  # a fragment on the same types says nothing new
                    self._seen.add(visit)
                    self.selections(fragment.selection_set, narrowed)

    def _field(self, node: FieldNode, on: tuple[GraphQLObjectType, ...]) -> None:
        name = node.name.value
        if name == "__typename":
            return
        if name.startswith("__"):
            self.introspection = True
            return
        for type_ in on:
            field = type_.fields.get(name)
            if field is None:  # the fragment cannot apply on this type
                continue
            if name == "_service":
                self.service = True
                continue
            coordinate = f"{type_.name}.{name}"
            self.tells.update((coordinate, told) for told in _marked(field))
            if name != "_entities":
                self.coordinates.add(coordinate)
            for argument in node.arguments or ():
                self.arguments.append((coordinate, field.args[argument.name.value], argument.value))
            target = get_named_type(field.type)
            if node.selection_set is not None and is_composite_type(target):
                self.selections(node.selection_set, self._concrete(target))

    def _narrow(self, name: str | None, on: tuple[GraphQLObjectType, ...]) -> tuple[GraphQLObjectType, ...]:
        if name is None:
            return on
        type_ = self._schema.type_map[name]
        assert is_composite_type(type_)  # noqa: S101 - validated
        allowed = {possible.name for possible in self._concrete(type_)}
        return tuple(possible for possible in on if possible.name in allowed)

    def _concrete(self, type_: GraphQLCompositeType) -> tuple[GraphQLObjectType, ...]:
        if is_abstract_type(type_):
            return tuple(self._schema.get_possible_types(type_))
        assert isinstance(type_, GraphQLObjectType)  # noqa: S101 - what is composite and not abstract
        return (type_,)


def _marked(declared: Any) -> Iterator[str]:
    """The coordinates that ``@reads`` names on an argument, an input field or a field."""
    definition = declared.extensions.get("strawberry-definition")
    for mark in getattr(definition, "directives", None) or ():
        if isinstance(mark, Reads):
            yield from mark.fields


def _reads(argument: Any, value: Any) -> Iterator[str]:
    """The coordinates that ``value``, given for ``argument`` (or an input field), tests."""
    if value is None:
        return
    yield from _marked(argument)
    type_ = get_named_type(argument.type)
    if isinstance(type_, GraphQLInputObjectType):
        for item in value if isinstance(value, list) else [value]:
            for name, inner in item.items() if isinstance(item, dict) else ():
                if name in type_.fields:
                    yield from _reads(type_.fields[name], inner)
