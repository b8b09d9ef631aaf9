"""What composition makes one agency's subgraph receive from another: keys, requirements, contexts, each a disclosure.

Law: docs/policy.md section 5, "composition" and "plan". A value that ``@key``, ``@requires`` or ``@fromContext`` carries from its
owner to another agency's subgraph needs a ``flow`` clause of an agreement in force, and what is computed from it there has
to be named in the clause (``derives``): it is then the computing agency's own, under its own agreements, so that a chain of
requirements is covered when each of its links is. The graph is checked when it is opened and by ``gateway check``; every
plan is checked again, edge by edge, before it is run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from gateway.coordinates import Coordinate
from gateway.errors import AccessError, Mistake
from gateway.planning import Plan
from gateway.planning.plan import EntityBatch, InputField, InputSelection
from gateway.policy import Policy
from gateway.policy.flows import derivation_basis
from gateway.supergraph import Supergraph
from gateway.supergraph.fieldset import FieldSet, FieldSetField
from gateway.supergraph.model import named_type

__all__ = ["Edge", "check_plan", "edges_of", "missing_flows"]


@dataclass(frozen=True, slots=True, order=True)
class Edge:
    """One value that composition lets a subgraph receive: whose it is, who gets it, as a join or as an input.

    ``computes`` are the fields that the receiver makes of an input.
    """

    coordinate: Coordinate
    owner: str
    to: str
    subgraph: str
    use: str
    because: str
    computes: tuple[Coordinate, ...] = ()

    def __str__(self) -> str:
        return f"{self.because} sends {self.coordinate} ({self.owner}) to {self.to} as {self.use}"


def edges_of(supergraph: Supergraph, policy: Policy) -> tuple[Edge, ...]:
    """Every edge of the graph on which a value crosses from its owner to another agency, sorted."""
    found: set[Edge] = set()
    for kind in supergraph.types.values():
        for key in kind.keys:
            if key.resolvable:
                because = f"@key of {kind.name}"
                found.update(_edges(supergraph, policy, kind.name, key.fields, key.graph, "join", because))
        for field in kind.fields.values():
            for join in field.joins:
                if join.requires:
                    because = f"@requires of {kind.name}.{field.name}"
                    made = _made(supergraph, kind.name, field.name)
                    found.update(
                        _edges(supergraph, policy, kind.name, join.requires, join.graph, "input", because, made)
                    )
                for argument in join.context_arguments:
                    because = f"@fromContext of {kind.name}.{field.name}({argument.name}:)"
                    for setter in supergraph.contexts.get(argument.context, ()):
                        given = argument.selection
                        made = _made(supergraph, kind.name, field.name)
                        found.update(_edges(supergraph, policy, setter, given, join.graph, "input", because, made))
    return tuple(sorted(found))


def _made(supergraph: Supergraph, parent: str, field: str) -> tuple[Coordinate, ...]:
    return tuple(Coordinate(concrete, field) for concrete in supergraph.possible_types(parent))


def _edges(
    supergraph: Supergraph,
    policy: Policy,
    parent: str,
    fields: FieldSet,
    graph: str,
    use: str,
    because: str,
    made: tuple[Coordinate, ...] = (),
) -> Iterator[Edge]:
    subgraph = supergraph.by_graph[graph].name
    to = policy.vocabulary.agency_of(subgraph)
    for coordinate in _leaves(supergraph, parent, fields):
        owner = policy.owner(coordinate)
        if owner != to:
            same = tuple(each for each in made if each.type == coordinate.type)  # of each type, that type's own
            yield Edge(coordinate, owner, to, subgraph, use, f"{subgraph}: {because}", same or made)


def _leaves(supergraph: Supergraph, parent: str, fields: FieldSet) -> Iterator[Coordinate]:
    """The coordinates whose values a field set carries: leaves, on every concrete type they can stand on."""
    for part in fields:
        if not isinstance(part, FieldSetField):
            yield from _leaves(supergraph, part.type, part.selections)
            continue
        found = supergraph.field(parent, part.name)
        if found is not None and part.selections:
            yield from _leaves(supergraph, named_type(found.type), part.selections)
        elif part.name != "__typename":
            for concrete in supergraph.possible_types(parent):
                yield Coordinate(concrete, part.name)


def missing_flows(supergraph: Supergraph, policy: Policy, at: datetime) -> tuple[Mistake, ...]:
    """One mistake per edge that no agreement in force covers, and per field that none lets be computed from it."""
    found = []
    for edge in edges_of(supergraph, policy):
        if policy.flow(edge.coordinate, edge.to, edge.use, at) is None:
            found.append(_missing(edge))
            continue
        found.extend(
            _underived(edge, computed)
            for computed in edge.computes
            if derivation_basis(policy.compiled, edge.coordinate, edge.to, computed, at) is None
        )
    return tuple(found)


def _missing(edge: Edge) -> Mistake:
    return Mistake(
        "FLOW_MISSING",
        f"{edge}, and no agreement in force lets it.",
        where=str(edge.coordinate),
        hint=f"Have {edge.owner or 'the owner'} sign a [[flow]] with to = {edge.to!r}, use = {edge.use!r} and "
        f"fields = [{str(edge.coordinate)!r}] (`gateway check --draft` writes it), or take the field out of the subgraph.",
        subgraphs=(edge.subgraph,),
    )


def _underived(edge: Edge, computed: Coordinate) -> Mistake:
    return Mistake(
        "DERIVATION_MISSING",
        f"{edge.because} computes {computed} from {edge.coordinate} ({edge.owner}), and no agreement in force lets "
        f"{edge.to} show it.",
        where=str(edge.coordinate),
        hint=f"Have {edge.owner or 'the owner'} add derives = [{str(computed)!r}] to the [[flow]], or take the field "
        "out of the subgraph.",
        subgraphs=(edge.subgraph,),
    )


def check_plan(plan: Plan, supergraph: Supergraph, policy: Policy, at: datetime) -> None:
    """Nothing, when every value that the plan's representations carry may go where it goes.

    Raises ``AccessError`` ``FLOW_FORBIDDEN``: the plan is not run. Composition has proved it before; this is the
    second lock, on what is really sent.
    """
    for fetch in plan.fetches:
        to = policy.vocabulary.agency_of(fetch.subgraph)
        for batch in fetch.batches:
            for coordinate in _sent(batch, supergraph):
                if policy.owner(coordinate) == to:
                    continue
                if policy.flow(coordinate, to, "join", at) is None and policy.flow(coordinate, to, "input", at) is None:
                    raise AccessError(
                        "FLOW_FORBIDDEN",
                        "The operation would send a value to an agency that no agreement lets have it.",
                        where=f"{coordinate} -> {to}",
                        hint="Ask for fewer fields, or see `gateway check` for the flow that is missing.",
                    )


def _sent(batch: EntityBatch, supergraph: Supergraph) -> Iterator[Coordinate]:
    for shape in batch.inputs:  # no types: every object there is of the one type that is sent
        for name in shape.types or supergraph.possible_types(shape.typename):
            yield from _carried(name, shape.selections, supergraph)
    for context in batch.contexts:
        for name in context.types:
            yield from _carried(name, context.selections, supergraph)


def _carried(parent: str, selections: Iterable[InputSelection], supergraph: Supergraph) -> Iterator[Coordinate]:
    for each in selections:
        if not isinstance(each, InputField):
            for name in each.types:
                yield from _carried(name, each.selections, supergraph)
            continue
        found = supergraph.field(parent, each.name)
        if each.selections and found is not None:
            for concrete in supergraph.possible_types(named_type(found.type)):
                yield from _carried(concrete, each.selections, supergraph)
        elif found is not None and each.name != "__typename":
            yield Coordinate(parent, each.name)


def by_agency(edges: Iterable[Edge]) -> Mapping[tuple[str, str], tuple[Edge, ...]]:
    """The edges by (owner, receiver)."""
    found: dict[tuple[str, str], list[Edge]] = {}
    for edge in edges:
        found.setdefault((edge.owner, edge.to), []).append(edge)
    return {pair: tuple(each) for pair, each in found.items()}
