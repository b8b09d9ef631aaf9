"""Walk one shard from its first record to its last, against its signed checkpoints, and stop at what is wrong first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.audit.checkpoint import Checkpoint
from gateway.audit.entry import Payload, Stored, commitment, opened
from gateway.audit.merkle import EMPTY, Frontier, leaf_hash

__all__ = ["LONGEST", "UNTIL", "Fault", "ShardVerdict", "Tampering", "promised_in", "settle_deleted", "walk"]

UNTIL = "until "
"""How a retention record's note names a shard: ``until <shard>``, and below which index its payloads were deleted."""

LONGEST: Final = timedelta(seconds=60)
"""How long a request may take and nobody wonder. A record is of the instant at which its request began and is written when
it ends, so those of requests that ran at the same time stand in the order of their ends. The gateway's own limit is 30
seconds (``deadline`` in limits.toml)."""


class Tampering(StrEnum):
    """What can be wrong with a log."""

    EDIT = "edit"  # a record's bytes, leaf, or what the index says of it were changed
    DROP = "drop"  # a record, or its payload, is missing
    REORDER = "reorder"  # a record stands where another was written
    TRUNCATE = "truncate"  # records at the end, which a signed checkpoint covers, are missing
    FORK = "fork"  # the records form another history than the one that was signed
    CHECKPOINT = "checkpoint"  # a checkpoint is not signed by the log's key
    WITNESS = "witness"  # a witness's note is not signed by the witness


@dataclass(frozen=True, slots=True)
class Fault:
    """The first thing found wrong: at which index of which shard, of which kind, and why."""

    index: int
    kind: Tampering
    what: str
    shard: str = ""


@dataclass(frozen=True, slots=True)
class ShardVerdict:
    """What was found of one shard: how many records are sound, the root over them, how many checkpoints agree, how many
    payloads were deleted on record, how many records are of an instant more than ``LONGEST`` before one that was written
    earlier (the clock stepped back, or a request took as long), and the fault if any."""

    shard: str
    records: int = 0
    root: bytes = EMPTY
    checkpoints: int = 0
    deleted: int = 0
    belated: int = 0
    fault: Fault | None = None
    promised: Mapping[str, int] = field(default_factory=dict)


def walk(
    shard: str,
    rows: Iterable[Stored],
    checkpoints: Sequence[Checkpoint],
    witnessed: Sequence[Checkpoint],
    key: Ed25519PublicKey,
    later: Callable[[int], bool],
    unproven: Callable[[Stored], str] | None = None,
) -> ShardVerdict:
    """The verdict over the shard's ``rows`` (in order of index), the log's own ``checkpoints``, and those ``witnessed``.

    ``later(index)`` tells whether the payload written as ``index`` stands further on; ``unproven(row)`` what is wrong
    with the proof that came with a row (``""``: nothing). ``deleted`` counts the payloads
    missing at the beginning; whether that was on record is for ``settle_deleted``, once all shards are walked.
    """
    for each in (*checkpoints, *witnessed):
        if not each.signed_by(key):
            what = f"the checkpoint over {each.size} records is not signed by the log's key"
            return ShardVerdict(shard, fault=Fault(max(0, each.size - 1), Tampering.CHECKPOINT, what, shard))
    return _Walk(shard, checkpoints, witnessed, later, unproven or (lambda row: "")).over(rows)


