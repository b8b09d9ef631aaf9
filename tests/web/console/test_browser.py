"""The room in a real Chromium over the real server: every page, wide and narrow, light and dark, by keyboard."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gateway.duties import EventNotice, approve, ask_for, open_duties
from gateway.identity import load_personas
from gateway.policy import load_bundle
from gateway.web.explorer import ready_queries
from tests.scenarios.asking import ROOT, TODAY
from tests.support import cannot_start
from tests.web.console.conftest import GRACE
from tests.web.server import Served, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ARTIFACTS = ROOT / "artifacts" / "room"
LOOKS = {
    "wide-light": {"viewport": {"width": 1280, "height": 860}, "color_scheme": "light"},
    "narrow-dark": {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"},
}
PAGES = {
    "overview": "/audit",
    "matrix": "/audit/matrix",
    "cell": "/audit/matrix/cell?agency=CBP&role=cbp-primary&category=TDOC",
    "field": "/audit/field?coordinate=Visa.status&agency=CBP&role=cbp-primary",
    "role": "/audit/role?role=CBP/cbp-primary",
    "agreements": "/audit/agreements",
    "agreement": "/audit/agreements/CA-CBP-VISA",
    "disclosures": "/audit/disclosures",
    "withheld": "/audit/withheld",
    "requests": "/audit/requests",
    "what-if": "/audit/what-if",
    "differences": "/audit/diff",
    "properties": "/audit/properties",
    "break-glass": "/audit/break-glass",
    "notices": "/audit/notices",
    "activations": "/audit/activations",
    "log-health": "/audit/health",
    "refused": "/audit/field?coordinate=Visa.nothing",
}


def have_notices(folder: Path) -> None:
    """A notice that nobody was told of in time, and one that was acknowledged."""
    made = [
        EventNotice(
            f"EN-{event}",
            "CA-CBP-VISA",
            "STATE_CA",
            "CBP",
            "visas",
            "visaRevoked",
            event,
            at,
            at + timedelta(minutes=5),
        )
        for event, at in ((1, TODAY - timedelta(hours=1)), (2, TODAY - timedelta(hours=2)))
    ]
    with closing(open_duties(folder / "record")) as duties:
        duties.events.add(made)
        duties.events.tell(made[1:], "port-officer", "main/1", TODAY - timedelta(hours=2))
        duties.events.acknowledge("EN-2", "port-officer", TODAY - timedelta(hours=2))


def break_the_glass(folder: Path) -> None:
    """A supervisor's grant that was approved two days ago and not reviewed since, and one that nobody approved."""
    words = load_bundle(ROOT / "schema").vocabulary
    supervisor = load_personas(ROOT / "schema" / "personas.toml")["cbp-supervisor-atl"].caller
    page = {"reason": "A child of nine is missing since noon.", "case": supervisor.case, "minutes": 30}
    with closing(open_duties(folder / "record")) as duties:
        for number, name in enumerate(("BG-0001", "BG-0002")):
            asked = ask_for(supervisor, page, words, TODAY - timedelta(days=2, hours=number), name)
            duties.glass.add(asked)
            if number == 0:
                other = replace(supervisor, user="cbp-atl-8")
                approved = approve(asked, other, words, asked.asked_at + timedelta(minutes=3))
                duties.glass.approve(approved)
                duties.glass.notify(approved, ["OBIM", "USCIS"], "r1", asked.asked_at + timedelta(minutes=4))


@pytest.fixture(scope="module")
def served(clean: Path) -> Iterator[Served]:
    """The gateway as ``make run`` starts it, after the explorer's queries were answered and the glass was broken."""
    break_the_glass(clean)
    have_notices(clean)
    with serving(
        "--subgraphs", "asgi", "--var", clean,
        TWS_MODE="development", TWS_TODAY="2026-11-01T12:00:00+00:00",
        TWS_DATA=str(clean / "data"), TWS_KEYS=str(clean / "keys"),
    ) as running:  # fmt: skip
        for each in ready_queries():
            body = {"query": each["query"], "variables": each["variables"]}
            status, page = running.fetch("/graphql", body, authorization=f"Bearer {running.token(each['persona'])}")
            assert status == 200, page
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        cannot_start("Chromium", "no chromium, chromium-browser or google-chrome on the path")
    from playwright.sync_api import sync_playwright

    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=program, args=arguments)
        yield launched
        launched.close()


