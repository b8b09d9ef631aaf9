"""``gateway documents``: a client's operations, collected and held against what its users may see."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from graphql import GraphQLSchema, parse
from graphql.language import FieldNode, Visitor, visit
from graphql.type import GraphQLInterfaceType, GraphQLObjectType
from graphql.utilities import TypeInfo, TypeInfoVisitor

from gateway.caller import Caller
from gateway.cli.shared import At, Schema, caller_of, counted, instant_of
from gateway.coordinates import Coordinate
from gateway.documents.extract import Found, extract, manifest
from gateway.errors import Mistake, OperationError, PolicyError
from gateway.house import Graph
from gateway.opening import open_graph
from gateway.policy import Policy

__all__ = ["app", "reviewed"]

app = typer.Typer(no_args_is_help=True, help="A client's operations: collected, reviewed, trusted.")
_HINT = "Take it out, or ask the owner for an agreement: `gateway explain` says what there is."


@app.callback()
def documents() -> None:
    """A client's operations: collected, reviewed, trusted."""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What came of holding operations against callers: mistakes, and what some or all callers get less of."""

    mistakes: tuple[Mistake, ...]
    notes: tuple[str, ...]


@app.command(
    "extract",
    epilog="Example: [bold]gateway documents extract src --client desk --as consular-officer-nwd --out documents.json[/bold]",
)
def extract_documents(
    sources: Annotated[
        list[Path], typer.Argument(help="Folders or files: .graphql, .gql, and gql tags in code.", exists=True)
    ],
    client: Annotated[str, typer.Option("--client", help="Whose documents these are, for the manifest.")] = "client",
    who: Annotated[
        list[str] | None,
        typer.Option("--as", help="AGENCY/role/purpose or a persona of the app's users; may be repeated."),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write the manifest there (TWS_DOCUMENTS).")] = None,
    ids: Annotated[Path | None, typer.Option("--ids", help="Write the documents' ids by operation name there.")] = None,
    at: At = "",
    schema: Schema = Path("schema"),
) -> None:
    """Collect the operations of a client's source and hold them against what its users may see.

    Fails when an operation is not valid for a caller, or when a field of it is withheld from every caller, whatever the
    record: the client learns of it before its users do. Nothing is written then.
    """
    found = extract(sources)
    graph = open_graph(schema)
    callers = {each: caller_of(each, schema) for each in who or ()}
    review = reviewed(found.documents, graph, callers, instant_of(at))
    for note in review.notes:
        typer.echo(note)
    if mistakes := found.mistakes + review.mistakes:
        raise PolicyError("DOCUMENTS_REFUSED", f"{len(mistakes)} mistake(s) in the client's operations.", mistakes)
    if out is not None:
        _write(out, manifest(client, found.documents))
    if ids is not None:
        _write(ids, {each.name: f"sha256:{each.digest}" for each in found.documents})
    typer.echo(
        f"{counted(len(found.documents), 'operation')}, valid for {', '.join(callers) or 'the graph as a whole'}"
    )


def _write(path: Path, page: Mapping[str, object]) -> None:
    path.write_text(json.dumps(page, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    typer.echo(f"wrote {path}")


def reviewed(documents: Sequence[Found], graph: Graph, callers: Mapping[str, Caller], at: datetime) -> Reviewed:
    """The operations held against each of ``callers`` (by name) at ``at``, or against the whole graph where there is none."""
    mistakes: list[Mistake] = []
    notes: list[str] = []
    for each in documents:
        wrong = list(_invalid(each, graph, callers, at))
        mistakes += wrong
        if wrong:
            continue
        for coordinate in _coordinates(each.text, graph.supergraph.api_schema):
            lost, masked = _less(coordinate, graph.policy, callers, at)
            if lost and len(lost) == len(callers):
                message = f"{each.name} asks for {coordinate}, which {', '.join(lost.values())} withholds from every caller named."
                mistakes.append(Mistake("DOCUMENT_WITHHELD", message, each.where, _HINT))
            elif lost:
                notes.append(f"{each.where}: {each.name}: {coordinate} is withheld from {', '.join(lost)}")
            if masked:
                notes.append(f"{each.where}: {each.name}: {coordinate} is masked for {', '.join(masked)}")
    return Reviewed(tuple(mistakes), tuple(notes))


def _invalid(document: Found, graph: Graph, callers: Mapping[str, Caller], at: datetime) -> Iterator[Mistake]:
    views = {name: graph.views.documents(caller, at) for name, caller in callers.items()} or {"": graph.documents}
    for name, documents in views.items():
        try:
            documents.read(document.text)
        except OperationError as error:
            for each in error.errors:
                whom = f" for {name}" if name else ""
                yield Mistake(each.code, f"{document.name}{whom}: {each.message}", document.where, each.hint)


def _less(
    coordinate: Coordinate, policy: Policy, callers: Mapping[str, Caller], at: datetime
) -> tuple[dict[str, str], list[str]]:
    """The callers from whom ``coordinate`` is withheld whatever the record, with its owner; and those who get it masked."""
    lost: dict[str, str] = {}
    masked: list[str] = []
    for name, caller in callers.items():
        decision = policy.decide(caller, coordinate, {}, at)
        if decision.settled and str(decision.outcome) in ("DENY", "ABSENT"):
            lost[name] = decision.owner or "its owner"
        elif str(decision.outcome) == "MASK" and decision.settled:
            masked.append(name)
    return lost, masked


def _coordinates(text: str, schema: GraphQLSchema) -> list[Coordinate]:
    """The fields that an operation selects, on every concrete type they can stand on, in order and each once."""
    found: dict[Coordinate, None] = {}
    info = TypeInfo(schema)

    class Fields(Visitor):
        def enter_field(self, node: FieldNode, *_: object) -> None:
            parent = info.get_parent_type()
            if node.name.value.startswith("__"):
                return
            if isinstance(parent, GraphQLObjectType):
                found[Coordinate(parent.name, node.name.value)] = None
            elif isinstance(parent, GraphQLInterfaceType):
                for each in schema.get_possible_types(parent):
                    found[Coordinate(each.name, node.name.value)] = None

    visit(parse(text), TypeInfoVisitor(info, Fields()))
    return list(found)
