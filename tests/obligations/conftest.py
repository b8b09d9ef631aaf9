"""The small world, opened once for a module; each test begins with the house as it was opened, and no traffic."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.scenarios.asking import Asker, World, open_world, seed_world


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every subgraph's database filled with the small world."""
    folder = tmp_path_factory.mktemp("owed-world")
    seed_world(folder)
    return folder


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(seeded: Path) -> AsyncIterator[World]:
    """The house over the seeded world."""
    async with open_world(seeded) as world:
        yield world


@pytest.fixture
def world(house: World) -> Iterator[World]:
    """The open house as it was opened, with no traffic so far."""
    house.traffic.requests.clear()
    kept = house.opened.house
    yield house
    house.opened.house = kept


@pytest.fixture
def ask(world: World) -> Asker:
    """Ask the line, acknowledging nothing."""
    return Asker(world, acknowledged=())
