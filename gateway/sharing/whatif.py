"""What if, over the whole record: every answer replayed, with how far it is, and what came of it as plain data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias

from gateway.audit.entry import opened
from gateway.audit.place import Where, place_of
from gateway.audit.record import instant
from gateway.audit.shard import open_shard
from gateway.sharing.replay import VERDICTS, Replay

__all__ = ["Reader", "replay_record", "told_replay"]

Reader: TypeAlias = Callable[[Mapping[str, Any]], tuple[Sequence[Mapping[str, Any]], bool] | None]
"""What somebody may read of a record: its coordinates, and whether conditions of the whole request may be taken from it;
None for nothing."""

_PAGE: Final = 500


def replay_record(
    where: Where,
    replay: Replay,
    *,
    since: datetime | None = None,
    reader: Reader | None = None,
    going: Callable[[int, int], bool] = lambda done, total: True,
) -> bool:
    """Replay every answer on record, shard by shard, oldest first; False where ``going`` stopped it.

    ``going`` is told after each page how many records are done of how many, and says whether to go on. Records whose payload
    retention took are passed over. Raises ``RecordUnavailable``.
    """
    place = place_of(where)
    shards = place.shards()
    sizes = {}
    for name in shards:
        with open_shard(place, name) as shard:
            sizes[name] = shard.size()
    total, done = sum(sizes.values()), 0
    first = instant(since) if since is not None else ""
    if not going(0, total):
        return False
    for name in shards:
        for start in range(0, sizes[name], _PAGE):
            stop = min(start + _PAGE, sizes[name])
            with open_shard(place, name) as shard:  # a page in one state; a long look must not hold the writer's log
                bodies = [each.body for each in shard.stored(start, stop)]
            for at, body in enumerate(bodies, start):
                if body is not None:
                    _take(replay, body, f"{name}/{at}", first, reader)
            done += stop - start
            if not going(done, total):
                return False
    return True


def _take(replay: Replay, body: bytes, place: str, first: str, reader: Reader | None) -> None:
    record = opened(body).record
    if record["kind"] != "release" or record["at"] < first:
        return
    if reader is None:
        replay.take(record, place)
        return
    seen = reader(record)
    if seen is not None:
        items, pooled = seen
        replay.take(record, place, items, pooled=pooled)


def told_replay(replay: Replay, *, places: bool = True) -> dict[str, Any]:
    """What came of it: by agency and verdict, the decisions, values, answers and people, and which coordinates."""
    found = []
    for (agency, verdict), tally in sorted(
        replay.tallies.items(), key=lambda each: (each[0][0], VERDICTS.index(each[0][1]))
    ):
        found.append(
            {
                "agency": agency,
                "verdict": verdict,
                "decisions": tally.decisions,
                "values": tally.values,
                "answers": tally.answers,
                "people": len(tally.people),
                "fields": dict(sorted(tally.fields.items(), key=lambda each: (-each[1], each[0]))),
                "places": tally.places if places else [],
            }
        )
    return {"records": replay.records, "decisions": replay.decisions, "changes": found}
