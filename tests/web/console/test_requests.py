"""Sharing requests in the room: from a refusal to a file that two people of two agencies have signed, and who may do what."""

from __future__ import annotations

import re
from typing import Any

import pytest

from gateway.audit import Search, search
from gateway.policy import compile_policy, load_bundle, read_bundle
from gateway.sharing import digest_of
from tests.web.console.visiting import Page, Visit

pytestmark = pytest.mark.asyncio(loop_scope="module")

CBP, USCIS, ERO, AUDITOR = "sharing-officer-cbp", "sharing-officer-uscis", "sharing-officer-ero", "auditor"
PRIMARY = "cbp-primary-nyc"
FORM = {
    "title": "Petition status at primary",
    "coordinates": ["Petition.status", "Petition.validTo"],
    "roles": "cbp-primary",
    "purposes": "border-inspection-primary",
    "justification": "Officers send people to secondary only to learn whether the petition still stands.",
    "authority": "8 U.S.C. 1225\nINA 214(c)",
}


async def opened(room: Visit, persona: str = CBP, **changes: Any) -> str:
    page = await room.post("/audit/requests.json", {**FORM, **changes}, persona)
    assert page.status == 201, page.text
    [found] = page.json["opened"]
    return str(found)


async def sent(room: Visit) -> str:
    return await opened(room, send="yes")


async def step(room: Visit, id_: str, persona: str, kind: str, **form: Any) -> Page:
    return await room.post(f"/audit/requests/{id_}.json", {"step": kind, **form}, persona)


async def drafted(room: Visit, id_: str, persona: str = USCIS) -> str:
    page = await room.get(f"/audit/requests/{id_}/draft.json", persona)
    assert page.json["found"]["mistakes"] == []
    text = page.json["toml"]
    entered = await room.post(f"/audit/requests/{id_}/draft.json", {"toml": text, "do": "enter"}, persona)
    assert entered.status == 200, entered.text
    assert entered.json["state"] == "drafted"
    return str(text)


def code(page: Page) -> tuple[int, str]:
    return page.status, page.json["error"]["code"]


async def test_from_a_refusal_to_a_signed_file(room: Visit) -> None:
    report = await room.get("/audit/withheld", CBP)
    [form] = re.findall(
        r'<form class="actions" method="get" action="/audit/requests/new">.*?</form>', report.text, re.S
    )[:1]
    names = re.findall(r'name="coordinate" value="([^"]+)"', form)
    assert names
    page = await room.get(f"/audit/requests/new?coordinate={'&coordinate='.join(names)}&role=cbp-primary", CBP)
    assert page.status == 200
    found = await sent(room)

    answered = await step(
        room, found, USCIS, "answer", stance="yes-if", text="For open inspections of the same person."
    )
    assert answered.json["stance"] == "yes-if"
    assert (await step(room, found, CBP, "say", text="Agreed.")).status == 200
    text = await drafted(room, found)

    shown = (await room.get(f"/audit/requests/{found}.json", CBP)).json
    assert shown["digest"] == digest_of(text)
    released = [each for each in shown["found"]["changes"] if each["kind"] == "released"]
    assert [each["coordinates"] for each in released] == [["Petition.status", "Petition.validTo"]]
    assert released[0]["witness"]["before"]["reason"] == "NO_AGREEMENT"
    assert released[0]["witness"]["after"]["outcome"] == "ALLOW"
    unsigned = await room.get(f"/audit/requests/{found}.toml", CBP)
    assert unsigned.text.startswith("# NOT SIGNED BY BOTH")

    form = {"digest": shown["digest"]}
    assert code(await room.post(f"/audit/requests/{found}/sign.json", form, CBP)) == (403, "SHARING_NOT_YOURS")
    first = await room.post(f"/audit/requests/{found}/sign.json", form, USCIS)
    assert first.json["state"] == "signed-by-provider"
    second = await room.post(f"/audit/requests/{found}/sign.json", form, CBP)
    assert second.json["state"] == "signed-by-recipient"
    assert second.json["may"] == []
    assert [(each["side"], each["user"]) for each in second.json["signatures"]] == [
        ("provider", "share-uscis-1"), ("recipient", "share-cbp-1"),
    ]  # fmt: skip
    assert {each["standing"] for each in second.json["history"]} == {"as written"}

    file = await room.get(f"/audit/requests/{found}.toml", USCIS)
    assert file.headers["content-disposition"] == f'attachment; filename="uscis-cbp-{found.lower()}.toml"'
    opened_house = room.face.opened
    pages = dict(load_bundle(opened_house.settings.schema).pages)
    pages[f"agreements/uscis-cbp-{found.lower()}.toml"] = file.text
    policy = compile_policy(read_bundle(pages), opened_house.graph.supergraph)  # and it is a file to commit
    assert f"USCIS-CBP-{found}" in {each.id for each in policy.agreements}


