"""The room over a world of which something is on record: a few answers to officers of several agencies."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from gateway.web.explorer import ready_queries
from tests.scenarios.asking import open_world
from tests.web.client import Face
from tests.web.console.visiting import Visit

GRACE = "TRV-01KST0RY000000000000000029"


@pytest.fixture(scope="module")
def clean(seeded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the seeded world in which nothing is on record yet."""
    folder = tmp_path_factory.mktemp("room-world")
    shutil.copytree(seeded / "data", folder / "data")
    if (seeded / "keys").exists():
        shutil.copytree(seeded / "keys", folder / "keys")
    return folder


@pytest.fixture(scope="session")
def answered(seeded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A world in whose record the explorer's ready queries were answered, once for all modules."""
    folder = tmp_path_factory.mktemp("room-answered")
    shutil.copytree(seeded / "data", folder / "data")

    async def ask() -> None:
        async with open_world(folder) as world:
            face = Face(world.opened)
            for each in ready_queries():
                answered = await face.ask(each["query"], each["persona"], variables=each["variables"])
                assert answered.status == 200, answered.page

    asyncio.run(ask())
    return folder


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def room(answered: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Visit]:
    """The gateway's application over a copy of the world that was answered from."""
    folder = tmp_path_factory.mktemp("room")
    shutil.copytree(answered, folder, dirs_exist_ok=True)
    async with open_world(folder) as world:
        yield Visit(Face(world.opened))
