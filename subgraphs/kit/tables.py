"""What every agency's tables are made of: column types, provenance columns, the outbox of events.

An agency writes in its ``tables.py``::

    class Base(DeclarativeBase):
        metadata = table_metadata()
        type_annotation_map = COLUMN_TYPES

    class Event(EventColumns, Base):
        __tablename__ = "events"

    class PetitionRow(ProvenanceColumns, Base):
        __tablename__ = "petitions"
        receipt_number: Mapped[str] = mapped_column(primary_key=True)
"""

from __future__ import annotations

import datetime as dt
import enum
import re
from typing import Any, Final, Protocol

from sqlalchemy import JSON, DateTime, Dialect, Enum, Integer, MetaData, String, TypeDecorator
from sqlalchemy.orm import Mapped, mapped_column

__all__ = [
    "COLUMN_TYPES",
    "EventColumns",
    "ProvenanceColumns",
    "ProvenanceFact",
    "UtcDateTime",
    "provenance",
    "table_metadata",
]

_LAST_NUMBER = re.compile(r"(.*?)(\d*)$", re.DOTALL)


class UtcDateTime(TypeDecorator[dt.datetime]):
    """An instant, stored in UTC and read back aware, on SQLite as on PostgreSQL; a naive one is refused."""

    impl = DateTime
    cache_ok = True

    @property
    def python_type(self) -> type[dt.datetime]:
        """What a row holds."""
        return dt.datetime

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """``timestamptz`` where the database has it."""
        return dialect.type_descriptor(DateTime(timezone=dialect.name != "sqlite"))

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        """The instant in UTC, naive for SQLite."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs its time zone")
        value = value.astimezone(dt.UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        """The instant, aware."""
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


COLUMN_TYPES: Final[dict[Any, Any]] = {
    dt.datetime: UtcDateTime,
    enum.Enum: Enum(enum.Enum, native_enum=False, length=40, create_constraint=False),
    str: String,
    list[str]: JSON,
    dict[str, Any]: JSON,
}
"""``type_annotation_map`` of every ``Base``: ``Mapped[datetime]``, ``Mapped[SomeEnum]``, ``Mapped[list[str]]``."""

_NAMES: Final[dict[str, str]] = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


def table_metadata() -> MetaData:
    """Fresh metadata with fixed constraint names, so that a migration says the same on every database."""
    return MetaData(naming_convention=_NAMES)


class ProvenanceFact(Protocol):
    """What the synthetic world (or a feed) says about where a record comes from."""

    @property
    def agency(self) -> str: ...
    @property
    def system(self) -> str: ...
    @property
    def record_version(self) -> str: ...
    @property
    def as_of(self) -> dt.datetime: ...
    @property
    def received_at(self) -> dt.datetime: ...


class ProvenanceColumns:
    """Whose record it is, from which system, which version, true as of when, and when the agency got it."""

    agency: Mapped[str] = mapped_column(String(12))
    system: Mapped[str] = mapped_column(String(40))
    record_version: Mapped[str] = mapped_column(String(40))
    as_of: Mapped[dt.datetime]
    received_at: Mapped[dt.datetime]

    def touch(self, now: dt.datetime) -> None:
        """Mark the row as rewritten ``now``: a mutation calls it on every row it changes."""
        self.as_of = now
        self.received_at = now
        stem, digits = _LAST_NUMBER.match(self.record_version or "").groups()  # type: ignore[union-attr]
        self.record_version = f"{stem}{int(digits or 0) + 1}"


def provenance(fact: ProvenanceFact) -> dict[str, Any]:
    """The provenance columns of a row, for its constructor: ``PetitionRow(..., **provenance(fact.provenance))``."""
    return {
        "agency": fact.agency,
        "system": fact.system,
        "record_version": fact.record_version,
        "as_of": fact.as_of,
        "received_at": fact.received_at,
    }


class EventColumns:
    """The outbox: one row per thing that happened, written in the transaction of the change itself."""

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    at: Mapped[dt.datetime]
    kind: Mapped[str] = mapped_column(String(60))
    entity: Mapped[str] = mapped_column(String(60))
    entity_key: Mapped[str] = mapped_column(String(80), index=True)
    payload: Mapped[dict[str, Any]]
    actor: Mapped[str] = mapped_column(String(120), default="")
    case_reference: Mapped[str] = mapped_column(String(120), default="")