async def test_every_step_and_every_look_is_on_record(room: Visit) -> None:
    found = await sent(room)
    await step(room, found, USCIS, "say", text="We will look at it.")
    where = room.face.opened.settings.var / "record" / "record.sqlite3"
    notes = [each.record["note"] for each in search(where, Search(kind="sharing"), limit=3)[0]]
    assert [(each["request"], each["step"]) for each in notes] == [(found, "say"), (found, "submit"), (found, "open")]
    for path, look in (
        (f"/audit/requests/{found}", "a sharing request"), ("/audit/requests", "sharing requests"),
        ("/audit/requests/new", "a new sharing request"), (f"/audit/requests/{found}/draft", "a sharing request's draft"),
        (f"/audit/requests/{found}/amend", "a sharing request"),
    ):  # fmt: skip
        before = len(room.looks())
        assert (await room.get(path, CBP)).status == 200
        assert len(room.looks()) == before + 1
        assert room.looks()[0].record["note"]["page"] == look


async def test_who_is_not_party_to_a_request_does_not_learn_that_it_exists(room: Visit) -> None:
    found = await sent(room)
    nowhere = await room.get("/audit/requests/SR-00000000.json", ERO)
    for persona in (ERO, "sharing-officer-ca", PRIMARY, "cbp-secondary-nyc"):
        for page in (
            await room.get(f"/audit/requests/{found}.json", persona),
            await step(room, found, persona, "say", text="hello"),
        ):
            assert code(page) == (404, "SHARING_UNKNOWN")
            assert page.text == nowhere.text
        assert found not in (await room.get("/audit/requests.json", persona)).text
    assert found in (await room.get("/audit/requests.json", AUDITOR)).text


async def test_the_owner_does_not_see_what_was_not_sent(room: Visit) -> None:
    found = await opened(room)
    assert code(await room.get(f"/audit/requests/{found}.json", USCIS)) == (404, "SHARING_UNKNOWN")
    assert (await step(room, found, CBP, "submit")).json["state"] == "discussion"
    assert (await room.get(f"/audit/requests/{found}.json", USCIS)).status == 200


async def test_oversight_reads_and_takes_no_step(room: Visit) -> None:
    found = await sent(room)
    page = await room.get(f"/audit/requests/{found}.json", AUDITOR)
    assert (page.status, page.json["may"]) == (200, [])
    for kind in ("say", "answer", "reject", "withdraw", "submit"):
        assert code(await step(room, found, AUDITOR, kind, text="x", stance="yes")) == (403, "SHARING_NOT_YOURS")
    assert code(await room.post("/audit/requests.json", FORM, AUDITOR)) == (403, "SHARING_NOT_YOURS")
    assert code(await room.get("/audit/requests/new.json", AUDITOR)) == (403, "SHARING_NOT_YOURS")


async def test_an_officer_at_a_counter_asks_at_the_desk_and_the_sharing_officer_sends_it(room: Visit) -> None:
    page = await room.get("/audit/requests/new?coordinate=Petition.status", PRIMARY)
    assert page.status == 200
    assert 'value="Petition.status" checked' in page.text
    found = await opened(room, PRIMARY, roles="cbp-secondary", purposes="border-inspection-secondary", send="yes")
    shown = await room.get(f"/audit/requests/{found}.json", PRIMARY)
    assert (shown.json["roles"], shown.json["purposes"]) == (
        ["cbp-primary"],
        ["border-inspection-primary"],
    )  # one's own
    assert shown.json["state"] == "draft"  # whatever the form said: the agency's word is its sharing officer's
    assert shown.json["may"] == ["withdraw", "amend"]
    assert code(await room.get(f"/audit/requests/{found}.json", "cbp-secondary-nyc")) == (404, "SHARING_UNKNOWN")
    assert code(await room.get("/audit/requests/x/draft.json", PRIMARY)) == (403, "ROOM_CLOSED")
    assert (await step(room, found, CBP, "submit")).json["state"] == "discussion"
    assert (await room.get(f"/audit/requests/{found}.json", PRIMARY)).json["may"] == []


