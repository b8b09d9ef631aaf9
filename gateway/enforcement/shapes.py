"""What enforcement needs to know of the schema: concrete types, connections, entities, arguments that read fields."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any

from graphql import (
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
    is_required_argument,
)

from gateway.coordinates import Coordinate
from gateway.policy import Policy
from gateway.supergraph import Supergraph
from gateway.supergraph.fieldset import FieldSetField

__all__ = ["Shapes", "shapes_of"]


class Shapes:
    """Questions about types, answered from the API schema and the directives that composition kept.

    ``gathers`` maps ``Type.field`` to the fields and the order of its ``@gather``; ``reads`` maps
    ``Type.field(argument:)`` and ``Input.field`` to the coordinates that using it reads; ``subjects`` maps an entity
    type to the path of its traveler's id; ``keys`` an entity type to its first key field; ``records`` gives the coordinates that hold a type's data; ``owner`` whose
    value a coordinate is.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        *,
        subjects: Mapping[str, str],
        gathers: Mapping[str, tuple[tuple[str, ...], str]],
        reads: Mapping[str, tuple[str, ...]],
        records: Callable[[str], tuple[Coordinate, ...]],
        owner: Callable[[Coordinate], str],
        keys: Mapping[str, Coordinate],
    ) -> None:
        self.schema = schema
        self.subjects = subjects
        self.gathers = gathers
        self.reads = reads
        self.records = records
        self.owner = owner
        self.keys = keys
        self._possible: dict[str, tuple[str, ...]] = {}
        self._told: dict[str, tuple[Coordinate, ...]] = {}
        self.worked: dict[tuple[str, str], Any] = {}  # what other parts of the room work out of the shapes alone
        self._leaves: dict[tuple[str, str], bool] = {}

    def possible(self, name: str) -> tuple[str, ...]:
        """The concrete types that a value of type ``name`` can have, sorted; empty for leaves and unknown names."""
        if name not in self._possible:
            kind = self.schema.type_map.get(name)
            if is_object_type(kind):
                found: tuple[str, ...] = (name,)
            elif is_abstract_type(kind):
                found = tuple(sorted(each.name for each in self.schema.get_possible_types(kind)))
            else:
                found = ()
            self._possible[name] = found
        return self._possible[name]

    def field_type(self, parent: str, field: str) -> GraphQLOutputType | None:
        """The output type of ``parent.field``, or None for ``__typename`` and unknown fields."""
        kind = self.schema.type_map.get(parent)
        fields = getattr(kind, "fields", None)
        found = fields.get(field) if fields else None
        return found.type if found else None

    def target(self, parent: str, field: str) -> str:
        """The name of the composite type that ``parent.field`` leads to, or ``""`` for a leaf."""
        kind = self.field_type(parent, field)
        named = get_named_type(kind) if kind is not None else None
        return named.name if named is not None and is_composite_type(named) else ""

    def is_abstract(self, name: str) -> bool:
        """Whether ``name`` is an interface or a union."""
        return is_abstract_type(self.schema.type_map.get(name))

    def connection_node(self, name: str) -> str:
        """The node type of the Relay connection ``name``, or ``""`` when it is not one.

        Recognised by shape, not by name: ``edges`` of objects with ``cursor`` and ``node``, and ``pageInfo``.
        """
        kind = self.schema.type_map.get(name)
        if not isinstance(kind, GraphQLObjectType) or not {"edges", "pageInfo"} <= set(kind.fields):
            return ""
        edge = get_named_type(kind.fields["edges"].type)
        if not isinstance(edge, GraphQLObjectType) or not {"cursor", "node"} <= set(edge.fields):
            return ""
        return str(get_named_type(edge.fields["node"].type).name)

    @cached_property
    def plumbing(self) -> frozenset[str]:
        """Connection, edge and page-information types: shapes around records, not records."""
        found: set[str] = set()
        for name, kind in self.schema.type_map.items():
            if isinstance(kind, GraphQLObjectType) and self.connection_node(name):
                edge = get_named_type(kind.fields["edges"].type)
                page = get_named_type(kind.fields["pageInfo"].type)
                found |= {name, edge.name, page.name}
        return frozenset(found)

    def is_entity(self, name: str) -> bool:
        """Whether objects of type ``name`` are records of their own, with their own facts."""
        return name in self.keys or name in self.subjects

    def leaves_subject(self, parent: str, target: str) -> bool:
        """Whether going from a ``parent`` object to a ``target`` may lead from one person's records to another's.

        Only from the person (the type that is its own subject) to its chapters, through connections, and into value
        types does the subject stay the same for certain.
        """
        known = self._leaves.get((parent, target))
        if known is None:
            stays = parent in self.plumbing or "." not in self.subjects.get(parent, ".")
            leads = target in self.plumbing or self.is_abstract(target) or self.is_entity(target)
            known = self._leaves[parent, target] = not stays and leads
        return known

    def told_by(self, name: str) -> tuple[Coordinate, ...]:
        """The coordinates that tell of an object of type ``name``: its own and its value types', of its home agency.

        An object is there for a caller exactly when one of these is visible to it. What other agencies hang on the
        type does not count: their field must not show that the record exists.
        """
        if name not in self._told:
            found = self.records(name)
            home = self.owner(self.keys[name]) if name in self.keys else self.owner(found[0]) if found else ""
            self._told[name] = tuple(each for each in found if self.owner(each) == home)
        return self._told[name]

    def field_names(self, name: str) -> frozenset[str]:
        """The names of the fields of type ``name``."""
        return frozenset(getattr(self.schema.type_map.get(name), "fields", ()))

    def empty(self, parent: str, field: str) -> Any:
        """What ``parent.field`` shows when nothing is there: ``[]``, an empty connection, or None."""
        kind = self.field_type(parent, field)
        if kind is None:
            return None
        bare = kind.of_type if is_non_null_type(kind) else kind
        if is_list_type(bare):
            return []
        name = get_named_type(bare).name
        if self.connection_node(name):
            return {}
        return None

    def requires(self, parent: str, field: str, argument: str) -> bool:
        """Whether ``parent.field`` cannot be asked for without ``argument`` (``""`` is the field itself)."""
        if not argument:
            return True
        fields = getattr(self.schema.type_map.get(parent), "fields", {})
        found = fields[field].args.get(argument) if field in fields else None
        return found is not None and is_required_argument(found)

    def reads_of(self, parent: str, field: str, values: Mapping[str, Any]) -> Iterator[tuple[str, Coordinate]]:
        """Each (argument path, coordinate it reads) among the coerced argument ``values`` given to a field.

        The path is ``""`` for what the field reads by itself: what a caller learns by hearing of an event.
        """
        for text in self.reads.get(f"{parent}.{field}", ()):
            yield "", Coordinate.parse(text)
        kind = self.schema.type_map.get(parent)
        fields = getattr(kind, "fields", {})
        if field not in fields:
            return
        for name, value in values.items():
            argument = fields[field].args.get(name)
            if argument is None or value is None:
                continue
            for text in self.reads.get(f"{parent}.{field}({name}:)", ()):
                yield name, Coordinate.parse(text)
            yield from self._input_reads(name, get_named_type(argument.type), value)

    def _input_reads(self, path: str, kind: Any, value: Any) -> Iterator[tuple[str, Coordinate]]:
        if isinstance(value, list):
            for item in value:
                yield from self._input_reads(path, kind, item)
            return
        if isinstance(kind, GraphQLInputObjectType) and isinstance(value, dict):
            for name, inner in value.items():
                if inner is None or name not in kind.fields:
                    continue
                for text in self.reads.get(f"{kind.name}.{name}", ()):
                    yield f"{path}.{name}", Coordinate.parse(text)
                yield from self._input_reads(f"{path}.{name}", get_named_type(kind.fields[name].type), inner)
            return
        if isinstance(value, str):  # an enum value can name the field to order by
            for text in self.reads.get(f"{kind.name}.{value}", ()):
                yield path, Coordinate.parse(text)


