"""``gateway audit export``, ``bundle`` and ``proof``: the record in forms that leave the house."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from gateway.audit import (
    Found,
    Pseudonyms,
    Search,
    Where,
    as_csv,
    as_ocsf,
    export_lines,
    proof_of,
    search,
    write_bundle,
)
from gateway.cli.audit_shared import Record, existing, looked, public_key
from gateway.cli.shared import Schema, Var, instant_of
from gateway.errors import RequestError

__all__ = ["register"]


class Form(StrEnum):
    """The forms of an export."""

    JSONL = "jsonl"
    CSV = "csv"
    OCSF = "ocsf"


_Out = Annotated[Path | None, typer.Option("--out", "-o", help="The file to write; standard output when not given.")]
_PAGE = 1_000


def register(app: typer.Typer) -> None:
    """Add the commands to ``gateway audit``."""
    app.command("export", epilog="Example: [bold]gateway audit export --out record.jsonl[/bold]")(export_command)
    app.command("bundle", epilog="Example: [bold]gateway audit bundle evidence.zip --traveler TRV-...[/bold]")(
        bundle_command
    )
    app.command("proof", epilog="Example: [bold]gateway audit proof 1f3a9c02 17[/bold]")(proof_command)


def export_command(
    form: Annotated[Form, typer.Option("--form", help="jsonl holds proofs and verifies offline.")] = Form.JSONL,
    traveler: Annotated[str, typer.Option("--traveler", help="Only records about this traveler.")] = "",
    agency: Annotated[str, typer.Option("--agency", help="Only what this agency was answered.")] = "",
    since: Annotated[str, typer.Option("--since")] = "",
    until: Annotated[str, typer.Option("--until")] = "",
    out: _Out = None,
    record: Record = "",
    var: Var = Path("var"),
) -> None:
    """Write the record, or chosen records, as JSON Lines with proofs, as CSV, or as OCSF events."""
    log = existing(var, record)
    what = _search(var, traveler, agency, since, until)
    looked(var, log, f"export as {form}", what.subjects if what else ())
    if form is Form.JSONL:
        chosen = None if what is None else {(each.shard, each.index) for each in _every(log, what)}
        _write(out, export_lines(log, public_key(var), datetime.now(UTC), chosen))
        return
    found = _every(log, what or Search())
    lines = as_csv(found) if form is Form.CSV else (json.dumps(as_ocsf(each)) + "\n" for each in found)
    _write(out, (line.encode() for line in lines))


def bundle_command(
    out: Annotated[Path, typer.Argument(help="The zip to write.")],
    traveler: Annotated[str, typer.Option("--traveler", help="Only records about this traveler.")] = "",
    agency: Annotated[str, typer.Option("--agency", help="Only what this agency was answered.")] = "",
    since: Annotated[str, typer.Option("--since")] = "",
    until: Annotated[str, typer.Option("--until")] = "",
    record: Record = "",
    schema: Schema = Path("schema"),
    var: Var = Path("var"),
) -> None:
    """Write an evidence bundle: records, proofs, policy, supergraph, public keys and a README in one zip."""
    log = existing(var, record)
    what = _search(var, traveler, agency, since, until)
    looked(var, log, "bundle", what.subjects if what else ())
    chosen = None if what is None else frozenset((each.shard, each.index) for each in _every(log, what))
    try:
        count = write_bundle(out, log, public_key(var), schema, datetime.now(UTC), chosen)
    except OSError as problem:
        raise _unwritten(out, problem) from None
    typer.echo(f"{out}: {count} files; verify with `gateway audit verify {out} --key audit-head.pub`")


def proof_command(
    shard: Annotated[str, typer.Argument(help="The record's shard.")],
    index: Annotated[int, typer.Argument(help="The record's index in it.", min=0)],
    out: _Out = None,
    record: Record = "",
    var: Var = Path("var"),
) -> None:
    """Write one record with the proof that it is in the log: an export of one, which `gateway audit verify` reads."""
    log = existing(var, record)
    looked(var, log, "proof")
    _write(out, iter(proof_of(log, public_key(var), shard, index, datetime.now(UTC))))


def _search(var: Path, traveler: str, agency: str, since: str, until: str) -> Search | None:
    """What to choose; None for everything."""
    if not (traveler or agency or since or until):
        return None
    subjects = Pseudonyms(var / "keys").every(traveler) if traveler else ()
    if traveler and not subjects:
        subjects = ("nobody",)  # every month's key is gone: nothing can be found of anybody
    return Search(
        subjects,
        agency=agency,
        since=instant_of(since) if since else None,
        until=instant_of(until) if until else None,
    )


def _every(log: Where, what: Search) -> Iterator[Found]:
    """Every record found, the newest first."""
    before: str | None = None
    while True:
        page, _ = search(log, what, limit=_PAGE, before=before)
        yield from page
        if len(page) < _PAGE:
            return
        before = page[-1].cursor


def _write(out: Path | None, lines: Iterator[bytes]) -> None:
    if out is None:
        for line in lines:
            sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()
        return
    try:
        with out.open("wb") as file:
            file.writelines(lines)
    except OSError as problem:
        raise _unwritten(out, problem) from None


def _unwritten(out: Path, problem: OSError) -> RequestError:
    return RequestError(
        "FILE_NOT_WRITTEN", f"It cannot be written: {problem.strerror}.", where=str(out), hint="Name another file."
    )
