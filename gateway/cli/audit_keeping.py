"""``gateway audit witness``, ``keygen``, ``checkpoint``, ``retain``, ``restored`` and ``shred``: keeping the record, and forgetting."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from gateway.audit import (
    AuditLog,
    Cosigned,
    Pseudonyms,
    Signer,
    finish,
    note_restored,
    open_shard,
    operator,
    place_of,
    read_witness,
    remains,
    retain,
    retention_due,
    shred,
    store_cosignatures,
    verify,
    witness,
)
from gateway.cli.audit_shared import Record, existing, public_key, where_of, writing
from gateway.cli.shared import Var, counted, instant_of
from gateway.epochs import folder_of, kept, pages_of
from gateway.errors import RequestError
from gateway.journal import changes, journal_of

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands to ``gateway audit``."""
    app.command("witness", epilog="Example: [bold]gateway audit witness --key state-ca.key --state kept/[/bold]")(
        witness_command
    )
    app.command("keygen", epilog="Example: [bold]gateway audit keygen state.example/witness state-ca.key[/bold]")(
        keygen_command
    )
    app.command("checkpoint", epilog="Example: [bold]gateway audit checkpoint[/bold]")(checkpoint_command)
    app.command("retain", epilog="Example: [bold]gateway audit retain --older-than 5y[/bold]")(retain_command)
    app.command("epochs", epilog="Example: [bold]gateway audit epochs --write sha256:39949b... old-schema[/bold]")(
        epochs_command
    )
    app.command("activations", epilog="Example: [bold]gateway audit activations --until 2026-12-31 --json[/bold]")(
        activations_command
    )
    app.command("restored", epilog="Example: [bold]gateway audit restored --witness kept/[/bold]")(restored_command)
    app.command("shred", epilog="Example: [bold]gateway audit shred 2021-11[/bold]")(shred_command)


def epochs_command(
    write: Annotated[
        tuple[str, Path] | None,
        typer.Option("--write", help="An epoch and a folder: write its files there, for `gateway diff` and `explain`."),
    ] = None,
    var: Var = Path("var"),
) -> None:
    """List the policies that were in force here, the latest first, or write the files of one into a folder."""
    folder = folder_of(var)
    if write is None:
        for each in kept(folder):
            typer.echo(f"{each.since.isoformat()}  {each.epoch}")
        return
    epoch, into = write
    for name, text in sorted(pages_of(folder, epoch).items()):
        place = into / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
        typer.echo(str(place))


def activations_command(
    until: Annotated[str, typer.Option("--until", help="Up to this instant (2026-12-31); without it, now.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line: the journal's own lines.")] = False,
    var: Var = Path("var"),
) -> None:
    """List what was in force here from when on, and what became of each agreement: by an activation or by its own dates."""
    at, journal = instant_of(until), journal_of(var)
    entries = [each for each in journal.entries() if each.at <= at]
    if as_json:
        for each in entries:
            typer.echo(each.line().decode())
        return
    told = changes(entries, at)
    for each in entries:
        bundle = f"bundle {each.published.version}" if each.published else "folder"
        typer.echo(f"{each.at.isoformat()}  {each.epoch}  {bundle}")
        for change in told:
            if change.ordinal == each.ordinal:
                touched = ", ".join((*change.articles, *change.flows))
                kinds = ", ".join(change.kinds)
                typer.echo(f"  {change.at.isoformat()}  {change.agreement.id}  {kinds}{touched and f': {touched}'}")


def keygen_command(
    name: Annotated[str, typer.Argument(help="The witness's name, a URL without its scheme: state.example/witness.")],
    file: Annotated[Path, typer.Argument(help="The file to write the private key to.")],
) -> None:
    """Make a witness's key, and print the verifier key to give to whoever verifies."""
    typer.echo(str(Signer.make(name, file).public))


def witness_command(
    key: Annotated[Path, typer.Option("--key", help="The witness's private key (gateway audit keygen).")],
    state: Annotated[
        Path, typer.Option("--state", help="The witness's own folder, where it keeps what it saw last.")
    ] = Path("witness"),
    log_key: Annotated[str, typer.Option("--log-key", help="The log's public key: a file, or its text.")] = "",
    submit: Annotated[bool, typer.Option("--submit/--no-submit", help="Hand the cosignatures to the log.")] = True,
    record: Record = "",
    var: Var = Path("var"),
) -> None:
    """Check that the record has only grown since this witness last saw it, and cosign it; exit code 1 if it has not."""
    signer = Signer.load(key)
    log = existing(var, record)
    found = witness(log, public_key(var, log_key), signer, state, datetime.now(UTC))
    cosigned = [each for each in found if isinstance(each, Cosigned)]
    if submit:
        store_cosignatures(log, cosigned, signer)
    for each in cosigned:
        typer.echo(str(each.note))
    refused = [each for each in found if not isinstance(each, Cosigned)]
    for no in refused:
        typer.echo(f"NOT COSIGNED: shard {no.shard}: {no.why}", err=True)
    if refused:
        raise typer.Exit(1)


