"""Other agencies' entities, as far as a crossing knows them: their key, and the J category on the DS-2019."""

from __future__ import annotations

from subgraphs.kit import CodedValue, entity, shared

__all__ = ["ExchangeVisitor", "Visa"]


@entity("foilNumber", resolvable=False)
class Visa:
    foilNumber: str | None = shared("Visa.foilNumber")


@entity("sevisId", resolvable=False)
class ExchangeVisitor:
    sevisId: str | None = shared("ExchangeVisitor.sevisId")
    category: CodedValue | None = shared("ExchangeVisitor.category", external=True)
