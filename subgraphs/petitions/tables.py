"""Tables of USCIS's chapter. A traveler's statutory flags are read from here and from nowhere else."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ForeignKey, Index, Integer, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from subgraphs.kit.tables import COLUMN_TYPES, EventColumns, ProvenanceColumns, table_metadata
from subgraphs.petitions.enums import (
    AsylumKind,
    BenefitStatus,
    FormType,
    PetitionStatus,
    ProtectedKind,
    RequestedAction,
    RevokedBy,
)

__all__ = [
    "ActionRow",
    "AsylumCaseRow",
    "Base",
    "BenefitRequestRow",
    "Event",
    "PetitionEventRow",
    "PetitionRow",
    "ProtectedFlagRow",
    "SubjectRow",
]

TRAVELER = String(30)
RECEIPT = String(13)


class Base(DeclarativeBase):
    """The tables of this subgraph."""

    metadata = table_metadata()
    type_annotation_map = COLUMN_TYPES


class Event(EventColumns, Base):
    """What happened to petitions: the outbox."""

    __tablename__ = "events"


class PetitionRow(ProvenanceColumns, Base):
    """One petition. Money in USD minor units; ``pims_*`` is State's fact, kept until visas took that field over."""

    __tablename__ = "petitions"
    __table_args__ = (Index("ix_petitions_queue", "status", "received_on"),)

    receipt_number: Mapped[str] = mapped_column(RECEIPT, primary_key=True)
    form_type: Mapped[FormType]
    supplements: Mapped[list[str]]
    classification: Mapped[str] = mapped_column(String(12))
    petitioner_name: Mapped[str] = mapped_column(String(120))
    petitioner_ein: Mapped[str | None] = mapped_column(String(10))
    petitioner_naics: Mapped[str | None] = mapped_column(String(6))
    petitioner_address: Mapped[str | None] = mapped_column(String(200))
    prior_petition_count: Mapped[int] = mapped_column(Integer, default=0)
    beneficiary_id: Mapped[str | None] = mapped_column(TRAVELER, index=True)
    beneficiary_count: Mapped[int] = mapped_column(Integer, default=1)
    requested_action: Mapped[RequestedAction]
    notify_post: Mapped[str | None] = mapped_column(String(4))
    received_on: Mapped[dt.date]
    decided_on: Mapped[dt.date | None]
    status: Mapped[PetitionStatus]
    valid_from: Mapped[dt.date | None]
    valid_to: Mapped[dt.date | None]
    job_title: Mapped[str | None] = mapped_column(String(120))
    wage_annual_usd: Mapped[int | None]
    worksite: Mapped[str | None] = mapped_column(String(200))
    lca_number: Mapped[str | None] = mapped_column(String(24))
    premium: Mapped[bool] = mapped_column(default=False)
    fraud_referred: Mapped[bool | None]
    fraud_unit: Mapped[str | None] = mapped_column(String(40))
    fraud_at: Mapped[dt.datetime | None]
    fraud_outcome: Mapped[str | None] = mapped_column(String(40))
    rfe_reasons: Mapped[list[str]]
    return_summary: Mapped[str | None] = mapped_column(String(400))
    return_category: Mapped[str | None] = mapped_column(String(40))
    return_at: Mapped[dt.date | None]
    revoked_by: Mapped[RevokedBy | None]
    related_receipts: Mapped[list[str]]
    pims_present: Mapped[bool | None]
    pims_recorded_at: Mapped[dt.datetime | None]
    pims_verified_by: Mapped[str | None] = mapped_column(String(40))


class ActionRow(Base):
    """One CLAIMS history action; ``sequence`` counts from 1 within the petition. ``note`` stays in the file."""

    __tablename__ = "petition_actions"

    receipt_number: Mapped[str] = mapped_column(RECEIPT, ForeignKey("petitions.receipt_number"), primary_key=True)
    sequence: Mapped[int] = mapped_column(Integer, primary_key=True)
    code: Mapped[str] = mapped_column(String(6))
    label: Mapped[str] = mapped_column(String(80))
    at: Mapped[dt.datetime]
    office: Mapped[str] = mapped_column(String(8))
    sensitive: Mapped[bool]
    note: Mapped[str | None] = mapped_column(String(400))


class BenefitRequestRow(ProvenanceColumns, Base):
    """One request that is not a petition: I-485, I-539, I-765, I-131."""

    __tablename__ = "benefit_requests"

    receipt_number: Mapped[str] = mapped_column(RECEIPT, primary_key=True)
    form: Mapped[FormType]
    status: Mapped[BenefitStatus]
    filed_on: Mapped[dt.date]
    decided_on: Mapped[dt.date | None]
    applicant_id: Mapped[str] = mapped_column(TRAVELER, index=True)


class AsylumCaseRow(ProvenanceColumns, Base):
    """One asylum or credible-fear case (8 CFR 208.6)."""

    __tablename__ = "asylum_cases"

    case_number: Mapped[str] = mapped_column(String(20), primary_key=True)
    kind: Mapped[AsylumKind]
    stage: Mapped[str] = mapped_column(String(40))
    filed_on: Mapped[dt.date]
    office: Mapped[str] = mapped_column(String(8))
    applicant_id: Mapped[str] = mapped_column(TRAVELER, index=True)


class ProtectedFlagRow(ProvenanceColumns, Base):
    """One 8 USC 1367 flag; it ends only where denial is final and every appeal exhausted."""

    __tablename__ = "protected_flags"

    traveler_id: Mapped[str] = mapped_column(TRAVELER, primary_key=True)
    kind: Mapped[ProtectedKind] = mapped_column(primary_key=True)
    since: Mapped[dt.date] = mapped_column(primary_key=True)
    until: Mapped[dt.date | None]


class SubjectRow(Base):
    """What else the law asks about a person: a court's seal, and the day a minor comes of age."""

    __tablename__ = "subjects"

    traveler_id: Mapped[str] = mapped_column(TRAVELER, primary_key=True)
    sealed: Mapped[bool] = mapped_column(default=False)
    adult_on: Mapped[dt.date | None]


class PetitionEventRow(ProvenanceColumns, Base):
    """One event of a traveler's timeline."""

    __tablename__ = "petition_events"

    id: Mapped[str] = mapped_column(String(30), primary_key=True)
    traveler_id: Mapped[str] = mapped_column(TRAVELER, index=True)
    at: Mapped[dt.datetime]
    kind: Mapped[str] = mapped_column(String(60))
    summary: Mapped[str] = mapped_column(String(200))
    receipt_number: Mapped[str] = mapped_column(RECEIPT)
