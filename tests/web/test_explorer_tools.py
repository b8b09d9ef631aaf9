"""The explorer's tools in a real Chromium: two personas beside each other, plan, history, completion, taking it along."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import pytest

from gateway.web.explorer import ready_queries
from tests.support import cannot_start
from tests.web.visit import NARROW, WIDE, Visit, flaws

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ONE_SCREEN = next(index for index, each in enumerate(ready_queries()) if each["name"].startswith("12"))
BESIDE = """query($t: ID!) {
  traveler(id: $t) {
    overstay { status }
    petitions { nodes { receiptNumber rfeReasons } }
  }
}"""
STATUS = next(index for index, each in enumerate(ready_queries()) if each["name"].startswith("10"))


def beside(visit: Visit, persona: str) -> None:
    """Run for the persona chosen and for another beside it."""
    visit.page.locator("#beside").select_option(persona)
    visit.run()
    visit.page.locator("#other-summary[data-state=answered], #other-summary[data-state=refused]").wait_for()


def test_the_same_traveler_for_two_personas_side_by_side(visit: Visit) -> None:
    visit.choose(ONE_SCREEN)
    beside(visit, "cbp-secondary-nyc")
    visit.keep("beside")
    page = visit.page

    assert page.locator("#pane-who").inner_text() == "Consular supervisor, New Delhi (STATE_CA)"
    assert page.locator("#other-who").inner_text() == "CBP officer at secondary, New York (CBP)"
    assert "Petition.wageAnnualUsd" in visit.badges("MASK")
    other = page.locator("#other-answer .badge[data-outcome=DENY]").evaluate_all(
        "all => all.map(a => a.dataset.coordinate)"
    )
    assert "Traveler.petitions" in other
    assert page.locator("#summary .differing").inner_text().startswith("≠ ")
    assert page.locator("#answer .differs").count() > 0
    assert page.locator("#answer .row", has_text="legalCategory").locator(".differs").count() == 0  # the same for both
    visit.refused(400)


def test_what_is_no_word_to_the_one_beside_is_left_out_and_said(visit: Visit) -> None:
    """USCIS's reasons for evidence are no field to CBP: the operation is asked without them, variables and all."""
    page = visit.page
    page.locator("#persona").select_option("consular-supervisor-nwd")
    page.locator("#query").fill(BESIDE)
    page.locator("#variables").fill('{"t": "TRV-01KST0RY000000000000000029"}')
    beside(visit, "cbp-secondary-nyc")

    assert (
        page.locator("#other-lost").inner_text() == "No fields to CBP in this role, so not asked: Petition.rfeReasons."
    )
    assert page.locator("#other-summary").get_attribute("data-state") == "answered"
    assert "rfeReasons" not in page.locator("#other-answer").inner_text()
    assert "rfeReasons" in page.locator("#answer").inner_text()
    visit.refused(400)


def test_why_beside_is_asked_as_the_one_beside(visit: Visit) -> None:
    visit.choose(ONE_SCREEN)
    beside(visit, "cbp-secondary-nyc")
    visit.page.locator("#other-answer .badge[data-coordinate='Traveler.petitions'] .why").click()
    visit.page.locator("dialog[data-state=told]").wait_for()

    assert "the owner has no agreement with your agency" in visit.page.locator("dialog").inner_text()
    visit.refused(400)


def test_the_plan_is_drawn_with_waves_calls_and_times(visit: Visit) -> None:
    visit.choose(ONE_SCREEN)
    visit.run()
    page = visit.page
    page.locator("#tab-plan").click()
    page.locator("#plan .waves").wait_for()
    visit.keep("plan")

    assert page.locator("#plan .cost").inner_text().startswith("6 fetches in 3 waves · 8 calls · ")
    waves = page.locator("#plan li").evaluate_all("all => all.map(a => [a.dataset.subgraph, a.dataset.wave])")
    assert ["travelers", "1"] in waves
    assert ["admissions", "3"] in waves
    assert ["visas", "facts"] in waves  # the case, read to decide
    admissions = page.locator("#plan li[data-subgraph=admissions]").inner_text()
    assert "Traveler { id pendingExtensionFiledOn }" in admissions  # what USCIS's agreement lets go to CBP
    assert "TRV-" not in page.locator("#plan").inner_text()  # no value of anybody
    widths = page.locator("#plan .span").evaluate_all("all => all.map(a => a.getBoundingClientRect().width)")
    assert len(widths) == 8
    assert min(widths) > 0
    assert flaws(page) == []


