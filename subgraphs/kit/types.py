"""Types that every subgraph shares: scalars, agencies, coded values, provenance, timeline events."""

from __future__ import annotations

import datetime as dt
import enum
from typing import Any, Protocol

import strawberry
from strawberry import ID
from strawberry.types.scalar import ScalarDefinition

from subgraphs.kit.directives import classified, sys, value

__all__ = ["SCALARS", "Agency", "CodedValue", "PageInfo", "Provenance", "Provenanced", "TimelineEvent", "utc"]

STALE_AFTER = dt.timedelta(days=1)


def utc(instant: dt.datetime) -> str:
    """``instant`` as RFC 3339 text in UTC, ending in ``Z``."""
    return instant.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


def _date_out(day: Any) -> str:
    if isinstance(day, str):  # already text: a mask made it
        return day
    if isinstance(day, dt.datetime) or not isinstance(day, dt.date):
        raise ValueError("not a date")
    return day.isoformat()


def _instant_out(instant: Any) -> str:
    if isinstance(instant, str):
        return instant
    if not isinstance(instant, dt.datetime):
        raise ValueError("not an instant")
    return utc(instant)


def _date_in(text: Any) -> dt.date:
    if not isinstance(text, str):
        raise ValueError("write a date as text, YYYY-MM-DD")
    return dt.date.fromisoformat(text)


def _instant_in(text: Any) -> dt.datetime:
    if not isinstance(text, str):
        raise ValueError("write an instant as text, 2026-11-01T12:00:00Z")
    instant = dt.datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("an instant names its offset; end it in Z")
    return instant.astimezone(dt.UTC)


SCALARS: dict[object, ScalarDefinition] = {
    dt.date: strawberry.scalar(
        name="Date", description="A calendar day, YYYY-MM-DD.", serialize=_date_out, parse_value=_date_in
    ),
    dt.datetime: strawberry.scalar(
        name="DateTime",
        description="An instant, RFC 3339, answered in UTC.",
        serialize=_instant_out,
        parse_value=_instant_in,
    ),
}


@strawberry.enum(description="An agency that owns records.")
class Agency(enum.Enum):
    USCIS = "USCIS"
    STATE_CA = "STATE_CA"
    STATE_ECA = "STATE_ECA"
    ICE_VSP = "ICE_VSP"
    ICE_ERO = "ICE_ERO"
    ICE_SEVP = "ICE_SEVP"
    CBP = "CBP"
    OBIM = "OBIM"
    EOIR = "EOIR"


@value(shareable=True, description="A code, the list that gives it a meaning, and its label.")
class CodedValue:
    list: str = sys(required=True)
    code: str | None = sys()
    label: str | None = sys()


class Provenanced(Protocol):
    """A row that says where it comes from; ``subgraphs.kit.tables.ProvenanceColumns`` makes one of a table."""

    agency: Any
    system: Any
    record_version: Any
    as_of: Any
    received_at: Any


@value(shareable=True, description="Whose record it is, from which system, as of when.")
class Provenance:
    agency: Agency = sys(required=True)
    system: str = sys(required=True)
    recordVersion: str = sys(required=True)
    asOf: dt.datetime = sys(required=True)
    receivedAt: dt.datetime = sys(required=True)
    stale: bool = sys(required=True)

    @classmethod
    def of(cls, row: Provenanced) -> Provenance:
        """The provenance of ``row``; stale where it reached the agency more than a day after it was written."""
        return cls(
            agency=Agency[row.agency],
            system=row.system,
            recordVersion=row.record_version,
            asOf=row.as_of,
            receivedAt=row.received_at,
            stale=row.received_at - row.as_of > STALE_AFTER,
        )


@value(shareable=True, description="Where a page of a list begins and ends.")
class PageInfo:
    hasNextPage: bool = sys(required=True)
    hasPreviousPage: bool = sys(required=True)
    startCursor: str | None = sys()
    endCursor: str | None = sys()


@strawberry.federation.interface(description="Something that happened to a traveler, as one agency records it.")
class TimelineEvent:
    """Implement it with ``@value()``; give ``summary`` the category of the agency's own event."""

    id: ID = sys(required=True)
    at: dt.datetime | None = sys()
    kind: str | None = sys()
    summary: str | None = classified("SYS")
    provenance: Provenance | None = sys()
