"""Reads of the consular subgraph: conditions of filters, orderings, and batched look-ups that several fields share."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import ColumnElement

from subgraphs.kit import Context, Direction, OrderBy
from subgraphs.visas.enums import VisaApplicationOrderField
from subgraphs.visas.inputs import VisaApplicationFilter, VisaApplicationOrder
from subgraphs.visas.tables import RefusalRow, VisaApplicationRow, VisaRow

__all__ = ["APPLICATION_ORDER", "VISA_ORDER", "application_conditions", "application_order", "refusals", "visa_of"]

_COLUMNS: dict[VisaApplicationOrderField, Any] = {
    VisaApplicationOrderField.SUBMITTED_AT: VisaApplicationRow.submitted_at,
    VisaApplicationOrderField.DECIDED_AT: VisaApplicationRow.decided_at,
}

APPLICATION_ORDER = [
    OrderBy(VisaApplicationRow.submitted_at, descending=True),
    OrderBy(VisaApplicationRow.application_id),
]
VISA_ORDER = [OrderBy(VisaRow.issued_on, descending=True), OrderBy(VisaRow.foil_number)]


def application_conditions(filter: VisaApplicationFilter | None) -> list[ColumnElement[bool]]:
    """The SQL conditions of ``filter``; none where it is absent. A day begins at 00:00 UTC."""
    conditions: list[ColumnElement[bool]] = []
    if filter is None:
        return conditions
    if filter.status is not None:
        conditions.append(VisaApplicationRow.status == filter.status)
    if filter.post is not None:
        conditions.append(VisaApplicationRow.post == filter.post)
    if filter.submittedOnOrAfter is not None:
        start = dt.datetime.combine(filter.submittedOnOrAfter, dt.time(), dt.UTC)
        conditions.append(VisaApplicationRow.submitted_at >= start)
    return conditions


def application_order(order: VisaApplicationOrder | None) -> list[OrderBy]:
    """The ordering ``order`` asks for, made unique by the application's number; latest submitted first by default."""
    if order is None:
        return APPLICATION_ORDER
    descending = order.direction is Direction.DESC
    return [OrderBy(_COLUMNS[order.field], descending=descending), OrderBy(VisaApplicationRow.application_id)]


async def refusals(context: Context, application_id: str | None, family: str) -> list[RefusalRow]:
    """The refusals of one family (ORDINARY, SERIOUS, MEDICAL), oldest first; batched over all applications."""
    rows = await context.many(RefusalRow, RefusalRow.application_id, application_id)
    return sorted((row for row in rows if row.family == family), key=lambda row: (row.at, row.row))


async def visa_of(context: Context, application_id: str | None) -> VisaRow | None:
    """The visa issued last on an application, or ``None``; batched over all applications."""
    rows = await context.many(VisaRow, VisaRow.application_id, application_id)
    return max(rows, key=lambda row: (row.issued_on, row.foil_number), default=None)
