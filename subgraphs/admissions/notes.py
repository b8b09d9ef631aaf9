"""What CBP says of a traveler that leads to no other record: the stay and its assessment, lookouts, events of the timeline."""

from __future__ import annotations

import datetime as dt

from strawberry import ID

from subgraphs.admissions.enums import (
    OverstayBasis,
    OverstayStatus,
    StayKind,
)
from subgraphs.admissions.tables import (
    CrossingEventRow,
    LookoutRow,
)
from subgraphs.kit import (
    Info,
    Key,
    Provenance,
    TimelineEvent,
    classified,
    entity,
    sys,
    value,
)

__all__ = ["AuthorizedStay", "CrossingEvent", "Lookout", "OverstayAssessment"]


@value(description="Until when the traveler may stay: a date, the end of the program, no end, or not known.")
class AuthorizedStay:
    kind: StayKind | None = classified("XING")
    until: dt.date | None = classified("XING", description="The last day of the stay; only for kind DATE.")


@value(description="Whether the latest stay was exceeded, on what basis, and by which rule.")
class OverstayAssessment:
    status: OverstayStatus | None = classified("XING")
    basis: OverstayBasis | None = classified("XING")
    daysOver: int | None = classified("XING", description="Calendar days at the port; null where not determinable.")
    assessedAt: dt.datetime | None = classified("XING")
    ruleId: str | None = classified("XING")
    explanation: str | None = classified("XING")


@entity("lookoutId", description="A lookout (TECS); whether there is one is protected itself.")
class Lookout:
    lookoutId: str | None = classified("WL")
    kind: str | None = classified("WL")
    placedBy: str | None = classified("WL")
    at: dt.datetime | None = classified("WL")
    expires: dt.datetime | None = classified("WL")
    instruction: str | None = classified("WL")
    provenance: Provenance | None = sys()

    @classmethod
    def of(cls, row: LookoutRow) -> Lookout:
        """The lookout in ``row``."""
        return cls(
            lookoutId=row.lookout_id,
            kind=row.kind,
            placedBy=row.placed_by,
            at=row.at,
            expires=row.expires,
            instruction=row.instruction,
            provenance=Provenance.of(row),
        )

    @classmethod
    async def resolve_reference(cls, info: Info, key: Key) -> Lookout | None:
        """The lookout a representation names."""
        row = await info.context.one(LookoutRow, LookoutRow.lookout_id, key["lookoutId"])
        return cls.of(row) if row else None


@value(description="A crossing event of a traveler's chapter; its words give no outcome away.")
class CrossingEvent(TimelineEvent):
    summary: str | None = classified("XING")

    @classmethod
    def of(cls, row: CrossingEventRow) -> CrossingEvent:
        """The event in ``row``."""
        return cls(id=ID(row.id), at=row.at, kind=row.kind, summary=row.summary, provenance=Provenance.of(row))
