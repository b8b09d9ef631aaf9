"""Verifying an export: it needs the file and the public keys, and no log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.audit.checkpoint import Checkpoint
from gateway.audit.entry import Stored, commitment, opened
from gateway.audit.export import Exported, read_export
from gateway.audit.merkle import leaf_hash, verify_inclusion
from gateway.audit.verify import Verdict, missing_shards
from gateway.audit.walk import Fault, ShardVerdict, Tampering, settle_deleted, walk

__all__ = ["verify_export"]


def verify_export(path: Path, key: Ed25519PublicKey, *, witnessed: Sequence[Checkpoint] = ()) -> Verdict:
    """Walk every shard of the export at ``path`` (JSON Lines, or an evidence bundle).

    Of a partial export (``Verdict.complete`` is False) each record is checked against its proof, and nothing is said of
    records that are not in it. ``witnessed`` as in ``verify``. Raises ``RequestError`` ``EXPORT_MALFORMED``.
    """
    exported = read_export(path, key)
    check = _whole if exported.complete else _chosen
    found = [check(exported, name, key, witnessed) for name in sorted(exported.sizes)]
    if exported.complete:
        found += missing_shards({each.shard for each in found}, witnessed)
        found = settle_deleted(found)
    return Verdict(tuple(found), exported.complete)


def _checkpoints(exported: Exported, name: str) -> tuple[list[Checkpoint], Fault | None]:
    checkpoints = exported.checkpoints.get(name, [])
    if name in exported.unsigned:
        size = exported.unsigned[name]
        what = f"the checkpoint over {size} records is not signed by the log's key"
        return checkpoints, Fault(max(0, size - 1), Tampering.CHECKPOINT, what, name)
    return checkpoints, None


def _unproven(row: Stored, proof: Sequence[bytes], signed: Checkpoint | None) -> str:
    if signed is not None and verify_inclusion(leaf_hash(row.commitment), row.index, signed.size, proof, signed.root):
        return ""
    return "its proof does not lead to the signed checkpoint"


def _whole(exported: Exported, name: str, key: Ed25519PublicKey, witnessed: Sequence[Checkpoint]) -> ShardVerdict:
    checkpoints, fault = _checkpoints(exported, name)
    if fault is not None:
        return ShardVerdict(name, fault=fault)
    last = max(checkpoints, key=lambda each: each.size, default=None)
    led_to = last is not None and last.size >= exported.sizes[name]  # else what the proofs lead to was cut off
    proofs: dict[int, list[bytes]] = {}

    def rows() -> Iterator[Stored]:
        for row, proof in exported.rows(name):
            proofs[row.index] = proof
            yield row

    def unproven(row: Stored) -> str:
        proof = proofs.pop(row.index)
        return _unproven(row, proof, last) if led_to else ""

    def later(index: int) -> bool:
        return any(_written_as(row) == index for row, _ in exported.rows(name))

    seen = [each for each in witnessed if each.shard == name]
    verdict = walk(name, rows(), checkpoints, seen, key, later, unproven)
    promised = exported.sizes[name]
    if verdict.fault is None and promised > verdict.records:
        what = f"the export says that it holds {promised} records, and holds {verdict.records}"
        verdict = replace(verdict, fault=Fault(verdict.records, Tampering.TRUNCATE, what, name))
    return verdict


def _written_as(row: Stored) -> int:
    try:
        return -1 if row.body is None else opened(row.body).index
    except ValueError:
        return -1


def _chosen(exported: Exported, name: str, key: Ed25519PublicKey, witnessed: Sequence[Checkpoint]) -> ShardVerdict:
    checkpoints, fault = _checkpoints(exported, name)
    last = max(checkpoints, key=lambda each: each.size, default=None)
    seen = [each for each in witnessed if each.shard == name and last is not None and each.size == last.size]
    if fault is None and last is not None and any(each.root != last.root for each in seen):
        fault = Fault(0, Tampering.FORK, "a witness saw another history of this size", name)
    count = deleted = 0
    for row, proof in exported.rows(name):
        if fault is not None:
            break
        what = _unproven(row, proof, last)
        if row.salt is None or row.body is None:
            deleted += 1
        elif commitment(row.salt, row.body) != row.commitment or _written_as(row) != row.index:
            what = "the payload is not what its leaf commits to"
        if what:
            fault = Fault(row.index, Tampering.EDIT, what, name)
        else:
            count += 1
    root = last.root if last is not None else b""
    return ShardVerdict(name, count, root, 1 if last is not None else 0, deleted, fault=fault)
