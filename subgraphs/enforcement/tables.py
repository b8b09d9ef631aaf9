"""Tables of enforcement: encounters, removal cases, detentions, criminal history, events."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from subgraphs.enforcement.enums import CaseState, DepartureProof, EncounterKind, OrderKind, RemovalStage
from subgraphs.kit.serials import SerialColumns
from subgraphs.kit.tables import COLUMN_TYPES, EventColumns, ProvenanceColumns, table_metadata

__all__ = [
    "Base",
    "CriminalHistoryRow",
    "DetentionRow",
    "EncounterRow",
    "EnforcementEventRow",
    "Event",
    "RemovalCaseRow",
    "SerialRow",
]


class Base(DeclarativeBase):
    """The tables of this subgraph."""

    metadata = table_metadata()
    type_annotation_map = COLUMN_TYPES


class Event(EventColumns, Base):
    """The outbox: what happened in enforcement."""

    __tablename__ = "events"


class SerialRow(SerialColumns, Base):
    """The last number given out of each series."""

    __tablename__ = "serials"


class RemovalCaseRow(ProvenanceColumns, Base):
    """One removal case (EARM) with its order, its reliefs and the verification of the departure.

    ``relief`` holds ``{"kind", "status", "at"}`` with ``at`` a day as text. ``state`` follows from ``stage``
    (``laws.state_of``) and is kept so that queues can be found by it.
    """

    __tablename__ = "removal_cases"
    __table_args__ = (Index("ix_removal_cases_queue", "state", "stage"),)

    case_id: Mapped[str] = mapped_column(String(20), primary_key=True)
    traveler_id: Mapped[str] = mapped_column(String(30), index=True)
    stage: Mapped[RemovalStage]
    state: Mapped[CaseState]
    charges: Mapped[list[str]]
    nta_served_on: Mapped[dt.date | None]
    court: Mapped[str | None] = mapped_column(String(8))
    order_kind: Mapped[OrderKind | None]
    order_by: Mapped[str | None] = mapped_column(String(80))
    order_on: Mapped[dt.date | None]
    order_final: Mapped[bool | None]
    stays: Mapped[list[str]]
    relief: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    left_on: Mapped[dt.date | None]
    left_poe: Mapped[str | None] = mapped_column(String(3))
    left_proof: Mapped[DepartureProof | None]
    left_country: Mapped[str | None] = mapped_column(String(3))
    left_i205: Mapped[bool | None]
    officer_ref: Mapped[str] = mapped_column(String(40))
    opened_at: Mapped[dt.datetime]


class EncounterRow(ProvenanceColumns, Base):
    """One encounter (EID); ``case_id`` where it led to a removal case."""

    __tablename__ = "encounters"

    event_number: Mapped[str] = mapped_column(String(13), primary_key=True)
    subject_id: Mapped[str] = mapped_column(String(20))
    traveler_id: Mapped[str] = mapped_column(String(30), index=True)
    at: Mapped[dt.datetime]
    kind: Mapped[EncounterKind]
    method: Mapped[str] = mapped_column(String(40))
    alien_number: Mapped[str | None] = mapped_column(String(10))
    fin: Mapped[str | None] = mapped_column(String(10))
    place: Mapped[str] = mapped_column(String(120))
    case_id: Mapped[str | None] = mapped_column(ForeignKey("removal_cases.case_id"), index=True)


class DetentionRow(ProvenanceColumns, Base):
    """One stay in detention under a case; money in US cents."""

    __tablename__ = "detentions"

    detention_id: Mapped[str] = mapped_column(String(20), primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("removal_cases.case_id"), index=True)
    traveler_id: Mapped[str] = mapped_column(String(30), index=True)
    facility: Mapped[str] = mapped_column(String(80))
    book_in_at: Mapped[dt.datetime]
    book_out_at: Mapped[dt.datetime | None]
    release_code: Mapped[str | None] = mapped_column(String(8))
    bond_usd: Mapped[int | None]
    classification: Mapped[str] = mapped_column(String(20))


class CriminalHistoryRow(Base):
    """One conviction that another authority reported (NCIC); never passed on without it."""

    __tablename__ = "criminal_history"

    row: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    traveler_id: Mapped[str] = mapped_column(String(30), index=True)
    conviction: Mapped[str] = mapped_column(String(120))
    date: Mapped[dt.date]
    jurisdiction: Mapped[str] = mapped_column(String(80))
    ncic_code: Mapped[str] = mapped_column(String(8))
    originator: Mapped[str] = mapped_column(String(12))


class EnforcementEventRow(ProvenanceColumns, Base):
    """One event of a traveler's chapter, in words that name no charge and no relief."""

    __tablename__ = "enforcement_events"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    traveler_id: Mapped[str] = mapped_column(String(30), index=True)
    at: Mapped[dt.datetime]
    kind: Mapped[str] = mapped_column(String(40))
    summary: Mapped[str] = mapped_column(String(200))