class _Walk:
    def __init__(
        self,
        shard: str,
        checkpoints: Sequence[Checkpoint],
        witnessed: Sequence[Checkpoint],
        later: Callable[[int], bool],
        unproven: Callable[[Stored], str],
    ) -> None:
        self.shard = shard
        self.later = later
        self.unproven = unproven
        self.signed: dict[int, set[bytes]] = {}
        self.witnessed = {each.size for each in witnessed}
        for each in (*checkpoints, *witnessed):
            self.signed.setdefault(each.size, set()).add(each.root)
        self.frontier = Frontier()
        self.found = ShardVerdict(shard)
        self.agreed = 0  # the size up to which a checkpoint agrees
        self.seen = 0  # the size up to which a witness does
        self.pending: dict[str, int] = {}
        self.noted = ""

    def over(self, rows: Iterable[Stored]) -> ShardVerdict:
        for row in rows:
            fault = self.row(row)
            if fault is None and (wrong := self.unproven(row)):
                fault = self.fault(row.index, Tampering.EDIT, wrong)
            if fault is None:
                self.frontier.add(leaf_hash(row.commitment))
                fault = self.compare()
            if fault is not None:
                return replace(self.found, fault=fault)
            self.found = replace(self.found, records=self.frontier.size)
        return replace(self.found, root=self.frontier.root(), fault=self.end())

    def fault(self, index: int, kind: Tampering, what: str) -> Fault:
        return Fault(index, kind, what, self.shard)

    def row(self, row: Stored) -> Fault | None:
        """What is wrong with the row that follows."""
        expected = self.frontier.size
        if row.index != expected:
            if self.later(expected):
                return self.fault(expected, Tampering.REORDER, f"record {row.index} stands here")
            return self.fault(expected, Tampering.DROP, f"the record is missing; the next one is {row.index}")
        if row.salt is None or row.body is None:
            if self.found.deleted != expected:
                return self.fault(
                    expected, Tampering.DROP, "the payload is missing, and no retention deletes from the middle"
                )
            self.found = replace(self.found, deleted=expected + 1)
            return None
        try:
            payload = opened(row.body)
        except ValueError:
            return self.fault(expected, Tampering.EDIT, "the payload is no record")
        if payload.shard != self.shard:
            return self.fault(expected, Tampering.FORK, f"the record was written in the shard {payload.shard}")
        if payload.index != expected:
            if self.later(expected):
                what = f"the record that stands here was written as {payload.index}"
                return self.fault(expected, Tampering.REORDER, what)
            what = f"the record is missing; record {payload.index} was moved into its place"
            return self.fault(expected, Tampering.DROP, what)
        if commitment(row.salt, row.body) != row.commitment:
            return self.fault(expected, Tampering.EDIT, "the payload is not what its leaf commits to")
        return self.time(payload)

    def time(self, payload: Payload) -> Fault | None:
        """What the payload says of time and of deletions."""
        at = str(payload.record.get("at", ""))
        if payload.noted < max(at, self.noted):
            return self.fault(payload.index, Tampering.EDIT, "the record was noted before the one that precedes it")
        self.noted = payload.noted
        if at < payload.noted:
            try:
                late = datetime.fromisoformat(payload.noted) - datetime.fromisoformat(at)
            except (TypeError, ValueError):
                return self.fault(payload.index, Tampering.EDIT, "the record does not say when it was made")
            if late > LONGEST:
                self.found = replace(self.found, belated=self.found.belated + 1)
        if payload.record.get("kind") == "retention":
            for name, text in payload.record.get("note", {}).items():
                if name.startswith(UNTIL) and str(text).isdecimal():
                    self.pending[name[len(UNTIL) :]] = int(text)
        return None

    def compare(self) -> Fault | None:
        """What is wrong between the tree as it stands and the checkpoints of its size."""
        roots = self.signed.get(self.frontier.size)
        if roots is None:
            return None
        size = self.frontier.size
        if len(roots) > 1:  # the log's own word is worth nothing where it gave it twice
            what = f"the log signed two histories of {size} records, which part somewhere from record {self.seen} on"
            return self.fault(self.seen, Tampering.FORK, what)
        if roots != {self.frontier.root()}:
            span = (
                f"record {size - 1} is" if size - 1 == self.agreed else f"the records {self.agreed} to {size - 1} are"
            )
            return self.fault(self.agreed, Tampering.FORK, f"{span} not the history that was signed")
        self.agreed = size
        self.seen = size if size in self.witnessed else self.seen
        promised = {
            name: max(self.pending.get(name, 0), self.found.promised.get(name, 0))
            for name in {*self.pending, *self.found.promised}
        }
        self.found = replace(self.found, checkpoints=self.found.checkpoints + 1, promised=promised)
        return None

    def end(self) -> Fault | None:
        """What is wrong where the records end."""
        size, most = self.frontier.size, max(self.signed, default=0)
        if most > size:
            return self.fault(size, Tampering.TRUNCATE, f"a checkpoint covers {most} records, the shard holds {size}")
        if size > most:
            return self.fault(most, Tampering.FORK, f"no signed checkpoint covers the records from {most} on")
        return None


def promised_in(verdicts: Sequence[ShardVerdict]) -> dict[str, int]:
    """Below which index each shard's payloads may be gone, by the deletions that are on record in any shard."""
    promised: dict[str, int] = {}
    for verdict in verdicts:
        for name, until in verdict.promised.items():
            promised[name] = max(until, promised.get(name, 0))
    return promised


def settle_deleted(verdicts: Sequence[ShardVerdict]) -> list[ShardVerdict]:
    """The verdicts, with a fault for every payload that is missing though no record says that it was deleted."""
    promised = promised_in(verdicts)
    settled = []
    for verdict in verdicts:
        until = promised.get(verdict.shard, 0)
        if verdict.deleted > until and (verdict.fault is None or verdict.fault.index >= until):
            what = "the payload is missing, and no record says that it was deleted"
            verdict = replace(verdict, fault=Fault(until, Tampering.DROP, what, verdict.shard))
        settled.append(verdict)
    return settled
