"""After the record was restored from a backup: what is gone is said and put on record, and no shard gets a second history.

Records written after the backup left with answers that were given, and their checkpoints may be known elsewhere: to
witnesses, to whoever holds a proof. A restored shard that went on would sign another record under the same number. So
restored shards are finished: they are read, proven and searched as ever, and every process begins a shard of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from gateway.audit.checkpoint import Checkpoint
from gateway.audit.log import AuditLog
from gateway.audit.place import Where, finished, place_of
from gateway.audit.record import AuditRecord, instant
from gateway.audit.shard import open_shard
from gateway.caller import Caller

__all__ = ["Remains", "finish", "note_restored", "remains"]

GONE: Final = "gone from "


@dataclass(frozen=True, slots=True)
class Remains:
    """What there is of a shard: its records, and how many a witness's checkpoint says there were. ``there``: at all."""

    shard: str
    records: int
    known: int
    there: bool = True
    finished: bool = False

    @property
    def gone(self) -> int:
        """How many records are known to be gone; more may be of which no witness knew."""
        return max(0, self.known - self.records)


def remains(log: Where, witnessed: Sequence[Checkpoint] = ()) -> tuple[Remains, ...]:
    """Every shard that there is or that a witness saw, in order. Raises ``RecordUnavailable``."""
    place, known = place_of(log), dict[str, int]()
    for each in witnessed:
        known[each.shard] = max(known.get(each.shard, 0), each.size)
    found = []
    for name in place.shards():
        with open_shard(place, name) as shard:
            found.append(Remains(name, shard.size(), known.pop(name, 0), finished=finished(shard.database)))
    lost = [Remains(name, 0, size, there=False) for name, size in known.items() if size]
    return tuple(sorted((*found, *lost), key=lambda each: each.shard))


def finish(log: Where, shards: Sequence[Remains], at: datetime) -> None:
    """Let no process continue these shards. Raises ``RecordUnavailable``."""
    place = place_of(log)
    for each in shards:
        if each.there and not each.finished:
            with open_shard(place, each.shard, write=True) as shard:
                shard.finish(f"restored from a backup {instant(at)}")


async def note_restored(log: AuditLog, shards: Sequence[Remains], at: datetime, who: Caller) -> Mapping[str, str]:
    """Put on record what was restored and what is known to be gone, in ``log``'s own shard; what was noted."""
    note = {f"restored {each.shard}": f"{each.records} records" for each in shards if each.there and not each.finished}
    note |= {GONE + each.shard: f"{each.records} to {each.known - 1}" for each in shards if each.gone}
    await log.append(
        AuditRecord(f"restoring {instant(at)}", at, who, "", "", kind="restoring", note=tuple(note.items()))
    )
    return note
