"""Traveler: one person, with everything the agencies assert about who that is."""

from __future__ import annotations

from strawberry import ID

from subgraphs.kit import Gather, Info, Key, Provenance, TimelineEvent, classified, entity, link, shared, sys
from subgraphs.travelers.enums import IdentifierKind, LegalCategory, Sex
from subgraphs.travelers.tables import BirthRow, DiscrepancyRow, IdentifierRow, LinkEvidenceRow, NameRow, TravelerRow
from subgraphs.travelers.types import BirthAssertion, Discrepancy, Identifier, LinkEvidence, PersonName

__all__ = ["Traveler"]

CHAPTERS = Gather(
    fields=["petitionEvents", "visaEvents", "exchangeEvents", "reviewEvents", "crossingEvents", "enforcementEvents"],
    order="at",
)


@entity("id", description="One person, as the agencies together know them.")
class Traveler:
    id: ID = shared("Traveler.id", required=True, description="Minted here; derived from no identifier.")
    sex: Sex | None = classified("BIO")
    citizenships: list[str] | None = classified("BIO", description="ICAO three-letter codes.")
    legalCategory: LegalCategory | None = sys()
    provenance: Provenance | None = sys()

    @classmethod
    def of(cls, row: TravelerRow) -> Traveler:
        """The traveler in ``row``."""
        return cls(
            id=ID(row.id),
            sex=row.sex,
            citizenships=row.citizenships,
            legalCategory=row.legal_category,
            provenance=Provenance.of(row),
        )

    @classmethod
    async def resolve_reference(cls, info: Info, key: Key) -> Traveler | None:
        """The traveler a representation names; all of one request's are one statement."""
        row = await info.context.one(TravelerRow, TravelerRow.id, key["id"])
        return cls.of(row) if row else None

    @link(description="Numbers by which agencies know the traveler; all kinds unless some are named.")
    async def identifiers(self, info: Info, kinds: list[IdentifierKind] | None = None) -> list[Identifier] | None:
        rows = await info.context.many(IdentifierRow, IdentifierRow.traveler_id, self.id)
        return [Identifier.of(row) for row in rows if kinds is None or row.kind in kinds]

    @link(description="Every name on record.")
    async def names(self, info: Info) -> list[PersonName] | None:
        return [PersonName.of(row) for row in await info.context.many(NameRow, NameRow.traveler_id, self.id)]

    @link(description="Every birth on record; more than one where sources disagree.")
    async def birth(self, info: Info) -> list[BirthAssertion] | None:
        return [BirthAssertion.of(row) for row in await info.context.many(BirthRow, BirthRow.traveler_id, self.id)]

    @link(description="Why these records are taken to be one person's.")
    async def linkEvidence(self, info: Info) -> list[LinkEvidence] | None:  # noqa: N802 - the name in the graph
        rows = await info.context.many(LinkEvidenceRow, LinkEvidenceRow.traveler_id, self.id)
        return [LinkEvidence.of(row) for row in rows]

    @link(description="Facts on which the sources disagree.")
    async def discrepancies(self, info: Info) -> list[Discrepancy] | None:
        rows = await info.context.many(DiscrepancyRow, DiscrepancyRow.traveler_id, self.id)
        return [Discrepancy.of(row) for row in rows]

    @link(gather=CHAPTERS, description="What happened, in order; the gateway gathers it from every agency.")
    async def timeline(self, first: int | None = None, kinds: list[str] | None = None) -> list[TimelineEvent] | None:
        return []  # no agency holds another's events: the gateway merges the named lists