def checkpoint_command(record: Record = "", var: Var = Path("var")) -> None:
    """Print the newest signed checkpoint of each shard, with its witnesses' signatures, as C2SP notes."""
    log = existing(var, record)
    key = public_key(var)
    place = place_of(log)
    for name in place.shards():
        with open_shard(place, name) as shard:
            signed = shard.last_checkpoint()
            lines = [line for size, _, line in shard.cosignatures() if signed is not None and size == signed.size]
        if signed is not None:
            typer.echo(str(signed.note(key)) + "".join(lines))


def retain_command(
    older_than: Annotated[str, typer.Option("--older-than", help="A date, or an age: 90d, 18m, 5y.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be deleted, and delete nothing.")] = False,
    record: Record = "",
    var: Var = Path("var"),
) -> None:
    """Delete payloads that were noted before a date or age; leaves and proofs stay. The deletion is on record first."""
    log = existing(var, record)
    before = _before(older_than)
    if dry_run:
        _tell("would be deleted", retention_due(log, before))
        return

    async def work(own: AuditLog, at: datetime) -> Mapping[str, int]:
        return await retain(own, log, before, at, operator())

    _tell("deleted", writing(var, log, work))


def _tell(what: str, found: Mapping[str, int]) -> None:
    for shard, count in found.items():
        typer.echo(f"shard {shard}: {count} payloads {what}")
    if not found:
        typer.echo(f"no payloads {what}")


def restored_command(
    witness: Annotated[
        list[Path] | None, typer.Option("--witness", help="A note that a witness kept, or a folder of them.")
    ] = None,
    log_key: Annotated[str, typer.Option("--log-key", help="The log's public key: a file, or its text.")] = "",
    record: Record = "",
    var: Var = Path("var"),
) -> None:
    """After a restore, before any gateway starts: say what is gone, put it on record, and finish the restored shards."""
    log = existing(var, record)
    public = public_key(var, log_key)
    verdict = verify(log, public)
    if verdict.fault is not None:
        raise RequestError(
            "RECORD_NOT_SOUND",
            f"What was restored is not sound: record {verdict.fault.index} of shard {verdict.fault.shard}: {verdict.fault.what}.",
            where=str(log) if not record else "--record",
            hint="Restore another backup, or keep this one and ask `gateway audit verify` what is wrong with it.",
        )
    found = remains(log, read_witness(witness or (), public))
    finish(log, found, datetime.now(UTC))

    async def work(own: AuditLog, at: datetime) -> Mapping[str, str]:
        return await note_restored(own, found, at, operator())

    writing(var, log, work)
    for each in found:
        gone = f"; {each.gone} more were witnessed and are gone (records {each.records} to {each.known - 1})"
        typer.echo(f"shard {each.shard}: {counted(each.records, 'record')}, sound{gone if each.gone else ''}")
    if not witness:
        typer.echo("no witness's notes were given (--witness), so nothing can be said of what is gone", err=True)


def shred_command(
    period: Annotated[str, typer.Argument(help="A month, as 2026-11.")],
    record: Record = "",
    var: Var = Path("var"),
) -> None:
    """Destroy a month's subject key: its records stay provable and lead to nobody. This cannot be undone."""
    pseudonyms = Pseudonyms(var / "keys")
    log = where_of(var, record)

    async def work(own: AuditLog, at: datetime) -> bool:
        return await shred(own, pseudonyms, period, at, operator())

    if period not in pseudonyms.periods() or not writing(var, log, work):
        raise RequestError(
            "PERIOD_UNKNOWN",
            f"There is no subject key for {period!r}.",
            where="PERIOD",
            hint="The months with a key: " + (", ".join(pseudonyms.periods()) or "none") + ".",
        )
    typer.echo(f"the subject key of {period} is destroyed; its records lead to nobody")


def _before(text: str) -> datetime:
    """The instant that an age or a date means; raises ``RequestError`` ``DATE_MALFORMED``."""
    if (age := re.fullmatch(r"(\d{1,5})([dmy])", text)) is None:
        return instant_of(text)
    days = {"d": 1, "m": 31, "y": 366}[age[2]]  # never younger than asked for
    return datetime.now(UTC) - timedelta(days=int(age[1]) * days)
