"""One real subgraph beside mocks of all others, asked through the gateway: every rule is seen at work on made-up records."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.config import Settings, read_registry, read_settings
from gateway.errors import PolicyError
from gateway.house import Question
from gateway.identity import load_personas
from gateway.opening import OpenHouse, open_house
from gateway.pipeline import answer
from subgraphs.kit.registry import read_registry as kit_registry
from subgraphs.kit.seed import World, fill
from subgraphs.kit.settings import Settings as KitSettings
from tests.scenarios.asking import ROOT, TODAY

ALL = frozenset(read_registry(ROOT / "schema" / "registry.toml"))
STORY = "TRV-01KST0RY{:018d}"
QUERY = """query($id: ID!) { traveler(id: $id) {
  id sex
  identifiers { kind value }
  visas { totalCount nodes { foilNumber status } }
  visaApplications { nodes { applicationId status } }
  admissions { nodes { i94Number admittedAt } }
  overstay { status daysOver }
} }"""


@asynccontextmanager
async def opened(
    folder: Path, monkeypatch: pytest.MonkeyPatch, mocked: frozenset[str] = ALL
) -> AsyncIterator[OpenHouse]:
    """A house in development, with mocks of ``mocked``; the subgraphs' settings come from the environment, as in `gateway dev`."""
    for name, value in {"KEYS": folder / "keys", "DATA": folder / "data", "MODE": "development"}.items():
        monkeypatch.setenv(f"TWS_{name}", str(value))
    settings = Settings(
        mode="development", schema=ROOT / "schema", var=folder, subgraph_transport="asgi", mocked=mocked, today=TODAY
    )
    house = open_house(settings)
    try:
        yield house
    finally:
        for app in house.subgraph_apps.values():
            await app.state.subgraph.database.dispose()
        await house.close()


async def asked(house: OpenHouse, persona: str, number: int) -> dict[str, Any]:
    caller = load_personas(ROOT / "schema" / "personas.toml")[persona].caller
    told = await answer(Question(QUERY, {"id": STORY.format(number)}), caller, house.graph, house.house)
    return dict(json.loads(told.body))


def ledger(page: dict[str, Any]) -> set[tuple[str, str]]:
    return {(each["outcome"], each["coordinate"]) for each in page["extensions"]["sharing"]}


async def test_masks_conditions_and_cases_are_at_work_on_mocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(tmp_path, monkeypatch) as house:
        own = await asked(house, "consular-supervisor-nwd", 29)
        port = await asked(house, "cbp-secondary-nyc", 29)
        elsewhere = await asked(house, "cbp-secondary-nyc", 28)

    assert "errors" not in own
    assert {each["applicationId"] is not None for each in own["data"]["traveler"]["visaApplications"]["nodes"]} == {
        True
    }
    assert ("DENY", "VisaApplication.status") in ledger(port)
    assert ("MASK", "Identifier.value") in ledger(own) & ledger(port)
    assert all(each["foilNumber"] for each in port["data"]["traveler"]["visas"]["nodes"])
    assert elsewhere["data"]["traveler"] is None, (
        "the officer's case is story 29's: of another traveler there is nothing"
    )
    # each sees kinds of identifiers that the other does not: rows are gone by the condition on the record
    kinds = [{each["kind"] for each in page["data"]["traveler"]["identifiers"]} for page in (own, port)]
    assert kinds[0] != kinds[1]


@pytest.mark.slow
async def test_the_same_question_has_the_same_data_in_another_house(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = []
    for place in ("a", "b"):
        async with opened(tmp_path / place, monkeypatch) as house:
            page = await asked(house, "cbp-secondary-nyc", 29)
            pages.append((page["data"], page["extensions"]["sharing"]))
    assert pages[0] == pages[1]


@pytest.mark.slow
async def test_a_real_subgraph_answers_beside_the_mocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    visas = kit_registry()["visas"]
    await fill(KitSettings(data=tmp_path / "data", policy=ROOT / "schema"), [visas], World(today=TODAY))
    async with opened(tmp_path, monkeypatch, ALL - {"visas"}) as house:
        traveler = (await asked(house, "consular-supervisor-nwd", 29))["data"]["traveler"]
    assert {each["foilNumber"] for each in traveler["visas"]["nodes"]} == {"S2900001", "S2900002"}
    assert traveler["admissions"]["nodes"][0]["i94Number"].startswith("ADMISSION.")


def test_mocks_exist_in_development_only() -> None:
    with pytest.raises(PolicyError) as caught:
        read_settings({"TWS_MOCKED": "visas", "TWS_MODE": "production"})
    assert caught.value.mistakes[0].where == "TWS_MOCKED"


def test_only_what_is_registered_can_be_mocked(tmp_path: Path) -> None:
    settings = Settings(mode="development", schema=ROOT / "schema", var=tmp_path, mocked=frozenset({"visa"}))
    with pytest.raises(PolicyError) as caught:
        open_house(settings)
    assert [(each.code, each.where) for each in caught.value.mistakes] == [("SETTING_WRONG", "TWS_MOCKED")]
