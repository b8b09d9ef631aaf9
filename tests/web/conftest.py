"""The gateway's HTTP face over the small world, opened once for a module; and tokens for whoever asks."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from tests.scenarios.asking import open_world, seed_world
from tests.support import cannot_start
from tests.web.client import Face
from tests.web.server import Served, serving
from tests.web.visit import WIDE, Visit

if TYPE_CHECKING:
    from playwright.sync_api import Browser


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


@pytest.fixture(scope="module")
def served(seeded: Path) -> Iterator[Served]:
    """The gateway as ``make run`` starts it, over the small world."""
    with serving(
        "--subgraphs", "asgi", "--var", seeded,
        TWS_MODE="development", TWS_TODAY="2026-11-01T12:00:00+00:00",
        TWS_DATA=str(seeded / "data"), TWS_KEYS=str(seeded / "keys"),
    ) as running:  # fmt: skip
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        cannot_start("Chromium", "no chromium, chromium-browser or google-chrome on the path")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as problem:
        cannot_start("Playwright", str(problem))
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=program, args=arguments)
        yield launched
        launched.close()


@pytest.fixture
def visit(browser: Browser, served: Served, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """A wide, light page; at the end nothing may have gone wrong on it."""
    options: dict[str, Any] = getattr(request, "param", {"viewport": WIDE, "color_scheme": "light"})
    context = browser.new_context(**options)
    made = Visit(context.new_page(), served.address)
    yield made
    context.close()
    assert made.wrong == []
