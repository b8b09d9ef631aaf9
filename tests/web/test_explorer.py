"""The explorer in a real Chromium over the real server: what a frontend developer does with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gateway.composition import SubgraphSDL, compose
from gateway.web.explorer import ready_queries
from tests.web.server import Served, serving
from tests.web.visit import NARROW, WIDE, Visit

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

QUERIES = ready_queries()


def test_the_page_loads_with_twelve_queries_and_the_personas_by_agency(visit: Visit) -> None:
    page = visit.page

    assert page.title() == "Two-Way Street · explorer"
    assert page.locator("#queries button").count() == 12
    assert page.locator("#persona optgroup").count() >= 6
    assert page.locator("#case").input_value() == "AA00S01002"
    assert "consular-officer" in page.locator("#who").inner_text()


@pytest.mark.parametrize("index", range(12), ids=[each["name"] for each in QUERIES])
def test_each_ready_query_is_answered(visit: Visit, index: int) -> None:
    visit.choose(index)
    visit.run()

    assert visit.state() == "answered"
    assert visit.page.locator("#answer .trouble").count() == 0
    assert visit.page.locator("#answer .row").count() >= 3
    assert visit.page.locator("#persona").input_value() == QUERIES[index]["persona"]
    visit.keep(QUERIES[index]["name"])


def test_withheld_and_masked_values_are_marked_differently_and_nulls_not_at_all(visit: Visit) -> None:
    visit.choose(0)
    visit.run()

    assert visit.badges("DENY") == ["Petition.rfeReasons", "Petition.fraudReferral"]
    assert visit.badges("MASK") == ["Petitioner.ein", "Petition.wageAnnualUsd"]
    chips = visit.page.locator("#summary .chip").all_inner_texts()
    assert [chip.split(" ", 1)[1] for chip in chips] == ["2 withheld", "2 masked"]
    assert "******6789" in visit.page.locator("#answer .masked").first.inner_text()
    styles = {
        visit.page.locator(f"#answer .badge.{name}").first.evaluate("each => getComputedStyle(each).backgroundColor")
        for name in ("withheld", "masked")
    }
    assert len(styles) == 2


def test_why_opens_with_the_agreement_and_closes_with_escape(visit: Visit) -> None:
    visit.choose(0)
    visit.run()
    visit.page.locator(".badge.masked .why").first.click()
    visit.page.locator("dialog[data-state=told]").wait_for()
    text = visit.page.locator("dialog").inner_text()
    visit.keep("why-masked")

    assert text.startswith("Petitioner.ein")
    assert "USCIS shows you this masked (LAST4)." in text
    assert "USCIS-CA-PETITION" in text
    assert "undefined" not in text
    assert visit.page.locator("dialog .clause").count() >= 1

    visit.page.keyboard.press("Escape")
    assert not visit.page.locator("dialog").is_visible()


def test_why_leads_to_the_desk_at_which_one_asks_for_the_field(visit: Visit) -> None:
    visit.choose(5)
    visit.run()
    visit.page.locator(".why").first.click()
    visit.page.locator("#why[data-state=told]").wait_for()
    link = visit.page.locator("#why a.ask")
    assert link.inner_text() == "Ask USCIS for it"
    with visit.page.context.expect_page() as opened:
        link.click()
    desk = opened.value
    desk.get_by_role("button", name="Come in").first.click()
    assert "coordinate=" in desk.url
    assert desk.locator("input[name=coordinates]").count() > 0
    desk.close()
    visit.page.keyboard.press("Escape")
    visit.choose(0)
    visit.run()
    visit.page.locator(".badge.masked .why").first.click()
    visit.page.locator("#why[data-state=told]").wait_for()
    assert visit.page.locator("#why a.ask").count() == 0  # what is masked is shared


def test_why_tells_whom_to_ask_where_there_is_no_agreement(visit: Visit) -> None:
    visit.choose(5)
    visit.run()
    visit.page.locator(".why").first.click()
    visit.page.locator("dialog[data-state=told]").wait_for()
    text = visit.page.locator("dialog").inner_text()

    assert "USCIS withholds this from you: the owner has no agreement with your agency" in text
    assert "To ask for it" in text


def test_another_persona_gets_another_answer(visit: Visit) -> None:
    visit.choose(5)  # the petition at the port: CBP has no agreement with USCIS
    visit.page.locator("#variables").fill('{"receipt": "IOE0926001001"}')
    visit.run()
    assert "APPROVED" not in visit.page.locator("#answer").inner_text()
    assert visit.badges("DENY") == ["Query.petition"]

    visit.page.locator("#persona").select_option("consular-officer-nwd")
    visit.run()
    assert "APPROVED" in visit.page.locator("#answer").inner_text()
    assert visit.badges("DENY") == []


def test_the_graph_tab_shows_what_the_caller_may_see_and_nothing_else(visit: Visit) -> None:
    visit.choose(4)  # a CBP officer
    visit.page.locator("#tab-docs").click()
    query = visit.page.locator("#types [data-type=Query]")
    query.wait_for()
    assert "visa(" in query.inner_text()
    assert visit.page.locator("#types [data-type=Visa]").count() == 1
    assert visit.page.locator("#types [data-type=AsylumCase]").count() == 0
    visit.keep("graph-cbp-primary")

    visit.page.locator("#persona").select_option("uscis-protection-officer")
    visit.page.locator("#types [data-type=AsylumCase]").wait_for(state="attached")

    visit.page.locator("#find").fill("rfereasons")
    visit.page.locator("#types dt", has_text="rfeReasons").wait_for()
    assert visit.page.locator("#types details").count() == 1


def test_a_type_of_the_graph_leads_to_its_fields(visit: Visit) -> None:
    visit.page.locator("#tab-docs").click()
    visit.page.locator("#types [data-type=Query] button.type", has_text="Traveler").first.click()
    visit.page.locator("#types [data-type=Traveler][open]").wait_for()


def test_completion_offers_the_fields_of_the_place(visit: Visit) -> None:
    page = visit.page
    page.locator("#query").fill('query { visa(foilNumber: "S2400001") { ')
    page.locator("#query").press("End")
    page.keyboard.press("Control+Space")
    page.locator("#complete li").first.wait_for()
    offered = page.locator("#complete li").evaluate_all("each => each.map(item => item.dataset.name)")
    visit.keep("completion")
    assert "foilNumber" in offered
    assert "receiptNumber" not in offered

    page.keyboard.type("iss")  # the list narrows while one types
    page.locator("#complete li[data-name=foilNumber]").wait_for(state="detached")
    page.locator("#complete li[data-name=issuedOn]").wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    assert page.locator("#query").input_value().split()[-1].startswith("iss")
    assert not page.locator("#complete").is_visible()


def test_a_mistake_is_told_with_its_code_place_and_remedy(visit: Visit) -> None:
    visit.page.locator("#query").fill("{ nothing }")
    visit.run()
    trouble = visit.page.locator("#answer .trouble").inner_text()

    assert visit.state() == "refused"
    assert "UNKNOWN_FIELD" in trouble
    assert "line 1, column 3" in trouble
    assert "API schema" in trouble
    visit.wrong = [each for each in visit.wrong if "status of 400" not in each]  # Chromium tells of every refusal

    visit.page.locator("#variables").fill("{")
    visit.run()
    assert "The variables are not JSON" in visit.page.locator("#answer .trouble").inner_text()


def test_everything_can_be_done_from_the_keyboard(visit: Visit) -> None:
    page = visit.page
    page.locator("#tab-queries").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("#tab-docs").get_attribute("aria-selected") == "true"
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # the first ready query
    page.locator("#query").focus()
    page.keyboard.press("Control+Enter")
    visit.settled()
    page.locator("#answer").focus()
    page.keyboard.press("Tab")  # the obligations that come with the answer
    page.keyboard.press("Tab")  # the first fold
    page.keyboard.press("Enter")
    assert page.locator("#answer .toggle").first.get_attribute("aria-expanded") == "false"
    page.keyboard.press("Enter")
    page.locator("#answer .why").first.focus()
    page.keyboard.press("Enter")
    page.locator("dialog[data-state=told]").wait_for()
    page.keyboard.press("Escape")
    assert page.evaluate("() => document.activeElement.className") == "why"


@pytest.mark.parametrize(
    "visit",
    [
        pytest.param({"viewport": size, "color_scheme": scheme}, id=f"{size['width']}-{scheme}")
        for size in (WIDE, NARROW)
        for scheme in ("light", "dark")
    ],
    indirect=True,
)
def test_it_fits_wide_and_narrow_light_and_dark(visit: Visit, request: pytest.FixtureRequest) -> None:
    visit.choose(0)
    visit.run()
    page = visit.page
    visit.keep(f"answer-{request.node.callspec.id}")

    width = page.evaluate("() => document.documentElement.scrollWidth")
    assert width <= page.viewport_size["width"]  # type: ignore[index]
    ink, paper = page.evaluate(
        "() => [getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]"
    )
    dark = "dark" in request.node.callspec.id
    assert (_light(paper) < 0.2) == dark
    assert abs(_light(ink) - _light(paper)) > 0.6
    for name in ("withheld", "masked"):
        front, back = page.locator(f".badge.{name}").first.evaluate(
            "each => [getComputedStyle(each).color, getComputedStyle(each).backgroundColor]"
        )
        assert _contrast(front, back) >= 4.5  # WCAG 2.2, 1.4.3


def _channels(colour: str) -> list[float]:
    return [int(part) / 255 for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]


def _light(colour: str) -> float:
    return sum(_channels(colour)) / 3


def _contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours (WCAG 2.2)."""
    lights = []
    for colour in (one, other):
        linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in _channels(colour)]
        lights.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])
    return (max(lights) + 0.05) / (min(lights) + 0.05)


