"""Forgetting, on record: payloads past their time are deleted and a month's key is shredded; every proof still holds."""

from __future__ import annotations

import getpass
import os
from collections.abc import Mapping
from datetime import datetime

from gateway.audit.index import forget, open_index
from gateway.audit.keys import Pseudonyms
from gateway.audit.log import AuditLog
from gateway.audit.place import Where, place_of
from gateway.audit.record import AuditRecord, instant
from gateway.audit.shard import open_shard
from gateway.audit.walk import UNTIL
from gateway.caller import Caller

__all__ = ["operator", "retain", "retention_due", "shred"]


def operator(purpose: str = "record-keeping") -> Caller:
    """Who works on the record at the command line: the account of the operating system."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = f"uid-{os.getuid()}"
    return Caller("GATEWAY", "operator", purpose, user=user)


def retention_due(where: Where, older_than: datetime) -> Mapping[str, int]:
    """Per shard, below which index every record was noted before ``older_than``; shards without any are left out."""
    with open_index(place_of(where)) as index:
        rows = index.rows(
            "select shard, max(idx) + 1 from record where noted < ? group by shard order by shard",
            (instant(older_than),),
        )
    return {str(shard): int(until) for shard, until in rows}


async def retain(log: AuditLog, where: Where, older_than: datetime, at: datetime, who: Caller) -> Mapping[str, int]:
    """How many payloads were deleted in each shard: all that were noted before ``older_than``.

    First ``log`` gets a record that says so, by which the verifier knows deletion from tampering. A deletion that was
    cut short is finished by the next one. Raises ``RecordUnavailable``; then nothing was deleted that is not on record.
    """
    due = retention_due(where, older_than)
    if not due:
        return {}
    note = (("older than", instant(older_than)), *((UNTIL + shard, str(until)) for shard, until in due.items()))
    await log.append(AuditRecord(f"retention {instant(at)}", at, who, "", "", kind="retention", note=note))
    place, deleted = place_of(where), {}
    for name, until in due.items():
        with open_index(place) as index:
            forget(index, name, until)
        with open_shard(place, name, write=True) as shard:
            deleted[name] = shard.delete_payloads(until)
    return deleted


async def shred(log: AuditLog, pseudonyms: Pseudonyms, period: str, at: datetime, who: Caller) -> bool:
    """Whether the month ``period`` (``2026-11``) had a key; it is destroyed, and ``log`` says so first.

    From then on the month's records lead to nobody: they stay whole and provable, and no search by person finds them.
    """
    if period not in pseudonyms.periods():
        return False
    note = (("period", period),)
    await log.append(AuditRecord(f"shredding {instant(at)}", at, who, "", "", kind="shredding", note=note))
    return pseudonyms.shred(period)
