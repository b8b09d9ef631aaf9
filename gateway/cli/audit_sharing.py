"""``gateway audit requests`` and ``what-if``: sharing requests read and exported, and the record under another agreement."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from gateway.audit import Where
from gateway.cli.audit_shared import Json, Record, existing, looked
from gateway.cli.shared import At, Schema, Var, counted, instant_of, print_table
from gateway.errors import RequestError
from gateway.opening import open_graph, read_text
from gateway.policy import load_bundle
from gateway.sharing import (
    Replay,
    SharingRequest,
    exported,
    open_book,
    proposal_of,
    replay_record,
    standing,
    told_replay,
)

__all__ = ["register"]

_requests = typer.Typer(
    no_args_is_help=True,
    help="Sharing requests: what agencies ask of each other. They are opened and signed in the room.",
)


def register(app: typer.Typer) -> None:
    """Add the commands to ``gateway audit``."""
    _requests.command("list", epilog="Example: [bold]gateway audit requests list --state drafted[/bold]")(list_command)
    _requests.command("show", epilog="Example: [bold]gateway audit requests show SR-1A2B3C4D[/bold]")(show_command)
    _requests.command(
        "export",
        epilog="Example: [bold]gateway audit requests export SR-1A2B3C4D --out schema/agreements/x.toml[/bold]",
    )(export_command)
    app.add_typer(_requests, name="requests")
    app.command("what-if", epilog="Example: [bold]gateway audit what-if proposed.toml --since 2026-08-01[/bold]")(
        what_if_command
    )


_Id = Annotated[str, typer.Argument(help="The request's id, as SR-1A2B3C4D.")]


def list_command(
    state: Annotated[str, typer.Option("--state", help="Only those in this state.")] = "",
    as_json: Json = False,
    record: Record = "",
    var: Var = Path("var"),
) -> None:
    """List every sharing request, the one that was changed last first."""
    log = existing(var, record)
    looked(var, log, "requests list")
    with open_book(log) as book:
        found = [each for each in book.all() if state in ("", each.state)]
    if as_json:
        for each in found:
            typer.echo(json.dumps(_head(each)))
        return
    table = Table(
        "request", "state", "asked by", "of", "fields", "changed", "title", title=counted(len(found), "request")
    )
    for each in found:
        table.add_row(
            each.id, each.state, each.wish.recipient, each.wish.provider, str(len(each.wish.coordinates)),
            f"{each.changed_at:%Y-%m-%d}", each.wish.title,
        )  # fmt: skip
    print_table(table)


def show_command(request: _Id, as_json: Json = False, record: Record = "", var: Var = Path("var")) -> None:
    """Show one request with every step, and whether each stands as it was put on record; exit code 1 if one does not."""
    log = existing(var, record)
    looked(var, log, f"requests show {request}")
    found = _find(log, request)
    how = [standing(log, each) for each in found.steps]
    if as_json:
        typer.echo(json.dumps({**_head(found), "draft": found.draft, "steps": _steps(found, how)}))
    else:
        wish = found.wish
        typer.echo(f"{found.id}  {found.state}  {wish.recipient} asks {wish.provider}: {wish.title}")
        typer.echo(f"  fields    {', '.join(wish.coordinates)}\n  roles     {', '.join(wish.roles)}")
        typer.echo(f"  purposes  {', '.join(wish.purposes)}\n  why       {wish.justification}")
        for step, stands in zip(found.steps, how, strict=True):
            who = f"{step.party.agency}/{step.party.role} {step.party.user}"
            typer.echo(
                f"  {step.at:%Y-%m-%dT%H:%M}Z  {step.kind:9} {who}  [{stands}, record {step.record}] {step.text}"
            )
    if "changed" in how:
        raise typer.Exit(1)


def export_command(
    request: _Id,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The file; standard output when not given.")] = None,
    unsigned: Annotated[bool, typer.Option("--unsigned", help="Also a draft that is not signed by both.")] = False,
    record: Record = "",
    var: Var = Path("var"),
) -> None:
    """Write the agreement that both signed, as the file to commit to schema/agreements."""
    log = existing(var, record)
    looked(var, log, f"requests export {request}")
    found = _find(log, request)
    if not found.draft or (found.state != "signed-by-recipient" and not unsigned):
        raise RequestError(
            "SHARING_STATE", f"The request is {found.state}; there is nothing that both signed.", status=409,
            where=request, hint="Wait for both signatures, or take the draft with --unsigned.",
        )  # fmt: skip
    if out is None:
        typer.echo(exported(found), nl=False)
        return
    try:
        out.write_text(exported(found), encoding="utf-8")
    except OSError as problem:
        raise RequestError(
            "FILE_NOT_WRITTEN", f"It cannot be written: {problem.strerror}.", where=str(out), hint="Name another file."
        ) from None


def what_if_command(
    file: Annotated[Path, typer.Argument(help="The proposed agreement: new, or in place of the one with its id.")],
    since: Annotated[str, typer.Option("--since", help="Only answers since this day.")] = "",
    at: At = "",
    as_json: Json = False,
    schema: Schema = Path("schema"),
    record: Record = "",
    var: Var = Path("var"),
) -> None:
    """Replay the answers on record under a proposed agreement: what would be newly given or withheld, and what nobody can tell.

    To whom, how often and of how many people. Control-C leaves it; what was counted until then is printed.
    """
    log, instant = existing(var, record), instant_of(at)
    text = read_text(file, "FILE_MISSING", "The proposed agreement", "Name the file.")
    graph = open_graph(schema, at=instant)
    made = proposal_of(text, load_bundle(schema), graph.supergraph, instant)
    looked(var, log, f"what-if {made.agreement.name}")
    replay = Replay(graph.policy.compiled, made.policy.compiled, made.at, graph.supergraph.api_schema)
    whole = _replayed(log, replay, instant_of(since) if since else None)
    told = {"agreement": made.agreement.name, "complete": whole, **told_replay(replay)}
    if as_json:
        typer.echo(json.dumps(told))
        return
    for each in told["changes"]:
        fields = ", ".join(f"{name} {number}" for name, number in each["fields"].items())
        typer.echo(
            f"{each['agency']}  {each['verdict']}: {each['decisions']:,} decisions on {each['values']:,} values in "
            f"{each['answers']:,} answers, of at most {each['people']:,} people: {fields}"
        )
    if not told["changes"]:
        typer.echo("Nothing on record would have come out otherwise.")
    part = "" if whole else ", left before the end"
    typer.echo(f"{told['decisions']:,} decisions in {told['records']:,} answers replayed{part}")


def _replayed(log: Where, replay: Replay, since: datetime | None) -> bool:
    """Whether the record was replayed to its end; a bar on standard error shows how far it is."""
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("replaying", total=None)

        def going(done: int, total: int) -> bool:
            bar.update(task, completed=done, total=total)
            return True

        try:
            return replay_record(log, replay, since=since, going=going)
        except KeyboardInterrupt:
            return False


def _find(log: Where, id: str) -> SharingRequest:
    with open_book(log) as book:
        found = book.find(id)
    if found is None:
        raise RequestError(
            "SHARING_UNKNOWN", f"There is no sharing request {id!r}.", status=404, where="REQUEST",
            hint="gateway audit requests list shows those there are.",
        )  # fmt: skip
    return found


def _head(found: SharingRequest) -> dict[str, Any]:
    return {
        "id": found.id,
        "state": found.state,
        **found.wish.as_json(),
        "stance": found.stance,
        "digest": found.digest,
        "opened": found.opened_at.isoformat(),
        "changed": found.changed_at.isoformat(),
    }


def _steps(found: SharingRequest, how: list[str]) -> list[dict[str, Any]]:
    return [
        {
            "number": each.number,
            "at": each.at.isoformat(),
            "step": each.kind,
            "agency": each.party.agency,
            "role": each.party.role,
            "user": each.party.user,
            "text": each.text,
            "record": each.record,
            "standing": stands,
        }
        for each, stands in zip(found.steps, how, strict=True)
    ]
