"""``gateway audit``: verify the record, search it, and account for what was disclosed about a person."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from gateway.audit import (
    Found,
    Pseudonyms,
    Search,
    Verdict,
    VerifierKey,
    Where,
    count_by,
    disclosures_of,
    read_witness,
    search,
    verify,
    verify_export,
)
from gateway.audit.walk import LONGEST
from gateway.cli import audit_evidence, audit_keeping, audit_sharing, recorded
from gateway.cli.audit_shared import Json, Record, existing, looked, public_key
from gateway.cli.shared import Var, counted, instant_of, print_table
from gateway.errors import RequestError

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True,
    help="The record: verify, search, account for disclosures, export, witness, retain.",
    epilog="Example: [bold]gateway audit verify[/bold]",
    rich_markup_mode="rich",
)
audit_evidence.register(app)
audit_keeping.register(app)
audit_sharing.register(app)
recorded.register(app)


@app.command(
    "verify",
    epilog="Example: [bold]gateway audit verify[/bold]\n\nExample: [bold]gateway audit verify evidence.zip --key log.pub --witness kept/[/bold]",
)
def verify_command(
    file: Annotated[Path | None, typer.Argument(help="An export or bundle; the live record when not given.")] = None,
    key: Annotated[str, typer.Option("--key", help="The log's public key: a file, or its text.")] = "",
    witness: Annotated[
        list[Path] | None, typer.Option("--witness", help="A note that a witness kept, or a folder of them.")
    ] = None,
    witness_key: Annotated[
        list[str] | None,
        typer.Option("--witness-key", help="A witness's verifier key; its notes must be signed by one."),
    ] = None,
    record: Record = "",
    var: Var = Path("var"),
) -> None:
    """Say whether the record, or an export of it, is as it was written; exit code 1 names the first bad index."""
    where = None if file is not None else existing(var, record)
    public = public_key(var, key)
    names = [VerifierKey.parse(text) for text in witness_key or ()]
    witnessed = read_witness(witness or (), public, names)
    verdict = (
        verify_export(file, public, witnessed=witnessed)
        if file is not None
        else verify(where or Path(), public, witnessed=witnessed)
    )
    _tell(verdict, len(witnessed))


def _tell(verdict: Verdict, witnessed: int) -> None:
    for shard in verdict.shards:
        if shard.fault is not None:
            fault = shard.fault
            typer.echo(f"NOT SOUND: record {fault.index} of shard {fault.shard}: {fault.kind}: {fault.what}", err=True)
    if not verdict.sound:
        raise typer.Exit(1)
    part = "" if verdict.complete else " (a partial export: each is proven, and nothing is said of others)"
    notes = f", {witnessed} witnessed" if witnessed else ""
    typer.echo(
        f"sound: {counted(verdict.records, 'record')}, {counted(verdict.checkpoints, 'signed checkpoint')}{notes}{part}"
    )
    for shard in verdict.shards:
        more = f", {shard.deleted} payloads deleted on record" if shard.deleted else ""
        more += _belated(shard.belated) if shard.belated else ""
        typer.echo(f"  shard {shard.shard}: {counted(shard.records, 'record')}, root {shard.root.hex()}{more}")


def _belated(records: int) -> str:
    began = f"{counted(records, 'record')} of more than {LONGEST.seconds} seconds before one written earlier"
    return f", {began} (the clock stepped back, or a request took as long)"


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
    kind: Annotated[
        str, typer.Option("--kind", help="release, intent, epoch, look, sharing, retention, restoring or shredding.")
    ] = "",
    since: Annotated[str, typer.Option("--since")] = "",
    until: Annotated[str, typer.Option("--until")] = "",
    by: Annotated[
        str, typer.Option("--by", help="Count by user, agency, role, purpose, coordinate, agreement ...")
    ] = "",
    role: Annotated[str, typer.Option("--role")] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000)] = 20,
    as_json: Json = False,
    record: Record = "",
    var: Var = Path("var"),
) -> None:
    """Find records: who saw what of whom, under which agreement, when. Newest first. The search is on record itself."""
    subjects = Pseudonyms(var / "keys").every(traveler) if traveler else ()
    if traveler and not subjects:
        typer.echo("no records")
        return
    what = Search(
        subjects, user, agency, purpose, case, coordinate, agreement, outcome, request,
        instant_of(since) if since else None, instant_of(until) if until else None, kind, role,
    )  # fmt: skip
    log = existing(var, record)
    if by:
        _counts(log, what, by, as_json, lambda: looked(var, log, f"search --by {by}", subjects))
        return
    found, total = search(log, what, limit=limit)
    looked(var, log, "search", subjects)  # before anything is shown, and not among what was found
    if as_json:
        for each in found:
            typer.echo(json.dumps({"shard": each.shard, "index": each.index, **each.record}))
        return
    table = Table("#", "at", "caller", "case", "operation", "released", "withheld", title=counted(total, "record"))
    for each in found:
        table.add_row(*_row(each))
    print_table(table)


def _row(found: Found) -> tuple[str, ...]:
    record: dict[str, Any] = found.record
    caller = record["caller"]
    released = sum(item.get("count", 0) for item in record["disclosed"] if item["outcome"] in ("ALLOW", "MASK"))
    withheld = sum(1 for item in record["disclosed"] if item["outcome"] not in ("ALLOW", "MASK"))
    who = f"{caller['agency']}/{caller['role']} {caller.get('user', '')}"
    name = record["operation"]["name"] or record["operation"]["hash"][:12] or record["kind"]
    place = f"{found.shard}/{found.index}"
    return place, record["at"][:19], who, caller.get("case", ""), name, str(released), str(withheld)


def _counts(log: Where, what: Search, by: str, as_json: bool, note: Callable[[], None]) -> None:
    try:
        counted = count_by(log, what, by)  # type: ignore[arg-type]  # checked there
    except ValueError as problem:
        raise RequestError(
            "GROUPING_UNKNOWN", f"{problem}.", where="--by", hint="Count by agreement, for instance."
        ) from None
    note()  # before anything is shown, and not among what was counted
    if as_json:
        for each in counted:
            typer.echo(json.dumps(asdict(each)))
        return
    table = Table(by, "records", "values")
    for each in counted:
        table.add_row(each.name or "-", str(each.records), str(each.values))
    print_table(table)


@app.command("disclosures", epilog="Example: [bold]gateway audit disclosures TRV-...[/bold]")
def disclosures_command(
    traveler: Annotated[str, typer.Argument(help="The traveler's id.")],
    since: Annotated[str, typer.Option("--since")] = "",
    until: Annotated[str, typer.Option("--until")] = "",
    as_json: Json = False,
    record: Record = "",
    var: Var = Path("var"),
) -> None:
    """Account for what was disclosed about one person, to whom, why and under which agreement (5 U.S.C. 552a(c))."""
    log, pseudonyms = existing(var, record), Pseudonyms(var / "keys")
    looked(var, log, "disclosures", pseudonyms.every(traveler))
    lines = disclosures_of(
        log,
        pseudonyms,
        traveler,
        since=instant_of(since) if since else None,
        until=instant_of(until) if until else None,
    )
    if as_json:
        for line in lines:
            typer.echo(json.dumps(asdict(line)))
        return
    table = Table("at", "from", "to", "purpose", "case", "what", "under", title=counted(len(lines), "disclosure"))
    for line in lines:
        under = f"{line.agreement} v{line.version} {line.article}" if line.agreement else "-"
        what = f"{line.coordinate} ({line.mask})" if line.mask else line.coordinate
        table.add_row(line.at[:19], line.owner, f"{line.recipient}/{line.role}", line.purpose, line.case, what, under)
    print_table(table)
