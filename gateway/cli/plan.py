"""``gateway plan``: what would be fetched, from whom, in which order."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from gateway.cli.shared import At, Schema, caller_of, instant_of
from gateway.enforcement.authorize import authorize
from gateway.errors import RequestError
from gateway.execution.columnar import FastPath
from gateway.opening import open_graph, read_text
from gateway.operation import Operation, read_operation
from gateway.planning import Plan, plan_json, plan_operation, print_plan
from gateway.supergraph import load_supergraph
from gateway.supergraph.model import Supergraph

__all__ = ["Asked", "Graph", "Name", "Query", "Variables", "Who", "load_graph", "read_asked", "register"]

Query: TypeAlias = Annotated[str, typer.Option("--query", help="A file with the operation, or - for standard input.")]
Graph: TypeAlias = Annotated[Path | None, typer.Option("--supergraph", help="Plan on this graph, without a policy.")]
Who: TypeAlias = Annotated[
    str, typer.Option("--as", help="AGENCY/role/purpose or a persona: plan what this caller may ask.")
]
Variables: TypeAlias = Annotated[str, typer.Option("--variables", help="Variables as JSON.")]
Name: TypeAlias = Annotated[str, typer.Option("--operation", help="Which operation of the document.")]


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command(
        "plan",
        epilog="Example: [bold]gateway plan --query traveler.graphql --as cbp-primary-nyc[/bold]\n\nExample: [bold]gateway plan --supergraph other.graphql --query q.graphql --json[/bold]",
    )(plan)


@dataclass(frozen=True, slots=True)
class Asked:
    """A supergraph, and an operation read against it: the permitted one where a caller was named."""

    supergraph: Supergraph
    operation: Operation


def plan(
    query: Query = "-",
    supergraph: Graph = None,
    who: Who = "",
    variables: Variables = "{}",
    name: Name = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the plan as JSON.")] = False,
    shapes: Annotated[
        bool,
        typer.Option("--shapes", "--code", help="Print what the fast executor compiles of the plan as well."),
    ] = False,
    at: At = "",
    schema: Schema = Path("schema"),
) -> None:
    """Print the plan of an operation: the tree of fetches, wave by wave."""
    asked = read_asked(query, supergraph, who, variables, name, at, schema)
    made = plan_operation(asked.supergraph, asked.operation)
    typer.echo(json.dumps(plan_json(made), indent=2) if as_json else print_plan(made))
    if shapes:
        typer.echo(_shapes(asked, made, governed=bool(who) or supergraph is None))


def load_graph(supergraph: Path | None, schema: Path) -> Supergraph:
    """The supergraph of the file, else of the folder. Raises ``SUPERGRAPH_MISSING`` or what is wrong with it."""
    file = supergraph or schema / "supergraph.graphql"
    return load_supergraph(read_text(file, "SUPERGRAPH_MISSING", "The supergraph", "Run `gateway compose`."))


def read_asked(
    query: str, supergraph: Path | None, who: str, variables: str, name: str, at: str, schema: Path
) -> Asked:
    """What the options of a command ask for. Raises coded errors for each option that cannot be read."""
    text = (
        sys.stdin.read()
        if query == "-"
        else read_text(Path(query), "QUERY_MISSING", "The query", "Name a file that exists, or - for standard input.")
    )
    try:
        given = json.loads(variables)
    except json.JSONDecodeError as problem:
        raise RequestError(
            "WRONG_VARIABLE",
            f"The variables are not JSON: {problem}.",
            where="--variables",
            hint='Write {"id": "..."}.',
        ) from None
    loaded = load_graph(supergraph, schema)
    operation = read_operation(text, loaded.api_schema, given, name or None, deferring=not who)
    return Asked(loaded, _permitted(operation, who, schema, at) if who else operation)


def _shapes(asked: Asked, made: Plan, *, governed: bool) -> str:
    if made.deferred:
        return "run by no executor: what is deferred is only planned"
    if governed:  # rulings on records need the merged data as objects that they can change
        return "run by the reference executor: governed"
    return FastPath(asked.supergraph).show(asked.operation, made)


def _permitted(operation: Operation, who: str, schema: Path, at: str) -> Operation:
    graph = open_graph(schema)
    caller = caller_of(who, schema)
    return authorize(operation, graph.policy, caller, graph.shapes, {}, {}, instant_of(at)).operation
