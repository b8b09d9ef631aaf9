"""Searching the log: who saw whom, what, under which agreement, when."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from gateway.audit.chain import opened
from gateway.audit.record import instant

__all__ = ["Counted", "Found", "Grouping", "Search", "count_by", "search"]

Grouping: TypeAlias = Literal["user", "agency", "role", "purpose", "coordinate", "agreement", "outcome", "owner"]

_OF_RECORD = frozenset({"user", "agency", "role", "purpose"})


@dataclass(frozen=True, slots=True)
class Search:
    """What to look for; every condition given must hold, and those about a coordinate must hold for the same one.

    ``subjects`` are pseudonyms (``Pseudonyms.every(traveler_id)``), any of which may match. ``since`` and ``until``
    are half-open: ``since <= at < until``. ``coordinate`` is ``Type.field``, or ``Type.*`` for all of a type.
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


@dataclass(frozen=True, slots=True)
class Found:
    """One record as it was chained: its index, and its JSON (see ``AuditRecord.as_json``)."""

    index: int
    record: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Counted:
    """One group of a count: its name, how many records are in it, and how many values they cover."""

    name: str
    records: int
    values: int


def search(log: Path, what: Search, *, limit: int = 100, before: int | None = None) -> tuple[tuple[Found, ...], int]:
    """The newest matching records (at most ``limit``, with an index below ``before``), and how many match in all."""
    where, arguments = _where(what)
    with closing(_read(log)) as db:
        counted = f"select count(*) from record where {where}"  # noqa: S608 - this module's words; values are bound
        total = int(db.execute(counted, arguments).fetchone()[0])
        page = f"{where} and record.idx < ?" if before is not None else where
        more = [*arguments, *([before] if before is not None else []), limit]
        newest = f"select idx, body from record where {page} order by idx desc limit ?"  # noqa: S608 - as above
        rows = db.execute(newest, more)
        return tuple(Found(index, opened(body)[1]) for index, body in rows), total


def count_by(log: Path, what: Search, by: Grouping) -> tuple[Counted, ...]:
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
    text = f"""select {column}, count(distinct record.idx), coalesce(sum(found.count), 0)
        from record left join record_coordinate as found on found.idx = record.idx{narrow}
        where {where} group by 1 order by 2 desc, 3 desc, 1"""  # noqa: S608 - `by` was checked; values are bound
    with closing(_read(log)) as db:
        rows = db.execute(text, [*(value for _, value in parts), *arguments])
        return tuple(Counted(name, records, values) for name, records, values in rows if name is not None)


def _read(log: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{log.absolute().as_uri()}?mode=ro", uri=True)


def _where(what: Search) -> tuple[str, list[Any]]:
    parts: list[str] = ["1"]
    arguments: list[Any] = []
    for text, value in _record_parts(what):
        parts.append(text)
        arguments.append(value)
    if what.subjects:
        marks = ", ".join("?" * len(what.subjects))
        parts.append(f"record.idx in (select idx from record_subject where subject in ({marks}))")  # noqa: S608 - question marks
        arguments += what.subjects
    if inner := list(_coordinate_parts(what)):
        texts = " and ".join(text for text, _ in inner)
        parts.append(f"record.idx in (select idx from record_coordinate where {texts})")  # noqa: S608 - own words
        arguments += [value for _, value in inner]
    return " and ".join(parts), arguments


def _record_parts(what: Search) -> Iterator[tuple[str, Any]]:
    equal = (("user", what.user), ("agency", what.agency), ("purpose", what.purpose), ("case", what.case))
    for name, value in (*equal, ("request", what.request_id)):
        if value:
            yield f'record."{name}" = ?', value
    if what.since is not None:
        yield "record.at >= ?", instant(what.since)
    if what.until is not None:
        yield "record.at < ?", instant(what.until)


def _coordinate_parts(what: Search) -> Iterator[tuple[str, Any]]:
    if what.coordinate.endswith(".*"):
        yield "coordinate glob ?", what.coordinate
    elif what.coordinate:
        yield "coordinate = ?", what.coordinate
    if what.agreement:
        yield "agreement = ?", what.agreement
    if what.outcome:
        yield "outcome = ?", what.outcome
