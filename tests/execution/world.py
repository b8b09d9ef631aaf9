"""Random federated worlds: a graph, its data, and how it is split over subgraphs, all from one seed.

A world prints itself as a supergraph (join specification), as the schema of each subgraph, and as the monolith that
all of them together pretend to be. Fields of every kind that matters to planning occur: several keys, shared fields,
``@requires`` (nested, with arguments), ``@provides``, interfaces, unions, value types, lists of lists; and, in half of the
worlds, an interface with a key (``Item``) that one more subgraph has as an interface object.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

__all__ = ["FieldSpec", "TypeSpec", "World", "make_world"]

ENUM = ("RED", "GREEN", "BLUE")
_LEAVES = ("Int", "String", "Boolean", "Float", "Color", "[Int]", "String!", "[[String!]]")

_JOIN = """
directive @link(url: String, as: String, for: link__Purpose, import: [link__Import]) repeatable on SCHEMA
directive @join__graph(name: String!, url: String!) on ENUM_VALUE
directive @join__type(graph: join__Graph!, key: join__FieldSet, extension: Boolean! = false, resolvable: Boolean! = true,
  isInterfaceObject: Boolean! = false) repeatable on OBJECT | INTERFACE | UNION | ENUM | INPUT_OBJECT | SCALAR
directive @join__field(graph: join__Graph, requires: join__FieldSet, provides: join__FieldSet, type: String,
  external: Boolean, override: String, usedOverridden: Boolean) repeatable on FIELD_DEFINITION | INPUT_FIELD_DEFINITION
