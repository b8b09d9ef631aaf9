"""The supergraph as frozen values: types, fields, and which subgraph answers what.

Everything composition decides and planning needs is here, in the vocabulary of the join specification
(https://specs.apollo.dev/join/v0.5). Names of types are plain strings and types of fields are written as in SDL
(``[Visa!]!``); :func:`named_type` strips the wrapping. A subgraph is called *graph* where its join enum value
(``VISAS``) is meant and *name* where its registered name (``visas``) is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from gateway.supergraph.fieldset import FieldSet

if TYPE_CHECKING:
    from graphql import GraphQLSchema

    from gateway.supergraph.access import Demand
    from gateway.supergraph.lookups import Lookup, Requirement
    from gateway.supergraph.views import SubgraphView

__all__ = [
    "AppliedDirective",
    "ArgumentDef",
    "ContextArgument",
    "EnumValueDef",
    "FieldDef",
    "FieldJoin",
    "InputFieldDef",
    "Key",
    "Kind",
    "Subgraph",
    "Supergraph",
    "TypeDef",
    "TypeJoin",
    "list_depth",
    "named_type",
]

Kind: TypeAlias = Literal["object", "interface", "union", "enum", "input", "scalar"]


def named_type(text: str) -> str:
    """The name inside a type reference: ``Visa`` for ``[Visa!]!``."""
    return text.strip("[]!")


def list_depth(text: str) -> int:
    """How many lists wrap the named type: 1 for ``[Visa!]!``."""
    return text.count("[")


@dataclass(frozen=True, slots=True)
class AppliedDirective:
    """A directive as applied in the supergraph; argument values are plain Python values (enums as their name)."""

    name: str
    arguments: tuple[tuple[str, Any], ...] = ()

    def get(self, argument: str, default: Any = None) -> Any:
        """The value of ``argument``, or ``default`` where it is not given."""
        for name, value in self.arguments:
            if name == argument:
                return value
        return default


def _find(directives: tuple[AppliedDirective, ...], name: str) -> AppliedDirective | None:
    for directive in directives:
        if directive.name == name:
            return directive
    return None


@dataclass(frozen=True, slots=True)
class Subgraph:
    """One subgraph: its join enum value, its registered name and where it answers."""

    graph: str
    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Key:
    """One ``@key`` of a type in a graph; ``resolvable`` keys let ``_entities`` enter that graph."""

    graph: str
    fields: FieldSet
    resolvable: bool = True


@dataclass(frozen=True, slots=True)
class TypeJoin:
    """That a type exists in a graph (all ``@join__type`` applications of the graph taken together)."""

    graph: str
    extension: bool = False
    interface_object: bool = False


@dataclass(frozen=True, slots=True)
class ContextArgument:
    """An argument the gateway fills from an ancestor (``@fromContext``); never shown to clients.

    ``selection`` is what is read of the nearest object around the field whose type sets ``context``.
    """

    name: str
    type: str
    context: str
    selection: FieldSet


@dataclass(frozen=True, slots=True)
class FieldJoin:
    """How one graph has a field. Derived from the type's graphs where the field carries no ``@join__field``."""

    graph: str
    type: str
    external: bool = False
    requires: FieldSet = ()
    provides: FieldSet = ()
    override: str = ""
    override_label: str = ""
    used_overridden: bool = False
    context_arguments: tuple[ContextArgument, ...] = ()


@dataclass(frozen=True, slots=True)
class ArgumentDef:
    """An argument of a field; ``default`` is GraphQL text or None."""

    name: str
    type: str
    default: str | None = None
    directives: tuple[AppliedDirective, ...] = ()
    description: str = ""
    inaccessible: bool = False

    def directive(self, name: str) -> AppliedDirective | None:
        """The first application of ``@name``, or None."""
        return _find(self.directives, name)


@dataclass(frozen=True, slots=True)
class FieldDef:
    """A field of an object or interface type.

    ``directives`` holds every applied directive that is not join machinery, such as ``@classified`` or ``@reads``.
    ``joins`` has one entry for each graph that declares the field, in the supergraph's order; it is empty for a
    field that only exists through an interface object of an implemented interface.
    """

    name: str
    parent: str
    type: str
    arguments: tuple[ArgumentDef, ...] = ()
    joins: tuple[FieldJoin, ...] = ()
    directives: tuple[AppliedDirective, ...] = ()
    description: str = ""
    inaccessible: bool = False

    def directive(self, name: str) -> AppliedDirective | None:
        """The first application of ``@name``, or None."""
        return _find(self.directives, name)

    def argument(self, name: str) -> ArgumentDef | None:
        """The argument called ``name``, or None."""
        for argument in self.arguments:
            if argument.name == name:
                return argument
        return None

    def join(self, graph: str) -> FieldJoin | None:
        """How ``graph`` has this field, or None where it does not declare it."""
        for join in self.joins:
            if join.graph == graph:
                return join
        return None


@dataclass(frozen=True, slots=True)
class InputFieldDef:
    """A field of an input type, with the graphs that know it."""

    name: str
    type: str
    default: str | None = None
    graphs: tuple[str, ...] = ()
    directives: tuple[AppliedDirective, ...] = ()
    description: str = ""
    inaccessible: bool = False

    def directive(self, name: str) -> AppliedDirective | None:
        """The first application of ``@name``, or None."""
        return _find(self.directives, name)


