"""What the commands about the record need: where it is, its keys, and that looking into it is on record itself."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TypeAlias, TypeVar

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.audit import (
    AuditLog,
    AuditRecord,
    VerifierKey,
    Where,
    load_public_key,
    load_signing_key,
    operator,
    place_of,
)
from gateway.audit.keys import has_signing_key
from gateway.audit.record import instant
from gateway.errors import RequestError

__all__ = ["Json", "Record", "existing", "looked", "public_key", "where_of", "writing"]

Json: TypeAlias = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
Record: TypeAlias = Annotated[
    str,
    typer.Option("--record", envvar="TWS_RECORD", help="The record's PostgreSQL URL; files in --var when not given."),
]
_T = TypeVar("_T")


def where_of(var: Path, record: str) -> Where:
    """The record's place."""
    return record or var / "record" / "record.sqlite3"


def existing(var: Path, record: str) -> Where:
    """The record's place, where there is one; raises ``RequestError`` ``RECORD_MISSING``."""
    where = where_of(var, record)
    if not place_of(where).shards():
        raise RequestError(
            "RECORD_MISSING",
            "There is no record here yet.",
            where=str(var / "record") if not record else "--record",
            hint="Name the folder with --var, or the database with --record.",
        )
    return where


def public_key(var: Path, given: str = "") -> Ed25519PublicKey:
    """The log's public key: from the file or text ``given``, else from the keys beside the record.

    Raises ``RequestError`` ``KEYS_MISSING`` or ``KEY_MALFORMED``.
    """
    try:
        if not given:
            return load_public_key(var / "keys")
        text = Path(given).read_text(encoding="utf-8").strip() if Path(given).exists() else given
        if len(text) > 44:  # a bare key is 44 letters; a verifier key has its name before it
            return Ed25519PublicKey.from_public_bytes(VerifierKey.parse(text).public)
        return Ed25519PublicKey.from_public_bytes(base64.b64decode(text, validate=True))
    except FileNotFoundError:
        raise RequestError(
            "KEYS_MISSING",
            "The key that signed the record's checkpoints is not here, so nothing can be said of them.",
            where=str(var / "keys"),
            hint="Put the record's public key (audit-head.pub) there, or name it with --key.",
        ) from None
    except (ValueError, binascii.Error):
        raise RequestError(
            "KEY_MALFORMED", "This is no public key.", where="--key", hint="Give audit-head.pub, or a .vkey file."
        ) from None


def writing(var: Path, where: Where, work: Callable[[AuditLog, datetime], Awaitable[_T]]) -> _T:
    """What ``work`` gives with a shard of the record's own to write to, and the present instant.

    Raises ``RequestError`` ``KEYS_MISSING`` where the signing key is not, and ``RecordUnavailable``.
    """
    if not has_signing_key(var / "keys"):
        raise RequestError(
            "KEYS_MISSING",
            "The key that signs the record is not here, so what is done to it could not be put on record.",
            where=str(var / "keys"),
            hint="Run this where the gateway runs.",
        )

    async def run() -> _T:
        with closing(AuditLog(where, load_signing_key(var / "keys"))) as log:
            return await work(log, datetime.now(UTC))

    return asyncio.run(run())


def looked(var: Path, where: Where, what: str, about: Sequence[str] = ()) -> None:
    """Put on record that the operator looked, before anything is shown; ``about`` are the pseudonyms searched for.

    A copy without its signing key is no record that anybody answers from: looking into it is told to be unrecorded.
    """
    if not has_signing_key(var / "keys"):
        typer.echo("note: this look is not on record, for the key that signs the record is not here", err=True)
        return

    async def note(log: AuditLog, at: datetime) -> None:
        await log.append(
            AuditRecord(
                f"look {instant(at)}", at, operator("audit"), "", "",
                subjects=tuple(about), kind="look", note=(("command", what),),
            )
        )  # fmt: skip

    writing(var, where, note)
