"""The whole house over the small world: real subgraphs in process, real agreements, a real record.

One house serves every test that only reads; its tests run on one event loop
(``pytestmark = pytest.mark.asyncio(loop_scope="session")``). Tests that write open ``fresh``.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.scenarios.asking import Asker, World, open_world, seed_world


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every subgraph's database filled with the small world; nobody writes to it."""
    folder = tmp_path_factory.mktemp("world")
    seed_world(folder)
    return folder


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def house(seeded: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """The house over a copy of the seeded world, open as long as tests run."""
    folder = tmp_path_factory.mktemp("house") / "world"
    shutil.copytree(seeded, folder)
    async with open_world(folder) as world:
        yield world


@pytest.fixture
def world(house: World) -> World:
    """The open house, with nothing broken and no traffic recorded so far."""
    house.traffic.requests.clear()
    house.traffic.broken.clear()
    return house


@pytest.fixture
def ask(world: World) -> Asker:
    """Ask the gateway as a persona or for one of the 32 questions."""
    return Asker(world)


@pytest_asyncio.fixture(loop_scope="session")
async def fresh(seeded: Path, tmp_path: Path) -> AsyncIterator[World]:
    """A house of one's own over a fresh copy of the seeded world, to write to."""
    folder = tmp_path / "world"
    shutil.copytree(seeded, folder)
    async with open_world(folder) as world:
        yield world
