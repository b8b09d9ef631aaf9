"""The whole house over the small world: real subgraphs in process, real agreements, a real record."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.scenarios.asking import Asker, World, open_world, seed_world


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with every subgraph's database filled with the small world; read only by convention."""
    folder = tmp_path_factory.mktemp("world")
    seed_world(folder)
    yield folder


@pytest.fixture
async def world(seeded: Path) -> AsyncIterator[World]:
    """The house over the seeded world, as ``make run`` opens it."""
    async with AsyncExitStack() as stack:
        yield await stack.enter_async_context(open_world(seeded))


@pytest.fixture
def ask(world: World) -> Asker:
    """Ask the gateway as a persona or for one of the 32 questions."""
    return Asker(world)
