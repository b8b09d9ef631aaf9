"""Exports: JSON Lines with every record, its salt and its proof, which anybody with the public keys can verify offline.

Lines, in order: one ``export``; then for each shard its ``checkpoint`` lines (signed notes) and its ``record`` lines. A
complete export holds every record and checkpoint; a partial one holds chosen records, and each stands on its proof.
"""

from __future__ import annotations

import base64
import zipfile
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.audit.checkpoint import Checkpoint, log_key
from gateway.audit.entry import Stored, canonical
from gateway.audit.merkle import Tree, inclusion_proof, leaf_hash
from gateway.audit.note import Note
from gateway.audit.place import Where, place_of
from gateway.audit.record import instant
from gateway.audit.shard import Shard, open_shard
from gateway.errors import RequestError

__all__ = ["RECORDS", "Exported", "export_lines", "proof_of", "read_export"]

FORMAT = 1
RECORDS = "records.jsonl"
"""The export's name within an evidence bundle."""


def export_lines(
    log: Where, key: Ed25519PublicKey, at: datetime, chosen: Collection[tuple[str, int]] | None = None
) -> Iterator[bytes]:
    """The lines of an export of the whole log, or of the records ``chosen`` by (shard, index).

    Raises ``RecordUnavailable`` when the log cannot be read.
    """
    place = place_of(log)
    names = place.shards() if chosen is None else tuple(sorted({shard for shard, _ in chosen}))
    sections: list[list[bytes]] = []
    shards: dict[str, Any] = {}
    for name in names:
        with open_shard(place, name) as shard:
            signed = shard.last_checkpoint()
            if signed is None:
                continue
            shards[name] = {"key": str(log_key(signed.origin, key)), "origin": signed.origin, "size": signed.size}
            picked = None if chosen is None else {index for other, index in chosen if other == name}
            sections.append(list(_section(shard, signed, key, picked)))
    head = {"type": "export", "format": FORMAT, "complete": chosen is None, "at": instant(at), "shards": shards}
    yield canonical(head) + b"\n"
    for section in sections:
        yield from section


def _section(
    shard: Shard, signed: Checkpoint, key: Ed25519PublicKey, picked: Collection[int] | None
) -> Iterator[bytes]:
    cosigned: dict[int, list[str]] = {}
    for size, _, line in shard.cosignatures():
        cosigned.setdefault(size, []).append(line)
    for each in shard.checkpoints():
        if picked is None or each.size == signed.size:
            plain = each.note(key)
            note = Note(plain.text, (*plain.lines, *cosigned.get(each.size, ())))
            yield canonical({"type": "checkpoint", "shard": shard.name, "note": str(note)}) + b"\n"
    tree = Tree(leaf_hash(leaf) for _, leaf in shard.commitments(0, signed.size))
    for row in shard.stored(0, signed.size):
        if picked is None or row.index in picked:
            proof = inclusion_proof(tree.node, row.index, signed.size)
            yield _line(shard.name, row, proof) + b"\n"


def _line(shard: str, row: Stored, proof: Iterable[bytes]) -> bytes:
    return canonical(
        {
            "type": "record",
            "shard": shard,
            "index": row.index,
            "commitment": row.commitment.hex(),
            "salt": row.salt.hex() if row.salt is not None else None,
            "payload": orjson.loads(row.body) if row.body is not None else None,
            "proof": [base64.b64encode(step).decode() for step in proof],
        }
    )


def proof_of(log: Where, key: Ed25519PublicKey, shard: str, index: int, at: datetime) -> tuple[bytes, ...]:
    """A partial export of one record; raises ``RequestError`` ``RECORD_UNKNOWN`` when there is none at that place."""
    place = place_of(log)
    if shard in place.shards():
        with open_shard(place, shard) as found:
            if found.commitments(index, index + 1):
                return tuple(export_lines(log, key, at, {(shard, index)}))
    raise RequestError(
        "RECORD_UNKNOWN",
        f"There is no record {index} in a shard {shard!r}.",
        where="the record",
        hint="`gateway audit search --json` tells the shard and index of each.",
    )


@dataclass(slots=True)
class Exported:
    """An export as it is read: its header, its checkpoints by shard, and its file, to read the records from."""

    path: Path
    complete: bool
    sizes: dict[str, int]
    checkpoints: dict[str, list[Checkpoint]] = field(default_factory=dict)
    unsigned: dict[str, int] = field(default_factory=dict)

    def rows(self, shard: str) -> Iterator[tuple[Stored, list[bytes]]]:
        """The shard's records with their proofs, in the order of the file; lines that are no record are left out."""
        for line in _lines(self.path):
            if line.get("type") == "record" and line.get("shard") == shard and (found := _row(line)) is not None:
                yield found


def read_export(path: Path, key: Ed25519PublicKey) -> Exported:
    """The export at ``path`` (JSON Lines, or an evidence bundle); raises ``RequestError`` ``EXPORT_MALFORMED``.

    Checkpoints that the log's key did not sign are left out; ``unsigned`` says of which size.
    """
    lines = _lines(path)
    head = next(lines, {})
    try:
        sizes = {str(name): int(about["size"]) for name, about in head["shards"].items()}
        if head["type"] != "export" or head["format"] != FORMAT:
            raise ValueError(head["format"])
        found = Exported(path, bool(head["complete"]), sizes)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise RequestError(
            "EXPORT_MALFORMED",
            "This is no export of a record.",
            where=str(path),
            hint="Give what `gateway audit export` or `gateway audit bundle` wrote.",
        ) from None
    for line in lines:
        shard = str(line.get("shard", ""))
        sizes.setdefault(shard, 0)
        if line.get("type") == "checkpoint":
            note = Note.parse(str(line.get("note", "")))
            signed = Checkpoint.of_note(note, key) if note is not None else None
            if signed is None or signed.shard != shard:
                found.unsigned.setdefault(shard, _size(note))
            else:
                found.checkpoints.setdefault(shard, []).append(signed)
    return found


def _size(note: Note | None) -> int:
    lines = note.text.splitlines() if note is not None else []
    return int(lines[1]) if len(lines) > 1 and lines[1].isdecimal() else 0


def _row(line: dict[str, Any]) -> tuple[Stored, list[bytes]] | None:
    try:
        gone = line["payload"] is None or line["salt"] is None
        body = None if gone else canonical(line["payload"])
        salt = None if gone else bytes.fromhex(line["salt"])
        row = Stored(int(line["index"]), bytes.fromhex(line["commitment"]), salt, body)
        return row, [base64.b64decode(step) for step in line["proof"]]
    except (KeyError, TypeError, ValueError):
        return None


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """The lines that are JSON objects; a line that was cut or spoilt is left out, and missed by who counts."""
    with _opened(path) as file:
        for line in file:
            try:
                value = orjson.loads(line)
            except ValueError:
                continue
            if isinstance(value, dict):
                yield value


@contextmanager
def _opened(path: Path) -> Iterator[Iterable[bytes]]:
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as bundle, bundle.open(RECORDS) as file:
                yield file
        else:
            with path.open("rb") as file:
                yield file
    except (OSError, KeyError, zipfile.BadZipFile) as problem:
        raise RequestError(
            "EXPORT_MALFORMED", f"It cannot be read: {problem}.", where=str(path), hint="Name an export that is there."
        ) from None
