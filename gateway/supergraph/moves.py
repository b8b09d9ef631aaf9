"""The graph of moves: standing on a type in a subgraph, which fields can be read there and where one can go.

A :class:`Node` is a type in one graph (perhaps as seen through ``@provides``). Its *field moves* are the fields the
graph resolves itself; its *key moves* lead to the same object in another graph through ``_entities`` (or, from a
root type, to another graph's root). Satisfiability asks this graph what can be reached; planning asks it how.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from gateway.supergraph.fieldset import FieldSet, FieldSetField, FieldSetFragment
from gateway.supergraph.model import ContextArgument, FieldDef, FieldJoin, Supergraph, TypeDef, named_type

__all__ = ["FieldMove", "KeyMove", "Moves", "Node"]


@dataclass(frozen=True, slots=True, eq=False)
class FieldMove:
    """A field that a graph resolves. ``tail`` is where it leads (None for a leaf).

    ``requires`` must be sent to the graph with the key before it can be read; ``contexts`` are arguments that take
    their values from objects around this one, which also takes entering the graph by a key.
    """

    name: str
    type: str
    tail: Node | None
    requires: FieldSet = ()
    contexts: tuple[ContextArgument, ...] = ()

    @property
    def plain(self) -> bool:
        """Whether it can be read wherever one stands on its node, with nothing sent along."""
        return not self.requires and not self.contexts


@dataclass(frozen=True, slots=True, eq=False)
class KeyMove:
    """A way into another graph: send ``key`` with ``__typename: typename``, go on at ``tail``.

    ``root`` moves need no key: they lead from a root type in one graph to the same root type in another.
    """

    tail: Node
    key: FieldSet
    typename: str
    root: bool = False


class Node:
    """A type in one graph.

    ``index`` is the graph's place in the supergraph. ``runtime`` lists the object types an object here can be:
    the graph's own possible types, or all of the supergraph's for an interface object, which does not know.
    ``real`` is False only for interface objects: they cannot tell ``__typename``.
    """

    def __init__(self, moves: Moves, graph: str, type: str, provided: FieldSet, number: int) -> None:
        view = moves.supergraph.view(graph)
        self.moves_graph = moves
        self.graph = graph
        self.index = moves.index[graph]
        self.type = type
        self.provided = provided
        self.number = number
        self.real = type not in view.interface_objects
        self.abstract = self.real and view.kinds.get(type) in ("interface", "union")
        everywhere = moves.supergraph.possible_types(type) or (type,)  # an interface nobody implements is its own type
        self.runtime = everywhere
        if self.real and everywhere != (type,):
            self.runtime = view.possible.get(type, ())
        self._moves: dict[str, FieldMove] | None = None
        self._keys: tuple[KeyMove, ...] | None = None
        self._selves: tuple[KeyMove, ...] | None = None
        self._casts: dict[str, Node] = {}
        self._typed: dict[tuple[str, tuple[str, ...]], FieldMove | None] = {}

    def __repr__(self) -> str:
        return f"{self.type}@{self.graph}" + ("*" if self.provided else "")

    @property
    def fields(self) -> dict[str, FieldMove]:
        """The fields readable here by name; on an interface those it declares in this graph."""
        if self._moves is None:
            self._moves = self.moves_graph.field_moves(self)
        return self._moves

    @property
    def keys(self) -> tuple[KeyMove, ...]:
        """Where one can go from here."""
        if self._keys is None:
            self._keys = self.moves_graph.key_moves(self)
        return self._keys

    @property
    def reentries(self) -> tuple[KeyMove, ...]:
        """Ways back into this very graph: how fields with ``requires`` are asked for."""
        if self._selves is None:
            self._selves = self.moves_graph.reentry_moves(self)
        return self._selves

    def cast(self, type: str) -> Node:
        """This place for objects of ``type`` (one of ``runtime``)."""
        if type == self.type or not self.real:
            return self
        if type not in self._casts:
            self._casts[type] = self.moves_graph.node(self.graph, type, self.moves_graph.narrow(self.provided, type))
        return self._casts[type]

    def read(self, field: str, types: tuple[str, ...]) -> FieldMove | None:
        """The move that reads ``field`` for every one of ``types`` (all in ``runtime``) alike, or None.

        On an abstract type that takes every type to have the field unconditionally, leading to one and the same place.
        """
        if not self.abstract:
            return self.fields.get(field)
        asked = (field, types)
        if asked not in self._typed:
            self._typed[asked] = self._read_alike(field, types)
        return self._typed[asked]

    def _read_alike(self, field: str, types: tuple[str, ...]) -> FieldMove | None:
        moves = [self.cast(each).fields.get(field) for each in types]
        found = [move for move in moves if move is not None and move.plain]
        if not found or len(found) < len(types):
            return None
        if len({id(move.tail) for move in found}) == 1:
            return found[0]
        own = self.fields.get(field)
        plain = all(move.tail is not None and not move.tail.provided for move in found)
        if own is not None and own.tail is not None and plain and own.plain:
            return own
        return None


class Moves:
    """All nodes of a supergraph, made when first asked for, with progressive overrides settled by ``labels``."""

    def __init__(self, supergraph: Supergraph, labels: Iterable[str] = ()) -> None:
        self.supergraph = supergraph
        self.labels = frozenset(labels)
        self.graphs = tuple(subgraph.graph for subgraph in supergraph.subgraphs)
        self.index = {graph: place for place, graph in enumerate(self.graphs)}
        self._nodes: dict[tuple[str, str, FieldSet], Node] = {}

    def node(self, graph: str, type: str, provided: FieldSet = ()) -> Node:
        """The node of ``type`` in ``graph``, with ``provided`` readable on top of its own fields."""
        key = (graph, type, provided)
        if key not in self._nodes:
            self._nodes[key] = Node(self, graph, type, provided, len(self._nodes))
        return self._nodes[key]

    def roots(self, kind: str) -> tuple[Node, ...]:
        """The root nodes of an operation kind, one for each graph that answers any root field."""
        name = self.supergraph.roots.get(kind)
        if name is None:
            return ()
        nodes = (self.node(graph, name) for graph in self._root_graphs(name))
        return tuple(node for node in nodes if node.fields)

    def _root_graphs(self, name: str) -> tuple[str, ...]:
        return tuple(graph for graph in self.graphs if self.supergraph.view(graph).knows(name))

    @cached_property
    def _interface_objects(self) -> dict[str, tuple[str, ...]]:
        """Interface to the graphs that have it as an interface object."""
        found: dict[str, list[str]] = {}
        for graph in self.graphs:
            for name in sorted(self.supergraph.view(graph).interface_objects):
                found.setdefault(name, []).append(graph)
        return {name: tuple(graphs) for name, graphs in found.items()}

    def narrow(self, provided: FieldSet, type: str) -> FieldSet:
        """What of ``provided`` holds for objects of ``type``."""
        kept: dict[FieldSetField, None] = {}
        for part in provided:
            if isinstance(part, FieldSetField):
                kept[part] = None
            elif part.type == type or type in self.supergraph.possible_types(part.type):
                kept.update(dict.fromkeys(self._fields_of(self.narrow(part.selections, type))))
        return tuple(kept)

    @staticmethod
    def _fields_of(parts: FieldSet) -> list[FieldSetField]:
        return [part for part in parts if isinstance(part, FieldSetField)]

    def resolves(self, owner: TypeDef, field: FieldDef, graph: str) -> FieldJoin | None:
        """The join by which ``graph`` resolves ``owner.field`` itself, or None (external, overridden, not there)."""
        join = field.join(graph)
        if join is None or join.used_overridden:
            return None
        name = self.supergraph.by_graph[graph].name
        for other in field.joins:
            label = other.override_label
            if other.override and other.graph == graph and label and label not in self.labels:
                return None
            if other.override == name and other.graph != graph and (not label or label in self.labels):
                return None
        if join.external and not join.requires and not self._key_of_extension(owner, field.name, graph):
            return None
        return join

    @staticmethod
    def _key_of_extension(owner: TypeDef, field: str, graph: str) -> bool:
        there = owner.join(graph)
        if there is None or not there.extension:
            return False
        keys = owner.keys_in(graph)
        return any(isinstance(part, FieldSetField) and part.name == field for key in keys for part in key.fields)

    def field_moves(self, node: Node) -> dict[str, FieldMove]:
        """The field moves of ``node`` by name."""
        owner = self.supergraph.types[node.type]
        found: dict[str, FieldMove] = {}
        for field in owner.fields.values():
            join = self.resolves(owner, field, node.graph)
            if join is not None:
                found[field.name] = self._move(node, join, field.name, join.provides, join.requires)
        for part in self.narrow(node.provided, node.type) if not node.abstract else node.provided:
            if isinstance(part, FieldSetFragment):
                continue
            definition = owner.fields.get(part.name)
            provided_join = definition.join(node.graph) if definition else None
            if definition is None:
                continue
            join = provided_join or FieldJoin(node.graph, definition.type)
            found[part.name] = self._move(node, join, part.name, join.provides + part.selections, ())
        if node.provided:
            self._settle(node, found)
        return found

    def _settle(self, node: Node, moves: dict[str, FieldMove]) -> None:
        """Drop requirements that ``@provides`` has met: then the graph has at hand what it would be sent."""
        for name, move in moves.items():
            if move.requires and self._at_hand(node, moves, move.requires):
                moves[name] = FieldMove(name, move.type, move.tail, (), move.contexts)

    def _at_hand(self, node: Node, moves: dict[str, FieldMove], wanted: FieldSet) -> bool:
        for part in wanted:
            if isinstance(part, FieldSetFragment):
                within = self.supergraph.possible_types(part.type) or (part.type,)
                places = [node.cast(each) for each in node.runtime if each in within]
                if not all(self._at_hand(place, place.fields, part.selections) for place in places):
                    return False
                continue
            move = moves.get(part.name)
            if move is None or not move.plain or part.arguments:
                return False
            if part.selections and (move.tail is None or not self._below(move.tail, part.selections)):
                return False
        return True

    def _below(self, node: Node, wanted: FieldSet) -> bool:
        if not node.abstract:
            return self._at_hand(node, node.fields, wanted)
        return all(self._at_hand(place, place.fields, wanted) for place in map(node.cast, node.runtime))

    def _move(self, node: Node, join: FieldJoin, name: str, provides: FieldSet, requires: FieldSet) -> FieldMove:
        tail_type = named_type(join.type)
        leaf = not self.supergraph.types[tail_type].composite if tail_type in self.supergraph.types else True
        if leaf:
            return FieldMove(name, join.type, None, requires, join.context_arguments)
        tail = self.node(node.graph, tail_type)
        if provides:
            kept = provides if tail.abstract else self.narrow(provides, tail_type)
            tail = self.node(node.graph, tail_type, kept)
        return FieldMove(name, join.type, tail, requires, join.context_arguments)

    def key_moves(self, node: Node) -> tuple[KeyMove, ...]:
        """Where the keys of ``node`` lead, own type first, then interfaces that other graphs have as objects."""
        if node.type in self.supergraph.roots.values():
            name = node.type
            others = (self.node(graph, name) for graph in self._root_graphs(name) if graph != node.graph)
            return tuple(KeyMove(other, (), "", root=True) for other in others if other.fields)
        owner = self.supergraph.types[node.type]
        moves: list[KeyMove] = []
        if not node.abstract:
            moves.extend(self._into(owner, node.graph, None))
        elif owner.kind == "interface":
            moves.extend(self._into(owner, node.graph, self._interface_objects.get(node.type, ())))
        if owner.kind == "object" or (node.real and owner.kind == "interface"):
            for interface in owner.interfaces:
                graphs = self._interface_objects.get(interface, ())
                moves.extend(self._into(self.supergraph.types[interface], node.graph, graphs))
        return tuple(moves)

    def _into(self, owner: TypeDef, start: str, only: tuple[str, ...] | None) -> list[KeyMove]:
        return [
            KeyMove(self.node(key.graph, owner.name), key.fields, owner.name)
            for key in owner.keys
            if key.resolvable and key.graph != start and (only is None or key.graph in only)
        ]

    def reentry_moves(self, node: Node) -> tuple[KeyMove, ...]:
        """The resolvable keys of ``node``'s type in its own graph, and of interfaces it stands for there."""
        owner = self.supergraph.types[node.type]
        return tuple(
            KeyMove(self.node(node.graph, node.type), key.fields, node.type)
            for key in owner.keys_in(node.graph)
            if key.resolvable
        )
