"""The documentation's site: it builds without a warning, holds every page, loads nothing from elsewhere; its picture is the code's."""

from __future__ import annotations

import functools
import http.server
import importlib.util
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.web.conftest import browser
from tests.web.visit import NARROW, WIDE, flaws

if TYPE_CHECKING:
    from playwright.sync_api import Browser

__all__ = ["browser"]

ROOT = Path(__file__).resolve().parents[2]
LOADED = re.compile(r"<(?:script|link|img|iframe)\b[^>]*?(?:src|href)=\"([^\"]+)\"")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site."""
    folder = tmp_path_factory.mktemp("site")
    ran = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)],
        cwd=ROOT, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return folder


def test_every_page_is_there_and_found_by_search(site: Path) -> None:
    pages = {path.stem for path in (ROOT / "docs").glob("*.md")} - {"index"}
    assert {path.parent.name for path in site.glob("*/index.html")} >= pages
    found = json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))["docs"]
    assert any("break-glass" in each["text"] for each in found)
    assert {each["location"].split("/")[0] for each in found} >= pages


def test_decisions_are_listed_by_their_titles(site: Path) -> None:
    page = (site / "decisions" / "index.html").read_text(encoding="utf-8")
    for path in (ROOT / "docs" / "decisions").glob("0*.md"):
        assert f'href="{path.stem}/"' in page


def test_the_tour_is_that_of_the_readme(site: Path) -> None:
    page = (site / "tour" / "index.html").read_text(encoding="utf-8")
    assert "make -s token PERSONA=cbp-secondary-nyc" in page
    assert "OBLIGATION_UNMET" in page
    assert 'href="../stories/"' in page


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    loaded = {found for path in site.rglob("*.html") for found in LOADED.findall(path.read_text(encoding="utf-8"))}
    assert len(loaded) > 3
    assert sorted(each for each in loaded if "//" in each and not each.startswith("data:")) == []


def test_every_link_leads_to_a_file_of_the_site(site: Path) -> None:
    missing = set()
    for page in site.rglob("*.html"):
        if page.name == "404.html":  # served at any depth
            continue
        for link in re.findall(r'href="([^"#?]+)', page.read_text(encoding="utf-8")):
            if "//" not in link and ":" not in link:
                target = page.parent / link
                if not (target.is_file() or (target / "index.html").is_file()):
                    missing.add((str(page.relative_to(site)), link))
    assert sorted(missing) == []


def test_the_picture_is_what_the_code_says() -> None:
    spec = importlib.util.spec_from_file_location("picture", ROOT / "docs" / "picture.py")
    assert spec is not None
    assert spec.loader is not None
    drawn = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(drawn)
    assert (ROOT / "docs" / "line.svg").read_text(encoding="utf-8") == drawn.picture(), "run python docs/picture.py"
    assert drawn.stages() == list(drawn.SAYS)
    assert [room for _, _, room in drawn.SAYS.values() if not (ROOT / room).exists()] == []


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """The site, served."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.mark.browser
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("page", ["", "agency-guide/", "errors/"])
def test_a_page_fits_and_has_no_serious_flaw(address: str, page: str, size: dict[str, int], browser: Browser) -> None:
    context = browser.new_context(viewport=size, color_scheme="light")  # type: ignore[arg-type]
    shown = context.new_page()
    asked: list[str] = []
    shown.on("request", lambda request: asked.append(request.url))
    shown.goto(f"{address}/{page}")
    try:
        assert flaws(shown) == []
        assert all(each.startswith((address, "data:")) for each in asked)
        assert shown.evaluate("document.documentElement.scrollWidth <= innerWidth + 1")
    finally:
        shown.screenshot(path=_kept(f"{page.strip('/') or 'home'}-{size['width']}.png"))
        context.close()


def _kept(name: str) -> Path:
    folder = ROOT / "artifacts" / "docs"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / name