async def test_the_desk_tells_nothing_of_fields_that_a_role_may_not_know_of(room: Visit) -> None:
    for name in ("AsylumCase.status", "Traveler.protectedFlags", "Nothing.atAll", "Inspection.outcome", "x", "a.b(c:)"):
        page = await room.post("/audit/requests.json", {**FORM, "coordinates": name}, PRIMARY)
        assert code(page) == (400, "SHARING_FIELD_UNKNOWN")
        told = page.json["error"]["message"].replace(repr(name), "it")
        assert told == "it is no field that your agency could be given."
    page = await room.get("/audit/requests/new.json?coordinate=AsylumCase.status&coordinate=Nothing.atAll", PRIMARY)
    assert page.json["unknown"] == ["AsylumCase.status", "Nothing.atAll"]


async def test_a_link_is_asked_for_by_what_it_leads_to(room: Visit) -> None:
    page = await room.get("/audit/requests/new.json?coordinate=Traveler.petitions&role=cbp-primary", CBP)
    [found] = page.json["fields"]
    assert found["asked"] == "Traveler.petitions"
    assert "Petition.status" in found["means"]
    refused = await room.post("/audit/requests.json", {**FORM, "coordinates": "Traveler.petitions"}, CBP)
    assert code(refused) == (400, "SHARING_FIELD_UNKNOWN")


async def test_fields_of_two_owners_are_two_requests(room: Visit) -> None:
    fields = ["Petition.status", "Refusal.ground"]
    page = await room.post("/audit/requests.json", {**FORM, "coordinates": fields}, CBP)
    assert page.status == 201
    owners = {(await room.get(f"/audit/requests/{found}.json", CBP)).json["provider"] for found in page.json["opened"]}
    assert owners == {"USCIS", "STATE_CA"}


async def test_a_form_that_lacks_something_comes_back_as_it_was(room: Visit) -> None:
    page = await room.post("/audit/requests", {**FORM, "justification": "please", "more": "Petition.formType"}, CBP)
    assert page.status == 400
    assert "SHARING_INCOMPLETE" in page.text
    assert ">please</textarea>" in page.text
    assert 'value="Petition.formType" checked' in page.text
    odd = await room.post("/audit/requests.json", {**FORM, "purposes": "border-inspection-secondary"}, CBP)
    assert code(odd) == (400, "SHARING_INCOMPLETE")
    none = await room.post("/audit/requests.json", {**FORM, "coordinates": ""}, CBP)
    assert code(none) == (400, "SHARING_INCOMPLETE")


async def test_what_is_asked_for_can_be_changed_until_it_is_drafted(room: Visit) -> None:
    found = await sent(room)
    page = await room.get(f"/audit/requests/{found}/amend", CBP)
    assert 'value="Petition.validTo" checked' in page.text
    changed = await room.post(f"/audit/requests/{found}/amend.json", {**FORM, "coordinates": "Petition.status"}, CBP)
    assert changed.json["coordinates"] == ["Petition.status"]
    other = await room.post(f"/audit/requests/{found}/amend.json", {**FORM, "coordinates": "Refusal.ground"}, CBP)
    assert code(other) == (400, "SHARING_INCOMPLETE")
    assert code(await room.get(f"/audit/requests/{found}/amend.json", USCIS)) == (403, "SHARING_NOT_YOURS")
    await drafted(room, found)
    assert code(await room.get(f"/audit/requests/{found}/amend.json", CBP)) == (409, "SHARING_STATE")


