"""The travelers subgraph, asked as the gateway asks it."""

from __future__ import annotations

from typing import Any

from subgraphs.travelers.enums import LegalCategory, Sex
from subgraphs.travelers.tables import TravelerRow
from tests.subgraphs.conftest import SubgraphFactory
from tests.subgraphs.harness import NOW

ORIGIN: dict[str, Any] = {
    "agency": "OBIM",
    "system": "IDENT",
    "record_version": "1",
    "as_of": NOW,
    "received_at": NOW,
}
ANA = "TRV-01J9ZZZZZZZZZZZZZZZZZZZZZ1"


def traveler(id: str = ANA) -> TravelerRow:
    return TravelerRow(id=id, sex=Sex.F, citizenships=["UTO"], legal_category=LegalCategory.NONIMMIGRANT, **ORIGIN)


async def test_a_traveler_by_number(subgraph: SubgraphFactory) -> None:
    app = await subgraph("travelers", [traveler()])
    answer = await app.ask("query($id: ID!) { traveler(id: $id) { id sex citizenships legalCategory } }", {"id": ANA})
    assert answer == {
        "data": {"traveler": {"id": ANA, "sex": "F", "citizenships": ["UTO"], "legalCategory": "NONIMMIGRANT"}}
    }


async def test_unknown_entities_are_null_and_the_rest_stands(subgraph: SubgraphFactory) -> None:
    app = await subgraph("travelers", [traveler()])
    found = await app.entities(
        [
            {"__typename": "Traveler", "id": ANA, "extra": 1},
            {"__typename": "Nobody", "id": ANA},
            {"__typename": "Traveler", "id": "TRV-unknown"},
            {"__typename": "Traveler"},
            {"__typename": "Traveler", "id": {"odd": []}},
        ],
        "... on Traveler { id sex }",
    )
    assert found == [{"id": ANA, "sex": "F"}, None, None, None, None]
