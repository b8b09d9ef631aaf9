"""Reads of the security review subgraph: conditions of filters, and orderings."""

from __future__ import annotations

from sqlalchemy import ColumnElement

from subgraphs.kit import OrderBy
from subgraphs.security_reviews.inputs import SecurityReviewFilter
from subgraphs.security_reviews.tables import SecurityReviewRow

__all__ = ["REVIEW_ORDER", "review_conditions"]

REVIEW_ORDER = [OrderBy(SecurityReviewRow.opened_at, descending=True), OrderBy(SecurityReviewRow.review_id)]


def review_conditions(filter: SecurityReviewFilter | None) -> list[ColumnElement[bool]]:
    """The SQL conditions of ``filter``; none where it is absent."""
    conditions: list[ColumnElement[bool]] = []
    if filter is None:
        return conditions
    if filter.post is not None:
        conditions.append(SecurityReviewRow.post == filter.post)
    if filter.reviewStatus is not None:
        conditions.append(SecurityReviewRow.review_status == filter.reviewStatus)
    return conditions
