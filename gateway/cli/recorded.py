"""A file of recorded operations: written from the record by ``gateway audit operations``, read by ``gateway check``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from gateway.audit.asked import AskedOperation, Occasions, operations_asked
from gateway.cli.audit_shared import Record, existing, looked
from gateway.cli.shared import At, Var, counted, instant_of
from gateway.errors import Mistake, PolicyError

__all__ = ["Recorded", "RecordedOperation", "page_of", "read_recorded", "register"]

_HINT = "Write one where the record is: gateway audit operations --out operations.json"


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often one kind of caller asked on one day; ``client`` names whose trusted document it is, or else what the
    application called itself with its ``version``; "" where nobody said."""

    agency: str
    role: str
    day: str
    count: int
    client: str = ""
    version: str = ""

    @property
    def who(self) -> str:
        """The client in words: the application's name, or else the agency and role."""
        return self.client or f"{self.agency}/{self.role}"


class RecordedOperation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One operation as it was asked: its text without values."""

    text: str
    name: str
    kind: str
    hash: str
    asked: tuple[Asked, ...]


class Recorded(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The operations of ``days`` days before ``until`` (an ISO instant); ``left_out`` were asked less than all of these."""

    until: str
    days: int
    operations: tuple[RecordedOperation, ...]
    left_out: int = 0


def register(app: typer.Typer) -> None:
    """Add the command to ``gateway audit``."""
    app.command("operations", epilog="Example: [bold]gateway audit operations --days 30 --out operations.json[/bold]")(
        operations_command
    )


def operations_command(
    out: Annotated[Path, typer.Option("--out", help="Write the operations there.")],
    days: Annotated[int, typer.Option("--days", min=1, help="So many days, up to --at.")] = 30,
    documents: Annotated[
        list[Path] | None,
        typer.Option("--documents", help="A manifest of trusted documents, which says whose an operation is."),
    ] = None,
    at: At = "",
    record: Record = "",
    var: Var = Path("var"),
) -> None:
    """Write which operations were asked, by whom and how often, for `gateway check --operations`: no values, no users.

    The file can leave for the machine that checks a change: it says nothing of anybody. That it was made is on record.
    """
    where, until = existing(var, record), instant_of(at)
    names: dict[str, str] = {}
    for path in documents or ():
        names |= _clients(path)
    found, left_out = operations_asked(where, until - timedelta(days=days), until)
    looked(var, where, "operations")
    page = page_of(found, until, days, names, left_out)
    out.write_bytes(msgspec.json.format(msgspec.json.encode(page), indent=1) + b"\n")
    requests = sum(each.requests for each in found)
    less = f"; {left_out} that were asked less are left out" if left_out else ""
    typer.echo(f"wrote {out}: {counted(len(found), 'operation')}, {counted(requests, 'request')} in {days} days{less}")


def page_of(
    found: Iterable[AskedOperation],
    until: datetime,
    days: int,
    clients: Mapping[str, str] | None = None,
    left_out: int = 0,
) -> Recorded:
    """The page of ``found``; ``clients`` maps the hash of a document (hex) to the application whose it is."""
    names = clients or {}
    operations = tuple(
        RecordedOperation(
            each.text,
            each.name,
            each.kind,
            each.hash,
            tuple(_asked(row, names.get(each.hash.removeprefix("sha256:"), "")) for row in each.asked),
        )
        for each in found
    )
    return Recorded(until.isoformat(), days, operations, left_out)


def _asked(row: Occasions, owner: str) -> Asked:
    """``row`` under the name of the document's ``owner``, which was reviewed, or what the application called itself."""
    version = row.version if owner in ("", row.client) else ""
    return Asked(row.agency, row.role, row.day, row.requests, owner or row.client, version)


def read_recorded(path: Path) -> Recorded:
    """The operations in the file at ``path``; raises ``PolicyError`` ``OPERATIONS_WRONG`` where it is no such file."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Recorded)
    except OSError as problem:
        raise _wrong(path, f"The file cannot be read: {problem.strerror}.") from problem
    except (msgspec.MsgspecError, UnicodeDecodeError) as problem:
        raise _wrong(path, f"The file is none of recorded operations: {problem}.") from problem


def _clients(path: Path) -> dict[str, str]:
    """The application of each document of a manifest, by the document's hash."""
    try:
        page = msgspec.json.decode(path.read_bytes(), type=dict[str, dict[str, str]])
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as problem:
        raise _wrong(path, "The manifest of trusted documents cannot be read.") from problem
    return {key.removeprefix("sha256:").lower(): client for client, documents in page.items() for key in documents}


def _wrong(path: Path, message: str) -> PolicyError:
    mistake = Mistake("OPERATIONS_WRONG", message, str(path), _HINT)
    return PolicyError("OPERATIONS_WRONG", "The recorded operations cannot be read.", (mistake,))
