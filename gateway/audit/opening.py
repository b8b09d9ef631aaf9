"""Before a shard is continued: its end is what its checkpoints signed, or nothing is appended."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.audit.checkpoint import Checkpoint
from gateway.audit.database import StoreError
from gateway.audit.entry import Entry, Stored, commitment, opened
from gateway.audit.merkle import Frontier, span_hash
from gateway.audit.shard import Shard, read_trail

__all__ = ["End", "check_end"]


@dataclass(frozen=True, slots=True)
class End:
    """Where a shard stands: its tree's edge, last entry, last noted instant and checkpoint, and its trail's state."""

    origin: str
    frontier: Frontier
    tail: Entry
    noted: str
    checkpoint: Checkpoint | None
    trail_has_it: bool
    trail_whole: bool


def check_end(shard: Shard, key: Ed25519PublicKey, newest: int) -> End:
    """The end of ``shard``, with its newest records read and every newest checkpoint checked.

    Raises ``StoreError`` when something is missing, changed or signed by another key.
    """
    size = shard.size()
    signed = shard.last_checkpoint()
    origin = shard.origin
    copies = list(read_trail(shard.trail, origin))
    copy = max(copies, key=lambda each: each.size, default=None)
    noted, tail = _check_newest(shard, max(0, size - newest), size)
    for each in (signed, copy):
        if each is not None:
            _check(shard, each, size, key)
    if size and (signed is None or signed.size != size):
        raise StoreError(f"no checkpoint covers record {size - 1}")
    try:
        frontier = Frontier.of(size, shard.node)
    except ValueError as error:
        raise StoreError(str(error)) from error
    raw = shard.trail.read_bytes()[-1:] if shard.trail is not None and shard.trail.exists() else b""
    return End(origin, frontier, tail, noted, signed, signed == copy, raw in {b"", b"\n"})


def _check(shard: Shard, signed: Checkpoint, size: int, key: Ed25519PublicKey) -> None:
    if not signed.signed_by(key):
        raise StoreError(f"the checkpoint over {signed.size} records is not signed by this log's key")
    if signed.size > size:
        raise StoreError(f"record {size} is missing")
    try:
        root = span_hash(shard.node, 0, signed.size)
    except ValueError as error:
        raise StoreError(str(error)) from error
    if root != signed.root:
        raise StoreError(f"the first {signed.size} records are not what their checkpoint signed")


def _check_newest(shard: Shard, start: int, size: int) -> tuple[str, Entry]:
    """The last noted instant and the last entry, with the records from ``start`` on looked into."""
    noted, last = "", Entry(-1, b"", shard.name)
    for expected, each in enumerate(shard.stored(start), start):
        if each.index != expected:
            raise StoreError(f"record {expected} is missing")
        noted = _noted(shard, each) or noted
        last = Entry(each.index, each.commitment, shard.name)
    if last.index != size - 1:
        raise StoreError(f"record {size - 1} is missing")
    return noted, last


def _noted(shard: Shard, each: Stored) -> str:
    if each.salt is None or each.body is None:
        return ""
    try:
        payload = opened(each.body)
    except ValueError:
        raise StoreError(f"record {each.index} is no record") from None
    if commitment(each.salt, each.body) != each.commitment or (payload.index, payload.shard) != (
        each.index,
        shard.name,
    ):
        raise StoreError(f"record {each.index} is not what was written")
    return payload.noted
