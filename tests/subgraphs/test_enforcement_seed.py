"""ERO's part of the synthetic world lands in its tables, whole, and agrees with the laws of a case."""

from __future__ import annotations

import pytest

from subgraphs.enforcement import enums
from subgraphs.enforcement.enums import OrderKind, RemovalStage
from subgraphs.enforcement.laws import RELEASES, check_charges, referral, state_of
from subgraphs.enforcement.seed import rows
from subgraphs.kit.world.generator import journeys
from subgraphs.kit.world.model import Journey
from subgraphs.kit.world.vocabulary import ENUMS
from tests.subgraphs.conftest import SubgraphFactory

ERO_ENUMS = {
    "EncounterKind": enums.EncounterKind,
    "RemovalStage": enums.RemovalStage,
    "CaseState": enums.CaseState,
    "OrderKind": enums.OrderKind,
    "DepartureProof": enums.DepartureProof,
}


@pytest.fixture(scope="module")
def world() -> tuple[Journey, ...]:
    return tuple(journeys())


@pytest.mark.parametrize("name", ERO_ENUMS)
def test_enums_hold_what_the_world_uses(name: str) -> None:
    assert {member.name for member in ERO_ENUMS[name]} == set(ENUMS[name])


def test_the_worlds_cases_keep_the_laws(world: tuple[Journey, ...]) -> None:
    cases = [case for journey in world for case in journey.removal_cases]
    assert cases
    for case in cases:
        stage = RemovalStage[case.stage]
        order = OrderKind[case.order.kind] if case.order else None
        assert state_of(stage).name == case.state, case.case_id
        assert referral(stage, order) == case.referral, case.case_id
        if stage is not RemovalStage.ENCOUNTERED:
            check_charges(case.charges)
    codes = {stay.release_code for journey in world for stay in journey.detentions if stay.release_code}
    assert codes <= RELEASES


async def test_every_fact_becomes_a_row_and_can_be_asked_for(
    subgraph: SubgraphFactory, world: tuple[Journey, ...]
) -> None:
    made = [row for journey in world for row in rows(journey)]
    facts = sum(
        len(part)
        for journey in world
        for part in (
            journey.encounters, journey.removal_cases, journey.detentions, journey.criminal_history,
            journey.events_of("ICE_ERO"),
        )
    )  # fmt: skip
    assert len(made) == facts > 0
    app = await subgraph("enforcement", made)
    selection = """... on Traveler { removalCases { totalCount nodes { referral relief { kind at } order { kind }
      departureVerification { on } } } enforcementEncounters { totalCount } enforcementEvents { id }
      criminalHistory { conviction } detentions { totalCount } }"""
    found = await app.entities([{"__typename": "Traveler", "id": j.traveler_id} for j in world], selection)
    for journey, told in zip(world, found, strict=True):
        assert told["removalCases"]["totalCount"] == len(journey.removal_cases)
        assert told["enforcementEncounters"]["totalCount"] == len(journey.encounters)
        assert told["detentions"]["totalCount"] == len(journey.detentions)
        assert len(told["criminalHistory"]) == len(journey.criminal_history)
        assert len(told["enforcementEvents"]) == len(journey.events_of("ICE_ERO"))
