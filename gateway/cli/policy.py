"""``gateway check``, ``gateway explain``, ``gateway matrix``: whether the law holds together, and what it says."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from gateway.cli.checking import check_all
from gateway.cli.foreign import Foreign, check_foreign
from gateway.cli.reports import markdown, sarif
from gateway.cli.shared import At, Schema, Var, caller_of, instant_of
from gateway.cli.steps import Checked
from gateway.coordinates import Coordinate
from gateway.errors import RequestError
from gateway.opening import open_graph
from gateway.policy import UNREACHABLE, Policy, Value
from gateway.policy.explain import explain_json, explain_lines
from gateway.policy.matrix import MatrixCell, MatrixRow, access_matrix, field_matrix

__all__ = ["register"]

_JSON = Annotated[bool, typer.Option("--json", help="Print data instead of text.")]
_FACTS = ("case.", "record.", "subject.")
_SIGNS = {"ALLOW": "[green]yes[/green]", "CONDITIONAL": "if", "MASKED": "[yellow]mask[/yellow]", "": "[dim]-[/dim]"}


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    app.command("check", epilog="Example: [bold]gateway check[/bold]")(check)
    app.command(
        "explain",
        epilog="Example: [bold]gateway explain --as CBP/cbp-primary/border-inspection-primary Visa.status --fact case.state=open[/bold]",
    )(explain)
    app.command("matrix", epilog="Example: [bold]gateway matrix --agency CBP --role cbp-primary[/bold]")(matrix)


def check(
    schema: Schema = Path("schema"),
    against: Annotated[
        Path | None,
        typer.Option(
            "--against", help="An earlier schema folder: say what moves newly between agencies, and what breaks."
        ),
    ] = None,
    operations: Annotated[
        Path | None,
        typer.Option("--operations", help="Recorded operations (gateway audit operations): say whom a change breaks."),
    ] = None,
    draft: Annotated[
        bool, typer.Option("--draft", help="Write a draft of each agreement that a flow lacks, for both sides to sign.")
    ] = False,
    subgraph: Annotated[
        str,
        typer.Option(
            "--subgraph", help="Check the subgraph that runs at this URL, whoever made it, beside the others."
        ),
    ] = "",
    name: Annotated[
        str, typer.Option("--name", help="What it is called in the graph, where it is not registered.")
    ] = "",
    agency: Annotated[str, typer.Option("--agency", help="Whose it is, where it is not registered.")] = "",
    subject: Annotated[
        list[str] | None, typer.Option("--subject", help="Whose record a row of its types is: Notice=traveler.id")
    ] = None,
    representation: Annotated[
        list[str] | None,
        typer.Option("--representation", help="A real entity of it as JSON, to be asked for and back."),
    ] = None,
    save: Annotated[
        bool, typer.Option("--save", help="Write the SDL of --subgraph to schema/subgraphs, when nothing is wrong.")
    ] = False,
    var: Var = Path("var"),
    as_json: _JSON = False,
    as_sarif: Annotated[bool, typer.Option("--sarif", help="Print a SARIF 2.1.0 log.")] = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print a summary to paste into a review.")] = False,
) -> None:
    """Check everything under the schema folder: composition, agreements, their examples, flows, arguments, files.

    Every mistake is printed with its file and line; exit code 1 when there is any, 0 when there is none, whatever the form.
    """
    if as_json + as_sarif + as_markdown > 1:
        raise typer.BadParameter("Give one of --json, --sarif and --markdown.")
    if subgraph:
        foreign = Foreign.at(subgraph, schema, name, agency, subject or ())
        checked = check_foreign(foreign, schema, var / "keys", representation or (), save=save)
    else:
        checked = check_all(schema, against, operations=operations, draft=draft)
    if as_json:
        typer.echo(json.dumps(checked.as_json(), indent=2))
    elif as_sarif:
        typer.echo(json.dumps(sarif(checked, schema), indent=2))
    elif as_markdown:
        typer.echo(markdown(checked))
    else:
        _print_checked(checked)
    if not checked.ok:
        raise typer.Exit(1)


def _print_checked(checked: Checked) -> None:
    for step in checked.steps:
        typer.echo(f"{'ok  ' if not step.mistakes else 'FAIL'}  {step.name:12} {step.told}")
        for note in (*step.notes, *step.passed):
            typer.echo(f"      {note}")
    for step in checked.steps:
        for mistake in step.mistakes:
            typer.echo(str(mistake), err=True)


def explain(
    coordinate: Annotated[str, typer.Argument(help="Type.field")],
    who: Annotated[str, typer.Option("--as", help="AGENCY/role/purpose, or a persona.")],
    fact: Annotated[
        list[str] | None,
        typer.Option(
            "--fact", help="A known fact, name=value: case.state=open, subject.p1367=true, value=UNREACHABLE."
        ),
    ] = None,
    case: Annotated[str, typer.Option("--case", help="The caller's case.")] = "",
    location: Annotated[str, typer.Option("--location", help="The caller's port, post or office.")] = "",
    at: At = "",
    as_json: _JSON = False,
    schema: Schema = Path("schema"),
) -> None:
    """Say what a caller gets of a field, under which article, and what every clause considered came to.

    Facts that are not given are unknown. With facts of a case and no --case, the caller has some case of that kind.
    """
    try:
        place = Coordinate.parse(coordinate)
    except ValueError as problem:
        raise RequestError(
            "COORDINATE_MALFORMED", f"{problem}.", where="coordinate", hint="Write Visa.status."
        ) from None
    facts = dict(_fact(each) for each in fact or ())
    policy = open_graph(schema).policy
    caller = caller_of(who, schema, case, location)
    if not caller.case and any(name.startswith("case.") for name in facts):
        caller = replace(caller, case="EXAMPLE")
    decision = policy.decide(caller, place, facts, instant_of(at))
    if as_json:
        typer.echo(json.dumps(explain_json(decision, policy.epoch), indent=2))
    else:
        typer.echo("\n".join(explain_lines(decision, policy.epoch)))


def _fact(text: str) -> tuple[str, Value]:
    """Name and value of ``name=value``: the value is JSON where it reads as JSON, else the text itself."""
    name, equals, value = text.partition("=")
    if not equals or not (name == "value" or name.startswith(_FACTS)):
        raise RequestError(
            "FACT_MALFORMED",
            f"{text!r} is no fact.",
            where="--fact",
            hint="Write name=value; the name is value, or begins with case., record. or subject.",
        )
    if value == "UNREACHABLE":
        return name, UNREACHABLE
    try:
        read = json.loads(value)
    except json.JSONDecodeError:
        return name, value
    return name, tuple(read) if isinstance(read, list) else read


def matrix(
    agency: Annotated[list[str] | None, typer.Option("--agency", help="Only this recipient; may be repeated.")] = None,
    role: Annotated[str, typer.Option("--role", help="Only this role.")] = "",
    fields: Annotated[bool, typer.Option("--fields", help="Field by field, for one --agency and --role.")] = False,
    at: At = "",
    as_json: _JSON = False,
    schema: Schema = Path("schema"),
) -> None:
    """Show who may have what: one row a recipient role and owner, one column a category of data.

    yes: some field whatever the record; if: under the agreement's conditions; mask: masked at best; -: nothing.
    The numbers say how many of the owner's fields of the category are given.
    """
    graph = open_graph(schema)
    known = graph.policy.vocabulary
    for word, words, option in (
        *((each, known.agencies, "--agency") for each in agency or ()),
        *((each, known.roles, "--role") for each in [role] if each),
    ):
        if word not in words:
            raise RequestError(
                "NAME_UNKNOWN",
                f"The vocabulary does not know {word!r}.",
                where=option,
                hint=f"Known: {', '.join(sorted(words))}.",
            )
    if fields:
        _print_fields(graph.policy, agency or [], role, instant_of(at), as_json=as_json)
        return
    rows = [row for row in access_matrix(graph.policy, instant_of(at), agency or ()) if role in ("", row.role)]
    if as_json:
        typer.echo(json.dumps([asdict(row) for row in rows], indent=2))
    else:
        _print_matrix(rows)


def _print_fields(policy: Policy, agencies: list[str], role: str, at: datetime, *, as_json: bool) -> None:
    if len(agencies) != 1 or not role:
        raise RequestError(
            "RECIPIENT_MISSING",
            "Fields are listed for one recipient.",
            where="--fields",
            hint="Give one --agency and one --role as well.",
        )
    found = field_matrix(policy, agencies[0], role, at)
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    for coordinate, state in sorted(found.items()):
        typer.echo(f"{state or '-':12} {coordinate}")


def _print_matrix(rows: list[MatrixRow]) -> None:
    given = sorted({name for row in rows for name, cell in row.cells.items() if cell.state})
    # a table cut off at the edge of a narrow screen would show rights that are not there, so it is never cut
    console = Console(width=max(100, 52 + 9 * len(given)))
    table = Table("agency", "role", "owner", *given, box=None, pad_edge=False)
    last = ("", "")
    for row in rows:
        who = (row.agency, row.role) if (row.agency, row.role) != last else ("", "")
        last = (row.agency, row.role)
        table.add_row(*who, row.owner, *(_sign(row.cells.get(name)) for name in given))
    console.print(table)


def _sign(cell: MatrixCell | None) -> str:
    if cell is None:
        return ""
    return f"{_SIGNS[cell.state]} {cell.given}/{cell.all}" if cell.state else _SIGNS[""]