def test_what_is_unavailable_looks_like_neither_withheld_nor_nothing(visit: Visit) -> None:
    """An answer with one of each, made up, since no subgraph fails here."""
    entry = {"owner": "CBP", "mask": "", "howToRequest": ""}
    answer = {
        "data": {"traveler": {"a": None, "b": None, "c": "x", "d": None, "e": []}},
        "errors": [
            {"message": "Subgraph admissions did not answer.", "path": ["traveler", each], "extensions": {"code": "X"}}
            for each in ("a", "e")
        ],
        "extensions": {
            "sharing": [
                {**entry, "outcome": outcome, "coordinate": f"T.{key}", "path": ["traveler", key], "reason": reason}
                for outcome, key, reason in (
                    ("UNAVAILABLE", "a", "SOURCE_UNAVAILABLE"), ("DENY", "b", "STATUTE"), ("UNAVAILABLE", "e", ""),
                )
            ]
        },
    }  # fmt: skip
    visit.page.route("**/graphql", lambda route: route.fulfill(json=answer))
    visit.run()
    visit.keep("unavailable")
    tree = visit.page.locator("#answer .tree").inner_text()

    assert visit.badges("UNAVAILABLE") == ["T.a", "T.e"]
    assert visit.badges("DENY") == ["T.b"]
    assert "unavailable by CBP" not in tree
    assert "CBP did not answer" in tree
    assert '"d": null' in tree
    assert visit.page.locator("#answer .trouble").count() == 1  # one failure is told once
    outlines = visit.page.locator("#answer .badge").evaluate_all(
        "all => all.map(one => getComputedStyle(one).outlineStyle)"
    )
    assert outlines == ["dashed", "none", "dashed"]


