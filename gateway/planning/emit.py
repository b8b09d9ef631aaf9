"""A schedule as a plan: one fetch for each request, its text, its batches, its place in the waves."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import TypeAlias

from gateway.operation.model import Condition, Operation
from gateway.planning.asks import Part
from gateway.planning.deferred import DeferredPlace, deferred_places
from gateway.planning.inputs import without_conditions
from gateway.planning.optimize import Schedule
from gateway.planning.plan import (
    Conditional,
    ContextInput,
    Deferred,
    EntityBatch,
    Fetch,
    Input,
    Node,
    Parallel,
    Path,
    Plan,
    Rename,
    Sequence,
    Subscribe,
)
from gateway.planning.steps import Out, Step
from gateway.planning.text import Writer
from gateway.supergraph.model import Supergraph

__all__ = ["emit"]

_Conditions: TypeAlias = tuple[Condition, ...]


def emit(supergraph: Supergraph, operation: Operation, schedule: Schedule) -> Plan:
    """The frozen plan of ``schedule``; equal schedules give equal bytes."""
    fetches: list[Fetch] = []
    made_by: dict[Step, int] = {}
    waves: dict[Part, dict[int, list[Fetch]]] = {(): {}}
    last_of_section: dict[int, list[int]] = {}
    for (wave, _, root, part), steps in schedule.requests.items():
        for group in _separate(steps) if root else [steps]:
            number = len(fetches)
            before = {made_by[each] for step in group for each in step.providers if each in made_by}
            if not part:
                before.update(last_of_section.get(group[0].section - 1, ()))
            fetch = _Request(supergraph, operation, number, group).fetch(tuple(sorted(before - {number})))
            made_by.update(dict.fromkeys(group, number))
            if not part:
                last_of_section.setdefault(group[0].section, []).append(number)
            fetches.append(fetch)
            waves.setdefault(part, {}).setdefault(wave, []).append(fetch)
    in_order = {part: [of_part[wave] for wave in sorted(of_part)] for part, of_part in waves.items()}
    if operation.kind == "subscription":
        return Plan(Subscribe(fetches[0], _tree(in_order[()][1:])), tuple(fetches), len(in_order[()]))
    deferred = tuple(_deferred(place, in_order) for place in deferred_places(supergraph, operation))
    return Plan(_tree(in_order[()]), tuple(fetches), len(in_order[()]), deferred)


def _deferred(place: DeferredPlace, in_order: dict[Part, list[list[Fetch]]]) -> Deferred:
    """The deferred part at ``place``, with the fetches it has."""
    waves = in_order.get(place.part, [])
    own = {fetch.id for wave in waves for fetch in wave}
    outside = {before for wave in waves for fetch in wave for before in fetch.depends} - own
    parent = place.part[-2] - 1 if len(place.part) > 1 else None
    return Deferred(place.label, place.path, parent, _tree(waves), len(waves), tuple(sorted(outside)))


def _separate(steps: list[Step]) -> list[list[Step]]:
    """Root steps by the place where their data belongs."""
    found: dict[tuple[Path, _Conditions], list[Step]] = {}
    for step in steps:
        found.setdefault((step.path, step.conditions), []).append(step)
    return list(found.values())


def _tree(waves: list[list[Fetch]]) -> Node | None:
    nodes: list[Node] = []
    for wave in waves:
        parts = tuple(Conditional(each.conditions, each) if each.conditions else each for each in wave)
        nodes.append(parts[0] if len(parts) == 1 else Parallel(parts))
    if not nodes:
        return None
    return nodes[0] if len(nodes) == 1 else Sequence(tuple(nodes))


def _shared(steps: list[Step]) -> _Conditions:
    """The conditions that everything selected shares, so that they hold for the whole request."""
    return tuple(each for each in steps[0].held if all(each in step.held for step in steps))


class _Request:
    """One request in the making."""

    def __init__(self, supergraph: Supergraph, operation: Operation, number: int, steps: list[Step]) -> None:
        self.operation = operation
        self.number = number
        self.steps = steps
        self.subgraph = supergraph.by_graph[steps[0].node.graph]
        self.writer = Writer(supergraph, supergraph.view(steps[0].node.graph))

    def fetch(self, depends: tuple[int, ...]) -> Fetch:
        """The fetch, its text written."""
        return self._root(depends) if self.steps[0].root else self._entities(depends)

    def _root(self, depends: tuple[int, ...]) -> Fetch:
        out = self.steps[0].out
        for step in self.steps[1:]:
            out.merge(step.out)
        around = self.steps[0].conditions
        conditions = (*around, *(each for each in self.steps[0].held if each not in around))
        texts, renames = self.writer.write([out], conditions)
        kind = self.operation.kind if not self.steps[0].path else "query"
        return Fetch(
            id=self.number,
            subgraph=self.subgraph.name,
            kind=kind,
            text=self._text(kind, [], f"{{ {texts[0]} }}"),
            variables=tuple(sorted(self.writer.variables)),
            path=self.steps[0].path,
            renames=tuple(renames),
            depends=depends,
            coordinates=tuple(sorted(self.writer.coordinates)),
            conditions=conditions,
            lookup=kind != "mutation",
        )

    def _entities(self, depends: tuple[int, ...]) -> Fetch:
        calls = _group(self.steps)
        declared = [name for name, _ in self.operation.definitions]
        mark = "r"
        while any(name.startswith(mark) and name[len(mark) :].isdigit() for name in declared):
            mark = "_" + mark
        batches: list[EntityBatch] = []
        parts: list[str] = []
        for place, call in enumerate(calls):
            alias, variable = f"_e{place}", f"{mark}{place}"
            conditions = call.conditions
            body, renames = call.write(self.writer, conditions)
            parts.append(f"{alias}: _entities(representations: ${variable}) {{ {body} }}")
            inputs = tuple(
                replace(each, selections=without_conditions(each.selections, conditions)) for each in call.inputs
            )
            contexts = tuple(
                replace(each, selections=without_conditions(each.selections, conditions))
                for each in call.contexts
                if re.search(rf"\${each.variable}\b", body)  # an input's may be the very field that is selected anyway
            )
            batches.append(EntityBatch(alias, variable, call.targets, inputs, renames, conditions, contexts))
        common = tuple(each for each in batches[0].conditions if all(each in batch.conditions for batch in batches))
        return Fetch(
            id=self.number,
            subgraph=self.subgraph.name,
            kind="query",
            text=self._text(
                "query",
                [batch.variable for batch in batches],
                f"{{ {' '.join(parts)} }}",
                [each for batch in batches for each in batch.contexts],
            ),
            variables=tuple(sorted(self.writer.variables)),
            batches=tuple(batches),
            depends=depends,
            coordinates=tuple(sorted(self.writer.coordinates)),
            conditions=common,
        )

    def _text(self, kind: str, representations: list[str], body: str, contexts: Iterable[ContextInput] = ()) -> str:
        types = dict(self.operation.definitions)
        definitions = [f"${name}: [_Any!]!" for name in representations]
        definitions += [f"${each.variable}: {each.type}" for each in contexts]
        definitions += [f"${name}: {types[name]}" for name in sorted(self.writer.variables)]
        if definitions:
            return f"{kind}({', '.join(definitions)}) {body}"
        return body if kind == "query" else f"{kind} {body}"


class _Call:
    """One ``_entities`` call: the steps at one place, perhaps asked for again at other places."""

    def __init__(self, steps: list[Step]) -> None:
        self.targets: tuple[Path, ...] = (steps[0].path,)
        self.outs = [step.out for step in steps]
        around = steps[0].conditions
        self.conditions = (*around, *(each for each in _shared(steps) if each not in around))
        self.typenames = [step.typename for step in steps]
        self.inputs = tuple(Input(step.types, step.typename, step.inputs) for step in steps)
        self.contexts = tuple({name: each for step in steps for name, each in step.contexts.items()}.values())

    def write(self, writer: Writer, hoisted: _Conditions) -> tuple[str, tuple[Rename, ...]]:
        """The selection set of the call."""
        texts, renames = writer.write(self.outs, hoisted)
        parts: dict[str, None] = {}
        for typename, text in zip(self.typenames, texts, strict=True):
            parts[f"... on {typename} {{ {text} }}"] = None
        return " ".join(parts), tuple(renames)

    def like(self, other: _Call) -> bool:
        """Whether both send and ask the very same."""
        return (
            self.inputs == other.inputs
            and self.contexts == other.contexts
            and self.conditions == other.conditions
            and all(same_selection(one, two) for one, two in zip(self.outs, other.outs, strict=True))
        )


def same_selection(one: Out, two: Out) -> bool:
    """Whether two selection sets are alike to the letter."""
    if one.node is not two.node or one.named != two.named or one.items.keys() != two.items.keys():
        return False
    return all(
        same_selection(first.out, second.out) if first.out and second.out else first.out is second.out
        for first, second in zip(one.items.values(), (two.items[identity] for identity in one.items), strict=True)
    )


def _group(steps: list[Step]) -> list[_Call]:
    """Calls for the steps of one request: types at one place together, equal calls at several places once."""
    stacks: list[list[Step]] = []
    for step in steps:
        for stack in stacks:
            if stack[0].path == step.path and all(_apart(each, step) for each in stack):
                stack.append(step)
                break
        else:
            stacks.append([step])
    calls: list[_Call] = []
    for stack in stacks:
        call = _Call(stack)
        same = next((each for each in calls if each.like(call)), None)
        if same is None:
            calls.append(call)
        else:
            same.targets += call.targets
    return calls


def _apart(one: Step, two: Step) -> bool:
    """Whether two steps can share one list: for different objects, with types that do not mix in the answer."""
    if not one.types or not two.types or set(one.types) & set(two.types):
        return False
    if one.conditions != two.conditions or one.held != two.held:
        return False
    return one.typename != two.typename or same_selection(one.out, two.out)
