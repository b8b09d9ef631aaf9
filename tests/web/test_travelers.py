"""The traveler page in a real Chromium over the real server: one person's story, as each caller may see it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.web.server import Served, serving
from tests.web.visit import NARROW, WIDE, Visit, flaws

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator

pytestmark = pytest.mark.browser

GRACE = "TRV-01KST0RY000000000000000029"
REVOKE = 'mutation { revokeVisa(input: { foilNumber: "S2900002", kind: PRUDENTIAL, ground: "221(i)" }) { status } }'
SUPERVISOR, SECONDARY = "consular-supervisor-nwd", "cbp-secondary-nyc"


@pytest.fixture
def look(browser: Browser, served: Served) -> Iterator[Callable[..., Visit]]:
    """Open the page of a traveler as somebody, at a width; at the end nothing may have gone wrong on it."""
    made: list[Visit] = []

    def open_page(traveler: str, who: str, beside: str = "", **options: Any) -> Visit:
        context = browser.new_context(**{"viewport": WIDE, "color_scheme": "light", **options})
        path = f"/travelers/{traveler}?as={who}" + (f"&beside={beside}" if beside else "")
        made.append(Visit(context.new_page(), served.address, path))
        return made[-1]

    yield open_page
    for each in made:
        each.page.context.close()
    assert [wrong for each in made for wrong in each.wrong] == []


def chapter(visit: Visit, name: str, side: int = 0) -> Locator:
    return visit.page.locator(".side-of").nth(side).locator(f"[data-chapter={name}]")


def test_the_story_of_one_person_from_every_agency(look: Callable[..., Visit]) -> None:
    visit = look(GRACE, SUPERVISOR)
    page = visit.page

    assert page.locator(".person h3").inner_text() == "Grace Adeyemi"
    assert "S2900002" in chapter(visit, "visas").inner_text()
    assert "S2900001" not in chapter(visit, "visas").inner_text()
    chapter(visit, "visas").get_by_text("1 more of visas").click()
    assert "S2900001" in chapter(visit, "visas").inner_text()
    agencies = {each.get_attribute("data-agency") for each in page.locator(".times li").all()}
    assert "STATE_CA" in agencies
    assert "as of" in chapter(visit, "visas").locator(".source").first.inner_text()
    assert page.locator(".record-of code").inner_text()
    visit.keep("wide")


def test_what_stands_now_is_what_was_changed_last_and_reads_like_prose(look: Callable[..., Visit]) -> None:
    """The petition of 2024 comes first from its owner and is not the latest; no word of an enum or of the code is left as it was."""
    page = look(GRACE, SUPERVISOR).page
    now = page.locator(".card").filter(has=page.get_by_role("heading", name="Now", exact=True)).inner_text()

    assert "IOE0927029002" in now
    assert "IOE0924029001" not in now
    shown = page.locator("main").inner_text()
    assert "Port of entry" in shown
    assert "I-94 number" in shown
    assert "OVS-07" not in now


def test_what_is_withheld_is_an_honest_gap(look: Callable[..., Visit]) -> None:
    """CBP reads no petition: the chapter is not to be asked for, or says by whom it is withheld; no status of one is anywhere."""
    visit = look(GRACE, SECONDARY)
    everything = visit.page.locator("main").text_content() or ""

    assert "Sent to State" not in everything
    assert chapter(visit, "petitions").locator(".record").count() == 0
    gaps = (
        visit.page.locator(".times")
        .locator("xpath=ancestor::section")
        .locator(".gap[data-outcome=DENY]")
        .all_inner_texts()
    )
    assert any("USCIS" in each and "no agreement" in each for each in gaps)


def test_a_mask_that_covers_some_rows_is_not_said_of_all(look: Callable[..., Visit]) -> None:
    """State reads its own numbers in clear beside others' last four digits: one line of the ledger for both."""
    visit = look(GRACE, SUPERVISOR)
    identifiers = chapter(visit, "identifiers")

    (note,) = identifiers.locator(".gap").all_inner_texts()
    identifiers.locator("summary").click()
    assert "Value: masked by OBIM in some or all of these, last4" in note
    rows = identifiers.locator(".record").all_inner_texts()
    assert any("S2900001" in row for row in rows)
    assert any("******2901" in row for row in rows)


