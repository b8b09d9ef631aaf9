"""The index that searching uses: derived from the shards' payloads, brought up to date by whoever looks, never written
while a request waits. Delete it and the next search makes it anew; the verifier compares it with the payloads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice

from gateway.audit.database import Database, Row, transaction
from gateway.audit.entry import Payload, Stored, opened
from gateway.audit.place import Place
from gateway.audit.shard import Shard, open_shard

__all__ = ["COLUMNS", "differing", "forget", "open_index"]

COLUMNS = ("noted", "at", "kind", "request", "user", "agency", "role", "purpose", "case")
"""The columns of ``record`` besides ``shard`` and ``idx``."""

_TABLES = """
create table if not exists record (shard text not null, idx bigint not null, noted text not null, at text not null,
  kind text not null, request text not null, "user" text not null, agency text not null, role text not null,
  purpose text not null, "case" text not null, primary key (shard, idx));
create table if not exists record_subject (shard text not null, idx bigint not null, subject text not null,
  primary key (shard, idx, subject));
create table if not exists record_coordinate (shard text not null, idx bigint not null, place bigint not null,
  coordinate text not null, outcome text not null, owner text not null, agreement text not null,
  count bigint not null, primary key (shard, idx, place));
create table if not exists indexed (shard text primary key, next bigint not null);
create index if not exists record_noted on record (noted, shard, idx);
create index if not exists record_at on record (at);
create index if not exists record_request on record (request);
create index if not exists record_user on record ("user");
create index if not exists record_subject_of on record_subject (subject);
create index if not exists record_coordinate_of on record_coordinate (coordinate);
create index if not exists record_agreement_of on record_coordinate (agreement)
"""
_BATCH = 1_000


def _rows(payloads: Sequence[Payload]) -> dict[str, list[Row]]:
    """What each table holds of the payloads; raises ``KeyError``, ``TypeError`` or ``AttributeError`` for no record."""
    found: dict[str, list[Row]] = {"record": [], "record_subject": [], "record_coordinate": []}
    for payload in payloads:
        record, here = payload.record, (payload.shard, payload.index)
        caller = record["caller"]
        who = (caller[name] for name in ("user", "agency", "role", "purpose", "case"))
        found["record"].append((*here, payload.noted, record["at"], record["kind"], record["request"], *who))
        found["record_subject"] += [(*here, subject) for subject in sorted(set(record["subjects"]))]
        found["record_coordinate"] += [
            (*here, at, *(item[name] for name in ("coordinate", "outcome", "owner", "agreement", "count")))
            for at, item in enumerate(record["disclosed"])
        ]
    return found


@contextmanager
def open_index(place: Place) -> Iterator[Database]:
    """The index, brought up to date with every shard; raises ``StoreError``."""
    database = place.index()
    try:
        _make(database)
        for name in place.shards():
            _catch_up(database, place, name)
        yield database
    finally:
        database.close()


def _make(database: Database) -> None:
    with transaction(database):
        for statement in _TABLES.split(";"):
            database.run(statement)


def _catch_up(database: Database, place: Place, name: str) -> None:
    """Enter what the shard got since it was last looked at; two processes that do so at once do it twice, not wrong."""
    with open_shard(place, name) as shard:
        while True:
            found = database.rows("select next from indexed where shard = ?", (name,))
            start = int(found[0][0]) if found else 0
            batch = list(islice(shard.stored(start, start + _BATCH), _BATCH))
            if not batch:
                return
            _enter(database, name, batch)


def _enter(database: Database, name: str, batch: Sequence[Stored]) -> None:
    payloads = [payload for each in batch if (payload := _payload(name, each)) is not None]
    with transaction(database):
        for table, rows in _rows(payloads).items():
            if rows:
                marks = ", ".join("?" * len(rows[0]))
                database.many(f"insert into {table} values ({marks}) on conflict do nothing", rows)  # noqa: S608 - own words
        database.many(
            "insert into indexed values (?, ?) on conflict (shard) do update set next = excluded.next"
            " where indexed.next < excluded.next",
            [(name, batch[-1].index + 1)],
        )


def _payload(shard: str, each: Stored) -> Payload | None:
    """The payload if it is there and of this place; what is not is for the verifier to tell."""
    try:
        payload = opened(each.body) if each.body is not None else None
        if payload is None or (payload.shard, payload.index) != (shard, each.index):
            return None
        _rows([payload])
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return payload


def forget(database: Database, shard: str, until: int) -> None:
    """Delete what the index holds of the shard's records below ``until``."""
    with transaction(database):
        for table in ("record", "record_subject", "record_coordinate"):
            database.many(f"delete from {table} where shard = ? and idx < ?", [(shard, until)])  # noqa: S608 - own words


def differing(place: Place, shard: Shard, start: int, stop: int) -> int | None:
    """The first record in ``[start, stop)`` that the index, as far as it goes, tells differently; None without any."""
    if not place.has_index():
        return None
    database = place.index()
    try:
        _make(database)
        found = database.rows("select next from indexed where shard = ?", (shard.name,))
        stop = min(stop, int(found[0][0]) if found else 0)
        for first in range(start, stop, _BATCH):
            wrong = _differing(database, shard, first, min(stop, first + _BATCH))
            if wrong is not None:
                return wrong
    finally:
        database.close()
    return None


def _differing(database: Database, shard: Shard, start: int, stop: int) -> int | None:
    payloads = [found for each in shard.stored(start, stop) if (found := _payload(shard.name, each)) is not None]
    wrong: set[Row] = set()
    for table, expected in _rows(payloads).items():
        query = f"select * from {table} where shard = ? and idx >= ? and idx < ?"  # noqa: S608 - own words
        wrong |= set(database.rows(query, (shard.name, start, stop))) ^ set(expected)
    return min((int(row[1]) for row in wrong), default=None)