class Seen:
    """A browser that came in as somebody, and everything its pages did that they should not."""

    def __init__(self, context: BrowserContext, address: str, persona: str) -> None:
        self.page: Page = context.new_page()
        self.address = address
        self.wrong: list[str] = []
        self.allowed = 0
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.wrong.append(f"page error: {error}"))
        self.page.on("request", self._asked)
        self.page.goto(f"{address}/audit/sign-in")
        self.page.locator("select[name=persona]").select_option(persona)
        self.page.get_by_role("button", name="Come in").first.click()
        self.page.wait_for_url(f"{address}/audit")

    def _said(self, message: ConsoleMessage) -> None:
        refused = "the server responded with a status of 404" in message.text  # a page that tells of what is not there
        if message.type in ("error", "warning") and not refused:
            self.wrong.append(f"console: {message.text}")

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self.address, "data:")):
            self.wrong.append(f"left the host: {request.url}")

    def open(self, path: str) -> Page:
        """The page at ``path``."""
        self.page.goto(self.address + path)
        return self.page

    def check(self, name: str) -> None:
        """Keep a picture, and hold the page against axe: nothing serious; nothing wider than the window."""
        from axe_playwright_python.sync_playwright import Axe

        ARTIFACTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=ARTIFACTS / f"{name}.png", full_page=True)
        found = Axe().run(self.page).response["violations"]
        serious = [
            f"{each['id']} ({each['impact']}): {node['target']}: {node['failureSummary']}"
            for each in found
            if each["impact"] in ("serious", "critical")
            for node in each["nodes"][:3]
        ]
        assert serious == []
        wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{name} is {wide} px wider than the window"


@pytest.fixture(params=LOOKS)
def seen(browser: Browser, served: Served, request: pytest.FixtureRequest) -> Iterator[tuple[str, Seen]]:
    """An auditor's browser, wide and light or narrow and dark; at the end nothing may have gone wrong in it."""
    options: dict[str, Any] = LOOKS[request.param]
    context = browser.new_context(**options)
    made = Seen(context, served.address, "auditor")
    yield request.param, made
    context.close()
    assert made.wrong == []


def test_the_door(browser: Browser, served: Served) -> None:
    for name, options in LOOKS.items():
        context = browser.new_context(**options)  # type: ignore[arg-type]
        made = Seen(context, served.address, "auditor")
        made.page.get_by_role("button", name="Leave").click()
        made.check(f"door-{name}")
        assert made.page.locator("h1").inner_text() == "The auditor's room"
        context.close()
        assert made.wrong == []


@pytest.mark.timeout(600)
def test_every_page_is_whole_and_accessible(seen: tuple[str, Seen]) -> None:
    look, made = seen
    for name, path in PAGES.items():
        page = made.open(path)
        assert page.locator("h1").count() == 1
        made.check(f"{name}-{look}")


def test_a_record_and_a_persons_disclosures(seen: tuple[str, Seen]) -> None:
    look, made = seen
    page = made.open("/audit/disclosures?coordinate=Visa.status&role=cbp-primary")
    page.locator("tbody a").first.click()
    page.locator("details > summary").first.click()
    made.check(f"record-{look}")
    made.open("/audit/disclosures")
    page.get_by_text("By person").click()
    page.locator("input[name=traveler]").fill(GRACE)
    page.locator("input[name=why]").fill("Redress request RED-2026-000014")
    page.get_by_role("button", name="Search, on record").click()
    assert "Accounting of disclosures" in page.inner_text("main")
    assert GRACE not in page.url
    made.check(f"person-{look}")


def test_why_could_cbp_primary_see_this_visas_status_on_that_day(browser: Browser, served: Served) -> None:
    """The auditor's walk, in three clicks from the room's first page."""
    context = browser.new_context(viewport={"width": 1280, "height": 860})
    made = Seen(context, served.address, "auditor")
    page = made.page
    page.get_by_role("link", name="Disclosures", exact=True).click()  # one
    row = page.locator("tbody tr", has_text="CBP / cbp-primary").filter(has_text="IsThisVisaGood")
    row.get_by_role("link").first.click()  # two
    page.get_by_role("link", name="Visa.status", exact=True).click()  # three

    why = page.locator("#why").inner_text()
    assert "Why CBP / cbp-primary could see it on 2026-11-01" in why
    assert "CA-CBP-VISA" in why
    assert "art. III.1" in why
    assert "the case is open" in why
    made.check("walk-why")
    context.close()
    assert made.wrong == []


