"""Verifying a live log: every shard's records against its checkpoints, and what searching uses against the records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.audit.checkpoint import Checkpoint
from gateway.audit.database import StoreError
from gateway.audit.entry import opened
from gateway.audit.index import differing
from gateway.audit.merkle import TILE, Tree, leaf_hash
from gateway.audit.place import Place, Where, place_of
from gateway.audit.shard import Shard, open_shard, read_trail
from gateway.audit.walk import Fault, ShardVerdict, Tampering, promised_in, settle_deleted, walk

__all__ = ["Verdict", "missing_shards", "verify"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found of each shard, in order of their ids; not ``complete`` for an export of chosen records."""

    shards: tuple[ShardVerdict, ...]
    complete: bool = True

    @property
    def fault(self) -> Fault | None:
        """The first shard's fault that has one; None when all is sound."""
        return next((shard.fault for shard in self.shards if shard.fault is not None), None)

    @property
    def sound(self) -> bool:
        """Whether nothing was found wrong."""
        return self.fault is None

    @property
    def records(self) -> int:
        """How many records were found sound, in all shards."""
        return sum(shard.records for shard in self.shards)

    @property
    def checkpoints(self) -> int:
        """How many signed checkpoints agree with them."""
        return sum(shard.checkpoints for shard in self.shards)


def verify(log: Where, key: Ed25519PublicKey, *, witnessed: Sequence[Checkpoint] = ()) -> Verdict:
    """Walk every shard of the log.

    ``witnessed`` are checkpoints that somebody else kept (an agency, an auditor): only they can show that a shard *and*
    its trail were rolled back together, deleted, or written anew by whoever holds the key. Raises
    ``RecordUnavailable`` when the log cannot be read.
    """
    place = place_of(log)
    for _ in range(_LOOKS):
        found, settled = _looked(place, key, witnessed)
        if settled:
            break
    return Verdict(tuple(found))


_LOOKS: Final = 3
"""Retention puts itself on record and then deletes, and shards are looked at one after the other. So a payload that is gone
without a record of it may have gone while the verifier looked; then the record is found by looking again."""


def _looked(place: Place, key: Ed25519PublicKey, witnessed: Sequence[Checkpoint]) -> tuple[list[ShardVerdict], bool]:
    """The verdicts of one look, and whether nothing in them could be retention at work."""
    walked = [_shard(place, name, key, witnessed) for name in place.shards()]
    walked += missing_shards({each.shard for each in walked}, witnessed)
    found, promised = settle_deleted(walked), promised_in(walked)
    indexed = [_indexed(place, each, promised.get(each.shard, 0)) for each in found]
    return indexed, indexed == walked


def missing_shards(there: set[str], witnessed: Sequence[Checkpoint]) -> list[ShardVerdict]:
    """A verdict for every shard that a witness saw and that is gone."""
    gone = sorted({each.shard for each in witnessed if each.size} - there)
    what = "a witness saw this shard, and it is gone"
    return [ShardVerdict(name, fault=Fault(0, Tampering.TRUNCATE, what, name)) for name in gone]


def _shard(place: Place, name: str, key: Ed25519PublicKey, witnessed: Sequence[Checkpoint]) -> ShardVerdict:
    trail = place.trail(name)
    copied = trail is not None and trail.exists()
    try:
        copies = list(read_trail(trail, ""))  # before the records, so that none is newer than they are
        with open_shard(place, name) as shard:
            origin = shard.origin
            checkpoints = [
                *shard.checkpoints(),
                *(replace(each, origin=origin) for each in copies),
            ]
            seen = [each for each in witnessed if each.shard == name]
            verdict = walk(name, shard.stored(), checkpoints, seen, key, lambda index: _stands_later(shard, index))
            if verdict.fault is None:
                verdict = replace(verdict, fault=_derived(shard))
            return verdict
    except StoreError as error:
        if not copied:
            raise
        what = f"the shard's checkpoints are here, and its records cannot be read: {error.hint}"
        return ShardVerdict(name, fault=Fault(0, Tampering.TRUNCATE, what, name))


def _stands_later(shard: Shard, index: int) -> bool:
    """Whether the payload that was written as ``index`` stands there or at a later place."""
    for each in shard.stored(index):
        try:
            if each.body is not None and opened(each.body).index == index:
                return True
        except ValueError:
            continue
    return False


def _indexed(place: Place, verdict: ShardVerdict, promised: int) -> ShardVerdict:
    """The verdict, with what the search index tells otherwise than the records; below ``promised`` retention forgets."""
    if verdict.fault is not None:
        return verdict
    with open_shard(place, verdict.shard) as shard:
        wrong = differing(place, shard, max(verdict.deleted, promised), verdict.records)
    if wrong is None:
        return verdict
    what = "the search index does not say what the record says"
    return replace(verdict, fault=Fault(wrong, Tampering.EDIT, what, verdict.shard))


def _derived(shard: Shard) -> Fault | None:
    """What is wrong with the tiles that proofs are made from, which follow from the records."""
    leaves = [leaf_hash(leaf) for _, leaf in shard.commitments(0, 1 << 62)]
    tree, tiles = Tree(leaves), shard.tiles()
    expected = {
        (level, index): tree.node(level, index)
        for level in range(TILE, max(TILE, len(leaves).bit_length()), TILE)
        for index in range(len(leaves) >> level)
    }
    have = {(level, index): hashed for level, index, hashed in tiles}
    if have != expected:
        bad = {at for at in have.keys() | expected.keys() if have.get(at) != expected.get(at)}
        first = min(index << level for level, index in bad)
        return Fault(first, Tampering.EDIT, "a kept hash of a subtree is not what its records give", shard.name)
    return None