def test_two_look_at_the_same_person(look: Callable[..., Visit]) -> None:
    visit = look(GRACE, SUPERVISOR, SECONDARY)
    sides = visit.page.locator(".side-of").all_inner_texts()

    assert len(sides) == 2
    assert "IOE0927029002" in chapter(visit, "petitions").inner_text()
    assert chapter(visit, "petitions", 1).locator(".record").count() == 0
    assert "INS-NYC-00290002" in sides[1]
    assert "INS-NYC-00290002" not in sides[0]
    assert all("Grace Adeyemi" in side for side in sides)
    visit.keep("two")


def test_a_traveler_that_is_not_there_reads_like_one_that_is_not_shown(look: Callable[..., Visit]) -> None:
    told = look("TRV-00000000000000000000000000", SECONDARY).page.locator(".nobody").inner_text()

    assert "There is no such traveler, or nothing of this person that you may see." in told


def test_a_number_is_text_and_no_markup(look: Callable[..., Visit]) -> None:
    visit = look("%3Cimg%20src=x%20onerror=alert(1)%3E", SECONDARY)

    assert visit.page.locator("#number").inner_text() == "<img src=x onerror=alert(1)>"
    assert visit.page.locator("main img").count() == 0


def test_a_role_without_any_traveler_is_told_so(look: Callable[..., Visit]) -> None:
    visit = look(GRACE, "auditor")

    assert "Your role has no field of any traveler." in visit.page.locator("main").inner_text()


def test_why_opens_on_a_gap(look: Callable[..., Visit]) -> None:
    visit = look(GRACE, SECONDARY)
    visit.page.locator(".gap[data-outcome=DENY] .why").first.click()
    visit.page.locator("dialog[data-state=told]").wait_for()

    assert "withholds this from you" in visit.page.locator("dialog").inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_axe_finds_nothing_and_nothing_runs_over(look: Callable[..., Visit], size: dict[str, int], scheme: str) -> None:
    beside = SECONDARY if size == WIDE else ""
    visit = look(GRACE, SUPERVISOR, beside, viewport=size, color_scheme=scheme)
    visit.keep(f"{size['width']}-{scheme}")

    assert flaws(visit.page) == []
    assert visit.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.slow
def test_what_happens_is_told_as_it_happens(browser: Browser, seeded: Path, tmp_path: Path) -> None:
    """An inspector looks at the person of the case; the post revokes the visa; the page says so, and tells the story anew when asked."""
    world, narrow = tmp_path / "world", dict[str, Any](viewport=NARROW)
    shutil.copytree(seeded, world)  # it is written to
    with (
        serving(
            "--subgraphs", "asgi", "--var", world,
            TWS_MODE="development", TWS_TODAY="2026-11-01T12:00:00+00:00",
            TWS_DATA=str(world / "data"), TWS_KEYS=str(world / "keys"),
        ) as running,
        browser.new_context(**narrow) as context,
    ):  # fmt: skip
        visit = Visit(context.new_page(), running.address, f"/travelers/{GRACE}?as={SECONDARY}")
        alerts = visit.page.locator(".alerts")
        visit.page.locator(".alerts[data-state=open]").wait_for()
        assert "INS-NYC-00290002" in alerts.inner_text()
        assert alerts.locator("li").count() == 0

        status, page = running.fetch("/graphql", {"query": REVOKE}, authorization=f"Bearer {running.token(SUPERVISOR)}")
        assert (status, page["data"]) == (200, {"revokeVisa": {"status": "REVOKED"}}), page
        alert = alerts.locator("li").filter(has_text="Visa: revoked")
        alert.wait_for()
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
        assert flaws(visit.page) == []
        visit.keep("alert")

        alert.get_by_role("button", name="Show the story now").click()
        visit.page.locator("[data-chapter=visas]").get_by_text("REVOKED").first.wait_for()
        visit.page.locator(".alerts[data-state=open]").wait_for()
        assert visit.wrong == []


def test_who_may_hear_nothing_is_told_nothing(look: Callable[..., Visit]) -> None:
    """A token for no case has no watch: the page says nothing of one."""
    visit = look(GRACE, "auditor")
    assert visit.page.locator(".alerts").count() == 0