def test_what_is_not_served_is_told_until_it_is(browser: Browser, served: Served) -> None:
    """As with `gateway dev`: the mistake with its line of Python, above the last good graph, gone once it is mended."""
    page = browser.new_page(viewport={"width": 390, "height": 844})
    place = "KEY_INVALID_FIELDS [visas: Visa, line 435]\n  Visa is made at subgraphs/visas/schema.py:46 (class Visa)"
    told = [place, place, ""]
    page.route(
        "**/dev/trouble",
        lambda route: route.fulfill(json={"watched": True, "trouble": told.pop(0) if len(told) > 1 else told[0]}),
    )
    visit = Visit(page, served.address)
    alert = page.locator("#not-served")
    alert.wait_for(state="visible")
    text, wide = alert.inner_text(), page.evaluate("document.documentElement.scrollWidth")
    visit.choose(0)
    visit.run()
    alert.wait_for(state="hidden")
    page.close()

    assert text == f"Not served: what you see is the last good graph.\n{place}"
    assert wide <= 390
    assert visit.wrong == []


def test_without_personas_the_caller_brings_a_token(browser: Browser, served: Served) -> None:
    """As in production: the page offers a field for the token and no made-up callers."""
    page = browser.new_page()
    queries = {"personas": False, "queries": list(QUERIES)}
    page.route("**/explorer/queries.json", lambda route: route.fulfill(json=queries))
    visit = Visit(page, served.address)
    page.locator("#token").fill(served.token(QUERIES[0]["persona"]))
    visit.run()
    hidden, marked = not page.locator("#persona").is_visible(), visit.badges("MASK")
    page.close()

    assert hidden
    assert marked == ["Petitioner.ein", "Petition.wageAnnualUsd"]
    assert visit.wrong == []


def test_a_graph_that_governs_nothing_is_explored_without_a_token(browser: Browser, tmp_path: Path) -> None:
    graph = tmp_path / "graph.graphql"
    sdl = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3")\ntype Query { hello: String }'
    graph.write_text(compose([SubgraphSDL("one", "http://127.0.0.1:9/", sdl)]).supergraph_sdl)
    with serving("--supergraph", graph, "--policy", "unrestricted") as running:
        page = browser.new_page()
        visit = Visit(page, running.address)
        assert not page.locator("#persona").is_visible()
        page.locator("#query").fill("{ __typename }")
        visit.run()
        answer = page.locator("#answer").inner_text()
        page.locator("#tab-docs").click()
        page.locator("#types [data-type=Query] dt", has_text="hello").wait_for()
        page.close()

    assert '"__typename": "Query"' in answer
    assert visit.wrong == []
