"""A page in the system's Chromium, and everything it did that it should not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.scenarios.asking import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import ConsoleMessage, Page, Request

__all__ = ["NARROW", "WIDE", "Visit", "flaws"]

ARTIFACTS = ROOT / "artifacts"
WIDE, NARROW = {"width": 1280, "height": 860}, {"width": 390, "height": 844}


class Visit:
    """A page of the gateway, the explorer where nothing else is said, and its wrongs: errors, requests to elsewhere."""

    def __init__(self, page: Page, address: str, path: str = "/explorer") -> None:
        self.page = page
        self.address = address
        self.pictures: Path = ARTIFACTS / (path.split("/")[1].split("?")[0].split("#")[0])
        self.wrong: list[str] = []
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.wrong.append(f"page error: {error}"))
        page.on("request", self._asked)
        page.on("requestfailed", self._failed)
        page.goto(f"{address}{path}")
        page.locator("body[data-ready=true]").wait_for()

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):  # a breach of the content security policy is an error
            self.wrong.append(f"console: {message.text}")

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self.address, "data:")):
            self.wrong.append(f"left the host: {request.url}")

    def _failed(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # the page ends a stream itself when somebody else looks
            self.wrong.append(f"failed: {request.url}")

    def choose(self, index: int) -> None:
        """Choose a ready query."""
        self.page.locator("#queries button").nth(index).click()

    def run(self) -> None:
        """Press Run and wait until the answer is shown."""
        self.page.locator("#run").click()
        self.settled()

    def settled(self) -> None:
        """Wait until the answer, or the refusal, is shown."""
        self.page.locator("#summary[data-state=answered], #summary[data-state=refused]").wait_for()

    def state(self) -> str | None:
        """``answered`` or ``refused``."""
        return self.page.locator("#summary").get_attribute("data-state")

    def badges(self, outcome: str) -> list[str]:
        """The coordinates that are marked with an outcome."""
        found = self.page.locator(f"#answer .badge[data-outcome={outcome}]").all()
        return [str(each.get_attribute("data-coordinate")) for each in found]

    def keep(self, name: str) -> None:
        """Keep a picture for whoever looks."""
        self.pictures.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=self.pictures / f"{name}.png", full_page=True)

    def refused(self, status: int) -> None:
        """Forget that Chromium told of an answer with this status: the page asked for it on purpose."""
        self.wrong = [each for each in self.wrong if f"status of {status}" not in each]


def flaws(page: Page) -> list[str]:
    """What axe-core finds wrong with the page as it stands (WCAG 2.2 A and AA, and best practice)."""
    from axe_playwright_python.sync_playwright import Axe

    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [f"{each['id']}: {node['html'][:120]}" for each in found for node in each["nodes"]]
