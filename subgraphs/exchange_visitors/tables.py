"""Tables of the exchange visitor subgraph: sponsors, SEVIS records, events.

A SEVIS record is ICE SEVP's; the two-year rule and its waiver, in columns of the same row, are State ECA's facts.
"""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from subgraphs.exchange_visitors.enums import SanctionKind, SevisStatus, SponsorStatus, TwoYearBasis
from subgraphs.kit.tables import COLUMN_TYPES, EventColumns, ProvenanceColumns, table_metadata

__all__ = ["Base", "DependentRow", "Event", "ExchangeEventRow", "ExchangeVisitorRow", "SanctionRow", "SponsorRow"]


class Base(DeclarativeBase):
    """The tables of this subgraph."""

    metadata = table_metadata()
    type_annotation_map = COLUMN_TYPES


class Event(EventColumns, Base):
    """The outbox: what happened here, for whoever subscribes."""

    __tablename__ = "events"


class SponsorRow(ProvenanceColumns, Base):
    """One designated sponsor; ``categories`` are codes of the list ``j-category``."""

    __tablename__ = "sponsors"

    program_number: Mapped[str] = mapped_column(String(12), primary_key=True)
    name: Mapped[str] = mapped_column(String(160))
    kind: Mapped[str] = mapped_column(String(80))
    designated_on: Mapped[dt.date]
    expires_on: Mapped[dt.date]
    status: Mapped[SponsorStatus]
    categories: Mapped[list[str]]


class SanctionRow(Base):
    """One sanction on a sponsor."""

    __tablename__ = "sanctions"

    row: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    program_number: Mapped[str] = mapped_column(ForeignKey("sponsors.program_number"), index=True)
    kind: Mapped[SanctionKind]
    at: Mapped[dt.date]
    detail: Mapped[str] = mapped_column(Text)


class ExchangeVisitorRow(ProvenanceColumns, Base):
    """One SEVIS record; money in US cents. Its sponsor may be one that this database does not hold."""

    __tablename__ = "exchange_visitors"
    __table_args__ = (Index("ix_exchange_visitors_program", "program_number", "status", "program_start"),)

    sevis_id: Mapped[str] = mapped_column(String(11), primary_key=True)
    traveler_id: Mapped[str] = mapped_column(String(30), index=True)
    program_number: Mapped[str] = mapped_column(String(12))
    category: Mapped[str] = mapped_column(String(4))
    subject: Mapped[str | None] = mapped_column(String(8))
    program_start: Mapped[dt.date]
    program_end: Mapped[dt.date]
    status: Mapped[SevisStatus]
    status_at: Mapped[dt.datetime]
    validated_at: Mapped[dt.datetime | None]

    site_name: Mapped[str | None] = mapped_column(String(160))
    site_address: Mapped[str | None] = mapped_column(String(200))

    funding_sponsor_usd: Mapped[int | None]
    funding_us_gov_usd: Mapped[int | None]
    funding_home_gov_usd: Mapped[int | None]
    funding_personal_usd: Mapped[int | None]

    termination_code: Mapped[str | None] = mapped_column(String(8))
    termination_at: Mapped[dt.datetime | None]

    two_year_subject: Mapped[bool | None]
    two_year_basis: Mapped[TwoYearBasis | None]

    waiver_case_number: Mapped[str | None] = mapped_column(String(40))
    waiver_basis: Mapped[str | None] = mapped_column(String(80))
    waiver_recommendation: Mapped[str | None] = mapped_column(String(80))
    waiver_at: Mapped[dt.date | None]

    ds2019_form_number: Mapped[str | None] = mapped_column(String(40))
    ds2019_issued_at: Mapped[dt.date | None]
    ds2019_signed_by: Mapped[str | None] = mapped_column(String(80))


class DependentRow(Base):
    """A J-2 dependent of an exchange visitor, by traveler number."""

    __tablename__ = "dependents"

    row: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    sevis_id: Mapped[str] = mapped_column(ForeignKey("exchange_visitors.sevis_id"), index=True)
    traveler_id: Mapped[str] = mapped_column(String(30))


class ExchangeEventRow(ProvenanceColumns, Base):
    """One line of a traveler's timeline as the program tells it; its number says nothing about the record."""

    __tablename__ = "exchange_events"

    id: Mapped[str] = mapped_column(String(40), primary_key=True, default=lambda: f"XEV-{uuid.uuid4().hex[:20]}")
    traveler_id: Mapped[str] = mapped_column(String(30), index=True)
    at: Mapped[dt.datetime]
    kind: Mapped[str] = mapped_column(String(60))
    summary: Mapped[str] = mapped_column(String(200))
    sevis_id: Mapped[str | None] = mapped_column(String(11))