@dataclass(frozen=True, slots=True)
class EnumValueDef:
    """A value of an enum, with the graphs that know it."""

    name: str
    graphs: tuple[str, ...] = ()
    directives: tuple[AppliedDirective, ...] = ()
    description: str = ""
    inaccessible: bool = False


@dataclass(frozen=True, slots=True)
class TypeDef:
    """Any named type of the supergraph. Only the parts that its kind has are filled.

    ``interfaces_in`` and ``members_in`` say per graph what the type implements and which members a union has.
    """

    name: str
    kind: Kind
    joins: tuple[TypeJoin, ...] = ()
    keys: tuple[Key, ...] = ()
    fields: Mapping[str, FieldDef] = field(default_factory=dict)
    interfaces: tuple[str, ...] = ()
    interfaces_in: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    members: tuple[str, ...] = ()
    members_in: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    values: tuple[EnumValueDef, ...] = ()
    input_fields: tuple[InputFieldDef, ...] = ()
    directives: tuple[AppliedDirective, ...] = ()
    description: str = ""
    inaccessible: bool = False

    @property
    def composite(self) -> bool:
        """Whether fields can be selected on it."""
        return self.kind in ("object", "interface", "union")

    @property
    def abstract(self) -> bool:
        """Whether its objects have a runtime type of another name."""
        return self.kind in ("interface", "union")

    @property
    def graphs(self) -> tuple[str, ...]:
        """The graphs that have the type."""
        return tuple(join.graph for join in self.joins)

    def directive(self, name: str) -> AppliedDirective | None:
        """The first application of ``@name``, or None."""
        return _find(self.directives, name)

    def join(self, graph: str) -> TypeJoin | None:
        """How ``graph`` has this type, or None where it does not."""
        for join in self.joins:
            if join.graph == graph:
                return join
        return None

    def keys_in(self, graph: str) -> tuple[Key, ...]:
        """The keys declared in ``graph``."""
        return tuple(key for key in self.keys if key.graph == graph)


@dataclass(frozen=True)
class Supergraph:
    """The composed graph: subgraphs, types and roots, with the two schemas derived from it.

    ``full_schema`` has every type and field, inaccessible ones included, and no join machinery; ``api_schema`` is
    what clients see. ``roots`` maps ``query``/``mutation``/``subscription`` to the root type's name, ``contexts`` a
    context's name to the types that set it (``@context``), ``access_demands`` what places (``Visa``, ``Visa.foil``) demand
    of callers by ``@authenticated`` and its like, ``cost_names`` what ``@cost`` and ``@listSize`` go by here, ``lookups``
    how the graphs are entered that have no ``_entities``.
    """

    subgraphs: tuple[Subgraph, ...]
    types: Mapping[str, TypeDef]
    roots: Mapping[str, str]
    full_schema: GraphQLSchema = field(compare=False, repr=False)
    api_schema: GraphQLSchema = field(compare=False, repr=False)
    contexts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    access_demands: Mapping[str, tuple[Demand, ...]] = field(default_factory=dict)
    cost_names: tuple[str, str] = ("cost", "listSize")
    lookups: tuple[Lookup | Requirement, ...] = ()

    @cached_property
    def by_graph(self) -> Mapping[str, Subgraph]:
        """Subgraphs by join enum value."""
        return {subgraph.graph: subgraph for subgraph in self.subgraphs}

    @cached_property
    def by_name(self) -> Mapping[str, Subgraph]:
        """Subgraphs by registered name."""
        return {subgraph.name: subgraph for subgraph in self.subgraphs}

    @cached_property
    def _possible(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {name: [] for name, each in self.types.items() if each.composite}
        for each in self.types.values():
            if each.kind == "object":
                found[each.name].append(each.name)
                for interface in each.interfaces:
                    found.setdefault(interface, []).append(each.name)
            elif each.kind == "union":
                found[each.name].extend(each.members)
        return {name: tuple(sorted(types)) for name, types in found.items()}

    def possible_types(self, name: str) -> tuple[str, ...]:
        """The object types an object of type ``name`` can be, sorted; empty for an unknown or leaf type."""
        return self._possible.get(name, ())

    @cached_property
    def labels(self) -> frozenset[str]:
        """Every label of a progressive override (``@override(label:)``)."""
        fields = (field for each in self.types.values() for field in each.fields.values())
        return frozenset(join.override_label for field in fields for join in field.joins if join.override_label)

    @cached_property
    def _setting(self) -> dict[str, frozenset[str]]:
        return {
            name: frozenset(each for setter in setters for each in (setter, *self.possible_types(setter)))
            for name, setters in self.contexts.items()
        }

    def sets(self, type: str, context: str) -> bool:
        """Whether objects of ``type`` set ``context``: by ``@context`` on it or on what it implements or is part of."""
        return type in self._setting.get(context, ())

    def field(self, type: str, name: str) -> FieldDef | None:
        """The field ``type.name``, or None."""
        owner = self.types.get(type)
        return owner.fields.get(name) if owner else None

    @cached_property
    def _views(self) -> dict[str, SubgraphView]:
        from gateway.supergraph.views import SubgraphView

        return {subgraph.graph: SubgraphView.of(self, subgraph.graph) for subgraph in self.subgraphs}

    def view(self, graph: str) -> SubgraphView:
        """What ``graph`` (the join enum value) itself has of the supergraph."""
        return self._views[graph]