directive @join__implements(graph: join__Graph!, interface: String!) repeatable on OBJECT | INTERFACE
directive @join__unionMember(graph: join__Graph!, member: String!) repeatable on UNION
directive @join__enumValue(graph: join__Graph!) repeatable on ENUM_VALUE
scalar join__FieldSet
scalar link__Import
enum link__Purpose { SECURITY EXECUTION }
"""


@dataclass(slots=True)
class FieldSpec:
    """A field of one type: its SDL type, who answers it, and on what terms."""

    name: str
    type: str
    graphs: tuple[str, ...]
    argument: bool = False  # (n: Int = 1), which the value then shows
    requires: str = ""
    provides: str = ""
    external: tuple[str, ...] = ()  # graphs that declare it without answering it

    @property
    def named(self) -> str:
        """The name inside the type."""
        return self.type.strip("[]!")

    def text(self) -> str:
        """The field as SDL, without directives."""
        return f"{self.name}{'(n: Int = 1)' if self.argument else ''}: {self.type}"


@dataclass(slots=True)
class TypeSpec:
    """An object type; ``keys`` says per graph which keys it has there and whether they let one in."""

    name: str
    fields: dict[str, FieldSpec] = field(default_factory=dict)
    keys: dict[str, dict[str, bool]] = field(default_factory=dict)
    named_in: tuple[str, ...] = ()  # graphs in which it implements Named

    @property
    def entity(self) -> bool:
        """Whether it has a key anywhere."""
        return bool(self.keys)


@dataclass(slots=True)
class World:
    """One graph, its split and its data. ``records[type][id]`` holds plain values; objects refer by (type, id)."""

    seed: int
    graphs: tuple[str, ...]
    types: dict[str, TypeSpec]
    values: dict[str, TypeSpec]  # types without keys, all their fields in each of their graphs
    query: dict[str, FieldSpec]
    members: tuple[str, ...]  # of union Thing
    item_home: str = ""  # the graph in which `members` implement interface Item; "" where there is none
    records: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)

    @property
    def item(self) -> TypeSpec:
        """Interface Item, as graph ``o`` has it: an object."""
        both = tuple(sorted((self.item_home, "o")))
        fields = (FieldSpec("id", "ID!", both), FieldSpec("label", "String", (self.item_home,)), *ITEM_FIELDS)
        return TypeSpec("Item", {each.name: each for each in fields}, {graph: {"id": True} for graph in both})

    def spec(self, name: str) -> TypeSpec:
        """The object type called ``name``."""
        if name == "Item":
            return self.item
        return self.types.get(name) or self.values[name]

    def types_in(self, graph: str) -> list[TypeSpec]:
        """The entity types that exist in ``graph``."""
        return [each for each in self.types.values() if graph in each.keys]

    def supergraph(self) -> str:
        """The world as join-spec SDL."""
        names = "".join(f'  {g.upper()} @join__graph(name: "{g}", url: "http://{g}")\n' for g in self.graphs)
        return "\n".join(
            [
                'schema @link(url: "https://specs.apollo.dev/link/v1.0")'
                ' @link(url: "https://specs.apollo.dev/join/v0.3", for: EXECUTION) { query: Query }',
                _JOIN,
                f"enum join__Graph {{\n{names}}}",
                f"enum Color {self._everywhere()} {{ {' '.join(self._enum_value(v) for v in ENUM)} }}",
                f"interface Node {self._everywhere()} {{ id: ID! }}",
                f"interface Named {self._everywhere()} {{ name: String }}",
                self._union(),
                self._item(),
                f"type Query {self._everywhere()} {{\n{self._fields(self.query.values())}\n}}",
                *(self._type(each) for each in (*self.types.values(), *self.values.values())),
            ]
        )

    def _everywhere(self) -> str:
        return " ".join(f"@join__type(graph: {g.upper()})" for g in self.graphs)

    def _enum_value(self, value: str) -> str:
        return value + "".join(f" @join__enumValue(graph: {g.upper()})" for g in self.graphs)

    def _item(self) -> str:
        if not self.item_home:
            return ""
        joins = f'@join__type(graph: {self.item_home.upper()}, key: "id")'
        joins += ' @join__type(graph: O, key: "id", isInterfaceObject: true)'
        return f"interface Item {joins} {{\n{self._fields(self.item.fields.values())}\n}}"

    def _union(self) -> str:
        graphs = [g for g in self.graphs if all(g in self.types[m].keys for m in self.members)]
        joins = [f"@join__type(graph: {g.upper()})" for g in graphs]
        joins += [f'@join__unionMember(graph: {g.upper()}, member: "{m}")' for g in graphs for m in self.members]
        return f"union Thing {' '.join(joins)} = {' | '.join(self.members)}"

    def _fields(self, fields: Any, own: bool = True) -> str:
        lines = []
        for each in fields:
            joins = []
            for graph in each.graphs:
                more = f', requires: "{each.requires}"' if each.requires else ""
                more += f', provides: "{each.provides}"' if each.provides else ""
                joins.append(f"@join__field(graph: {graph.upper()}{more})")
            joins += [f"@join__field(graph: {graph.upper()}, external: true)" for graph in each.external]
            if each in ITEM_FIELDS and not own:
                joins = ["@join__field"]
            lines.append(f"  {each.text()} {' '.join(joins)}")
        return "\n".join(lines)

    def _type(self, each: TypeSpec) -> str:
        joins = [
            f'@join__type(graph: {graph.upper()}, key: "{key}"{"" if resolvable else ", resolvable: false"})'
            for graph, keys in each.keys.items()
            for key, resolvable in keys.items()
        ]
        interfaces = "Node" if each.entity else ""
        if each.entity:
            joins += [f'@join__implements(graph: {g.upper()}, interface: "Node")' for g in each.keys]
        else:
            graphs = dict.fromkeys(g for f in each.fields.values() for g in f.graphs)
            joins += [f"@join__type(graph: {g.upper()})" for g in graphs]
        if each.named_in:
            interfaces += " & Named"
            joins += [f'@join__implements(graph: {g.upper()}, interface: "Named")' for g in each.named_in]
        if self.item_home and each.name in self.members:
            interfaces += " & Item"
            joins.append(f'@join__implements(graph: {self.item_home.upper()}, interface: "Item")')
        head = f"type {each.name}{' implements ' + interfaces if interfaces else ''}"
        return f"{head} {' '.join(joins)} {{\n{self._fields(each.fields.values(), own=False)}\n}}"

    def subgraph(self, graph: str) -> str:
        """The schema that ``graph`` answers, entities included, without federation directives."""
        present = self.types_in(graph)
        union = [m for m in self.members if all(graph in self.types[x].keys for x in self.members)]
        parts = [
            "scalar _Any",
            f"enum Color {{ {' '.join(ENUM)} }}",
            "interface Node { id: ID! }",
            "interface Named { name: String }",
        ]
        if union:
            parts.append(f"union Thing = {' | '.join(union)}")
        if graph == self.item_home:
            parts.append("interface Item { id: ID! label: String }")
        roots = [f.text() for f in self.query.values() if graph in f.graphs]
        if graph == "o":
            present = [self.item]
        if present:
            parts.append(f"union _Entity = {' | '.join(each.name for each in present)}")
            roots.append("_entities(representations: [_Any!]!): [_Entity]!")
        parts.append(f"type Query {{ {' '.join(roots)} }}" if roots else "type Query { _unused: Int }")
        for each in (*present, *self.values.values()):
            fields = [f.text() for f in each.fields.values() if graph in f.graphs or graph in f.external]
            if fields:
                names = ["Node"] if each.entity and each.name != "Item" else []
                names += ["Named"] if graph in each.named_in else []
                names += ["Item"] if graph == self.item_home and each.name in self.members else []
                head = f"type {each.name}{' implements ' + ' & '.join(names) if names else ''}"
                parts.append(f"{head} {{ {' '.join(fields)} }}")
        return "\n".join(parts)


# what only graph ``o`` knows of items
ITEM_FIELDS = (FieldSpec("o0", "String", ("o",)), FieldSpec("o1", "Int", ("o",)))


class _Maker:
    """Makes one world; every choice comes from one generator."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.seed = seed
        self.graphs = ("a", "b", "c", "d")[: self.random.randint(2, 4)]
        self.types: dict[str, TypeSpec] = {f"T{i}": TypeSpec(f"T{i}") for i in range(self.random.randint(2, 4))}
        self.values: dict[str, TypeSpec] = {}
        self.members = tuple(self.random.sample(sorted(self.types), 2))

    def make(self) -> World:
        """The world, data included."""
        for each in self.types.values():
            self._keys(each)
        for index in range(2):
            graphs = self._graphs(self.random.choice((1, 1, len(self.graphs))))
            spec = self.values[f"V{index}"] = TypeSpec(f"V{index}")
            for name in ("p", "q", "r")[: self.random.randint(1, 3)]:
                spec.fields[name] = FieldSpec(name, self.random.choice(_LEAVES), graphs)
        for each in self.types.values():
            self._leaves(each)
        for each in self.types.values():
            self._links(each)
        for each in self.types.values():
            self._requires(each)
        roots = self._roots()
        home = self._items(roots)
        graphs = (*self.graphs, "o") if home else self.graphs
        world = World(self.seed, graphs, self.types, self.values, roots, self.members, home)
        _Data(self.random, world).fill()
        return world

    def _graphs(self, count: int) -> tuple[str, ...]:
        return tuple(sorted(self.random.sample(self.graphs, min(count, len(self.graphs)))))

    def _keys(self, each: TypeSpec) -> None:
        """Where the type lives and by which keys; ``id`` is readable wherever it lives."""
        homes = self._graphs(self.random.randint(2, len(self.graphs)))
        for graph in homes:
            each.keys[graph] = {"id": True}
        code = self.random.random() < 0.4
        if code:
            both = self.random.choice(homes)
            each.keys[both]["code"] = True
            for graph in homes:
                if graph != both and self.random.random() < 0.4:
                    each.keys[graph] = {"code": True}
            holders = tuple(g for g in homes if "code" in each.keys[g])
            each.fields["code"] = FieldSpec("code", "ID!", holders)
        each.fields["id"] = FieldSpec("id", "ID!", homes)

    def _leaves(self, each: TypeSpec) -> None:
        homes = tuple(each.keys)
        for index in range(self.random.randint(2, 5)):
            count = 2 if self.random.random() < 0.25 else 1
            graphs = tuple(sorted(self.random.sample(homes, min(count, len(homes)))))
            argument = self.random.random() < 0.2
            type_ = "String" if argument else self.random.choice(_LEAVES)
            each.fields[f"f{index}"] = FieldSpec(f"f{index}", type_, graphs, argument)
        named = tuple(sorted(self.random.sample(homes, self.random.randint(1, len(homes)))))
        each.fields["name"] = FieldSpec("name", "String", named)
        each.named_in = named

    def _wrap(self, name: str) -> str:
        patterns = ("{}", "{}", "{}!", "[{}]", "[{}!]!", "[[{}]]", "[{}!]")
        return self.random.choice(patterns).format(name)

    def _target(self, graph: str) -> str:
        """A composite type that exists in ``graph``."""
        here = [each.name for each in self.types.values() if graph in each.keys]
        values = [v.name for v in self.values.values() if all(graph in f.graphs for f in v.fields.values())]
        choices = here * 2 + values
        if here:
            choices.append("Node")
        if any(graph in each.named_in for each in self.types.values()):
            choices.append("Named")
        if all(graph in self.types[m].keys for m in self.members):
            choices.append("Thing")
        return self.random.choice(choices or ["String"])

    def _links(self, each: TypeSpec) -> None:
        for index, graph in enumerate(each.keys):
            for number in range(self.random.randint(0, 2)):
                target = self._target(graph)
                link = FieldSpec(f"l{index}{number}", self._wrap(target), (graph,))
                each.fields[link.name] = link
                if target in self.types and self.random.random() < 0.4:
                    self._provide(link, self.types[target], graph)

    def _provide(self, link: FieldSpec, target: TypeSpec, graph: str) -> None:
        """Let ``link`` bring a leaf along that ``graph`` does not answer otherwise."""
        for leaf in target.fields.values():
            if graph not in leaf.graphs and not leaf.argument and leaf.name.startswith("f"):
                link.provides = leaf.name
                leaf.external = tuple(dict.fromkeys((*leaf.external, graph)))
                return

    def _requires(self, each: TypeSpec) -> None:
        """Fields computed from fields of other graphs, chains included."""
        for index, graph in enumerate(each.keys):
            others = [f for f in each.fields.values() if graph not in f.graphs and f.name not in ("id", "code", "name")]
            if not others or self.random.random() < 0.3:
                continue
            needed = self.random.choice(others)
            if needed.named in self.types:
                selection = f"{needed.name} {{ id }}" if graph in self.types[needed.named].keys else ""
                if graph not in self.types[needed.named].fields["id"].graphs:
                    selection = ""
            elif needed.named in ("Node", "Named", "Thing") or needed.named in self.values:
                selection = ""
            else:
                selection = f"{needed.name}(n: 3)" if needed.argument else needed.name
            if not selection:
                continue
            needed.external = tuple(dict.fromkeys((*needed.external, graph)))
            each.fields[f"r{index}"] = FieldSpec(f"r{index}", "String", (graph,), requires=selection)

    def _items(self, roots: dict[str, FieldSpec]) -> str:
        """Let the union's members implement Item in a graph that can be entered by id; "" where there is none."""
        homes = [g for g in self.graphs if all("id" in self.types[m].keys.get(g, {}) for m in self.members)]
        if not homes or self.random.random() < 0.5:
            return ""
        home = self.random.choice(homes)
        for name in self.members:
            self.types[name].fields["label"] = FieldSpec("label", "String", (home,))
            self.types[name].fields.update({each.name: each for each in ITEM_FIELDS})
        roots["items"] = FieldSpec("items", self._wrap("Item"), (home,))
        roots["others"] = FieldSpec("others", self._wrap("Item"), ("o",))
        if self.random.random() < 0.5:
            roots["both"] = FieldSpec("both", "[Item]", tuple(sorted((home, "o"))))
        return home

    def _roots(self) -> dict[str, FieldSpec]:
        roots: dict[str, FieldSpec] = {}
        for index, graph in enumerate(self.graphs):
            for number in range(self.random.randint(1, 2)):
                name = f"q{index}{number}"
                target = self._target(graph)
                roots[name] = FieldSpec(name, self._wrap(target), (graph,))
                if target in self.types and self.random.random() < 0.3:
                    self._provide(roots[name], self.types[target], graph)
        if self.random.random() < 0.5:
            roots["shared"] = FieldSpec("shared", "[Node]", self.graphs)
            if not all(all(g in each.keys for each in self.types.values()) for g in self.graphs):
                roots["shared"] = FieldSpec("shared", "String", self.graphs)
        return roots


