"""Health, keys, explain, and the development issuer over HTTP."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from gateway.audit.keys import load_signing_key
from gateway.audit.log import AuditLog
from gateway.identity import PublicKeys
from tests.web.client import JSON, Answered, Face

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_process_lives(face: Face) -> None:
    answered = await face.get("/health/live", None)

    assert (answered.status, answered.page) == (200, {"status": "live"})


async def test_ready_tells_what_answers_rest_on(face: Face) -> None:
    answered = await face.get("/health/ready", None)

    assert answered.status == 200
    assert answered.page["epoch"] == face.opened.graph.policy.epoch
    assert answered.page["supergraph"] == face.opened.graph.hash
    assert len(answered.page["subgraphs"]) == 7
    assert answered.page["record"] == "writable"


async def test_not_ready_and_no_data_once_the_log_is_closed(face: Face, tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "record.sqlite3", load_signing_key(tmp_path / "keys"))
    log.close()
    other = face.instead(log=log, house=replace(face.opened.house, record=log))

    ready = await other.get("/health/ready", None)
    asked = await other.ask("{ __typename }")

    assert (ready.status, ready.page["status"], ready.page["record"]) == (503, "not ready", "unavailable")
    assert asked.status == 503
    assert "data" not in asked.page
    assert asked.error["code"] == "AUDIT_UNAVAILABLE"


async def test_the_gateways_public_keys_hold_no_private_part(face: Face) -> None:
    answered = await face.get("/.well-known/jwks.json", None)

    assert PublicKeys.from_jwks(answered.page).keys
    assert all("d" not in key for key in answered.page["keys"])


# ---- explain -------------------------------------------------------------------------------------------------------------


async def _explained(face: Face, persona: str, coordinate: str) -> Answered:
    return await face.get("/explain", face.token(persona), coordinate=coordinate)


async def test_explain_names_the_article_and_what_is_still_open(face: Face) -> None:
    answered = await _explained(face, "cbp-primary-atl", "Visa.status")

    assert answered.status == 200
    assert answered.page["epoch"] == face.opened.graph.policy.epoch
    assert (answered.page["owner"], answered.page["settled"]) == ("STATE_CA", False)
    assert "subject.id" in answered.page["needs"]
    assert [each["id"] for each in answered.page["candidates"] if each["kind"] == "grant"] == ["CA-CBP-VISA@3"]
    assert "Visa.status (STATE_CA)" in answered.page["text"]


async def test_explain_tells_what_no_agreement_gives(face: Face) -> None:
    page = (await _explained(face, "cbp-primary-atl", "Petition.status")).page

    assert (page["outcome"], page["reason"], page["candidates"]) == ("DENY", "NO_AGREEMENT", [])
    assert page["howToRequest"]


async def test_explain_knows_of_no_record(face: Face) -> None:
    """The same text whichever case the token names: nothing in it comes from a case, a person or a record."""
    tokens = [face.token("ero-officer", case=case) for case in ("ERC-00250001", "ERC-00100001", "ERC-99999999")]
    pages = [(await face.get("/explain", token, coordinate="Petition.status")).page for token in tokens]

    assert pages[0] == pages[1] == pages[2]


async def test_explain_of_what_is_nowhere(face: Face) -> None:
    assert (await _explained(face, "auditor", "Visa.nothing")).page["reason"] == "NO_SUCH_FIELD"


@pytest.mark.parametrize("coordinate", ["", "Visa", "Visa.", ".status", "Visa.status.code", "Visa.status(x)"])
async def test_explain_of_a_malformed_coordinate(face: Face, coordinate: str) -> None:
    answered = await _explained(face, "auditor", coordinate)

    assert (answered.status, answered.error["code"]) == (400, "COORDINATE_MALFORMED")
    assert "Visa.status" in answered.error["hint"]


async def test_explain_needs_a_token(face: Face) -> None:
    answered = await face.get("/explain", None, coordinate="Visa.status")

    assert (answered.status, answered.error["code"]) == (401, "TOKEN_MISSING")


# ---- the development issuer ----------------------------------------------------------------------------------------------


async def _token(face: Face, wanted: object) -> Answered:
    return await face.send("POST", "/dev/token", token=None, body=orjson.dumps(wanted), content_type=JSON)


async def test_personas_with_the_purposes_they_may_name(face: Face) -> None:
    answered = await face.get("/dev/personas", None)
    found = {each["name"]: each for each in answered.page["personas"]}

    assert set(found) == set(face.opened.personas)
    assert found["ero-officer"]["purpose"] in found["ero-officer"]["purposes"]
    assert "enforcement-lead" in found["ero-officer"]["purposes"]


async def test_a_token_for_a_persona_opens_the_graph(face: Face) -> None:
    token = (await _token(face, {"persona": "ero-officer", "purpose": "enforcement-lead", "case": "ERC-00070001"})).page
    answered = await face.send(token=token["token"], body=b'{"query":"{ __typename }"}', content_type=JSON)

    assert answered.data == {"__typename": "Query"}


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"persona": "nobody"}, "UNKNOWN_PERSONA"),
        ({"persona": ["x"]}, "UNKNOWN_PERSONA"),
        ({}, "BODY_NOT_JSON"),
        ([], "BODY_NOT_JSON"),
        ("x", "BODY_NOT_JSON"),
    ],
)
async def test_a_token_for_nobody(face: Face, wanted: object, code: str) -> None:
    answered = await _token(face, wanted)

    assert (answered.status, answered.error["code"]) == (400, code)
    assert answered.error["hint"]


async def test_outside_development_there_are_no_personas_and_no_tokens(face: Face) -> None:
    production = replace(face.opened.settings, mode="production")
    for other in (face.instead(settings=production), face.instead(issuer=None)):
        for answered in (await other.get("/dev/personas", None), await _token(other, {"persona": "auditor"})):
            assert (answered.status, answered.error["code"]) == (403, "DEVELOPMENT_ONLY")
            assert "issuer" in answered.error["hint"]
            assert "auditor" not in str(answered.page)


async def test_explain_says_what_is_to_be_acknowledged_first_and_then_no_more(face: Face) -> None:
    """The form of a pending benefit under 8 U.S.C. 1229(e): the terms come with the refusal, not with the grant."""
    unmet = await _explained(face, "ero-officer", "BenefitRequest.status")
    met = await face.get(
        "/explain", face.token("ero-officer"), coordinate="BenefitRequest.status", acknowledged="USCIS-ERO-STATUS"
    )

    assert unmet.page["reason"] == "OBLIGATION_UNMET"
    assert [(each["agreement"], each["kind"]) for each in unmet.page["acknowledge"]] == [
        ("USCIS-ERO-STATUS", "certification")
    ]
    assert "1229(e)" in unmet.page["acknowledge"][0]["text"]
    assert met.page["reason"] != "OBLIGATION_UNMET"
    assert "acknowledge" not in met.page
