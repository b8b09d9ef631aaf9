"""The petitions subgraph's schema: what USCIS is asked, and what it is told to do."""

from __future__ import annotations

from typing import Annotated

import strawberry
from sqlalchemy import select

from subgraphs.kit import Connection, Info, Page, connect, link, make_schema, reads
from subgraphs.kit.identifiers import check
from subgraphs.petitions.entities import AsylumCase, BenefitRequest, Petition, Traveler
from subgraphs.petitions.mutations import Mutation
from subgraphs.petitions.ordering import PetitionFilter, PetitionOrder, conditions, ordering
from subgraphs.petitions.tables import BenefitRequestRow, PetitionRow

__all__ = ["Query", "schema"]


@strawberry.type
class Query:
    @link(description="The petition with this receipt number.")
    async def petition(
        self,
        info: Info,
        receiptNumber: Annotated[str, reads("Petition.receiptNumber")],  # noqa: N803 - graph name
    ) -> Petition | None:
        number = check("RECEIPT", receiptNumber)
        row = await info.context.one(PetitionRow, PetitionRow.receipt_number, number)
        return Petition.of(row) if row else None

    @link(description="The benefit request with this receipt number.")
    async def benefitRequest(  # noqa: N802 - graph name
        self,
        info: Info,
        receiptNumber: Annotated[str, reads("BenefitRequest.receiptNumber")],  # noqa: N803 - graph name
    ) -> BenefitRequest | None:
        number = check("RECEIPT", receiptNumber)
        row = await info.context.one(BenefitRequestRow, BenefitRequestRow.receipt_number, number)
        return BenefitRequest.of(row) if row else None

    @link(description="An officer's queue, by receipt number unless ordered.")
    async def petitions(
        self,
        info: Info,
        filter: PetitionFilter | None = None,
        orderBy: PetitionOrder | None = None,  # noqa: N803 - graph name
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Connection[Petition] | None:
        statement = select(PetitionRow).where(*conditions(filter))
        page = Page(first, after, last, before)
        return await connect(info.context, statement, Petition.of, order=ordering(orderBy), page=page)


schema = make_schema(Query, Mutation, types=[AsylumCase, BenefitRequest, Petition, Traveler])
