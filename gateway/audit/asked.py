"""What was asked: the operations of the record without their values, by whom and on how many occasions each day.

It is read from the record when somebody asks for it, so nothing is kept for it beside the record and no request waits. It
names no user, no case and no person: an operation's text has had its literals blanked since it was recorded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from gateway.audit.entry import opened
from gateway.audit.index import open_index
from gateway.audit.place import Place, Where, place_of
from gateway.audit.record import instant
from gateway.audit.shard import open_shard

__all__ = ["AskedOperation", "Occasions", "operations_asked"]

_BATCH = 500
_UNREADABLE = "(unreadable)"


class Occasions(NamedTuple):
    """How often one kind of caller was answered on one ``day`` (``2026-11-01``); ``client`` and ``version`` are what the
    application called itself, "" where it did not."""

    agency: str
    role: str
    day: str
    requests: int
    client: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class AskedOperation:
    """One operation: its text without values, and how often it was answered, by whom and on which day.

    ``hash`` is that of the text as it was sent, of the latest where several texts differ in values only.
    """

    text: str
    name: str
    kind: str
    hash: str
    asked: tuple[Occasions, ...]

    @property
    def requests(self) -> int:
        """How often it was answered."""
        return sum(each.requests for each in self.asked)


def operations_asked(
    log: Where, since: datetime, until: datetime, *, most: int = 10_000
) -> tuple[tuple[AskedOperation, ...], int]:
    """The operations answered in ``since <= at < until``, those asked most often first; and how many are left out.

    At the most ``most`` are given. Records whose payload was deleted are not counted. Raises ``RecordUnavailable`` when
    the log cannot be read.
    """
    counts: dict[tuple[str, str, str], Counter[tuple[str, str, str, str, str]]] = {}
    hashes: dict[tuple[str, str, str], str] = {}
    for record in _records(place_of(log), since, until):
        operation, caller = record["operation"], record["caller"]
        key = (operation["text"], operation["name"], operation["kind"])
        if operation["text"] and operation["text"] != _UNREADABLE:
            named = record.get("application", {})
            who = (caller["agency"], caller["role"], record["at"][:10], named.get("name", ""), named.get("version", ""))
            counts.setdefault(key, Counter())[who] += 1
            hashes[key] = operation["hash"]
    found = [
        AskedOperation(*key, hashes[key], tuple(_occasions(who, count) for who, count in sorted(each.items())))
        for key, each in counts.items()
    ]
    found.sort(key=lambda each: (-each.requests, each.text, each.name))
    return tuple(found[:most]), max(len(found) - most, 0)


def _occasions(who: tuple[str, str, str, str, str], requests: int) -> Occasions:
    agency, role, day, client, version = who
    return Occasions(agency, role, day, requests, client, version)


def _records(place: Place, since: datetime, until: datetime) -> Iterator[dict[str, Any]]:
    """The records of answers in the period, shard by shard, in the order in which they were written."""
    with open_index(place) as index:
        rows = index.rows(
            "select shard, idx from record where kind = 'release' and at >= ? and at < ? order by shard, idx",
            [instant(since), instant(until)],
        )
    for name in dict.fromkeys(str(row[0]) for row in rows):
        indices = [int(row[1]) for row in rows if row[0] == name]
        with open_shard(place, name) as shard:
            for start in range(0, len(indices), _BATCH):
                bodies = shard.bodies(indices[start : start + _BATCH])
                yield from (opened(bodies[each]).record for each in sorted(bodies))