async def test_a_draft_is_tried_without_being_entered_and_one_with_mistakes_never_is(room: Visit) -> None:
    found = await sent(room)
    text = (await room.get(f"/audit/requests/{found}/draft.json", USCIS)).json["toml"]
    tried = await room.post(f"/audit/requests/{found}/draft.json", {"toml": text, "do": "try"}, AUDITOR)
    assert (tried.status, tried.json["state"], tried.json["may_draft"]) == (200, "discussion", False)
    assert tried.json["found"]["changes"]
    for bad, expected in (
        (text.replace("USCIS", "STATE_CA"), "SHARING_WRONG_PARTIES"),
        (text.replace("Petition.status", "Petition.rfeReasons"), "POLICY_OWNER_ONLY"),
        ("[[grant", "POLICY_TOML"),
    ):
        page = await room.post(f"/audit/requests/{found}/draft.json", {"toml": bad, "do": "enter"}, USCIS)
        assert page.status == 400
        assert expected in [each["code"] for each in page.json["found"]["mistakes"]]
    assert (await room.get(f"/audit/requests/{found}.json", CBP)).json["state"] == "discussion"
    entered = await room.post(f"/audit/requests/{found}/draft.json", {"toml": text, "do": "enter"}, AUDITOR)
    assert code(entered) == (403, "SHARING_NOT_YOURS")


async def test_nobody_signs_what_they_did_not_read_nor_overtakes_a_step(room: Visit) -> None:
    found = await sent(room)
    text = await drafted(room, found)
    other = text.replace("Petition.validTo", "Petition.validFrom")
    assert (await room.post(f"/audit/requests/{found}/draft.json", {"toml": other, "do": "enter"}, CBP)).status == 200
    page = await room.post(f"/audit/requests/{found}/sign.json", {"digest": digest_of(text)}, USCIS)
    assert code(page) == (409, "SHARING_MOVED")
    assert code(await step(room, found, USCIS, "reject", text="No.", number="1")) == (409, "SHARING_MOVED")
    for kind in ("sign", "draft", "amend"):
        assert code(await step(room, found, USCIS, kind)) == (400, "SHARING_INCOMPLETE")


async def test_another_sites_page_takes_no_step(room: Visit) -> None:
    found = await sent(room)
    form = {"step": "withdraw", "text": "x"}
    page = await room.post(f"/audit/requests/{found}.json", form, CBP, sec_fetch_site="cross-site")
    assert code(page) == (403, "CROSS_SITE")


async def test_words_are_shown_as_words(room: Visit) -> None:
    found = await opened(
        room, title="<script>alert(1)</script>", justification='"><img src=x onerror=alert(1)> and so on'
    )
    page = await room.get(f"/audit/requests/{found}", CBP)
    assert "<script>alert" not in page.text
    assert "<img" not in page.text


async def test_an_owner_sees_the_asking_agencys_officers_by_their_office_alone(room: Visit) -> None:
    found = await opened(room, PRIMARY)
    await step(room, found, CBP, "submit")
    theirs = (await room.get(f"/audit/requests/{found}.json", USCIS)).json
    assert theirs["opened_by"] == {"agency": "CBP", "role": "cbp-primary", "user": ""}
    assert "cbp-nyc-1" not in str(theirs)
    assert theirs["history"][1]["who"]["user"] == "share-cbp-1"  # who speaks for the agency does so by name


async def test_the_sign_in_page_leads_on_to_what_was_asked_for(room: Visit) -> None:
    path = "/audit/requests/new?coordinate=Petition.status&agency=CBP&role=cbp-primary"
    page = await room.get(path, None)
    assert page.status == 401
    assert f'name="next" value="{path.replace("&", "&amp;")}"' in page.text
    assert "At the desk" in page.text
    assert re.search(r'<option value="cbp-primary-(nyc|atl)" selected>', page.text)
    entered = await room.post("/audit/sign-in", {"persona": PRIMARY, "next": path}, None)
    assert (entered.status, entered.headers["location"]) == (303, path)
    away = await room.post("/audit/sign-in", {"persona": PRIMARY, "next": "https://x.example/audit/"}, None)
    assert away.headers["location"] == "/audit"


async def test_the_overview_says_what_waits_for_the_visitor(room: Visit) -> None:
    found = await sent(room)
    theirs = (await room.get("/audit.json", USCIS)).json["requests"]
    assert {"id": found, "title": FORM["title"], "what": "to be answered"} in theirs["yours"]
    assert f"/audit/requests/{found}" in (await room.get("/audit", USCIS)).text
    assert (await room.get("/audit.json", ERO)).json["requests"] == {"open": 0, "yours": []}
    assert (await room.get("/audit.json", AUDITOR)).json["requests"]["yours"] == []
