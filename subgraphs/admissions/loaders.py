"""Batched reads of this subgraph that are more than one row by its key."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Select, exists, or_, select

from subgraphs.admissions.enums import StayKind, UpdateFlag
from subgraphs.admissions.overstay import Finding, Left, Stay
from subgraphs.admissions.ports import local_day
from subgraphs.admissions.tables import AdmissionRow, DepartureRow, FindingRow
from subgraphs.kit import Context

__all__ = ["departure_of", "latest_stay", "lead_statement"]


async def departure_of(context: Context, i94_number: str) -> DepartureRow | None:
    """The surest departure matched to an admission; the earlier of two that are equally sure."""
    rows = await context.many(DepartureRow, DepartureRow.i94_number, i94_number)
    return min(rows, key=lambda row: (-row.match_confidence, row.at, row.departure_id), default=None)


async def latest_stay(context: Context, traveler_id: str) -> tuple[Stay, AdmissionRow] | None:
    """The traveler's latest admission as the overstay law reads it, with its row; None for one never admitted."""
    admissions = await context.many(AdmissionRow, AdmissionRow.traveler_id, traveler_id)
    if not admissions:
        return None
    latest = max(admissions, key=lambda row: (row.admitted_at, row.i94_number))
    departures = await context.many(DepartureRow, DepartureRow.traveler_id, traveler_id)
    findings = await context.many(FindingRow, FindingRow.i94_number, latest.i94_number)
    left = tuple(
        Left(local_day(row.poe, row.at), row.match_confidence, matched=row.i94_number is not None)
        for row in departures
        if row.i94_number == latest.i94_number or (row.i94_number is None and row.at >= latest.admitted_at)
    )
    stay = Stay(
        kind=latest.stay_kind,
        until=latest.stay_until,
        admitted_on=local_day(latest.poe, latest.admitted_at),
        parole=latest.parole_kind is not None,
        update_flag=latest.update_flag,
        departures=left,
        findings=tuple(Finding(row.basis, local_day(latest.poe, row.found_at)) for row in findings),
    )
    return stay, latest


def lead_statement(today: dt.date) -> Select[AdmissionRow]:
    """Admissions whose stay ended by date or by a finding, with no departure matched and no later admission.

    What USCIS alone knows (a pending extension) is not in it: ``Traveler.overstay`` of each lead says.
    """
    later = AdmissionRow.__table__.alias("later")
    gone = exists().where(DepartureRow.i94_number == AdmissionRow.i94_number)
    back = exists().where(
        later.c.traveler_id == AdmissionRow.traveler_id, later.c.admitted_at > AdmissionRow.admitted_at
    )
    found = exists().where(FindingRow.i94_number == AdmissionRow.i94_number)
    by_date = (AdmissionRow.stay_kind == StayKind.DATE) & (AdmissionRow.stay_until < today)
    flag = AdmissionRow.update_flag
    return select(AdmissionRow).where(
        AdmissionRow.lead_after < today,
        or_(by_date, found),
        or_(flag.is_(None), flag != UpdateFlag.ADJUSTED),
        AdmissionRow.parole_kind.is_(None),
        ~gone,
        ~back,
    )
