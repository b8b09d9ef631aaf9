"""A publisher with a schema folder of its own, and gateways that follow what it publishes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import orjson
import pytest
import pytest_asyncio

from gateway.activation import Followed
from gateway.bundles import SignedBundle, Standing
from gateway.house import Question
from gateway.pipeline import answer
from tests.bundles.publishing import NOON, Clock, Publisher
from tests.scenarios.asking import Answered, Asker, World, open_world, seed_world

STATUS = "query($f: String!) { visa(foilNumber: $f) { status } }"
FOIL = "S3300001"


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every subgraph's database filled with the small world."""
    folder = tmp_path_factory.mktemp("bundles-world")
    seed_world(folder)
    return folder


@pytest.fixture
def publisher(tmp_path: Path) -> Publisher:
    """Somebody who publishes to a folder of this test."""
    return Publisher(tmp_path / "bundles", tmp_path / "schema")


@pytest.fixture
def clock() -> Clock:
    """The true time, from noon on."""
    return Clock()


@dataclass
class Replica:
    """One gateway that follows the publisher by a clock of its own."""

    world: World
    followed: Followed
    ask: Asker

    @property
    def epoch(self) -> str:
        """The epoch under which it answers now."""
        return self.world.opened.graph.policy.epoch

    async def status(self) -> Answered:
        """What a CBP officer is told of a visa's status, asked as a request comes in."""
        caller, opened = self.ask.caller(12), self.world.opened
        reply = await answer(Question(STATUS, {"f": FOIL}), caller, await opened.current(), opened.house)
        return Answered(orjson.loads(reply.body), reply.body)


@asynccontextmanager
async def followed_by(
    seeded: Path, var: Path, publisher: Publisher, clock: Clock, first: SignedBundle
) -> AsyncIterator[Replica]:
    """A gateway under version 1, ``first``, that goes by ``clock``."""
    async with open_world(seeded) as world:
        opened = world.opened
        opened.settings = replace(opened.settings, var=var, bundles=publisher.path, publisher_key=publisher.public)
        opened.bundle = Standing(1, first.digest, NOON)
        yield Replica(world, Followed(opened, publisher.folder, opened.bundle, clock), Asker(world))


@pytest_asyncio.fixture
async def replica(seeded: Path, publisher: Publisher, clock: Clock, tmp_path: Path) -> AsyncIterator[Replica]:
    """A gateway under version 1, whose clock is right."""
    async with followed_by(seeded, tmp_path / "var", publisher, clock, publisher.publish(NOON)) as made:
        yield made


@pytest_asyncio.fixture
async def replicas(seeded: Path, publisher: Publisher, clock: Clock, tmp_path: Path) -> AsyncIterator[list[Replica]]:
    """Three of them, whose clocks are 0.4 s behind, right, and 0.5 s ahead."""
    first = publisher.publish(NOON)
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(
                followed_by(seeded, tmp_path / f"var{number}", publisher, clock.apart(skew), first)
            )
            for number, skew in enumerate((-0.4, 0.0, 0.5))
        ]
