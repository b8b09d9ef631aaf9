"""The travelers subgraph's schema: who a person is across agencies, assertion by assertion."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

import strawberry
from strawberry import ID

from subgraphs.kit import Agency, Info, act, journal, link, make_schema, reads, watch
from subgraphs.travelers import acts
from subgraphs.travelers import search as searching
from subgraphs.travelers.agreements import AgreementChange
from subgraphs.travelers.enums import IdentifierKind
from subgraphs.travelers.search import SearchResult
from subgraphs.travelers.stubs import Departure, ExchangeVisitor, Inspection, SecurityReview, Visa, VisaApplication
from subgraphs.travelers.tables import TravelerRow
from subgraphs.travelers.traveler import Traveler

__all__ = ["Mutation", "Query", "Subscription", "schema"]

WatchedRecord: TypeAlias = Annotated[
    Visa | VisaApplication | Inspection | Departure | SecurityReview | ExchangeVisitor,
    strawberry.union("WatchedRecord", description="A record of one traveler that something happened to."),
]


@strawberry.type
class Query:
    @link(description="The traveler with this number.")
    async def traveler(self, info: Info, id: Annotated[ID, reads("Traveler.id")]) -> Traveler | None:
        row = await info.context.one(TravelerRow, TravelerRow.id, str(id))
        return Traveler.of(row) if row else None

    @link(description="The one traveler who has this identifier; null where nobody has it, or several people do.")
    async def travelerByIdentifier(  # noqa: N802 - the name in the graph
        self,
        info: Info,
        kind: Annotated[IdentifierKind, reads("Identifier.kind")],
        value: Annotated[str, reads("Identifier.value")],
    ) -> Traveler | None:
        return await searching.find_traveler(info, kind, value)

    @link(description="Records and people by a number, people by the beginning of a family name.")
    async def search(
        self,
        info: Info,
        text: Annotated[str, reads("Identifier.value", "PersonName.family")],
        first: int | None = None,
    ) -> list[SearchResult] | None:
        found: list[Any] = await searching.search(info, text, first)
        return found


@strawberry.type
class Mutation:
    @act(description="Link an identifier to a traveler, for a reason, vouched for by the caller.")
    async def linkIdentifier(  # noqa: N802 - the name in the graph
        self,
        info: Info,
        travelerId: ID,  # noqa: N803
        kind: IdentifierKind,
        value: str,
        issuer: Agency,
        reason: str,
    ) -> Traveler | None:
        return Traveler.of(await acts.link_identifier(info, str(travelerId), kind, value, issuer, reason))


@strawberry.type
class Subscription:
    @watch(
        "visaRevoked",
        "visaStatusChanged",
        "recommendationSent",
        "inspectionRecorded",
        "departureRecorded",
        "exchangeStatusChanged",
        description="Everything that happens to the traveler of an open case, which is the case of the caller's token.",
    )
    async def travelerWatch(self, case: ID) -> WatchedRecord | None:  # noqa: N802 - the name in the graph
        return None  # no agency hears of another's events: the gateway listens to each

    @journal(description="What changed of an agreement of the caller's agency; of any, for oversight.")
    async def agreementChanged(self) -> AgreementChange | None:  # noqa: N802 - the name in the graph
        return None  # the gateway's own journal says it


schema = make_schema(Query, Mutation, subscription=Subscription)
