"""What the policy must know of the graph: every coordinate with category, overlays and owner, and how types hang together.

Built once from the supergraph. A *value type* is an object type without a key that exactly one record type leads to:
it is part of that record. *Plumbing* (connections, edges, shared types such as ``CodedValue``) holds nothing of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from gateway.coordinates import Coordinate
from gateway.errors import Mistake
from gateway.policy.vocabulary import FOLLOWING, Vocabulary
from gateway.supergraph.model import FieldDef, Supergraph, TypeDef, named_type

__all__ = ["Catalogue", "Entry", "read_catalogue"]

_ROOTS = ("query", "mutation", "subscription")


@dataclass(frozen=True, slots=True)
class Entry:
    """One classified coordinate: ``target`` is the name of the field's type, ``kind`` what sort of type that is."""

    coordinate: Coordinate
    category: str
    owner: str
    overlays: frozenset[str] = frozenset()
    target: str = "String"
    kind: str = "scalar"

    @property
    def governed(self) -> bool:
        """Whether it holds data of its own (neither SYS nor LINK)."""
        return self.category not in FOLLOWING


@dataclass(frozen=True)
class Catalogue:
    """The coordinates by name and the shape around them."""

    entries: Mapping[Coordinate, Entry]
    keyed: frozenset[str] = frozenset()
    plumbing: frozenset[str] = frozenset()
    members: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    nodes: Mapping[str, str] = field(default_factory=dict)
    hubs: frozenset[str] = frozenset()
    roots: frozenset[str] = frozenset()
    virtual: frozenset[str] = frozenset()

    @cached_property
    def by_type(self) -> Mapping[str, tuple[Entry, ...]]:
        """The entries of each type, in the schema's order."""
        found: dict[str, list[Entry]] = {}
        for entry in self.entries.values():
            found.setdefault(entry.coordinate.type, []).append(entry)
        return {name: tuple(entries) for name, entries in found.items()}

    @cached_property
    def parents(self) -> Mapping[str, frozenset[str]]:
        """For each object type, the types with a field that leads straight to it (not through an interface)."""
        found: dict[str, set[str]] = {}
        for entry in self.entries.values():
            if entry.kind == "object" and entry.coordinate.type not in self.roots:
                found.setdefault(entry.target, set()).add(entry.coordinate.type)
        return {name: frozenset(types) for name, types in found.items()}

    def is_value(self, name: str) -> bool:
        """Whether objects of the type are part of the record that leads to them."""
        return name in self.by_type and name not in self.keyed | self.plumbing | self.roots | self.hubs

    def is_part(self, name: str) -> bool:
        """Whether it is a value type that only one type leads to."""
        return self.is_value(name) and len(self.parents.get(name, ())) == 1

    def targets(self, entry: Entry) -> tuple[str, ...]:
        """The record or value types a LINK leads to: through connections, unions and interfaces."""
        name = self.nodes.get(entry.target, entry.target)
        return self.members.get(name, (name,))

    def group(self, name: str) -> tuple[Coordinate, ...]:
        """The governed coordinates of a type and of the value types that are part of it."""
        return self._groups.get(name, ())

    def told_by(self, name: str) -> tuple[Coordinate, ...]:
        """The coordinates that tell of an object of the type: those of its group that its home agency owns.

        What other agencies hang on a type does not count: their field must not show that the record exists.
        """
        group = self.group(name)
        if not group or name in self.hubs:
            return group
        home = self.entries[group[0]].owner
        return tuple(coordinate for coordinate in group if self.entries[coordinate].owner == home)

    @cached_property
    def _groups(self) -> Mapping[str, tuple[Coordinate, ...]]:
        return {name: tuple(self._collect(name, {name})) for name in self.by_type}

    def _collect(self, name: str, seen: set[str]) -> Iterable[Coordinate]:
        for entry in self.by_type.get(name, ()):
            if entry.governed:
                yield entry.coordinate
            elif entry.category == "LINK":
                for target in self.targets(entry):
                    if target not in seen and self.is_part(target):
                        seen.add(target)
                        yield from self._collect(target, seen)

    def records(self, name: str) -> frozenset[str]:
        """The keyed types a type is part of: itself when it has a key, else its parents', all the way up."""
        found: set[str] = set()
        stack, seen = [name], {name}
        while stack:
            here = stack.pop()
            if here in self.keyed or here in self.hubs:
                found.add(here)
                continue
            for parent in self.parents.get(here, frozenset()) - seen:
                seen.add(parent)
                stack.append(parent)
        return frozenset(found)

    def path(self, start: str, dotted: str) -> tuple[Coordinate, ...] | None:
        """The coordinates a dotted path passes from type ``start`` on; None when some step does not exist."""
        steps: list[Coordinate] = []
        here = start
        for name in dotted.split("."):
            coordinate = Coordinate(here, name)
            entry = self.entries.get(coordinate)
            if entry is None:
                return None
            steps.append(coordinate)
            here = entry.target
        return tuple(steps)


def read_catalogue(supergraph: Supergraph, vocabulary: Vocabulary, mistakes: list[Mistake]) -> Catalogue:
    """The catalogue of ``supergraph``; fields without a (known) class or with an unclear owner are noted."""
    reader = _Reader(supergraph, vocabulary, mistakes)
    entries: dict[Coordinate, Entry] = {}
    for kind in supergraph.types.values():
        if kind.kind == "object":
            entries.update(
                (Coordinate(kind.name, each.name), reader.entry(kind, each)) for each in kind.fields.values()
            )
    for coordinate, category in vocabulary.outside.items():
        entries.setdefault(coordinate, Entry(coordinate, category, "ALL"))
    return Catalogue(
        entries=entries,
        keyed=frozenset(kind.name for kind in supergraph.types.values() if kind.keys),
        plumbing=reader.plumbing,
        members={
            kind.name: supergraph.possible_types(kind.name)
            for kind in supergraph.types.values()
            if kind.kind in ("union", "interface")
        },
        nodes=reader.nodes,
        hubs=vocabulary.hubs,
        roots=reader.roots,
        virtual=frozenset(coordinate.type for coordinate in vocabulary.outside),
    )