def test_terms_are_acknowledged_by_the_reader_and_by_nobody_else(visit: Visit) -> None:
    """An officer of ERO reads the terms of USCIS-ERO-STATUS, acknowledges them, and is given what they give."""
    visit.choose(STATUS)
    page = visit.page
    visit.run()
    refused = page.locator("#answer .badge[data-outcome=DENY]", has_text="terms not acknowledged")
    assert refused.count() > 0
    refused.first.locator(".why").click()
    page.locator("dialog[data-state=told]").wait_for()
    assert "1229(e)" in page.locator("dialog").inner_text()
    visit.keep("terms")
    assert flaws(page) == []
    with page.expect_response("**/graphql") as asked:
        page.locator("#acknowledge").click()
    assert json.loads(asked.value.request.post_data or "")["extensions"] == {"acknowledged": ["USCIS-ERO-STATUS"]}
    page.locator("#run:not([disabled])").wait_for()
    visit.settled()
    assert refused.count() == 0
    assert "USCIS-ERO-STATUS" in copied(visit, "curl")
    page.locator("#persona").select_option("ero-supervisor-1367")
    with page.expect_response("**/graphql") as anew:
        page.locator("#run").click()
    assert "extensions" not in json.loads(anew.value.request.post_data or "")
    visit.refused(400)


def test_history_keeps_what_was_asked_and_no_answer(visit: Visit) -> None:
    visit.choose(0)
    visit.run()
    visit.choose(4)
    visit.run()
    visit.run()
    page = visit.page
    page.locator("#tab-history").click()

    assert page.locator("#asked button").count() == 2
    kept: Any = page.evaluate("() => [sessionStorage.getItem('two-way-street.history'), localStorage.length]")
    assert kept[1] == 0
    assert {name for each in json.loads(kept[0]) for name in each} == {
        "query", "variables", "persona", "purpose", "case", "at",
    }  # fmt: skip
    page.locator("#asked button").nth(1).click()
    assert page.locator("#query").input_value() == ready_queries()[0]["query"]
    assert page.locator("#persona").input_value() == ready_queries()[0]["persona"]

    page.locator("#forget").click()
    assert page.locator("#asked button").count() == 0


def offered(visit: Visit, text: str) -> list[str]:
    """The names offered at the end of ``text``."""
    page = visit.page
    page.locator("#query").fill(text)
    page.locator("#query").press("End")
    page.locator("#query").press("Control+End")
    page.keyboard.press("Control+Space")
    page.locator("#complete li").first.wait_for()
    found: list[str] = page.locator("#complete li").evaluate_all("all => all.map(item => item.dataset.name)")
    page.keyboard.press("Escape")
    return found


@pytest.mark.parametrize(
    ("text", "wanted", "unwanted"),
    [
        ("query { visa(", ["foilNumber"], ["status"]),
        ("query($number: String!) { visa(foilNumber: ", ["$number", "null"], ["foilNumber"]),
        ("query($t: ", ["ID", "String"], ["Visa"]),
        ("query { traveler(id: 1) { timeline { ... on ", ["TimelineEvent", "CrossingEvent"], ["Visa"]),
        ("query { traveler(id: 1) { id @", ["include", "skip"], ["id"]),
        ("{ traveler(id: 1) { visas { nodes { status } } ov", ["overstay"], ["visas"]),
        ("fragment V on Visa { fo", ["foilNumber"], ["status"]),
    ],
    ids=["arguments", "values", "types", "conditions", "directives", "fields after a list", "in a fragment"],
)
def test_completion_knows_what_may_stand_where(visit: Visit, text: str, wanted: list[str], unwanted: list[str]) -> None:
    visit.page.locator("#persona").select_option("cbp-secondary-nyc")
    found = offered(visit, text)

    assert set(wanted) <= set(found)
    assert not set(unwanted) & set(found)


def copied(visit: Visit, form: str) -> str:
    """What the button puts on the clipboard."""
    visit.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visit.page.locator(f"[data-form={form}]").click()
    visit.page.locator("#taken", has_text="opied").wait_for()
    text: str = visit.page.evaluate("() => navigator.clipboard.readText()")
    return text


