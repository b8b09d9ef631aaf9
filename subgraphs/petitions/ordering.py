"""Filters and orderings of petitions, each naming the fields it reads."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import strawberry
from sqlalchemy import ColumnElement

from subgraphs.kit import Direction, OrderBy, reads_field
from subgraphs.petitions.enums import FormType, PetitionOrderField, PetitionStatus
from subgraphs.petitions.tables import PetitionRow

__all__ = ["PetitionFilter", "PetitionOrder", "conditions", "ordering"]

_COLUMNS = {
    PetitionOrderField.RECEIVED_ON: PetitionRow.received_on,
    PetitionOrderField.DECIDED_ON: PetitionRow.decided_on,
    PetitionOrderField.STATUS: PetitionRow.status,
}


@strawberry.input(description="Which petitions; everything given must hold.")
class PetitionFilter:
    status: PetitionStatus | None = reads_field("Petition.status")
    formType: FormType | None = reads_field("Petition.formType")
    receivedOnOrAfter: dt.date | None = reads_field("Petition.receivedOn")


@strawberry.input(description="In which order.")
class PetitionOrder:
    field: PetitionOrderField = reads_field(
        "Petition.receivedOn",
        "Petition.decidedOn",
        "Petition.status",
        "Petition.receiptNumber",
        default=PetitionOrderField.RECEIPT_NUMBER,
    )
    direction: Direction = Direction.ASC


def conditions(filter: PetitionFilter | None) -> Sequence[ColumnElement[bool]]:
    """The filter as SQL conditions; none for no filter."""
    out: list[ColumnElement[bool]] = []
    if filter is not None and filter.status is not None:
        out.append(PetitionRow.status == filter.status)
    if filter is not None and filter.formType is not None:
        out.append(PetitionRow.form_type == filter.formType)
    if filter is not None and filter.receivedOnOrAfter is not None:
        out.append(PetitionRow.received_on >= filter.receivedOnOrAfter)
    return out


def ordering(order: PetitionOrder | None) -> list[OrderBy]:
    """The order as columns, ending in the receipt number; by the receipt number alone where none is given.

    The default reads no field but the key, so that a list's order tells a caller nothing it may not read.
    """
    if order is None:
        return [OrderBy(PetitionRow.receipt_number)]
    descending = order.direction is Direction.DESC
    last = OrderBy(PetitionRow.receipt_number, descending=descending)
    column = _COLUMNS.get(order.field)
    return [last] if column is None else [OrderBy(column, descending=descending), last]
