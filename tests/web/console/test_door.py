"""Who comes in: oversight, an agency's sharing officer on the agency's side, nobody else; and how a browser does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.web.console.visiting import Visit

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAGES = ["/audit", "/audit/matrix", "/audit/field", "/audit/role", "/audit/agreements", "/audit/disclosures"]
OUTSIDERS = ["cbp-primary-nyc", "consular-officer-nwd", "ero-officer", "developer"]


@pytest.mark.parametrize("path", PAGES)
async def test_a_stranger_is_shown_the_door(room: Visit, path: str) -> None:
    page, data = await room.get(path, None), await room.get(f"{path}.json", None)

    assert (page.status, data.status) == (401, 401)
    assert "Come in" in page.text
    assert data.json["error"]["code"] == "TOKEN_MISSING"


@pytest.mark.parametrize("persona", OUTSIDERS)
@pytest.mark.parametrize("path", PAGES)
async def test_an_officer_does_not_read_the_record(room: Visit, path: str, persona: str) -> None:
    page = await room.get(f"{path}.json", persona)

    assert (page.status, page.json["error"]["code"]) == (403, "ROOM_CLOSED")
    assert "sharing officer" in page.json["error"]["hint"]


@pytest.mark.parametrize("persona", ["auditor", "privacy-officer", "sharing-officer-cbp", "sharing-officer-ca"])
@pytest.mark.parametrize("path", PAGES)
async def test_oversight_and_sharing_officers_enter(room: Visit, path: str, persona: str) -> None:
    page, data = await room.get(path, persona), await room.get(f"{path}.json", persona)

    assert (page.status, data.status) == (200, 200)
    assert page.headers["content-type"].startswith("text/html")
    assert data.headers["content-type"] == "application/json"
    assert ("· own side of the street" in page.text) == persona.startswith("sharing")


@pytest.mark.parametrize("path", [*PAGES, "/audit/sign-in", "/audit/console.css", "/audit/console.js"])
async def test_every_answer_keeps_to_itself(room: Visit, path: str) -> None:
    policy = (await room.get(path)).headers["content-security-policy"]

    assert "default-src 'none'" in policy
    assert "'unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


@pytest.mark.parametrize("path", PAGES)
async def test_no_page_carries_a_script_or_style_of_its_own_or_of_elsewhere(room: Visit, path: str) -> None:
    text = (await room.get(path)).text

    assert text.count("<script") == 1
    assert '<script src="/audit/console.js" defer>' in text
    assert "style=" not in text
    assert "onclick" not in text
    assert "http://" not in text.replace("http://www.w3.org", "")
    assert "https://" not in text


async def test_every_link_of_the_navigation_leads_somewhere(room: Visit) -> None:
    for link in {each.partition("#")[0] for each in (await room.get("/audit")).links}:
        assert (await room.get(link)).status == 200, link


async def test_a_browser_signs_in_by_a_cookie_that_only_the_room_gets(room: Visit) -> None:
    answer = await room.post("/audit/sign-in", {"persona": "auditor", "next": "/audit/matrix"}, None)
    cookie = answer.headers["set-cookie"]

    assert (answer.status, answer.headers["location"]) == (303, "/audit/matrix")
    assert {"HttpOnly", "Path=/audit", "SameSite=strict"} <= set(cookie.split("; "))
    page = await room.get("/audit/matrix", None, cookie=cookie.partition(";")[0])
    assert page.status == 200


@pytest.mark.parametrize(
    "goal", ["https://elsewhere.example/audit", "//elsewhere.example/audit", "/graphql", "/audit/sign-out", "/audit\\x"]
)
async def test_signing_in_leads_into_the_room_and_nowhere_else(room: Visit, goal: str) -> None:
    answer = await room.post("/audit/sign-in", {"persona": "auditor", "next": goal}, None)

    assert answer.headers["location"] == "/audit"


async def test_outside_development_there_are_no_personas_at_the_door_and_the_cookie_is_for_https(room: Visit) -> None:
    settings = replace(room.face.opened.settings, mode="production")
    other = Visit(room.face.instead(settings=settings))
    page = await other.get("/audit/sign-in", None)
    refused = await other.post("/audit/sign-in", {"persona": "auditor"}, None)
    entered = await other.post("/audit/sign-in", {"token": room.face.token("auditor")}, None)

    assert "persona" not in page.text
    assert (refused.status, "set-cookie" in refused.headers) == (401, False)
    assert "Secure" in entered.headers["set-cookie"]


@pytest.mark.parametrize(
    "sent",
    [{"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"origin": "https://elsewhere.example"}],
)
async def test_another_sites_form_does_nothing(room: Visit, sent: dict[str, str]) -> None:
    before = len(room.looks())
    for path in ("/audit/disclosures", "/audit/sign-in"):
        form = {"persona": "auditor", "traveler": "TRV-1", "why": "a reason long enough"}
        answer = await room.post(path, form, "auditor", host="room.example", **sent)
        assert (answer.status, "CROSS_SITE" in answer.text) == (403, True)
    assert len(room.looks()) == before


async def test_a_form_that_is_too_large_or_no_form(room: Visit) -> None:
    large = await room.post("/audit/disclosures", {"traveler": "x" * 300_000}, "auditor")

    assert (large.status, "BODY_TOO_LARGE" in large.text) == (413, True)


async def test_leaving_takes_the_cookie_away(room: Visit) -> None:
    answer = await room.post("/audit/sign-out", {}, None)

    assert 'two-way-street-room=""' in answer.headers["set-cookie"]
    assert "Max-Age=0" in answer.headers["set-cookie"]
