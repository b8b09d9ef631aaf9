"""GraphQL over HTTP: methods, media types, status codes, parameters. Source: graphql.github.io/graphql-over-http."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest

from gateway.errors import RecordUnavailable
from tests.web.client import JSON, MODERN, Face

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUERY = "query Who($id: ID!) { traveler(id: $id) { id } }"
TRAVELER = "TRV-01KST0RY000000000000000006"
BODY = orjson.dumps({"query": QUERY, "variables": {"id": TRAVELER}})
MUTATION = 'mutation { revokeVisa(input: {foilNumber: "S0500001", kind: PRUDENTIAL, ground: "x"}) { status } }'


async def test_a_post_is_answered_with_data_a_ledger_and_the_place_of_its_record(face: Face) -> None:
    answered = await face.send(body=BODY, content_type=JSON, accept=MODERN)

    assert answered.status == 200
    assert answered.data == {"traveler": {"id": TRAVELER}}
    assert answered.page["extensions"]["sharing"] == []
    assert answered.page["extensions"]["record"] == answered.headers["x-request-id"]
    assert answered.headers["cache-control"] == "no-store"


async def test_a_get_is_answered_like_a_post(face: Face) -> None:
    answered = await face.get("/graphql", "", query=QUERY, variables=orjson.dumps({"id": TRAVELER}).decode())

    assert answered.status == 200
    assert answered.data == {"traveler": {"id": TRAVELER}}


async def test_the_operation_is_chosen_by_name(face: Face) -> None:
    two = "query A { a: __typename } query B { b: __typename }"

    assert (await face.ask(two, operationName="B")).data == {"b": "Query"}
    assert (await face.get("/graphql", "", query=two, operationName="A")).data == {"a": "Query"}


async def test_extensions_and_unknown_members_are_taken_and_empty_values_count_as_left_out(face: Face) -> None:
    answered = await face.ask("{ __typename }", extensions={"x": 1}, variables=None, operationName=None, other=[1])

    assert answered.data == {"__typename": "Query"}
    assert (await face.ask("{ __typename }", operationName="", variables={})).status == 200


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (MODERN, MODERN),
        (JSON, JSON),
        (f"{MODERN}, {JSON};q=0.9", MODERN),
        (f"{JSON}, {MODERN};q=0.5", JSON),
        (f"{MODERN};q=0, {JSON}", JSON),
        ("*/*", JSON),
        ("application/*;q=0.8", JSON),
        ("text/html, */*;q=0.1", JSON),
        (f"{JSON}; charset=utf-8", JSON),
        ("APPLICATION/JSON", JSON),
        ("application/json;q=much", JSON),
        ("", JSON),
    ],
)
async def test_the_media_type_is_the_one_the_client_prefers(face: Face, accept: str, kind: str) -> None:
    answered = await face.send(body=BODY, content_type=JSON, accept=accept)

    assert answered.status == 200
    assert answered.headers["content-type"] == f"{kind}; charset=utf-8"


async def test_without_an_accept_header_the_answer_is_plain_json(face: Face) -> None:
    answered = await face.send(body=BODY, content_type=JSON)

    assert answered.headers["content-type"] == f"{JSON}; charset=utf-8"


@pytest.mark.parametrize("accept", ["text/html", f"{JSON};q=0", "image/*, text/plain", f"{MODERN};q=0.0"])
async def test_a_client_that_takes_no_json_is_refused(face: Face, accept: str) -> None:
    answered = await face.send(body=BODY, content_type=JSON, accept=accept)

    assert (answered.status, answered.error["code"], answered.error["where"]) == (406, "NOT_ACCEPTABLE", "accept")
    assert MODERN in answered.error["hint"]


@pytest.mark.parametrize(
    "kind",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/graphql",
        f"{JSON}; charset=latin-1",
    ],
)
async def test_a_body_that_is_not_declared_as_json_is_refused(face: Face, kind: str) -> None:
    answered = await face.send(body=BODY, content_type=kind)

    assert (answered.status, answered.error["code"]) == (415, "UNSUPPORTED_CONTENT_TYPE")
    assert answered.error["hint"] == 'Send "content-type: application/json".'


@pytest.mark.parametrize("kind", [JSON, f"{JSON}; charset=utf-8", 'Application/JSON;charset="UTF-8"'])
async def test_json_in_utf_8_is_taken_however_it_is_written(face: Face, kind: str) -> None:
    assert (await face.send(body=BODY, content_type=kind)).status == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
async def test_other_methods_are_refused(face: Face, method: str) -> None:
    answered = await face.send(method, body=BODY, content_type=JSON)

    assert answered.status == 405
    assert answered.headers["allow"] == "GET, POST"
    assert answered.error["code"] == "METHOD_NOT_ALLOWED"


async def test_a_mutation_by_get_is_refused_and_sends_nothing(face: Face) -> None:
    answered = await face.get("/graphql", face.token("consular-officer-cai"), query=MUTATION)

    assert (answered.status, answered.error["code"], answered.error["hint"]) == (405, "MUTATION_BY_GET", "Use POST.")
    assert answered.headers["allow"] == "POST"


async def test_of_a_document_with_both_the_query_may_come_by_get(face: Face) -> None:
    both = f"query Q {{ __typename }} {MUTATION.replace('mutation', 'mutation M', 1)}"

    assert (await face.get("/graphql", "", query=both, operationName="Q")).data == {"__typename": "Query"}
    assert (await face.get("/graphql", "", query=both, operationName="M")).status == 405


@pytest.mark.parametrize("directive", ["defer", "stream"])
async def test_a_document_that_asks_for_its_answer_in_parts_is_refused_by_name(face: Face, directive: str) -> None:
    body = orjson.dumps({"query": f"{{ ... @{directive} {{ __typename }} }}"})
    answered = await face.send(body=body, content_type=JSON, accept=f"multipart/mixed, {MODERN}")

    assert (answered.status, answered.error["code"]) == (400, "DEFER_NOT_SERVED")
    assert answered.error["where"] == f"@{directive}"
    assert "request of its own" in answered.error["hint"]


async def test_a_mistake_in_the_document_is_400_and_for_clients_of_plain_json_200(face: Face) -> None:
    """Section 6.4: under application/json every well-formed request is answered with 200."""
    wrong = orjson.dumps({"query": "{ nothing }"})
    modern = await face.send(body=wrong, content_type=JSON, accept=MODERN)
    plain = await face.send(body=wrong, content_type=JSON, accept=JSON)

    assert (modern.status, plain.status) == (400, 200)
    assert modern.page == plain.page
    assert "data" not in plain.page


async def test_plain_json_does_not_hide_that_nobody_is_known(face: Face) -> None:
    assert (await face.send(token=None, body=BODY, content_type=JSON, accept=JSON)).status == 401


async def test_every_mistake_of_a_document_is_told(face: Face) -> None:
    answered = await face.ask("{ nothing nobody }")

    assert [each["extensions"]["where"] for each in answered.page["errors"]] == ["Query.nothing", "Query.nobody"]
    assert [each["locations"] for each in answered.page["errors"]] == [
        [{"line": 1, "column": 3}],
        [{"line": 1, "column": 11}],
    ]


async def test_what_nobody_foresaw_tells_nothing_of_itself(face: Face) -> None:
    async def broken(*_: Any) -> Any:
        raise RuntimeError("secret of the house")

    class Broken:
        append = broken

    other = face.instead(house=replace(face.opened.house, record=Broken()))

    answered = await other.send(body=BODY, content_type=JSON)  # nothing is raised for the server to quote

    assert (answered.status, answered.error["code"]) == (500, "INTERNAL")
    assert "secret" not in str(answered.page)
    assert "Traceback" not in str(answered.page)


async def test_without_a_record_there_is_no_data(face: Face) -> None:
    class Full:
        async def append(self, record: object) -> None:
            raise RecordUnavailable("RECORD_UNAVAILABLE", "The record cannot be written.")

    answered = await face.instead(house=replace(face.opened.house, record=Full())).send(body=BODY, content_type=JSON)

    assert (answered.status, answered.error["code"]) == (503, "RECORD_UNAVAILABLE")
    assert "data" not in answered.page


async def test_a_client_that_leaves_while_it_sends_is_let_go(face: Face) -> None:
    sent: list[dict[str, Any]] = []
    await _run(face, BODY[:20], sent, more=True)

    assert [each["type"] for each in sent][:1] == ["http.response.start"]
    assert sent[0]["status"] == 499


async def test_a_body_without_a_stated_length_is_cut_off_at_the_limit(face: Face) -> None:
    sent: list[dict[str, Any]] = []
    chunks = 0

    async def receive() -> dict[str, Any]:
        nonlocal chunks
        chunks += 1
        return {"type": "http.request", "body": b"x" * 100_000, "more_body": True}

    await face.app(_scope(face), receive, _keep(sent))

    assert sent[0]["status"] == 413
    assert chunks == 11  # and not one more was read


async def test_other_paths_and_methods_are_told_like_everything_else(face: Face) -> None:
    missing = await face.get("/graphiql")
    posted = await face.send("POST", "/health/live", body=b"{}")

    assert (missing.status, missing.error["code"], missing.error["where"]) == (404, "NO_SUCH_PATH", "/graphiql")
    assert (posted.status, posted.error["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert "GET" in posted.headers["allow"]


def _scope(face: Face) -> dict[str, Any]:
    headers = {"content-type": JSON, "authorization": f"Bearer {face.token()}"}
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/graphql",
        "raw_path": b"/graphql",
        "query_string": b"",
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }


def _keep(sent: list[dict[str, Any]]) -> Any:
    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    return send


async def _run(face: Face, body: bytes, sent: list[dict[str, Any]], *, more: bool = False) -> None:
    pending = [{"type": "http.request", "body": body, "more_body": more}]

    async def receive() -> dict[str, Any]:
        return pending.pop(0) if pending else {"type": "http.disconnect"}

    await face.app(_scope(face), receive, _keep(sent))