def test_a_link_takes_the_operation_along_and_no_value(visit: Visit) -> None:
    page = visit.page
    page.locator("#query").fill(
        'query Q($t: ID!) { visa(foilNumber: "S2900002") { status } traveler(id: $t) { id } } # x'
    )
    page.locator("#variables").fill('{"t": "TRV-01KST0RY000000000000000029"}')
    page.locator("#persona").select_option("cbp-secondary-nyc")
    link = copied(visit, "link")
    assert page.locator("#taken").inner_text() == "Link copied; 2 values are left out of it."

    page.goto("about:blank")
    page.goto(link)
    page.locator("body[data-ready=true]").wait_for()
    assert page.locator("#query").input_value().strip() == (
        'query Q($t: ID!) { visa(foilNumber: "") { status } traveler(id: $t) { id } }'
    )
    assert json.loads(page.locator("#variables").input_value()) == {"t": None}
    assert page.locator("#persona").input_value() == "cbp-secondary-nyc"


def test_a_link_that_says_nothing_is_no_link(visit: Visit) -> None:
    visit.page.goto("about:blank")
    visit.page.goto(f"{visit.address}/explorer#nonsense")
    visit.page.locator("body[data-ready=true]").wait_for()
    assert visit.page.locator("#query").input_value() == ready_queries()[0]["query"]


def _answer(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(("MASK", "DENY"))]


def test_copied_commands_run_and_hold_no_token(visit: Visit, tmp_path: Any) -> None:
    """curl, Python and TypeScript ask the same question of the same gateway."""
    visit.choose(5)
    token = visit.page.evaluate(
        "async () => (await (await fetch('/dev/token', {method: 'POST', body: JSON.stringify({persona: 'cbp-primary-atl'})})).json()).token"
    )
    texts = {form: copied(visit, form) for form in ("curl", "Python", "TypeScript")}
    assert not any("eyJ" in text for text in texts.values())
    environment = {"TOKEN": token, "PATH": "/usr/local/bin:/usr/bin:/bin", "NO_PROXY": "*", "no_proxy": "*"}

    def run(*command: str) -> str:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    python = _answer(run("python3", "-c", texts["Python"]))
    assert python
    assert json.loads(run("sh", "-c", texts["curl"]))["extensions"]["sharing"]
    if shutil.which("node") is None:
        cannot_start("Node", "no node on the path")
    script = tmp_path / "ask.mjs"
    script.write_text(texts["TypeScript"], encoding="utf-8")
    assert _answer(run("node", str(script))) == python


@pytest.mark.parametrize(
    "visit",
    [
        pytest.param({"viewport": size, "color_scheme": scheme}, id=f"{size['width']}-{scheme}")
        for size in (WIDE, NARROW)
        for scheme in ("light", "dark")
    ],
    indirect=True,
)
def test_nobody_is_shut_out(visit: Visit) -> None:
    """axe-core finds nothing: on the answer, the graph, the history, two answers beside each other, and in "why?"."""
    page = visit.page
    visit.choose(0)
    beside(visit, "cbp-secondary-nyc")
    assert flaws(page) == []
    page.locator("#tab-docs").click()
    page.locator("#types [data-type=Query]").wait_for()
    assert flaws(page) == []
    page.locator("#tab-history").click()
    page.locator(".why").first.click()
    page.locator("dialog[data-state=told]").wait_for()
    assert flaws(page) == []
    width = page.evaluate("() => document.documentElement.scrollWidth")
    assert width <= page.viewport_size["width"]  # type: ignore[index]
    visit.refused(400)


def test_a_list_gathered_from_all_agencies_names_each_that_withholds_its_part(visit: Visit) -> None:
    """Several entries of the ledger stand at the timeline's path; each is shown, and counted as the ledger counts."""
    visit.choose(ONE_SCREEN)
    visit.run()
    row = visit.page.locator("#answer .row", has_text='"timeline"').first
    owners = row.locator(".badge[data-outcome=DENY]").evaluate_all("all => all.map(a => a.dataset.coordinate)")

    assert {"Traveler.petitionEvents", "Traveler.crossingEvents", "Traveler.enforcementEvents"} <= set(owners)
    assert "in part withheld by USCIS" in row.inner_text()
    assert len(visit.badges("DENY")) >= 7
