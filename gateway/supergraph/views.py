"""What one subgraph itself has of the supergraph: its types, its fields with its own types, its own subtyping."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from graphql import GraphQLSchema, build_schema

from gateway.supergraph.model import ArgumentDef, FieldDef, FieldJoin, InputFieldDef, Kind, TypeDef

if TYPE_CHECKING:
    from gateway.supergraph.model import Supergraph

__all__ = ["SubgraphView"]


@dataclass(frozen=True)
class SubgraphView:
    """The view of one graph.

    ``kinds`` says what each of its types is *there*: an interface object is an ``object``. ``possible`` maps a
    composite type to the object types of this graph that it can be, sorted.
    """

    graph: str
    kinds: Mapping[str, Kind]
    joins: Mapping[str, Mapping[str, FieldJoin]] = field(repr=False)
    possible: Mapping[str, tuple[str, ...]] = field(repr=False)
    interface_objects: frozenset[str] = frozenset()
    supergraph: Supergraph = field(repr=False, compare=False, default=None)  # type: ignore[assignment]

    @classmethod
    def of(cls, supergraph: Supergraph, graph: str) -> SubgraphView:
        """The view that ``graph`` has of ``supergraph``."""
        here = {name: each for name, each in supergraph.types.items() if each.join(graph)}
        objects = frozenset(name for name, each in here.items() if _is_interface_object(each, graph))
        kinds: dict[str, Kind] = {name: "object" if name in objects else each.kind for name, each in here.items()}
        joins = {
            name: {each.name: join for each in owner.fields.values() if (join := each.join(graph))}
            for name, owner in here.items()
        }
        possible: dict[str, list[str]] = {name: [] for name, each in here.items() if each.composite}
        for name, each in here.items():
            if kinds[name] == "object":
                possible[name].append(name)
                for interface in each.interfaces_in.get(graph, ()):
                    if interface in possible:
                        possible[interface].append(name)
            elif each.kind == "union":
                possible[name].extend(each.members_in.get(graph, ()))
        return cls(
            graph,
            kinds,
            joins,
            {name: tuple(sorted(types)) for name, types in possible.items()},
            objects,
            supergraph,
        )

    def join(self, type: str, field: str) -> FieldJoin | None:
        """How this graph has ``type.field``, or None."""
        return self.joins.get(type, {}).get(field)

    def knows(self, type: str) -> bool:
        """Whether the graph has the type."""
        return type in self.kinds

    @cached_property
    def schema(self) -> GraphQLSchema:
        """The graph as a graphql-core schema with ``_entities``: what its operations must validate against.

        Arguments are the supergraph's, since the supergraph does not say which graph has which.
        """
        return build_schema(self.sdl(), assume_valid=True, assume_valid_sdl=True)

    def sdl(self) -> str:
        """The graph's schema as SDL, reconstructed from the join directives."""
        parts = [self._print(self.supergraph.types[name]) for name in sorted(self.kinds)]
        entities = [name for name in sorted(self.kinds) if self._is_entity(name)]
        query = self.supergraph.roots.get("query", "Query")
        if entities:
            objects = sorted({each for name in entities for each in self.possible.get(name, ())})
            if not objects:  # keyed interfaces that nobody implements
                objects = ["_Nothing"]
                parts.append(f"type _Nothing implements {' & '.join(entities)} {{ _: Boolean }}")
            parts.append("scalar _Any\nunion _Entity = " + " | ".join(objects))
            word = "extend type" if query in self.kinds and self.joins.get(query) else "type"
            parts.append(f"{word} {query} {{ _entities(representations: [_Any!]!): [_Entity]! }}")
        elif not self.joins.get(query):
            parts.append(f"type {query} {{ _service: String }}")
        roots = " ".join(f"{kind}: {name}" for kind, name in self.supergraph.roots.items() if self._has_root(name))
        parts.append("schema { " + (roots or f"query: {query}") + " }")
        return "\n".join(part for part in parts if part) + "\n"

    def _has_root(self, name: str) -> bool:
        return name in self.kinds and (bool(self.joins.get(name)) or name == self.supergraph.roots.get("query"))

    def _is_entity(self, name: str) -> bool:
        keys = self.supergraph.types[name].keys_in(self.graph)
        return any(key.resolvable for key in keys)

    def _print(self, type: TypeDef) -> str:
        kind = self.kinds[type.name]
        if kind == "scalar":
            return f"scalar {type.name}"
        if kind == "enum":
            return _block(f"enum {type.name}", [each.name for each in type.values if self.graph in each.graphs])
        if kind == "input":
            inputs = [self._value(each) for each in type.input_fields if self.graph in each.graphs]
            return _block(f"input {type.name}", inputs)
        if kind == "union":
            members = type.members_in.get(self.graph, ())
            return f"union {type.name} = {' | '.join(members)}" if members else ""
        fields = [self._field(type.fields[name], join) for name, join in self.joins[type.name].items()]
        interfaces = [each for each in type.interfaces_in.get(self.graph, ()) if self.kinds.get(each) == "interface"]
        implements = f" implements {' & '.join(interfaces)}" if interfaces else ""
        word = "type" if kind == "object" else "interface"
        return _block(f"{word} {type.name}{implements}", fields)

    @staticmethod
    def _value(definition: ArgumentDef | InputFieldDef) -> str:
        default = f" = {definition.default}" if definition.default is not None else ""
        return f"{definition.name}: {definition.type}{default}"

    def _field(self, definition: FieldDef, join: FieldJoin) -> str:
        arguments = [self._value(each) for each in definition.arguments]
        arguments += [f"{each.name}: {each.type}" for each in join.context_arguments]
        return definition.name + (f"({', '.join(arguments)})" if arguments else "") + f": {join.type}"


def _is_interface_object(type: TypeDef, graph: str) -> bool:
    join = type.join(graph)
    return join is not None and join.interface_object


def _block(head: str, lines: list[str]) -> str:
    return f"{head} {{\n" + "".join(f"  {line}\n" for line in lines) + "}" if lines else ""
