"""Reads of the exchange visitor subgraph: conditions of filters, and orderings."""

from __future__ import annotations

from sqlalchemy import ColumnElement

from subgraphs.exchange_visitors.inputs import ExchangeVisitorFilter, ParticipantFilter
from subgraphs.exchange_visitors.tables import ExchangeVisitorRow
from subgraphs.kit import OrderBy

__all__ = ["RECORD_ORDER", "participant_conditions", "record_conditions"]

RECORD_ORDER = [OrderBy(ExchangeVisitorRow.program_start, descending=True), OrderBy(ExchangeVisitorRow.sevis_id)]


def record_conditions(filter: ExchangeVisitorFilter | None) -> list[ColumnElement[bool]]:
    """The SQL conditions of ``filter``; none where it is absent."""
    conditions: list[ColumnElement[bool]] = []
    if filter is None:
        return conditions
    if filter.programNumber is not None:
        conditions.append(ExchangeVisitorRow.program_number == filter.programNumber)
    if filter.status is not None:
        conditions.append(ExchangeVisitorRow.status == filter.status)
    if filter.category is not None:
        conditions.append(ExchangeVisitorRow.category == filter.category)
    return conditions


def participant_conditions(filter: ParticipantFilter | None) -> list[ColumnElement[bool]]:
    """The SQL conditions of ``filter``; ``notValidated: false`` asks for the validated ones."""
    conditions: list[ColumnElement[bool]] = []
    if filter is None:
        return conditions
    if filter.status is not None:
        conditions.append(ExchangeVisitorRow.status == filter.status)
    if filter.notValidated is not None:
        missing = ExchangeVisitorRow.validated_at.is_(None)
        conditions.append(missing if filter.notValidated else ~missing)
    return conditions
