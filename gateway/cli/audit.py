"""``gateway audit``: verify the record, search it, and account for what was disclosed about a person."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from gateway.audit import (
    Found,
    Head,
    Pseudonyms,
    Search,
    count_by,
    disclosures_of,
    load_public_key,
    search,
    verify,
)
from gateway.cli.shared import Var, instant_of
from gateway.errors import RequestError

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True,
    help="The record: verify, search, account for disclosures.",
    epilog="Example: [bold]gateway audit verify[/bold]",
    rich_markup_mode="rich",
)
_JSON = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


def _log(var: Path) -> Path:
    path = var / "record" / "record.sqlite3"
    if not path.exists():
        raise RequestError(
            "RECORD_MISSING", "There is no record here yet.", where=str(path), hint="Name the folder with --var."
        )
    return path


@app.command("verify", epilog="Example: [bold]gateway audit verify[/bold]")
def verify_command(
    witness: Annotated[str, typer.Option("--witness", help="A head line that somebody else kept.")] = "",
    var: Var = Path("var"),
) -> None:
    """Walk the whole record and say whether it is as it was written; exit code 1 names the first bad index."""
    kept = Head.parse(witness) if witness else None
    if witness and kept is None:
        raise RequestError(
            "HEAD_MALFORMED", "The witness is no head line.", where="--witness", hint="Give a line of the heads file."
        )
    log = _log(var)
    try:
        key = load_public_key(var / "keys")
    except FileNotFoundError:
        raise RequestError(
            "KEYS_MISSING",
            "The key that signed the record's heads is not here, so nothing can be said of them.",
            where=str(var / "keys"),
            hint="Put the record's public key there.",
        ) from None
    verdict = verify(log, key, witness=kept)
    if verdict.fault is not None:
        fault = verdict.fault
        typer.echo(f"NOT SOUND: record {fault.index}: {fault.kind}: {fault.what}", err=True)
        raise typer.Exit(1)
    typer.echo(f"sound: {verdict.records} records, {verdict.heads} signed heads, head {verdict.hash.hex()}")


@app.command(
    "search",
    epilog="Example: [bold]gateway audit search --coordinate Visa.status --agency CBP --since 2026-11-01[/bold]\n\nExample: [bold]gateway audit search --by agreement[/bold]",
)
def search_command(
    traveler: Annotated[str, typer.Option("--traveler", help="A traveler's id.")] = "",
    user: Annotated[str, typer.Option("--user")] = "",
    agency: Annotated[str, typer.Option("--agency")] = "",
    purpose: Annotated[str, typer.Option("--purpose")] = "",
    case: Annotated[str, typer.Option("--case")] = "",
    coordinate: Annotated[str, typer.Option("--coordinate", help="Type.field, or Type.* for a whole type.")] = "",
    agreement: Annotated[str, typer.Option("--agreement")] = "",
    outcome: Annotated[str, typer.Option("--outcome", help="ALLOW, MASK, DENY, ABSENT or UNAVAILABLE.")] = "",
    request: Annotated[str, typer.Option("--request", help="A request id.")] = "",
    since: Annotated[str, typer.Option("--since")] = "",
    until: Annotated[str, typer.Option("--until")] = "",
    by: Annotated[
        str, typer.Option("--by", help="Count by user, agency, role, purpose, coordinate, agreement ...")
    ] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000)] = 20,
    as_json: _JSON = False,
    var: Var = Path("var"),
) -> None:
    """Find records: who saw what of whom, under which agreement, when. Newest first."""
    subjects = Pseudonyms(var / "keys").every(traveler) if traveler else ()
    if traveler and not subjects:
        typer.echo("no records")
        return
    what = Search(
        subjects, user, agency, purpose, case, coordinate, agreement, outcome, request,
        instant_of(since) if since else None, instant_of(until) if until else None,
    )  # fmt: skip
    log = _log(var)
    if by:
        _counts(log, what, by, as_json)
        return
    found, total = search(log, what, limit=limit)
    if as_json:
        for each in found:
            typer.echo(json.dumps({"index": each.index, **each.record}))
        return
    table = Table("#", "at", "caller", "case", "operation", "released", "withheld", title=f"{total} records")
    for each in found:
        table.add_row(*_row(each))
    Console().print(table)


def _row(found: Found) -> tuple[str, ...]:
    record: dict[str, Any] = found.record
    caller = record["caller"]
    released = sum(item.get("count", 0) for item in record["disclosed"] if item["outcome"] in ("ALLOW", "MASK"))
    withheld = sum(1 for item in record["disclosed"] if item["outcome"] not in ("ALLOW", "MASK"))
    who = f"{caller['agency']}/{caller['role']} {caller.get('user', '')}"
    name = record["operation"]["name"] or record["operation"]["hash"][:12]
    return str(found.index), record["at"][:19], who, caller.get("case", ""), name, str(released), str(withheld)


def _counts(log: Path, what: Search, by: str, as_json: bool) -> None:
    try:
        counted = count_by(log, what, by)  # type: ignore[arg-type]  # checked there
    except ValueError as problem:
        raise RequestError(
            "GROUPING_UNKNOWN", f"{problem}.", where="--by", hint="Count by agreement, for instance."
        ) from None
    if as_json:
        for each in counted:
            typer.echo(json.dumps(asdict(each)))
        return
    table = Table(by, "records", "values")
    for each in counted:
        table.add_row(each.name or "-", str(each.records), str(each.values))
    Console().print(table)


@app.command("disclosures", epilog="Example: [bold]gateway audit disclosures TRV-...[/bold]")
def disclosures_command(
    traveler: Annotated[str, typer.Argument(help="The traveler's id.")],
    since: Annotated[str, typer.Option("--since")] = "",
    until: Annotated[str, typer.Option("--until")] = "",
    as_json: _JSON = False,
    var: Var = Path("var"),
) -> None:
    """Account for what was disclosed about one person, to whom, why and under which agreement (5 U.S.C. 552a(c))."""
    lines = disclosures_of(
        _log(var),
        Pseudonyms(var / "keys"),
        traveler,
        since=instant_of(since) if since else None,
        until=instant_of(until) if until else None,
    )
    if as_json:
        for line in lines:
            typer.echo(json.dumps(asdict(line)))
        return
    table = Table("at", "from", "to", "purpose", "case", "what", "under", title=f"{len(lines)} disclosures")
    for line in lines:
        under = f"{line.agreement} v{line.version} {line.article}" if line.agreement else "-"
        what = f"{line.coordinate} ({line.mask})" if line.mask else line.coordinate
        table.add_row(line.at[:19], line.owner, f"{line.recipient}/{line.role}", line.purpose, line.case, what, under)
    Console().print(table)
