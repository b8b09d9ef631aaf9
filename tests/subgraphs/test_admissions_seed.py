"""CBP's part of the synthetic world lands in its tables, whole, and can be asked for."""

from __future__ import annotations

import pytest

from subgraphs.admissions import enums
from subgraphs.admissions.seed import rows
from subgraphs.kit.world.generator import TODAY, journeys
from subgraphs.kit.world.model import Journey
from subgraphs.kit.world.stories import story
from subgraphs.kit.world.vocabulary import ENUMS
from tests.subgraphs.conftest import SubgraphFactory

CBP_ENUMS = {
    "CrossingMode": enums.CrossingMode,
    "Direction": enums.CrossingDirection,
    "InspectionStage": enums.InspectionStage,
    "InspectionState": enums.InspectionState,
    "InspectionOutcome": enums.InspectionOutcome,
    "BiometricMatch": enums.BiometricMatch,
    "StayKind": enums.StayKind,
    "UpdateFlag": enums.UpdateFlag,
    "DepartureMethod": enums.DepartureMethod,
    "OverstayStatus": enums.OverstayStatus,
    "OverstayBasis": enums.OverstayBasis,
}


@pytest.fixture(scope="module")
def world() -> tuple[Journey, ...]:
    return tuple(journeys())


@pytest.mark.parametrize("name", CBP_ENUMS)
def test_enums_hold_what_the_world_uses(name: str) -> None:
    assert {member.name for member in CBP_ENUMS[name]} == set(ENUMS[name])


async def test_every_fact_becomes_a_row_and_every_traveler_an_assessment(
    subgraph: SubgraphFactory, world: tuple[Journey, ...]
) -> None:
    made = [row for journey in world for row in rows(journey)]
    facts = sum(
        len(part)
        for journey in world
        for part in (
            journey.arrivals, journey.inspections, journey.admissions, journey.departures,
            journey.overstay_findings, journey.lookouts, journey.events_of("CBP"),
        )
    )  # fmt: skip
    assert len(made) == facts > 500
    app = await subgraph("admissions", made)
    keys = [{"__typename": "Traveler", "id": j.traveler_id, "pendingExtensionFiledOn": None} for j in world]
    selection = """... on Traveler { overstay { status ruleId } admissions(first: 100) { totalCount }
      arrivals { totalCount } crossingEvents { id } }"""
    found = await app.entities(keys, selection)
    for journey, told in zip(world, found, strict=True):
        assert told["admissions"]["totalCount"] == len(journey.admissions)
        assert told["arrivals"]["totalCount"] == len(journey.arrivals)
        assert [item["id"] for item in told["crossingEvents"]] == [
            event.id for event in sorted(journey.events_of("CBP"), key=lambda event: (event.at, event.id))
        ]
        assert (told["overstay"] is None) is (not journey.admissions)


async def test_the_program_category_is_what_the_ds2019_said(
    subgraph: SubgraphFactory, world: tuple[Journey, ...]
) -> None:
    journey = next(j for j in world if any(a.sevis_id for a in j.admissions))
    app = await subgraph("admissions", list(rows(journey)))
    selection = "... on Traveler { admissions { nodes { exchangeVisitor { sevisId category { code } } } } }"
    (found,) = await app.entities([{"__typename": "Traveler", "id": journey.traveler_id}], selection)
    programs = {program.sevis_id: program.category for program in journey.exchange_visitors}
    shown = [node["exchangeVisitor"] for node in found["admissions"]["nodes"] if node["exchangeVisitor"]]
    assert shown
    assert all(item["category"]["code"] == programs[item["sevisId"]] for item in shown)


@pytest.mark.parametrize(
    ("slug", "filed", "expected"),
    [
        ("overstay-by-date", None, ("SUSPECTED_IN_COUNTRY", "I94_DATE", 80)),
        ("extension-in-time", "2026-08-18", ("NONE", "I94_DATE", 0)),
        ("extension-in-time", None, ("SUSPECTED_IN_COUNTRY", "I94_DATE", 30)),
        ("duration-of-status", None, ("NOT_DETERMINABLE", None, None)),
        ("late-match", None, ("NONE", "I94_DATE", 0)),
        ("resident", None, ("NONE", None, 0)),
        ("h1b-window", None, ("NONE", "I94_DATE", 0)),
    ],
)
async def test_the_stories_come_to_what_they_tell(
    subgraph: SubgraphFactory, slug: str, filed: str | None, expected: tuple[str, str | None, int | None]
) -> None:
    journey = story(slug, TODAY)
    app = await subgraph("admissions", list(rows(journey)))
    key = {"__typename": "Traveler", "id": journey.traveler_id, "pendingExtensionFiledOn": filed}
    (found,) = await app.entities([key], "... on Traveler { overstay { status basis daysOver } }")
    assert tuple(found["overstay"].values()) == expected
