"""The room over a world of which something is on record: a few answers to officers of several agencies."""

from __future__ import annotations

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


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def room(clean: Path) -> AsyncIterator[Visit]:
    """The gateway's application, after the explorer's twelve queries were answered."""
    async with open_world(clean) as world:
        face = Face(world.opened)
        for each in ready_queries():
            answered = await face.ask(each["query"], each["persona"], variables=each["variables"])
            assert answered.status == 200, answered.page
        yield Visit(face)
