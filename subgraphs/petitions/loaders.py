"""What the chapter answers by reading several tables: statutory protections and pending extensions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import select

from subgraphs.kit import Context, Write
from subgraphs.petitions.enums import BenefitStatus, FormType, RequestedAction
from subgraphs.petitions.states import UNDECIDED
from subgraphs.petitions.tables import AsylumCaseRow, BenefitRequestRow, PetitionRow, ProtectedFlagRow, SubjectRow
from subgraphs.petitions.types import StatutoryProtections

__all__ = ["pending_extension", "protections", "protections_within"]

_EXTENDING = (RequestedAction.EXTEND, RequestedAction.COS)
_OPEN_BENEFIT = (BenefitStatus.PENDING, BenefitStatus.EVIDENCE_REQUESTED)


async def protections(context: Context, traveler_id: str) -> StatutoryProtections:
    """What protects the traveler at the decision instant.

    Never null and never unknown: somebody without any record here is protected by nothing, and the gateway's decisions
    need that answer. A 1367 flag stands until its end has come; an asylum matter counts whatever its stage.
    """
    flags = await context.many(ProtectedFlagRow, ProtectedFlagRow.traveler_id, traveler_id)
    cases = await context.many(AsylumCaseRow, AsylumCaseRow.applicant_id, traveler_id)
    subject = await context.one(SubjectRow, SubjectRow.traveler_id, traveler_id)
    return _protections(context.now.date(), flags, bool(cases), subject)


async def protections_within(write: Write, traveler_id: str) -> StatutoryProtections:
    """The same, read in the transaction of a change."""
    session = write.session
    flags = (await session.scalars(select(ProtectedFlagRow).where(ProtectedFlagRow.traveler_id == traveler_id))).all()
    case = await session.scalar(select(AsylumCaseRow).where(AsylumCaseRow.applicant_id == traveler_id).limit(1))
    subject = await session.scalar(select(SubjectRow).where(SubjectRow.traveler_id == traveler_id))
    return _protections(write.context.now.date(), flags, case is not None, subject)


def _protections(
    today: dt.date, flags: Sequence[ProtectedFlagRow], asylum: bool, subject: SubjectRow | None
) -> StatutoryProtections:
    return StatutoryProtections(
        p1367=any(flag.until is None or flag.until > today for flag in flags),
        asylum2086=asylum,
        sealed=subject is not None and subject.sealed,
        minor=subject is not None and subject.adult_on is not None and today < subject.adult_on,
    )


async def pending_extension(context: Context, traveler_id: str) -> dt.date | None:
    """The filing date of the earliest undecided extension or change of status (I-129, I-539); None without one.

    Whether it was timely is for CBP to say: only CBP knows when the stay ended.
    """
    petitions = await context.many(
        PetitionRow,
        PetitionRow.beneficiary_id,
        traveler_id,
        where=(
            PetitionRow.form_type == FormType.I129,
            PetitionRow.requested_action.in_(_EXTENDING),
            PetitionRow.status.in_(UNDECIDED),
        ),
    )
    requests = await context.many(
        BenefitRequestRow,
        BenefitRequestRow.applicant_id,
        traveler_id,
        where=(BenefitRequestRow.form == FormType.I539, BenefitRequestRow.status.in_(_OPEN_BENEFIT)),
    )
    filed = [row.received_on for row in petitions] + [row.filed_on for row in requests]
    return min(filed, default=None)
