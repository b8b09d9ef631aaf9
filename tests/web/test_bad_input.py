"""Bad input, one test each: the code, the status, the place and what to do about it. The list is docs/errors.md's."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from gateway.identity import SigningKey
from tests.web.client import JSON, MODERN, Answered, Face

pytestmark = pytest.mark.asyncio(loop_scope="module")

ASKED = orjson.dumps({"query": "{ __typename }"})


def is_refused(answered: Answered, status: int, code: str, hint: str = "") -> None:
    """The answer is this refusal: coded, with a remedy, without data, and nothing of the inside in it."""
    assert (answered.status, answered.error["code"]) == (status, code)
    assert hint in answered.error["hint"]
    assert answered.error["hint"]
    assert answered.error["message"]
    assert "data" not in answered.page
    for word in ("Traceback", 'File "', "graphql-core", "/gateway/", "site-packages"):
        assert word not in str(answered.page)


async def _with(face: Face, token: str | None) -> Answered:
    return await face.send(token=token, body=ASKED, content_type=JSON, accept=MODERN)


# ---- who asks ----------------------------------------------------------------------------------------------------------


async def test_no_token(face: Face) -> None:
    answered = await _with(face, None)

    is_refused(answered, 401, "TOKEN_MISSING", "gateway token --persona")
    assert answered.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("header", ["Basic dXNlcjpwYXNz", "Bearer", "Bearer a b", "token"])
async def test_another_scheme_than_bearer(face: Face, header: str) -> None:
    answered = await face.send(token=None, body=ASKED, content_type=JSON, authorization=header)

    is_refused(answered, 401, "TOKEN_MALFORMED", "Bearer <token>")
    assert answered.headers["www-authenticate"] == 'Bearer error="invalid_token"'


@pytest.mark.parametrize("token", ["nonsense", "a.b", "a.b.c", "x" * 70_000])
async def test_a_token_that_is_none(face: Face, token: str) -> None:
    is_refused(await _with(face, token), 401, "TOKEN_MALFORMED")


async def test_an_expired_token(face: Face) -> None:
    token = face.token(now=datetime.now(UTC) - timedelta(days=1))

    is_refused(await _with(face, token), 401, "TOKEN_EXPIRED", "fresh token")


async def test_a_token_that_is_not_valid_yet(face: Face) -> None:
    token = face.token(now=datetime.now(UTC) + timedelta(hours=1))

    is_refused(await _with(face, token), 401, "TOKEN_NOT_YET_VALID", "clock")


async def test_a_token_for_somebody_else(face: Face) -> None:
    is_refused(await _with(face, face.token(audience="payroll")), 401, "TOKEN_WRONG_AUDIENCE", "for this gateway")


async def test_a_token_of_an_unknown_key(face: Face) -> None:
    is_refused(await _with(face, face.token(key=SigningKey.generate())), 401, "TOKEN_UNKNOWN_KEY")


async def test_a_token_with_another_signature(face: Face) -> None:
    head, _, rest = face.token().partition(".")
    payload, _, _ = rest.partition(".")
    _, _, other = face.token(user="somebody").rpartition(".")

    is_refused(await _with(face, f"{head}.{payload}.{other}"), 401, "TOKEN_BAD_SIGNATURE")


@pytest.mark.parametrize("algorithm", ["none", "None", "HS256", "EdDSA"])
async def test_a_token_without_the_one_algorithm(face: Face, algorithm: str) -> None:
    head, payload, signature = face.token().split(".")
    header = orjson.loads(_decoded(head)) | {"alg": algorithm}
    forged = f"{_encoded(orjson.dumps(header))}.{payload}.{'' if algorithm.lower() == 'none' else signature}"

    is_refused(await _with(face, forged), 401, "TOKEN_WRONG_ALGORITHM")


async def test_an_unknown_purpose(face: Face) -> None:
    is_refused(await _with(face, face.token(purpose="curiosity")), 401, "UNKNOWN_PURPOSE", "issuer")


async def test_an_unknown_agency(face: Face) -> None:
    is_refused(await _with(face, face.token(agency="KGB")), 401, "UNKNOWN_AGENCY", "issuer")


async def test_a_role_of_another_agency(face: Face) -> None:
    answered = await _with(face, face.token(role="consular-officer", purpose="visa-adjudication"))

    is_refused(answered, 401, "ROLE_OF_ANOTHER_AGENCY", "issuer")


async def test_a_purpose_of_another_role(face: Face) -> None:
    is_refused(await _with(face, face.token(purpose="visa-adjudication")), 401, "PURPOSE_OF_ANOTHER_ROLE", "issuer")


async def test_headers_that_name_an_agency_count_for_nothing(face: Face) -> None:
    asked = orjson.dumps(
        {"query": '{ petition(receiptNumber: "IOE0926024001") { status } }'},
    )
    plain = await face.send(body=asked, content_type=JSON)
    dressed = await face.send(
        body=asked, content_type=JSON, x_agency="USCIS", x_role="uscis-adjudicator", x_purpose="petition-adjudication",
        x_forwarded_user="iso-csc-1", gateway_assertion=face.token("uscis-adjudicator"),
    )  # fmt: skip

    assert dressed.data == plain.data == {"petition": None}
    assert dressed.page["extensions"]["sharing"] == plain.page["extensions"]["sharing"]
    assert plain.page["extensions"]["sharing"][0]["reason"] == "NO_AGREEMENT"


# ---- what the request holds ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "BODY_EMPTY"),
        (b" \r\n\t", "BODY_EMPTY"),
        (b"\xef\xbb\xbf", "BODY_EMPTY"),
        (b'\xef\xbb\xbf\xef\xbb\xbf{"query": "{ __typename }"}', "BODY_NOT_JSON"),
        (b"\xff\xfe{\x00}\x00", "BODY_NOT_JSON"),
        (b"{", "BODY_NOT_JSON"),
        (b'{"query": "\xff"}', "BODY_NOT_JSON"),
        (b"query { __typename }", "BODY_NOT_JSON"),
        (b'"{ __typename }"', "BODY_NOT_AN_OBJECT"),
        (b"null", "BODY_NOT_AN_OBJECT"),
        (b'[{"query": "{ __typename }"}]', "BATCHING_REFUSED"),
        (b"[]", "BATCHING_REFUSED"),
        (b"{}", "QUERY_MISSING"),
        (b'{"query": null}', "QUERY_MISSING"),
        (b'{"query": 7}', "QUERY_MISSING"),
        (b'{"query": " \\n "}', "QUERY_MISSING"),
        (b'{"query": "{ __typename }", "variables": [1]}', "NOT_AN_OBJECT"),
        (b'{"query": "{ __typename }", "variables": "{}"}', "NOT_AN_OBJECT"),
        (b'{"query": "{ __typename }", "extensions": 1}', "NOT_AN_OBJECT"),
        (b'{"query": "{ __typename }", "operationName": 1}', "NOT_A_STRING"),
    ],
)
async def test_a_body_that_is_no_request(face: Face, body: bytes, code: str) -> None:
    is_refused(await face.send(body=body, content_type=JSON), 400, code)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({}, "QUERY_MISSING"),
        ({"query": ""}, "QUERY_MISSING"),
        ({"query": "{ __typename }", "variables": "{"}, "BODY_NOT_JSON"),
        ({"query": "{ __typename }", "variables": "[]"}, "NOT_AN_OBJECT"),
        ({"query": "{ __typename }", "extensions": "1"}, "NOT_AN_OBJECT"),
    ],
)
async def test_a_get_that_is_no_request(face: Face, query: dict[str, str], code: str) -> None:
    is_refused(await face.get("/graphql", "", **query), 400, code)


async def test_a_body_of_two_megabytes(face: Face) -> None:
    large = orjson.dumps({"query": "{ __typename }", "variables": {"x": "y" * 2_000_000}})
    stated = await face.send(body=large, content_type=JSON, content_length=str(len(large)))
    unstated = await face.send(body=large, content_type=JSON)

    is_refused(stated, 413, "BODY_TOO_LARGE", "variables")
    is_refused(unstated, 413, "BODY_TOO_LARGE")


# ---- what the document holds ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["{", "query {", "{ traveler(id: ) { id } }", "select * from visas", "{ a } }", "\u0000"]
)
async def test_a_syntax_error(face: Face, text: str) -> None:
    answered = await face.ask(text)

    is_refused(answered, 400, "SYNTAX_ERROR", "spec.graphql.org")
    assert answered.page["errors"][0]["locations"][0]["line"] == 1


async def test_an_unknown_field_is_told_without_a_guess(face: Face) -> None:
    answered = await face.ask('{ traveler(id: "x") { idd petitionz { nodes { statuss } } } }')

    is_refused(answered, 400, "UNKNOWN_FIELD")
    assert "did you mean" not in str(answered.page).lower()
    assert answered.error["where"] == "Traveler.idd"


@pytest.mark.parametrize("field", ["_entities(representations: []) { __typename }", "_service { sdl }"])
async def test_the_machinery_of_federation_is_no_field_of_the_gateway(face: Face, field: str) -> None:
    is_refused(await face.ask(f"{{ {field} }}"), 400, "UNKNOWN_FIELD")


async def test_a_variable_of_the_wrong_type(face: Face) -> None:
    answered = await face.ask("query ($id: ID!) { traveler(id: $id) { id } }", variables={"id": {"not": "an id"}})

    is_refused(answered, 400, "WRONG_VARIABLE", "declared type")
    assert answered.error["where"] == "$id"


async def test_a_missing_variable(face: Face) -> None:
    answered = await face.ask("query ($id: ID!) { traveler(id: $id) { id } }")

    is_refused(answered, 400, "WRONG_VARIABLE", "declared type")
    assert answered.error["where"] == "$id"


async def test_a_query_of_more_than_a_hundred_kilobytes(face: Face) -> None:
    is_refused(await face.ask("{ __typename } #" + "x" * 100_000), 400, "QUERY_TOO_LARGE", "smaller document")


@pytest.mark.parametrize("depth", [61, 6_000])
async def test_deep_nesting(face: Face, depth: int) -> None:
    is_refused(await face.ask("{ traveler " * depth + "}" * depth), 400, "QUERY_TOO_DEEP")


async def test_a_fragment_cycle(face: Face) -> None:
    answered = await face.ask(
        '{ traveler(id: "x") { ...A } } fragment A on Traveler { ...B } fragment B on Traveler { ...A }'
    )

    is_refused(answered, 400, "VALIDATION_FAILED")
    assert "A" in answered.error["message"]


async def test_an_alias_flood(face: Face) -> None:
    flood = " ".join(f"a{number}: id" for number in range(301))

    is_refused(await face.ask(f'{{ traveler(id: "x") {{ {flood} }} }}'), 400, "TOO_MANY_ALIASES")


async def test_an_unknown_operation_name(face: Face) -> None:
    answered = await face.ask("query A { __typename }", operationName="B")

    is_refused(answered, 400, "OPERATION_NOT_FOUND")
    assert answered.error["where"] == "operationName"


async def test_a_document_of_fragments_only(face: Face) -> None:
    answered = await face.ask("fragment A on Traveler { id }")

    assert answered.status == 400
    assert answered.error["hint"]


async def test_a_subscription(face: Face) -> None:
    answered = await face.ask("subscription { visaRevoked { foilNumber } }")

    assert answered.status == 400
    assert answered.error["code"] == "SUBSCRIPTION_NOT_STREAMED"
    assert answered.error["hint"]


def _decoded(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _encoded(raw: Any) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


async def test_a_byte_order_mark_before_the_body_is_passed_over(face: Face) -> None:
    answered = await face.send(body=b'\xef\xbb\xbf{"query": "{ __typename }"}', content_type=JSON, accept=MODERN)

    assert (answered.status, answered.data) == (200, {"__typename": "Query"})
