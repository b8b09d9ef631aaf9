"""Tables of the border: crossings, inspections, I-94 records, departures, findings, lookouts."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from subgraphs.admissions.enums import (
    BiometricMatch,
    CrossingDirection,
    CrossingMode,
    DepartureMethod,
    InspectionOutcome,
    InspectionStage,
    InspectionState,
    OverstayBasis,
    StayKind,
    UpdateFlag,
)
from subgraphs.kit.serials import SerialColumns
from subgraphs.kit.tables import COLUMN_TYPES, EventColumns, ProvenanceColumns, table_metadata

__all__ = [
    "AdmissionRow",
    "ArrivalRow",
    "Base",
    "CrossingEventRow",
    "DepartureRow",
    "Event",
    "FindingRow",
    "InspectionRow",
    "LookoutRow",
    "SerialRow",
]


class Base(DeclarativeBase):
    """The tables of this subgraph."""

    metadata = table_metadata()
    type_annotation_map = COLUMN_TYPES


class Event(EventColumns, Base):
    """The outbox: what happened at the border."""

    __tablename__ = "events"


class SerialRow(SerialColumns, Base):
    """The last number given out of each series."""

    __tablename__ = "serials"


class ArrivalRow(ProvenanceColumns, Base):
    """One crossing of the border, in either direction (NIIS)."""

    __tablename__ = "arrivals"

    crossing_id: Mapped[str] = mapped_column(String(20), primary_key=True)
    traveler_id: Mapped[str] = mapped_column(String(30), index=True)
    poe: Mapped[str] = mapped_column(String(3))
    mode: Mapped[CrossingMode]
    at: Mapped[dt.datetime]
    direction: Mapped[CrossingDirection]
    carrier: Mapped[str | None] = mapped_column(String(8))
    flight: Mapped[str | None] = mapped_column(String(12))
    manifest_ref: Mapped[str | None] = mapped_column(String(40))
    document: Mapped[str | None] = mapped_column(String(20))
    us_address: Mapped[str | None] = mapped_column(String(200))
    foil_number: Mapped[str | None] = mapped_column(String(8))


class InspectionRow(ProvenanceColumns, Base):
    """One inspection of one crossing (TECS); a referral closes the primary and opens a secondary one."""

    __tablename__ = "inspections"
    __table_args__ = (Index("ix_inspections_queue", "port", "state", "stage"),)

    inspection_id: Mapped[str] = mapped_column(String(20), primary_key=True)
    crossing_id: Mapped[str] = mapped_column(ForeignKey("arrivals.crossing_id"), index=True)
    traveler_id: Mapped[str] = mapped_column(String(30), index=True)
    stage: Mapped[InspectionStage]
    port: Mapped[str] = mapped_column(String(3))
    state: Mapped[InspectionState]
    opened_at: Mapped[dt.datetime]
    closed_at: Mapped[dt.datetime | None]
    officer_ref: Mapped[str] = mapped_column(String(40))
    outcome: Mapped[InspectionOutcome | None]
    reason: Mapped[str | None] = mapped_column(String(40))
    forms: Mapped[list[str]]
    referred_for: Mapped[str | None] = mapped_column(String(200))
    narrative: Mapped[str | None] = mapped_column(String(2000))
    biometric_match: Mapped[BiometricMatch]


def _end_of_stay(context: Any) -> dt.date | None:
    row = context.get_current_parameters()
    until: dt.date | None = row["stay_until"] if row["stay_kind"] == StayKind.DATE else None
    return until


class AdmissionRow(ProvenanceColumns, Base):
    """One I-94 (NIIS); ``program_category`` is the J category as the DS-2019 at the port said it.

    ``lead_after`` is the day after which it can be an overstay lead: the end of a dated stay, or a finding's; empty once
    a departure or a later admission took it off the list. It narrows the search; the rule itself is ``lead_statement``.
    """

    __tablename__ = "admissions"

    i94_number: Mapped[str] = mapped_column(String(11), primary_key=True)
    crossing_id: Mapped[str] = mapped_column(ForeignKey("arrivals.crossing_id"), index=True)
    traveler_id: Mapped[str] = mapped_column(String(30), index=True)
    class_of_admission: Mapped[str] = mapped_column(String(4))
    stay_kind: Mapped[StayKind]
    stay_until: Mapped[dt.date | None] = mapped_column(index=True)
    poe: Mapped[str] = mapped_column(String(3))
    admitted_at: Mapped[dt.datetime]
    parole_kind: Mapped[str | None] = mapped_column(String(4))
    update_flag: Mapped[UpdateFlag | None]
    foil_number: Mapped[str | None] = mapped_column(String(8))
    sevis_id: Mapped[str | None] = mapped_column(String(11))
    program_category: Mapped[str | None] = mapped_column(String(4))
    lead_after: Mapped[dt.date | None] = mapped_column(index=True, default=_end_of_stay)


class DepartureRow(ProvenanceColumns, Base):
    """One departure (ADIS); without ``i94_number`` it is matched to no admission yet."""

    __tablename__ = "departures"

    departure_id: Mapped[str] = mapped_column(String(20), primary_key=True)
    i94_number: Mapped[str | None] = mapped_column(ForeignKey("admissions.i94_number"), index=True)
    traveler_id: Mapped[str] = mapped_column(String(30), index=True)
    at: Mapped[dt.datetime]
    poe: Mapped[str] = mapped_column(String(3))
    mode: Mapped[CrossingMode]
    method: Mapped[DepartureMethod]
    match_confidence: Mapped[float]


class FindingRow(ProvenanceColumns, Base):
    """A formal finding by an immigration judge or USCIS that the stay of an admission ended."""

    __tablename__ = "overstay_findings"

    row: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    i94_number: Mapped[str] = mapped_column(ForeignKey("admissions.i94_number"), index=True)
    basis: Mapped[OverstayBasis]
    found_at: Mapped[dt.datetime]
    note: Mapped[str] = mapped_column(String(400))


class LookoutRow(ProvenanceColumns, Base):
    """A lookout (TECS). Its existence is protected, so it makes no event of a traveler's chapter."""

    __tablename__ = "lookouts"

    lookout_id: Mapped[str] = mapped_column(String(20), primary_key=True)
    traveler_id: Mapped[str] = mapped_column(String(30), index=True)
    kind: Mapped[str] = mapped_column(String(40))
    placed_by: Mapped[str] = mapped_column(String(40))
    at: Mapped[dt.datetime]
    expires: Mapped[dt.datetime | None]
    instruction: Mapped[str] = mapped_column(String(200))


class CrossingEventRow(ProvenanceColumns, Base):
    """One event of a traveler's chapter, in words that give no outcome away."""

    __tablename__ = "crossing_events"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    traveler_id: Mapped[str] = mapped_column(String(30), index=True)
    at: Mapped[dt.datetime]
    kind: Mapped[str] = mapped_column(String(40))
    summary: Mapped[str] = mapped_column(String(200))
