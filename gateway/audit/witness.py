"""A witness: an agency that remembers the last checkpoint it saw, and signs the next only if the log has but grown.

A log that shows two histories to two parties needs both cosigned; a witness cosigns one. What it remembers is its own:
one file for each shard, in a folder of its choosing, and nothing of the log can change it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.audit.checkpoint import Checkpoint
from gateway.audit.database import StoreError
from gateway.audit.merkle import Node, consistency_proof, span_hash, verify_consistency
from gateway.audit.note import Note, Signer, VerifierKey
from gateway.audit.place import Where, place_of
from gateway.audit.shard import open_shard
from gateway.errors import RequestError

__all__ = ["Cosigned", "Refused", "cosign", "read_witness", "store_cosignatures", "witness"]


@dataclass(frozen=True, slots=True)
class Cosigned:
    """A checkpoint that the witness signed, with the size it had seen before."""

    checkpoint: Checkpoint
    note: Note
    before: int


@dataclass(frozen=True, slots=True)
class Refused:
    """A shard that the witness does not sign for, and why."""

    shard: str
    before: int
    why: str


def witness(
    log: Where, key: Ed25519PublicKey, signer: Signer, state: Path, at: datetime
) -> tuple[Cosigned | Refused, ...]:
    """For each shard of a live log, the cosigned newest checkpoint, or the refusal; also for shards that are gone."""
    place, found = place_of(log), list[Cosigned | Refused]()
    for name in place.shards():
        try:
            with open_shard(place, name) as shard:
                signed = shard.last_checkpoint()
                if signed is not None:
                    found.append(cosign(signed, shard.node, key, signer, state, at))
        except StoreError as error:
            found.append(Refused(name, _remembered(state, name, key, signer)[0], f"it cannot be read: {error.hint}"))
    there = {each.checkpoint.shard if isinstance(each, Cosigned) else each.shard for each in found}
    for kept in sorted(state.glob("*.note")):
        if (name := kept.stem) not in there:
            found.append(Refused(name, _remembered(state, name, key, signer)[0], "the shard is gone"))
    return tuple(found)


def cosign(
    signed: Checkpoint, node: Node, key: Ed25519PublicKey, signer: Signer, state: Path, at: datetime
) -> Cosigned | Refused:
    """``signed`` with the witness's dated signature, kept in ``state`` before it is given out.

    Refused when the log's key did not sign it, when it is smaller than the last one seen, or when the log's proof does
    not show that it only grew. ``node`` tells the log's hashes.
    """
    if not signed.signed_by(key):
        return Refused(signed.shard, 0, "the checkpoint is not signed by the log's key")
    before, root = _remembered(state, signed.shard, key, signer)
    if signed.size < before:
        return Refused(signed.shard, before, f"it has {signed.size} records, and had {before}: records are gone")
    try:
        proof = consistency_proof(node, before, signed.size)
        grown = verify_consistency(before, root, signed.size, signed.root, proof)
        whole = span_hash(node, 0, signed.size) == signed.root
    except ValueError as error:
        return Refused(signed.shard, before, str(error))
    if not grown or not whole:
        return Refused(signed.shard, before, f"it is no continuation of the {before} records that were seen before")
    plain = signed.note(key)
    note = Note(plain.text, (*plain.lines, signer.line(plain.text, int(at.timestamp()))))
    _remember(state, signed.shard, str(note))
    return Cosigned(signed, note, before)


def store_cosignatures(log: Where, found: Iterable[Cosigned], signer: Signer) -> None:
    """Hand the cosignatures to the log, which shows and exports them; raises ``RecordUnavailable``."""
    place = place_of(log)
    for each in found:
        with open_shard(place, each.checkpoint.shard, write=True) as shard:
            shard.cosign(each.checkpoint.size, signer.name, each.note.lines[-1])


def read_witness(paths: Sequence[Path], key: Ed25519PublicKey, names: Sequence[VerifierKey] = ()) -> list[Checkpoint]:
    """The checkpoints in the note files (or folders of them) that a witness kept.

    Raises ``RequestError`` ``NOTE_MALFORMED`` for a file that is no note under the log's key, or that carries the
    signature of none of the witnesses ``names`` (where any are given).
    """
    files = [file for path in paths for file in (sorted(path.glob("*.note")) if path.is_dir() else [path])]
    found = []
    for file in files:
        try:
            note = Note.parse(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            note = None
        signed = None if note is None else Checkpoint.of_note(note, key)
        if note is None or signed is None:
            raise _malformed(file, "It is no checkpoint signed by this log's key.")
        if names and not any(note.signature(name) for name in names):
            raise _malformed(file, "None of the witnesses named has signed it.")
        found.append(signed)
    return found


def _remembered(state: Path, shard: str, key: Ed25519PublicKey, signer: Signer) -> tuple[int, bytes]:
    """The size and root last signed for the shard; an empty tree's when it is seen for the first time."""
    path = state / f"{shard}.note"
    if not path.exists():
        return 0, span_hash(lambda level, index: b"", 0, 0)
    (signed,) = read_witness([path], key, [signer.public])
    return signed.size, signed.root


def _remember(state: Path, shard: str, text: str) -> None:
    state.mkdir(parents=True, exist_ok=True)
    draft = state / f"{shard}.draft"
    with draft.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(state / f"{shard}.note")


def _malformed(path: Path, what: str) -> RequestError:
    return RequestError(
        "NOTE_MALFORMED",
        what,
        where=str(path),
        hint="Give the note as the witness keeps it, and the keys it was signed with.",
    )