@pytest.mark.timeout(600)
def test_a_sharing_request_from_a_refusal_to_two_signatures(browser: Browser, served: Served) -> None:
    """CBP asks from a row of the withheld report, USCIS drafts and signs, CBP signs; each page wide and light, narrow and dark."""
    cbp = Seen(browser.new_context(**LOOKS["wide-light"]), served.address, "sharing-officer-cbp")  # type: ignore[arg-type]
    uscis = Seen(browser.new_context(**LOOKS["narrow-dark"]), served.address, "sharing-officer-uscis")  # type: ignore[arg-type]
    for each in (cbp, uscis):
        each.page.on("dialog", lambda dialog: dialog.accept())
    page = cbp.open("/audit/withheld")
    cbp.check("withheld-own-wide-light")
    page.get_by_role("button", name="Ask USCIS for it").first.click()
    page.locator("input[name=title]").fill("Petition status at primary inspection")
    for name in ("Petition.status", "Petition.validTo"):
        page.get_by_role("checkbox", name=name, exact=True).check()
    page.locator("textarea[name=justification]").fill(
        "Officers send people to secondary only to learn whether the petition still stands."
    )
    page.locator("textarea[name=authority]").fill("8 U.S.C. 1225")
    cbp.check("request-new-wide-light")
    page.get_by_role("button", name="Send to the owner").click()
    page.wait_for_url("**/audit/requests/SR-*")
    path = page.url.removeprefix(served.address)
    cbp.check("request-sent-wide-light")

    other = uscis.open("/audit/requests")
    assert "to be answered" in other.inner_text("main")
    uscis.check("requests-narrow-dark")
    other.get_by_role("link", name="Petition status at primary inspection").first.click()
    other.get_by_role("radio", name="yes, under conditions").check()
    other.locator("form:has(input[value=answer]) textarea").fill("For open inspections of the same person.")
    other.get_by_role("button", name="Answer").click()
    other.get_by_role("link", name="Draft an agreement").click()
    uscis.check("request-draft-narrow-dark")
    other.get_by_role("button", name="Enter this draft").click()
    other.get_by_role("button", name="Sign", exact=True).click()
    assert "signed by provider" in other.inner_text("main")
    uscis.check("request-signed-narrow-dark")

    page = cbp.open(path)
    assert "CBP newly reads Petition.status and Petition.validTo of USCIS" in page.inner_text("main")
    page.get_by_role("button", name="Sign", exact=True).click()
    assert "Signed for the recipient CBP by share-cbp-1" in page.inner_text("main")
    cbp.check("request-whole-wide-light")
    page.get_by_role("button", name="What if it had been in force?").click()
    page.get_by_text(" records in ").wait_for()
    assert "records in" in page.inner_text("main")
    cbp.check("what-if-own-wide-light")
    cbp.open(f"{path}/draft")
    cbp.check("request-draft-wide-light")
    for each in (cbp, uscis):
        each.page.context.close()
        assert each.wrong == []


def test_what_if_is_watched_until_it_is_done(seen: tuple[str, Seen]) -> None:
    look, made = seen
    page = made.open("/audit/what-if")
    text = (ROOT / "schema" / "agreements" / "state_ca-cbp-visa.toml").read_text().replace('"Visa.status", ', "")
    page.locator("textarea[name=toml]").fill(text)
    page.get_by_role("button", name="Replay the record").press("Enter")
    page.get_by_text(" records in ").wait_for()
    assert "newly withheld" in page.inner_text("main")
    assert page.locator("progress").get_attribute("aria-label") == "How much of the record is replayed"
    made.check(f"what-if-done-{look}")


def test_a_proposed_file_is_compared_and_its_flows_are_drawn(seen: tuple[str, Seen]) -> None:
    look, made = seen
    page = made.open("/audit/diff")
    text = (ROOT / "schema" / "agreements" / "uscis-cbp-overstay-input.toml").read_text() + (
        '\n[[grant]]\narticle = "II.1"\nfields = ["Petition.status"]\nwhen = { attr = "case.state", is = "open" }\n'
        '\n[[flow]]\narticle = "III.2"\nto = "CBP"\nfields = ["Petition.receiptNumber"]\nuse = "join"\n'
    )
    page.locator("textarea[name=toml]").fill(text)
    page.get_by_role("button", name="Compare").press("Enter")
    assert "CBP newly reads Petition.status of USCIS" in page.inner_text("main")
    assert page.get_by_role("img").count() == 2
    made.check(f"differences-file-{look}")


def test_an_officer_asks_at_the_desk_with_the_keyboard(browser: Browser, served: Served) -> None:
    context = browser.new_context(**LOOKS["narrow-dark"])  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{served.address}/audit/requests/new?coordinate=Petition.status&agency=CBP&role=cbp-primary")
    page.get_by_role("button", name="Come in").first.press("Enter")
    page.locator("input[name=title]").focus()
    page.keyboard.type("Is the petition still valid?")
    assert page.get_by_role("checkbox", name="Petition.status").is_checked()
    page.locator("textarea[name=justification]").focus()
    page.keyboard.type("Every second H-1B worker is sent to secondary for it.")
    page.screenshot(path=ARTIFACTS / "desk-narrow-dark.png", full_page=True)
    page.get_by_role("button", name="Hand to your sharing officer").press("Enter")
    page.wait_for_url("**/audit/requests/SR-*")
    assert "Sharing requests" in page.locator("nav.rooms").inner_text()
    assert "Disclosures" not in page.locator("nav.rooms").inner_text()
    context.close()


def test_the_room_by_keyboard(browser: Browser, served: Served) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 860})
    made = Seen(context, served.address, "sharing-officer-cbp")
    page = made.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the page"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    made.open("/audit/matrix")
    page.locator(".matrix a.cell").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/audit/matrix/cell?*")
    scrolled = page.locator(".scroll").first
    scrolled.focus()  # a table that is wider than the window can be scrolled without a mouse
    assert page.evaluate("document.activeElement.className") == "scroll"
    context.close()
    assert made.wrong == []


def test_a_page_says_everything_without_its_script(browser: Browser, served: Served) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{served.address}/audit/sign-in")
    page.get_by_role("button", name="Come in").first.click()
    page.get_by_role("link", name="Access matrix").click()
    assert page.locator(".matrix tbody tr").count() > 5
    context.close()