class _Data:
    """Fills a world with records; null wherever the schema allows it, now and then."""

    def __init__(self, source: random.Random, world: World) -> None:
        self.random = source
        self.world = world

    def fill(self) -> None:
        """Three records a type, and one for the root."""
        for each in self.world.types.values():
            ids = [f"{each.name}-{number}" for number in range(3)]
            self.world.records[each.name] = {key: {"id": key, "code": f"c-{key}"} for key in ids}
        for each in self.world.types.values():
            for record in self.world.records[each.name].values():
                for spec in each.fields.values():
                    if spec.name not in ("id", "code") and not spec.requires:
                        record[spec.name] = self._value(spec, spec.type)
        root = {spec.name: self._value(spec, spec.type) for spec in self.world.query.values()}
        self.world.records["Query"] = {"": root}

    def _value(self, spec: FieldSpec, type_: str) -> Any:
        if type_.endswith("!"):
            return self._present(spec, type_[:-1])
        return None if self.random.random() < 0.15 else self._present(spec, type_)

    def _present(self, spec: FieldSpec, type_: str) -> Any:
        if type_.startswith("["):
            return [self._value(spec, type_[1:-1]) for _ in range(self.random.randint(0, 3))]
        makers: dict[str, Any] = {
            "Int": lambda: self.random.randint(-5, 5),
            "String": lambda: self.random.choice(("x", "y", "é", "")),
            "Boolean": lambda: self.random.random() < 0.5,
            "Float": lambda: self.random.choice((0.5, -2.25, 3.0)),
            "Color": lambda: self.random.choice(ENUM),
        }
        if type_ in makers:
            return makers[type_]()
        if type_ in self.world.values:
            inner = self.world.values[type_].fields.values()
            return {"__typename": type_, **{each.name: self._value(each, each.type) for each in inner}}
        name = self.random.choice(self._candidates(spec, type_))
        return (name, self.random.choice(sorted(self.world.records[name])))

    def _candidates(self, spec: FieldSpec, type_: str) -> list[str]:
        """The entity types an object of ``type_`` can have, in every graph that answers the field."""
        there = [t for t in self.world.types.values() if all(g in t.keys for g in spec.graphs)]
        if type_ == "Named":
            there = [t for t in there if all(g in t.named_in for g in spec.graphs)]
        names = [t.name for t in there]
        if type_ in ("Thing", "Item"):
            return list(self.world.members)
        return [type_] if type_ in self.world.types else names


def make_world(seed: int) -> World:
    """The world of ``seed``; the same seed gives the same world."""
    return _Maker(seed).make()
