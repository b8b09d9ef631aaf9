"""The testing kit fails where a subgraph does: each of its assertions on one that keeps the promise and one that breaks it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from subgraphs.kit.registry import read_registry
from subgraphs.kit.testing import Asked, Denies, migrated, opened
from subgraphs.kit.trust import Trust
from tests.subgraphs.conftest import SubgraphFactory
from tests.subgraphs.test_travelers import ANA, BEN, name, traveler

PEOPLE = [f"TRV-{number:026}" for number in range(5)]
ASKED = [{"__typename": "Traveler", "id": key} for key in PEOPLE]
NAMES = "... on Traveler { id names { family } }"


@pytest.fixture
async def travelers(subgraph: SubgraphFactory) -> Asked:
    """Five travelers, each with a name."""
    return await subgraph("travelers", [row for key in PEOPLE for row in (traveler(key), name("Khan", key))])


async def test_a_subgraph_is_opened_without_any_fixture(tmp_path: Path) -> None:
    """As an agency would that has its subgraph in a repository of its own."""
    entry = read_registry()["travelers"]
    url = await migrated(f"sqlite+aiosqlite:///{tmp_path / 'own.sqlite3'}", entry)
    asked = await opened(entry, url, tmp_path, [traveler(ANA)])
    try:
        await asked.assert_entities({"__typename": "Traveler", "id": ANA})
    finally:
        await asked.subgraph.database.dispose()


async def test_an_entity_that_is_not_there_fails_the_round_trip(travelers: Asked) -> None:
    await travelers.assert_entities(*ASKED)
    with pytest.raises(AssertionError, match=r"found .*None"):
        await travelers.assert_entities(*ASKED, {"__typename": "Traveler", "id": BEN})


async def test_entities_in_another_order_fail_the_round_trip(travelers: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    given = Asked.entities

    async def sorted_by_number(self: Asked, *of: Any, **more: Any) -> Any:
        return sorted(await given(self, *of, **more), key=lambda each: str(each["id"]))

    monkeypatch.setattr(Asked, "entities", sorted_by_number)
    with pytest.raises(AssertionError, match="Asked for"):
        await travelers.assert_entities(*ASKED)


async def test_nothing_asked_for_proves_nothing(travelers: Asked) -> None:
    with pytest.raises(AssertionError, match="No representation"):
        await travelers.assert_entities()


async def test_a_loader_that_reads_one_by_one_fails(travelers: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    await travelers.assert_batches(ASKED, NAMES)
    monkeypatch.setattr("subgraphs.kit.context.BATCH", 1)
    with pytest.raises(AssertionError, match="2 statements for one, 10 for 5"):
        await travelers.assert_batches(ASKED, NAMES)


@pytest.mark.parametrize(
    ("asked", "selection", "told"),
    [
        (ASKED[:2], NAMES, "at least three"),
        ([*ASKED, {"__typename": "Traveler", "id": BEN}], NAMES, "not in the database"),
    ],
)
async def test_what_would_prove_nothing_of_a_loader_fails(
    travelers: Asked, asked: list[dict[str, str]], selection: str, told: str
) -> None:
    with pytest.raises(AssertionError, match=told):
        await travelers.assert_batches(asked, selection)


async def test_what_is_made_of_its_key_alone_proves_nothing_of_a_loader(subgraph: SubgraphFactory) -> None:
    petitions = await subgraph("petitions")
    with pytest.raises(AssertionError, match="Nothing was read"):
        await petitions.assert_batches(ASKED, "... on Traveler { id }")


@pytest.mark.parametrize("lock", ["admit", "_denied_by_policy"])
async def test_a_field_that_is_given_without_an_agreement_fails(
    travelers: Asked, monkeypatch: pytest.MonkeyPatch, lock: str
) -> None:
    """Either lock taken out: the assertion's grants, or the agency's own copy of the policy."""
    await travelers.assert_needs_agreement("PersonName.family", ASKED, NAMES)
    admit = Trust.admit

    def granting(self: Trust, assertion: Any, operation: Any, variables: Any) -> Any:
        whole = dict.fromkeys(operation.coordinates, "allow") | dict(assertion.grants)
        object.__setattr__(assertion, "grants", whole)
        return admit(self, assertion, operation, variables)

    monkeypatch.setattr(Trust, lock, granting if lock == "admit" else lambda *_: False)
    with pytest.raises(AssertionError, match=r"PersonName\.family was given"):
        await travelers.assert_needs_agreement("PersonName.family", ASKED, NAMES)


async def test_a_field_that_nobody_is_given_or_asked_for_fails(travelers: Asked, subgraph: SubgraphFactory) -> None:
    with pytest.raises(AssertionError, match=r"does not read PersonName\.given"):
        await travelers.assert_needs_agreement("PersonName.given", ASKED, NAMES)
    closed = await subgraph("travelers", [traveler(ANA)], policy=Denies(frozenset({"PersonName.family"})))
    with pytest.raises(AssertionError, match="Not even granted"):
        await closed.assert_needs_agreement("PersonName.family", [{"__typename": "Traveler", "id": ANA}], NAMES)


async def test_the_policy_is_as_before_afterwards(travelers: Asked) -> None:
    await travelers.assert_needs_agreement("PersonName.family", ASKED, NAMES)
    assert travelers.policy.denied == frozenset()
