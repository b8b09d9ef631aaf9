"""Tables of the cross-reference: one traveler, many assertions, each with its own provenance."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from subgraphs.kit.tables import COLUMN_TYPES, EventColumns, ProvenanceColumns, table_metadata
from subgraphs.travelers.enums import DatePrecision, IdentifierKind, LegalCategory, LinkKind, NameKind, Sex

__all__ = [
    "Base",
    "BirthRow",
    "DiscrepancyRow",
    "Event",
    "IdentifierRow",
    "LinkEvidenceRow",
    "NameRow",
    "RecordRow",
    "TravelerRow",
]


# by bytes on every database, so that what begins alike stands together
_BY_BYTES = String(80).with_variant(String(80, collation="C"), "postgresql")


class Base(DeclarativeBase):
    """The tables of this subgraph."""

    metadata = table_metadata()
    type_annotation_map = COLUMN_TYPES


class Event(EventColumns, Base):
    """What happened to the cross-reference."""

    __tablename__ = "events"


class TravelerRow(ProvenanceColumns, Base):
    """One person; the number is minted here and derived from nothing."""

    __tablename__ = "travelers"

    id: Mapped[str] = mapped_column(String(30), primary_key=True)
    sex: Mapped[Sex | None]
    citizenships: Mapped[list[str]]
    legal_category: Mapped[LegalCategory]


class _OfTraveler:
    row: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    traveler_id: Mapped[str] = mapped_column(ForeignKey("travelers.id"), index=True)


class IdentifierRow(_OfTraveler, ProvenanceColumns, Base):
    """An identifier an agency asserts for a traveler; ``country`` is the issuing state of a passport."""

    __tablename__ = "identifiers"
    __table_args__ = (
        UniqueConstraint("kind", "value", "country", "traveler_id"),
        Index("ix_identifiers_kind_value", "kind", "value"),
    )

    kind: Mapped[IdentifierKind]
    value: Mapped[str] = mapped_column(String(40))
    issuer: Mapped[str] = mapped_column(String(12))
    country: Mapped[str] = mapped_column(String(3), default="")
    valid_from: Mapped[dt.date | None]
    valid_to: Mapped[dt.date | None]
    confidence: Mapped[float]


class RecordRow(Base):
    """The locator: an agency's record (entity type and key) and the traveler it is about; nothing of its content."""

    __tablename__ = "records"

    type: Mapped[str] = mapped_column(String(30), primary_key=True)
    key: Mapped[str] = mapped_column(String(40), primary_key=True, index=True)
    traveler_id: Mapped[str] = mapped_column(ForeignKey("travelers.id"), index=True)


class NameRow(_OfTraveler, ProvenanceColumns, Base):
    """A name an agency has for a traveler."""

    __tablename__ = "names"

    kind: Mapped[NameKind]
    family: Mapped[str] = mapped_column(String(80))
    family_key: Mapped[str] = mapped_column(_BY_BYTES, index=True)  # in capitals, for search by how it begins
    given: Mapped[str] = mapped_column(String(80))


class BirthRow(_OfTraveler, ProvenanceColumns, Base):
    """A birth an agency has for a traveler; the date may lack its day or month."""

    __tablename__ = "births"

    date: Mapped[str] = mapped_column(String(10))
    precision: Mapped[DatePrecision]
    country: Mapped[str] = mapped_column(String(3))
    place: Mapped[str] = mapped_column(String(80))


class LinkEvidenceRow(_OfTraveler, Base):
    """Why a record was taken to be this traveler's."""

    __tablename__ = "link_evidence"

    rule: Mapped[str] = mapped_column(String(80))
    score: Mapped[float]
    kind: Mapped[LinkKind]
    reviewer: Mapped[str | None] = mapped_column(String(80))


class DiscrepancyRow(_OfTraveler, Base):
    """Agencies that disagree on a fact; ``values`` and ``sources`` run in step."""

    __tablename__ = "discrepancies"

    field: Mapped[str] = mapped_column(String(40))
    values: Mapped[list[str]]
    sources: Mapped[list[str]]
    opened_at: Mapped[dt.datetime]
