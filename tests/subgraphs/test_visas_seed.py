"""State's, the programs' and the Visa Security Program's parts of the synthetic world fit their tables and laws."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from types import ModuleType
from typing import Any

import pytest

from subgraphs.exchange_visitors import seed as exchange_visitors
from subgraphs.exchange_visitors.tables import ExchangeVisitorRow
from subgraphs.kit.codes import LISTS
from subgraphs.kit.identifiers import check
from subgraphs.kit.world.generator import DEFAULT_SEED, TODAY, journeys
from subgraphs.kit.world.model import Journey
from subgraphs.kit.world.stories import story
from subgraphs.security_reviews import seed as security_reviews
from subgraphs.security_reviews.tables import SecurityReviewRow
from subgraphs.visas import laws
from subgraphs.visas import seed as visas
from subgraphs.visas.enums import VisaApplicationStatus
from subgraphs.visas.tables import RefusalRow, VisaApplicationRow, VisaRow
from tests.subgraphs.conftest import SubgraphFactory

SEEDS: dict[str, ModuleType] = {
    "visas": visas,
    "exchange_visitors": exchange_visitors,
    "security_reviews": security_reviews,
}
MINE: tuple[Journey, ...] = tuple(islice(journeys(DEFAULT_SEED, "small", TODAY), 100))


def rows(name: str) -> Iterator[Any]:
    if name == "exchange_visitors":
        yield from exchange_visitors.world_rows(DEFAULT_SEED, "small", TODAY)
    for journey in MINE:
        yield from SEEDS[name].rows(journey)


@pytest.mark.parametrize("name", list(SEEDS))
async def test_the_world_fits_the_tables(subgraph: SubgraphFactory, name: str) -> None:
    app = await subgraph(name, rows(name))
    queue = {
        "visas": "visaApplications { totalCount nodes { status publicStatus visaClass { label } } }",
        "exchange_visitors": "exchangeVisitors { totalCount nodes { status sponsor { name } category { label } } }",
        "security_reviews": "securityReviews { totalCount nodes { reviewStatus application { submittedAt } } }",
    }
    answer = await app.ask(f"{{ {queue[name]} }}")
    assert "errors" not in answer
    (connection,) = answer["data"].values()
    facts = {"visas": "visa_applications", "exchange_visitors": "exchange_visitors"}.get(name, "security_reviews")
    assert connection["totalCount"] == sum(len(getattr(journey, facts)) for journey in MINE) > 10
    assert connection["nodes"]
    for node in connection["nodes"]:
        assert None not in node.values()


def test_every_row_keeps_the_forms_the_mutations_ask_for() -> None:
    for row in rows("visas"):
        if isinstance(row, VisaApplicationRow):
            assert check("APPLICATION_ID", row.application_id) == row.application_id
            assert row.visa_class in LISTS["coa"]
            assert row.post in LISTS["post"]
        if isinstance(row, VisaRow):
            assert check("FOIL_NUMBER", row.foil_number) == row.foil_number
            assert check("CONTROL_NUMBER", row.control_number) == row.control_number
        if isinstance(row, RefusalRow):
            assert row.family == laws.ground_family(row.ground)
    for row in rows("exchange_visitors"):
        if isinstance(row, ExchangeVisitorRow):
            assert check("SEVIS_ID", row.sevis_id) == row.sevis_id
            assert check("PROGRAM_NUMBER", row.program_number) == row.program_number
    for row in rows("security_reviews"):
        if isinstance(row, SecurityReviewRow):
            assert check("REVIEW_ID", row.review_id) == row.review_id


async def test_a_story_reads_the_same_from_both_sides(subgraph: SubgraphFactory) -> None:
    journey = story("approved-not-issued", TODAY)
    state = await subgraph("visas", visas.rows(journey))
    program = await subgraph("security_reviews", security_reviews.rows(journey))
    fact = next(item for item in journey.visa_applications if item.status == "APPROVED_NOT_ISSUED")
    key = {"applicationId": fact.application_id}
    asked = [{"__typename": "VisaApplication", **key}]
    (ours,) = await state.entities(asked, "... on VisaApplication { status submittedAt post { code } }")
    (theirs,) = await program.entities(
        asked,
        """... on VisaApplication { vspRecommendation { value }
             securityReview { application { submittedAt } post { code } } }""",
    )
    assert ours["status"] == VisaApplicationStatus.APPROVED_NOT_ISSUED
    assert theirs["securityReview"] == {
        "application": {"submittedAt": ours["submittedAt"]},
        "post": ours["post"],
    }
    review = [{"__typename": "SecurityReview", "application": {**key, "status": ours["status"]}}]
    (window,) = await program.entities(review, "... on SecurityReview { windowState }")
    assert window == {"windowState": "APPROVED_NOT_ISSUED"}