def shapes_of(supergraph: Supergraph, policy: Policy) -> Shapes:
    """The shapes of ``supergraph`` as ``policy`` sees them."""
    gathers: dict[str, tuple[tuple[str, ...], str]] = {}
    reads: dict[str, tuple[str, ...]] = {}
    for kind in supergraph.types.values():
        for field in kind.fields.values():
            gather = field.directive("gather")
            if gather is not None:
                gathers[f"{kind.name}.{field.name}"] = (tuple(gather.get("fields", ())), str(gather.get("order", "")))
            told = field.directive("reads")
            if told is not None:
                reads[f"{kind.name}.{field.name}"] = tuple(told.get("fields", ()))
            for argument in field.arguments:
                read = argument.directive("reads")
                if read is not None:
                    reads[f"{kind.name}.{field.name}({argument.name}:)"] = tuple(read.get("fields", ()))
        for given in kind.input_fields:
            read = given.directive("reads")
            if read is not None:
                reads[f"{kind.name}.{given.name}"] = tuple(read.get("fields", ()))
    catalogue = policy.catalogue
    return Shapes(
        supergraph.api_schema,
        subjects=policy.vocabulary.subjects,
        gathers=gathers,
        reads=reads,
        records=catalogue.group,
        owner=policy.owner,
        keys={
            kind.name: Coordinate(kind.name, first.name)
            for kind in supergraph.types.values()
            if kind.keys and isinstance(first := kind.keys[0].fields[0], FieldSetField)
        },
    )
