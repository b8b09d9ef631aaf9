"""Tables of the consular subgraph: applications with what was found about them, visas, petition evidence, events."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from subgraphs.kit.tables import COLUMN_TYPES, EventColumns, ProvenanceColumns, table_metadata
from subgraphs.visas.enums import (
    ApplicationKind,
    BiometricResult,
    ConsularDisposition,
    RevocationKind,
    VisaApplicationStatus,
    VisaEntries,
    VisaStatus,
)

__all__ = [
    "Base",
    "ConsularNoteRow",
    "Event",
    "PimsRow",
    "RefusalRow",
    "VisaApplicationRow",
    "VisaEventRow",
    "VisaRow",
]


class Base(DeclarativeBase):
    """The tables of this subgraph."""

    metadata = table_metadata()
    type_annotation_map = COLUMN_TYPES


class Event(EventColumns, Base):
    """The outbox: what happened here, for whoever subscribes."""

    __tablename__ = "events"


class VisaApplicationRow(ProvenanceColumns, Base):
    """One DS-160 or DS-260 with the post's handling of it; groups of columns with one prefix are one value type.

    A group is absent where its first column is empty. ``fees`` is a list of ``{"code", "usdMinor"}``.
    """

    __tablename__ = "visa_applications"
    __table_args__ = (Index("ix_visa_applications_queue", "post", "status", "submitted_at"),)

    application_id: Mapped[str] = mapped_column(String(20), primary_key=True)
    applicant_id: Mapped[str] = mapped_column(String(30), index=True)
    kind: Mapped[ApplicationKind]
    visa_class: Mapped[str] = mapped_column(String(8))
    post: Mapped[str] = mapped_column(String(8))
    status: Mapped[VisaApplicationStatus]
    submitted_at: Mapped[dt.datetime | None]
    interview_at: Mapped[dt.datetime | None]
    decided_at: Mapped[dt.datetime | None]
    petition_receipts: Mapped[list[str]]
    sevis_id: Mapped[str | None] = mapped_column(String(11))
    fees: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    officer: Mapped[str | None] = mapped_column(String(40))
    consular_disposition: Mapped[ConsularDisposition | None]

    passport_number: Mapped[str | None] = mapped_column(String(20))
    passport_issuer: Mapped[str | None] = mapped_column(String(3))
    passport_issued: Mapped[dt.date | None]
    passport_expires: Mapped[dt.date | None]
    passport_mrz: Mapped[str | None] = mapped_column(String(100))

    waiver_waived: Mapped[bool | None]
    waiver_authority: Mapped[str | None] = mapped_column(String(80))
    waiver_rule_version: Mapped[str | None] = mapped_column(String(40))

    ds_travel_plans: Mapped[str | None] = mapped_column(Text)
    ds_prior_travel: Mapped[str | None] = mapped_column(Text)
    ds_employer: Mapped[str | None] = mapped_column(String(160))
    ds_social_media: Mapped[list[str] | None]
    ds_security_answers: Mapped[list[str] | None]

    sao_requested: Mapped[bool | None]
    sao_program: Mapped[str | None] = mapped_column(String(80))
    sao_requested_at: Mapped[dt.datetime | None]
    sao_replied_at: Mapped[dt.datetime | None]
    sao_reply: Mapped[str | None] = mapped_column(Text)

    biometric_result: Mapped[BiometricResult | None]
    biometric_fin: Mapped[str | None] = mapped_column(String(10))
    biometric_submitted_at: Mapped[dt.datetime | None]

    fraud_referred: Mapped[bool | None]
    fraud_outcome: Mapped[str | None] = mapped_column(String(80))


class _OfApplication:
    row: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    application_id: Mapped[str] = mapped_column(ForeignKey("visa_applications.application_id"), index=True)


class RefusalRow(_OfApplication, Base):
    """One refusal of an application; ``family`` (ORDINARY, SERIOUS, MEDICAL) says which field shows it."""

    __tablename__ = "refusals"

    family: Mapped[str] = mapped_column(String(8))
    ground: Mapped[str] = mapped_column(String(40))
    at: Mapped[dt.datetime]
    post: Mapped[str] = mapped_column(String(8))
    overcome: Mapped[bool] = mapped_column(default=False)
    waiver_kind: Mapped[str | None] = mapped_column(String(40))
    waiver_recommendation: Mapped[str | None] = mapped_column(String(80))
    waiver_decided_by: Mapped[str | None] = mapped_column(String(40))
    waiver_valid_to: Mapped[dt.date | None]


class ConsularNoteRow(_OfApplication, Base):
    """One officer's note on an application."""

    __tablename__ = "consular_notes"

    at: Mapped[dt.datetime]
    author: Mapped[str] = mapped_column(String(40))
    text: Mapped[str] = mapped_column(Text)


class VisaRow(ProvenanceColumns, Base):
    """One visa: the foil names the paper, the control number the issuance, neither the person."""

    __tablename__ = "visas"

    foil_number: Mapped[str] = mapped_column(String(8), primary_key=True)
    control_number: Mapped[str] = mapped_column(String(14), unique=True)
    application_id: Mapped[str] = mapped_column(ForeignKey("visa_applications.application_id"), index=True)
    holder_id: Mapped[str] = mapped_column(String(30), index=True)
    visa_class: Mapped[str] = mapped_column(String(8))
    issued_on: Mapped[dt.date]
    expires_on: Mapped[dt.date]
    entries: Mapped[VisaEntries]
    annotation: Mapped[str | None] = mapped_column(String(200))
    issuing_post: Mapped[str] = mapped_column(String(8))
    status: Mapped[VisaStatus]
    status_basis: Mapped[str | None] = mapped_column(String(200))
    passport_number: Mapped[str | None] = mapped_column(String(20))
    mrz: Mapped[str | None] = mapped_column(String(100))

    revocation_kind: Mapped[RevocationKind | None]
    revocation_at: Mapped[dt.datetime | None]
    revocation_effective: Mapped[dt.datetime | None]
    revocation_notice_to: Mapped[list[str] | None]
    revocation_ground: Mapped[str | None] = mapped_column(String(200))


class PimsRow(ProvenanceColumns, Base):
    """State's evidence that USCIS approved a petition; it can lag behind the approval by days."""

    __tablename__ = "pims_records"

    receipt_number: Mapped[str] = mapped_column(String(13), primary_key=True)
    present: Mapped[bool]
    recorded_at: Mapped[dt.datetime | None]
    verified_by: Mapped[str | None] = mapped_column(String(80))


class VisaEventRow(ProvenanceColumns, Base):
    """One line of a traveler's timeline as State tells it; its number says nothing about the record."""

    __tablename__ = "visa_events"

    id: Mapped[str] = mapped_column(String(40), primary_key=True, default=lambda: f"VEV-{uuid.uuid4().hex[:20]}")
    traveler_id: Mapped[str] = mapped_column(String(30), index=True)
    at: Mapped[dt.datetime]
    kind: Mapped[str] = mapped_column(String(60))
    summary: Mapped[str] = mapped_column(String(200))
    application_id: Mapped[str | None] = mapped_column(String(20))
    foil_number: Mapped[str | None] = mapped_column(String(8))
