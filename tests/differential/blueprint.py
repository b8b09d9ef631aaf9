"""The blueprint of a random graph: its types and fields, which subgraph answers what on which terms; prints as SDLs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

__all__ = ["COLORS", "Blueprint", "FieldPlan", "TypePlan"]

COLORS = ("RED", "GREEN", "BLUE")
# how a field takes arguments
ARGUMENTS = {"": "", "n": "(n: Int = 1)", "w": "(w: Window)", "must": "(n: Int!)"}


@dataclass(slots=True, eq=False)
class FieldPlan:
    """A field of one type. ``owners`` answer it; ``provides`` and ``external`` are by subgraph."""

    name: str
    type: str
    owners: tuple[str, ...]
    argument: str = ""
    requires: str = ""
    provides: dict[str, str] = field(default_factory=dict)
    external: set[str] = field(default_factory=set)
    stale: str = ""  # a subgraph that still declares it, overridden by the owner
    strict: str = ""  # an owner in which it is declared non-null, though the others may answer null
    inaccessible: bool = False
    brought: bool = False  # some link provides it, so that its owner has to share it

    @property
    def named(self) -> str:
        """The name inside the type."""
        return self.type.strip("[]!")

    def text(self, graph: str, key: bool) -> str:
        """The field in the SDL of ``graph``; "" where it is not there."""
        if graph not in (*self.owners, *self.external, self.stale):
            return ""
        parts = [f"{self.name}{ARGUMENTS[self.argument]}: {self.type}{'!' if graph == self.strict else ''}"]
        if graph in self.owners:
            parts += ["@shareable"] if (self.brought or len(self.owners) > 1) and not key else []
            parts += [f'@requires(fields: "{self.requires}")'] if self.requires else []
            parts += [f'@provides(fields: "{self.provides[graph]}")'] if graph in self.provides else []
            parts += [f'@override(from: "{self.stale}")'] if self.stale else []
            parts += ["@inaccessible"] if self.inaccessible else []
        elif graph in self.external:
            parts.append("@external")
        return " ".join(parts)


@dataclass(slots=True, eq=False)
class TypePlan:
    """An object type. ``keys`` lists per subgraph (fields, whether they let one in); empty for a value type."""

    name: str
    fields: dict[str, FieldPlan] = field(default_factory=dict)
    keys: dict[str, list[tuple[str, bool]]] = field(default_factory=dict)
    homes: tuple[str, ...] = ()

    def key_fields(self, graph: str) -> set[str]:
        """The outermost fields of its keys in ``graph``."""
        return {text.split(" ")[0] for text, _ in self.keys.get(graph, ())} | (
            {"code"} if any(text == "id code" for text, _ in self.keys.get(graph, ())) else set()
        )

    def named_in(self, graph: str) -> bool:
        """Whether it implements Named there."""
        return "name" in self.fields and graph in self.fields["name"].owners


@dataclass(slots=True, eq=False)
class Blueprint:
    """A whole graph. ``members`` are those of union Thing; ``item_home`` has them implement Item, "" for nobody."""

    graphs: tuple[str, ...]
    types: dict[str, TypePlan] = field(default_factory=dict)
    values: dict[str, TypePlan] = field(default_factory=dict)
    query: dict[str, FieldPlan] = field(default_factory=dict)
    mutation: dict[str, FieldPlan] = field(default_factory=dict)
    members: tuple[str, ...] = ()
    item_home: str = ""
    item: dict[str, FieldPlan] = field(default_factory=dict)  # what subgraph ``o`` has of items

    def present(self, graph: str) -> list[TypePlan]:
        """The entity types that ``graph`` has."""
        return [each for each in self.types.values() if graph in each.keys]

    def has_union(self, graph: str) -> bool:
        """Whether ``graph`` has every member of union Thing."""
        return bool(self.members) and all(graph in self.types[name].keys for name in self.members)

    def sdls(self) -> dict[str, str]:
        """The SDL of each subgraph."""
        names = (*self.graphs, "o") if self.item_home else self.graphs
        return {graph: "\n".join(self._lines(graph)) + "\n" for graph in names}

    def _lines(self, graph: str) -> Iterator[str]:
        yield f"enum Color {{ {' '.join(COLORS)} }}"
        yield "input Window { a: Int = 5 b: [Int!] }"
        yield from _object("Query", "", [each.text(graph, False) for each in self.query.values()])
        yield from _object("Mutation", "", [each.text(graph, False) for each in self.mutation.values()])
        if graph == "o":
            fields = ["id: ID!", *(each.text(graph, False) for each in self.item.values())]
            yield from _object("Item", ' @interfaceObject @key(fields: "id")', fields)
            return
        present = self.present(graph)
        if present:
            yield "interface Node { id: ID! }"
        if any(each.named_in(graph) for each in present):
            yield "interface Named { name: String }"
        if self.has_union(graph):
            yield f"union Thing = {' | '.join(self.members)}"
        if graph == self.item_home:
            yield 'interface Item @key(fields: "id") { id: ID! label: String }'
        for each in present:
            yield from self._entity(each, graph)
        for value in self.values.values():
            if graph in value.homes:
                yield from _object(value.name, "", [f.text(graph, False) for f in value.fields.values()])

    def _entity(self, each: TypePlan, graph: str) -> Iterator[str]:
        keys = each.key_fields(graph)
        head = " implements Node"
        head += " & Named" if each.named_in(graph) else ""
        head += " & Item" if graph == self.item_home and each.name in self.members else ""
        for text, resolvable in each.keys[graph]:
            head += f' @key(fields: "{text}"{"" if resolvable else ", resolvable: false"})'
        yield from _object(each.name, head, [f.text(graph, f.name in keys) for f in each.fields.values()])


def _object(name: str, head: str, fields: list[str]) -> Iterator[str]:
    present = [each for each in fields if each]
    if present:
        yield f"type {name}{head} {{ {' '.join(present)} }}"