class _Reader:
    def __init__(self, supergraph: Supergraph, vocabulary: Vocabulary, mistakes: list[Mistake]) -> None:
        self.supergraph = supergraph
        self.vocabulary = vocabulary
        self.mistakes = mistakes
        self.roots = frozenset(name for root, name in supergraph.roots.items() if root in _ROOTS)
        self.nodes: dict[str, str] = {}
        plumbing = set(vocabulary.shared_types)
        for kind in supergraph.types.values():
            node = self._node(kind)
            if node:
                edge = named_type(kind.fields["edges"].type)
                plumbing |= {kind.name, edge}
                self.nodes |= {kind.name: node, edge: node}
        self.plumbing = frozenset(plumbing)

    def _node(self, kind: TypeDef) -> str:
        """The node type of a Relay connection, "" when ``kind`` is none."""
        if kind.kind != "object" or not {"edges", "pageInfo"} <= set(kind.fields):
            return ""
        edge = self.supergraph.types.get(named_type(kind.fields["edges"].type))
        return named_type(edge.fields["node"].type) if edge and "node" in edge.fields else ""

    def entry(self, kind: TypeDef, each: FieldDef) -> Entry:
        coordinate = Coordinate(kind.name, each.name)
        target = named_type(each.type)
        found = self.supergraph.types.get(target)
        category, overlays, origins = self._class(kind, each)
        owner = self._owner(kind, each, category, origins)
        return Entry(coordinate, category, owner, overlays, target, found.kind if found else "scalar")

    def _class(self, kind: TypeDef, each: FieldDef) -> tuple[str, frozenset[str], frozenset[str]]:
        """Category, overlays and origins; several declarations of one field add up to the stricter."""
        marks = [mark for mark in each.directives if mark.name == "classified"]
        categories = {str(mark.get("category", "")) for mark in marks}
        overlays = frozenset(str(word) for mark in marks for word in mark.get("overlays") or ())
        origins = frozenset(str(mark.get("origin")) for mark in marks if mark.get("origin"))
        governed = sorted(categories - set(FOLLOWING))
        where = f"{kind.name}.{each.name}"
        if not categories and kind.name in self.plumbing:
            return "SYS", overlays, origins
        if not categories:
            self._mistake(
                "POLICY_UNCLASSIFIED",
                f"{where} carries no @classified",
                where,
                'classify it in its subgraph, as in @classified(category: "ADJ")',
            )
            return "UNCLASSIFIED", overlays, origins
        if len(governed) > 1:
            self._mistake(
                "POLICY_CATEGORY_CONFLICT",
                f"{where} is classified {' and '.join(governed)}",
                where,
                "let all subgraphs that declare it agree",
            )
        chosen = governed[0] if governed else min(categories)
        for word in sorted(categories - self.vocabulary.categories.keys()):
            self._mistake(
                "POLICY_UNKNOWN_CATEGORY",
                f"{where} has category '{word}', which the vocabulary does not know",
                where,
                "add it to vocabulary.toml or correct the subgraph",
            )
        for word in sorted(overlays - self.vocabulary.overlays.keys()):
            self._mistake(
                "POLICY_UNKNOWN_OVERLAY",
                f"{where} has overlay '{word}', which the vocabulary does not know",
                where,
                "add it to vocabulary.toml or correct the subgraph",
            )
        return chosen, overlays, origins

    def _owner(self, kind: TypeDef, each: FieldDef, category: str, origins: frozenset[str]) -> str:
        where = f"{kind.name}.{each.name}"
        named = self.vocabulary.origins.get(where)
        if named:
            return named
        if len(origins) == 1:
            return self._known(min(origins), where)
        graphs = [join.graph for join in each.joins if not join.external and not join.used_overridden]
        graphs = [join.graph for join in each.joins if join.override] or graphs or list(kind.graphs)
        names = [self.supergraph.by_graph[graph].name for graph in graphs if graph in self.supergraph.by_graph]
        owners = sorted({self.vocabulary.agency_of(name) or f"?{name}" for name in names})
        home = self.vocabulary.origins.get(kind.name)
        if len(owners) == 1:
            return self._known(owners[0], where)
        if home:
            return home
        if category in FOLLOWING or kind.name in self.plumbing:
            return owners[0] if owners else ""
        shown = ", ".join(owners) or "nobody"
        self._mistake(
            "POLICY_OWNER_UNCLEAR",
            f"{where} is answered by {shown}; whose value is it?",
            where,
            f'say so in [origins] of vocabulary.toml, as in {kind.name} = "USCIS"',
        )
        return ""

    def _known(self, agency: str, where: str) -> str:
        if agency.startswith("?"):
            self._mistake(
                "POLICY_UNKNOWN_SUBGRAPH",
                f"{where} is answered by subgraph '{agency[1:]}', which no agency runs",
                where,
                "add it to an agency's subgraphs in vocabulary.toml",
            )
            return ""
        if agency not in self.vocabulary.agencies:
            self._mistake(
                "POLICY_UNKNOWN_AGENCY",
                f"{where} has origin '{agency}', which is no agency",
                where,
                "add it to vocabulary.toml or correct the subgraph",
            )
        return agency

    def _mistake(self, code: str, message: str, where: str, hint: str) -> None:
        self.mistakes.append(Mistake(code, message, where, hint))
