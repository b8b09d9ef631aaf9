"""From chosen paths to steps: what each subgraph is asked, at which place, with which inputs, after which others."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from gateway.operation.model import Condition
from gateway.planning.asks import Arguments, Part, Spot, StorageKeys, Types, child_spot
from gateway.planning.contexts import Drawn
from gateway.planning.inputs import merge_inputs
from gateway.planning.paths import Cell
from gateway.planning.plan import ContextInput, InputField, InputFragment, InputSelection, Path
from gateway.planning.way import Hop, SupplyField, Way
from gateway.supergraph.model import Supergraph
from gateway.supergraph.moves import Node

__all__ = ["Builder", "Item", "Out", "Step"]

Conditions: TypeAlias = tuple[Condition, ...]


@dataclass(slots=True, eq=False)
class Item:
    """One selected field: stored under ``key``, for objects of ``types`` (empty: all that the place can have)."""

    key: str
    name: str
    arguments: Arguments
    variables: frozenset[str]
    types: Types
    conditions: Conditions
    out: Out | None = None
    alias: str = ""


@dataclass(slots=True, eq=False)
class Out:
    """A selection set on ``node``; ``named`` when ``__typename`` must come with it."""

    node: Node
    named: bool
    items: dict[tuple[object, ...], Item] = field(default_factory=dict)

    def add(self, item: Item) -> Item:
        """``item``, or the equal one that is already here."""
        if not self.node.abstract or set(item.types) >= set(self.node.runtime):
            item.types = ()
        identity = (item.key, item.name, item.arguments, item.types, item.conditions)
        return self.items.setdefault(identity, item)

    def copy(self) -> Out:
        """The same selections in objects of their own."""
        items = {
            identity: Item(
                item.key,
                item.name,
                item.arguments,
                item.variables,
                item.types,
                item.conditions,
                item.out.copy() if item.out else None,
            )
            for identity, item in self.items.items()
        }
        return Out(self.node, self.named, items)

    def merge(self, other: Out) -> None:
        """Take in everything that ``other`` selects."""
        self.named = self.named or other.named
        for identity, item in other.items.items():
            mine = self.items.setdefault(identity, item)
            if mine is not item and mine.out is not None and item.out is not None:
                mine.out.merge(item.out)


@dataclass(slots=True, eq=False)
class Step:
    """What one subgraph is asked at one place. Root steps have no inputs and stand at a root type.

    ``types`` are the object types it is for (empty: every object at ``path``); ``typename`` what its representations
    call themselves. ``conditions`` are those of the way to ``path``. ``section`` orders mutations: everything of one section precedes the next.
    ``part`` is the deferred part it is for. ``asked`` are the conditions that everything it was entered for shares.
    """

    number: int
    node: Node
    path: Path
    root: bool
    section: int
    out: Out
    part: Part = ()
    types: Types = ()
    typename: str = ""
    inputs: tuple[InputSelection, ...] = ()
    conditions: Conditions = ()
    providers: dict[Step, None] = field(default_factory=dict)
    contexts: dict[str, ContextInput] = field(default_factory=dict)
    asked: Conditions = ()

    @property
    def held(self) -> Conditions:
        """The conditions that everything selected shares: of a step that only tells the type, those it was entered for."""
        found = [item.conditions for item in self.out.items.values()] or [self.asked]
        return tuple(each for each in found[0] if all(each in conditions for conditions in found))

    @property
    def place(self) -> tuple[object, ...]:
        """What two steps share when they ask the same graph about the same objects."""
        return (
            self.section,
            self.part,
            self.node.graph,
            self.root,
            self.path,
            self.conditions,
            self.types,
            self.typename,
        )


_Here: TypeAlias = tuple[Step, Out]


@dataclass(frozen=True, slots=True)
class _Handed:
    """What a jump carries from contexts: the value of each argument, and the steps that read them."""

    inputs: tuple[tuple[str, ContextInput], ...] = ()
    providers: tuple[Step, ...] = ()


_NOTHING = _Handed()


class Builder:
    """Lays chosen cells down as steps, sharing whatever is the same."""

    def __init__(self, supergraph: Supergraph, keys: StorageKeys, taken: frozenset[str] = frozenset()) -> None:
        self.supergraph = supergraph
        self.taken = taken
        self.keys = keys
        self.steps: list[Step] = []
        self.section = 0
        self.part: Part = ()
        self._cells: dict[Cell, _Here] = {}
        self._entered: dict[tuple[object, ...], Step] = {}
        self._followed: dict[tuple[object, ...], _Here] = {}
        self._handed: dict[tuple[object, ...], ContextInput] = {}
        self._carried: dict[Way, _Handed] = {}

    def take(self, cells: list[Cell]) -> None:
        """Make every path end in the steps."""
        for cell in cells:
            self._place(cell)

    def _place(self, cell: Cell) -> _Here:
        if cell.parent is None or cell.ask is None or cell.way is None:
            return self._root(cell)
        if cell not in self._cells:
            ask = cell.ask
            start = self._place(cell.parent)
            handed = self._hand_down(cell, cell.drawn)
            carried = {way: self._hand_down(cell, drawn) for way, drawn in cell.carried}
            self.part, self._carried = cell.part, carried
            step, out = self._follow(start, cell.spot, cell.way, ask.conditions, handed)
            variables = frozenset(name for each in ask.arguments for name in each.variables)
            arguments = sorted((*ask.plain_arguments, *((name, f"${each.variable}") for name, each in handed.inputs)))
            item = Item(ask.key, ask.name, tuple(arguments), variables, cell.way.types, ask.conditions)
            item = out.add(item)
            tail = cell.way.tail
            self._cells[cell] = (step, self._open(item, tail, self._abstract(cell)) if tail else out)
        return self._cells[cell]

    def _abstract(self, cell: Cell) -> bool:
        ask = cell.ask
        return (
            ask is not None
            and child_spot(self.supergraph, cell.spot, ask.key, ask.name, ask.types, ask.conditions, ask.part).abstract
        )

    @staticmethod
    def _open(item: Item, tail: Node, abstract: bool) -> Out:
        if item.out is None:
            item.out = Out(tail, abstract and tail.real)
        return item.out

    def _root(self, cell: Cell) -> _Here:
        if cell.node is None:
            raise ValueError("a root cell stands on a node")
        self.part = cell.part
        key = ("root", self.section, cell.part, cell.node.graph)
        if key not in self._entered:
            self._entered[key] = self._new(cell.node, (), root=True, named=False)
        step = self._entered[key]
        return step, step.out

    def _new(self, node: Node, path: Path, *, root: bool, named: bool) -> Step:
        step = Step(len(self.steps), node, path, root, self.section, Out(node, named), self.part)
        self.steps.append(step)
        return step

    def _hand_down(self, cell: Cell, values: tuple[Drawn, ...]) -> _Handed:
        """What a field of the cell's object takes from contexts, laid down where it is read."""
        if not values or cell.ask is None:
            return _NOTHING
        found: list[tuple[str, ContextInput]] = []
        providers: dict[Step, None] = {}
        for drawn in values:
            here = self._place(drawn.cell)
            providers[here[0]] = None
            self.part = cell.part
            between = [each for each in cell.spot.conditions if each not in drawn.spot.conditions]
            conditions = tuple(dict.fromkeys((*between, *cell.ask.conditions)))
            selections = tuple(
                self._input([here], each, drawn.spot, conditions, drawn.types, providers)
                for each in drawn.supply.fields
            )
            up = len(cell.spot.path) - len(drawn.spot.path)
            asked = (cell.spot.path, drawn.argument.type, up, drawn.types, selections)
            if asked not in self._handed:
                self._handed[asked] = ContextInput(self._fresh(), drawn.argument.type, up, drawn.types, selections)
            found.append((drawn.argument.name, self._handed[asked]))
        return _Handed(tuple(found), tuple(providers))

    def _fresh(self) -> str:
        """A variable's name that neither the client nor another context has."""
        mark = "context"
        while any(name.startswith(mark) for name in self.taken):
            mark = "_" + mark
        return f"{mark}{len(self._handed)}"

    def _follow(
        self, start: _Here, spot: Spot, way: Way, conditions: Conditions, handed: _Handed | None = None
    ) -> _Here:
        """Where the field of ``way`` is read, every jump on the way made; the last of them carries ``handed``."""
        if not way.hops:
            return start
        handed = handed or _NOTHING
        asked = (start[0], start[1], spot.path, way, conditions, handed.inputs, self.part)
        if asked not in self._followed:
            places = [start]
            nodes = [way.start]
            last = max(place for place, hop in enumerate(way.hops) if hop.move is not None or place == 0)
            for number, hop in enumerate(way.hops):
                carried = handed if number == last else _NOTHING
                entered = hop.move is not None
                places.append(self._enter(places, nodes, hop, spot, conditions, carried) if entered else places[-1])
                nodes.append(hop.tail)
            self._followed[asked] = places[-1]
        return self._followed[asked]

    def _enter(
        self,
        places: list[_Here],
        nodes: list[Node],
        hop: Hop,
        spot: Spot,
        conditions: Conditions,
        handed: _Handed,
    ) -> _Here:
        if hop.move is None or hop.supply is None:
            raise ValueError("a jump has a move and a supply")
        providers: dict[Step, None] = dict.fromkeys(handed.providers)
        inputs = [self._input(places, each, spot, conditions, hop.types, providers) for each in hop.supply.fields]
        known = next((place for place, node in zip(places, nodes, strict=True) if node.real), None)
        whole = set(hop.types) >= set(spot.types)
        types: Types = () if not spot.abstract or known is None or whole else hop.types
        if types and known is not None:
            providers[known[0]] = None
        if not inputs:
            providers[places[-1][0]] = None
        shape = merge_inputs((), tuple(inputs)) or tuple(inputs)
        root = hop.move.root
        tail = hop.tail
        key = (
            self.section, self.part, tail.graph, tail.number, spot.path, spot.conditions, types, hop.move.typename, shape,
            handed.inputs,
        )  # fmt: skip
        if key not in self._entered:
            step = self._new(tail, spot.path, root=root, named=spot.abstract and tail.abstract)
            step.types, step.typename, step.inputs = types, hop.move.typename, shape
            step.conditions = spot.conditions
            step.contexts = {each.variable: each for _, each in handed.inputs}
            step.asked = conditions
            self._entered[key] = step
        step = self._entered[key]
        step.asked = tuple(each for each in step.asked if each in conditions)
        for provider in providers:
            if provider is not step:
                step.providers.setdefault(provider)
        return step, step.out

    def _input(
        self,
        places: list[_Here],
        supply: SupplyField,
        spot: Spot,
        conditions: Conditions,
        around: Types,
        providers: dict[Step, None],
    ) -> InputSelection:
        """One field of a representation; what it reads is added to the steps that provide it."""
        handed = self._carried.get(supply.way, _NOTHING)
        step, out = self._follow(places[supply.origin], spot, supply.way, conditions, handed)
        providers[step] = None
        key = self.keys.input(spot, supply.name, supply.arguments)
        arguments = (*supply.arguments, *((name, f"${each.variable}") for name, each in handed.inputs))
        item = out.add(Item(key, supply.name, tuple(sorted(arguments)), frozenset(), supply.way.types, conditions))
        selections: list[InputSelection] = []
        if supply.way.tail is not None:
            types = supply.types or supply.way.types
            wide = spot.types if set(types) >= set(spot.types) else types
            below = child_spot(self.supergraph, spot, key, supply.name, wide, conditions)
            inner = self._open(item, supply.way.tail, below.abstract)
            if below.abstract and supply.way.tail.real:
                selections.append(InputField("__typename", "__typename", required=supply.key))
            tail = supply.way.tail
            selections += [
                self._input([(step, inner)], each, below, (), tail.runtime, providers) for each in supply.below
            ]
        shape = merge_inputs((), tuple(selections))
        field = InputField(
            key,
            supply.name,
            shape if shape is not None else tuple(selections),
            required=supply.key,
            conditions=() if supply.key else conditions,
        )
        narrower = supply.types and set(supply.types) < set(around)
        return InputFragment(supply.types, (field,)) if narrower else field
