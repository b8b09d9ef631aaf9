"""Searching the log: who saw whom, what, under which agreement, when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias, get_args

from gateway.audit.database import Row
from gateway.audit.entry import opened
from gateway.audit.index import open_index
from gateway.audit.place import Place, Where, place_of
from gateway.audit.record import instant
from gateway.audit.shard import open_shard

__all__ = ["Counted", "Found", "Grouping", "Search", "count_by", "search"]

Grouping: TypeAlias = Literal["user", "agency", "role", "purpose", "coordinate", "agreement", "outcome", "owner"]

_OF_RECORD = frozenset({"user", "agency", "role", "purpose"})


@dataclass(frozen=True, slots=True)
class Search:
    """What to look for; every condition given must hold, and those about a coordinate must hold for the same one.

    ``subjects`` are pseudonyms (``Pseudonyms.every(traveler_id)``), any of which may match. ``since`` and ``until``
    are half-open: ``since <= at < until``. ``coordinate`` is ``Type.field``, or ``Type.*`` for all of a type. ``kind`` is
    one of ``gateway.audit.record.KINDS``.
    """

    subjects: tuple[str, ...] = ()
    user: str = ""
    agency: str = ""
    purpose: str = ""
    case: str = ""
    coordinate: str = ""
    agreement: str = ""
    outcome: str = ""
    request_id: str = ""
    since: datetime | None = None
    until: datetime | None = None
    kind: str = ""
    role: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """One record as it was written: its shard and index in it, its JSON (see ``AuditRecord.as_json``), and when it was
    noted: as ``at``, or later where a request that began later was written before it, or the clock had stepped back."""

    index: int
    record: dict[str, Any]
    shard: str = ""
    noted: str = ""

    @property
    def cursor(self) -> str:
        """What to give ``search`` as ``before`` to go on after this one."""
        return f"{self.noted}|{self.shard}|{self.index}"


@dataclass(frozen=True, slots=True)
class Counted:
    """One group of a count: its name, how many records are in it, and how many values they cover."""

    name: str
    records: int
    values: int


def search(log: Where, what: Search, *, limit: int = 100, before: str | None = None) -> tuple[tuple[Found, ...], int]:
    """The newest matching records of all shards (at most ``limit``, after the cursor ``before``), and how many match.

    Records whose payload was deleted are not found. Raises ``RecordUnavailable`` when the log cannot be read, and
    ``ValueError`` for a ``before`` that is no cursor.
    """
    where, arguments = _where(what)
    place = place_of(log)
    with open_index(place) as index:
        counted = f"select count(*) from record where {where}"  # noqa: S608 - this module's words; values are bound
        total = int(index.rows(counted, arguments)[0][0])
        page, more = where, [*arguments]
        if before is not None:
            page = f"{where} and (noted, shard, idx) < (?, ?, ?)"
            more += _cursor(before)
        newest = f"""select shard, idx, noted from record where {page}
            order by noted desc, shard desc, idx desc limit ?"""  # noqa: S608 - as above
        rows = index.rows(newest, [*more, limit])
    return _found(place, rows), total


def _found(place: Place, rows: list[Row]) -> tuple[Found, ...]:
    bodies: dict[tuple[str, int], bytes] = {}
    for name in {row[0] for row in rows}:
        with open_shard(place, name) as shard:
            kept = shard.bodies([int(row[1]) for row in rows if row[0] == name])
        bodies.update({(name, index): body for index, body in kept.items()})
    return tuple(
        Found(index, opened(bodies[name, index]).record, name, noted)
        for name, index, noted in rows
        if (name, index) in bodies
    )


def _cursor(text: str) -> tuple[str, str, int]:
    noted, shard, index = text.split("|")
    return noted, shard, int(index)


def count_by(log: Where, what: Search, by: Grouping) -> tuple[Counted, ...]:
    """How many records match and how many values they cover, per ``by``; the largest first, then by name.

    The name ``""`` counts what has none, such as a value that no agreement released. Raises ``ValueError`` for a
    grouping that does not exist.
    """
    if by not in get_args(Grouping):
        raise ValueError(f"records cannot be counted by {by!r}; use one of {', '.join(get_args(Grouping))}")
    where, arguments = _where(what)
    column = f'record."{by}"' if by in _OF_RECORD else f'found."{by}"'
    parts = [(f"found.{text}", value) for text, value in _coordinate_parts(what)]
    narrow = "".join(f" and {text}" for text, _ in parts)
    text = f"""select {column}, count(distinct (record.shard || '/' || record.idx)), coalesce(sum(found.count), 0)
        from record left join record_coordinate as found on found.shard = record.shard and found.idx = record.idx
        {narrow} where {where} group by 1 order by 2 desc, 3 desc, 1"""  # noqa: S608 - `by` was checked; values are bound
    with open_index(place_of(log)) as index:
        rows = index.rows(text, [*(value for _, value in parts), *arguments])
    return tuple(Counted(name, int(records), int(values)) for name, records, values in rows if name is not None)


def _where(what: Search) -> tuple[str, list[Any]]:
    parts: list[str] = ["1 = 1"]
    arguments: list[Any] = []
    for text, value in _record_parts(what):
        parts.append(text)
        arguments.append(value)
    if what.subjects:
        marks = ", ".join("?" * len(what.subjects))
        chosen = f"select shard, idx from record_subject where subject in ({marks})"  # noqa: S608 - question marks
        parts.append(f"(record.shard, record.idx) in ({chosen})")
        arguments += what.subjects
    if inner := list(_coordinate_parts(what)):
        texts = " and ".join(text for text, _ in inner)
        parts.append(f"(record.shard, record.idx) in (select shard, idx from record_coordinate where {texts})")  # noqa: S608 - own words
        arguments += [value for _, value in inner]
    return " and ".join(parts), arguments


def _record_parts(what: Search) -> Iterator[tuple[str, Any]]:
    equal = (("user", what.user), ("agency", what.agency), ("purpose", what.purpose), ("case", what.case))
    for name, value in (*equal, ("role", what.role), ("request", what.request_id), ("kind", what.kind)):
        if value:
            yield f'record."{name}" = ?', value
    if what.since is not None:
        yield "record.at >= ?", instant(what.since)
    if what.until is not None:
        yield "record.at < ?", instant(what.until)


def _coordinate_parts(what: Search) -> Iterator[tuple[str, Any]]:
    if what.coordinate.endswith(".*"):
        yield f"substr(coordinate, 1, {len(what.coordinate) - 1}) = ?", what.coordinate[:-1]
    elif what.coordinate:
        yield "coordinate = ?", what.coordinate
    if what.agreement:
        yield "agreement = ?", what.agreement
    if what.outcome:
        yield "outcome = ?", what.outcome
