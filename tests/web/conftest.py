"""The gateway's HTTP face over the small world, opened once for a module; and tokens for whoever asks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.scenarios.asking import open_world, seed_world
from tests.web.client import Face


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every subgraph's database filled with the small world."""
    folder = tmp_path_factory.mktemp("web-world")
    seed_world(folder)
    return folder


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def face(seeded: Path) -> AsyncIterator[Face]:
    """The gateway's application over the seeded world."""
    async with open_world(seeded) as world:
        yield Face(world.opened)
