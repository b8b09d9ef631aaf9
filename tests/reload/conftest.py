"""A small world of one's own for each test, under a policy of its own that the test may rewrite."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.scenarios.asking import ROOT, Asker, World, open_world, seed_world
from tests.web.client import Face


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every subgraph's database filled with the small world."""
    folder = tmp_path_factory.mktemp("reload-world")
    seed_world(folder)
    return folder


@pytest.fixture
def schema(tmp_path: Path) -> Path:
    """A copy of the policy, to be changed."""
    folder = tmp_path / "schema"
    shutil.copytree(ROOT / "schema", folder)
    return folder


@pytest_asyncio.fixture
async def world(seeded: Path, schema: Path) -> AsyncIterator[World]:
    """The house over the seeded world under that copy."""
    async with open_world(seeded, schema) as world:
        yield world


@pytest.fixture
def ask(world: World) -> Asker:
    """Ask the line directly."""
    return Asker(world)


@pytest.fixture
def face(world: World) -> Face:
    """Ask over HTTP."""
    return Face(world.opened)
