"""``gateway normalize``, ``moves``, ``paths`` and ``explain-plan``: what each stage before and in planning made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from gateway.cli.plan import Asked, Name, Query, Variables, Who, load_graph, read_asked
from gateway.cli.plan import Graph as GraphFile
from gateway.cli.shared import At, Schema
from gateway.errors import RequestError
from gateway.operation.show import print_operation
from gateway.planning.considered import print_considered
from gateway.planning.explain import explain_plan
from gateway.planning.planner import consider_operation
from gateway.supergraph.fieldset import print_field_set
from gateway.supergraph.model import Supergraph
from gateway.supergraph.moves import FieldMove, KeyMove, Moves, Node

__all__ = ["register"]

Labels: TypeAlias = Annotated[
    list[str] | None, typer.Option("--label", help="An @override label that is on; may be given several times.")
]


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    app.command("normalize", epilog=_example("normalize --query traveler.graphql --as cbp-primary-nyc"))(normalize)
    app.command("moves", epilog=_example("moves --type Traveler --subgraph travelers"))(moves)
    app.command("paths", epilog=_example("paths Petition.status --query traveler.graphql"))(paths)
    app.command("explain-plan", epilog=_example("explain-plan --query traveler.graphql --as cbp-primary-nyc"))(explain)


def _example(words: str) -> str:
    return f"Example: [bold]gateway {words}[/bold]"


def normalize(
    query: Query = "-",
    supergraph: GraphFile = None,
    who: Who = "",
    variables: Variables = "{}",
    name: Name = "",
    at: At = "",
    schema: Schema = Path("schema"),
) -> None:
    """Print the operation as the planner sees it: fragments inlined, variables coerced, for --as what is permitted."""
    asked = read_asked(query, supergraph, who, variables, name, at, schema)
    typer.echo(print_operation(asked.operation), nl=False)


def moves(
    type: Annotated[str, typer.Option("--type", help="Only this type.")] = "",
    subgraph: Annotated[str, typer.Option("--subgraph", help="Only this subgraph.")] = "",
    labels: Labels = None,
    supergraph: GraphFile = None,
    schema: Schema = Path("schema"),
) -> None:
    """Print the graph of moves: what each subgraph reads of each type, and where one can go from there."""
    graph = load_graph(supergraph, schema)
    nodes = list(_nodes(graph, _known_type(graph, type), _known_subgraph(graph, subgraph), labels or ()))
    if not nodes:
        raise RequestError(
            "NO_MOVES",
            f"Nothing can be read of {type or 'any type'} in {subgraph or 'any subgraph'}.",
            where="--type",
            hint="Leave --subgraph out to see which subgraphs have the type.",
        )
    typer.echo("\n\n".join("\n".join(_node_lines(graph, node)) for node in nodes))


def paths(
    field: Annotated[
        str, typer.Argument(help="Type.field, or a path of the answer such as traveler.visas; all when left out.")
    ] = "",
    query: Query = "-",
    labels: Labels = None,
    supergraph: GraphFile = None,
    who: Who = "",
    variables: Variables = "{}",
    name: Name = "",
    at: At = "",
    schema: Schema = Path("schema"),
) -> None:
    """Print the ways to each field that planning weighed, with their cost; * stands before the one taken."""
    asked = read_asked(query, supergraph, who, variables, name, at, schema)
    text = print_considered(
        consider_operation(asked.supergraph, asked.operation, labels or ()), asked.supergraph, field
    )
    if field and not text:
        raise RequestError(
            "FIELD_NOT_PLANNED",
            f"The operation reads no leaf at {field!r}.",
            where="FIELD",
            hint="Leave FIELD out to see every leaf; `gateway normalize` shows what is left of the operation.",
        )
    typer.echo(text or "Nothing is fetched.\n", nl=False)


def explain(
    query: Query = "-",
    labels: Labels = None,
    supergraph: GraphFile = None,
    who: Who = "",
    variables: Variables = "{}",
    name: Name = "",
    at: At = "",
    schema: Schema = Path("schema"),
) -> None:
    """Print why each fetch of the plan is there: what it reads for whom, what it sends, waits for and shares."""
    asked: Asked = read_asked(query, supergraph, who, variables, name, at, schema)
    made = consider_operation(asked.supergraph, asked.operation, labels or ()).plan
    typer.echo(explain_plan(made, asked.operation, asked.supergraph, labels or ()), nl=False)


def _known_type(graph: Supergraph, name: str) -> str:
    known = sorted(each.name for each in graph.types.values() if each.composite)
    if name and name not in known:
        raise RequestError(
            "TYPE_NOT_IN_GRAPH",
            f"The supergraph has no object, interface or union {name!r}.",
            where="--type",
            hint=f"Name one of: {', '.join(known)}.",
        )
    return name


def _known_subgraph(graph: Supergraph, name: str) -> str:
    known = [each.name for each in graph.subgraphs]
    if name and name not in known:
        raise RequestError(
            "SUBGRAPH_NOT_IN_GRAPH",
            f"The supergraph has no subgraph {name!r}.",
            where="--subgraph",
            hint=f"Name one of: {', '.join(known)}.",
        )
    return name


def _nodes(graph: Supergraph, type: str, subgraph: str, labels: Iterable[str]) -> Iterator[Node]:
    """The nodes with anything to read or anywhere to go, type by type; none of those seen through ``@provides``."""
    made = Moves(graph, labels)
    for owner in graph.types.values():
        if not owner.composite or (type and owner.name != type):
            continue
        for each in graph.subgraphs:
            if (subgraph and each.name != subgraph) or not graph.view(each.graph).knows(owner.name):
                continue
            node = made.node(each.graph, owner.name)
            if node.fields or node.keys:
                yield node


def _node_lines(graph: Supergraph, node: Node) -> list[str]:
    note = "" if node.real else ", an interface object"
    lines = [f"{node.type} in {graph.by_graph[node.graph].name}{note}"]
    lines += [f"  reads {_field_text(graph, each)}" for each in node.fields.values()]
    lines += [f"  goes to {_key_text(graph, each)}" for each in node.keys]
    return lines + [f"  comes back to {_key_text(graph, each)}" for each in node.reentries]


def _field_text(graph: Supergraph, move: FieldMove) -> str:
    text = f"{move.name}: {move.type}"
    if move.requires:
        text += f" @requires {{ {print_field_set(move.requires)} }}"
    if move.tail is not None and move.tail.provided:
        text += f" @provides {{ {print_field_set(move.tail.provided)} }}"
    return text + "".join(f" ${each.name} from context" for each in move.contexts)


def _key_text(graph: Supergraph, move: KeyMove) -> str:
    name = graph.by_graph[move.tail.graph].name
    if move.root:
        return f"{name} from its root"
    return f"{name} as {move.typename} by {{ {print_field_set(move.key)} }}"
