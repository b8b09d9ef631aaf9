"""The door: crowd, rate, deadline, clients that leave, other sites' pages, compression, ETags and security headers."""

from __future__ import annotations

import asyncio
import gzip
from dataclasses import replace
from typing import Any

import brotli
import orjson
import pytest
import zstandard

from gateway.execution.transport import SubgraphRequest, SubgraphResponse
from gateway.limits import LimitsPage
from tests.support import ask_app
from tests.web.client import JSON, Face

pytestmark = pytest.mark.asyncio(loop_scope="module")

BODY = orjson.dumps({"query": "{ __typename }"})
INTROSPECTION = orjson.dumps({"query": "{ __schema { types { name description fields { name } } } }"})
BOMB = b'{"query": "{ __typename }", "x": "' + b" " * 30_000_000 + b'"}'
PERSONA = "cbp-secondary-nyc"
VISIT = orjson.dumps({"query": '{ traveler(id: "TRV-01KST0RY000000000000000029") { id } }'})


class Slow:
    """Subgraphs that never answer; ``dropped`` counts the requests that were cancelled."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.dropped = 0

    async def send(self, request: SubgraphRequest) -> SubgraphResponse:
        self.asked.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.dropped += 1
            raise
        raise AssertionError("nothing wakes it")


def slow_face(face: Face, **door: Any) -> tuple[Face, Slow]:
    slow = Slow()
    house = replace(face.opened.house, transport=slow)
    return face.instead(house=house, limits=LimitsPage.read({"gateway": door})), slow


async def test_who_finds_no_place_is_sent_away_and_health_still_answers(face: Face) -> None:
    other, slow = slow_face(face, concurrent=1, waiting=0)
    first = asyncio.ensure_future(other.send(token=face.token(PERSONA), body=VISIT, content_type=JSON))
    await slow.asked.wait()

    refused = await other.send(body=BODY, content_type=JSON)
    healthy, _, _ = await ask_app(other.app, "GET", "/health/live")

    assert (refused.status, refused.error["code"], refused.headers["retry-after"]) == (503, "GATEWAY_OVERLOADED", "5")
    assert healthy == 200
    first.cancel()
    await asyncio.wait([first])
    assert other.opened.crowd.inside == 0


async def test_a_user_who_asks_too_often_is_told_when_to_come_back(face: Face) -> None:
    other = face.instead(limits=LimitsPage.read({"callers": {"rate": 0.001, "burst": 1}}))

    assert (await other.send(body=BODY, content_type=JSON)).status == 200
    refused = await other.send(body=BODY, content_type=JSON)
    assert (refused.status, refused.error["code"]) == (429, "RATE_EXCEEDED")
    assert 900 < int(refused.headers["retry-after"]) <= 1000  # a slow machine has waited for some of it already
    assert (await other.send(token=face.token(PERSONA), body=BODY, content_type=JSON)).status == 200


async def test_a_request_ends_at_its_deadline_and_drops_what_it_asked_of_subgraphs(face: Face) -> None:
    other, slow = slow_face(face, deadline=0.2)

    answered = await other.send(token=face.token(PERSONA), body=VISIT, content_type=JSON)

    assert (answered.status, answered.error["code"]) == (504, "DEADLINE_PASSED")
    assert slow.dropped > 0
    assert other.opened.crowd.inside == 0


async def test_a_client_that_leaves_takes_its_requests_to_subgraphs_along(face: Face) -> None:
    other, slow = slow_face(face)
    sent: list[Any] = []
    pending = [{"type": "http.request", "body": VISIT, "more_body": False}]
    headers = {"content-type": JSON, "authorization": f"Bearer {face.token(PERSONA)}"}
    scope = {
        "type": "http", "method": "POST", "path": "/graphql", "raw_path": b"/graphql", "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()], "scheme": "http",
        "http_version": "1.1", "root_path": "", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
    }  # fmt: skip

    async def receive() -> Any:
        if pending:
            return pending.pop()
        await slow.asked.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    await other.app(scope, receive, send)

    assert sent == []
    assert slow.dropped > 0
    assert other.opened.crowd.inside == 0


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"origin": "https://gateway.example", "host": "gateway.example"}, 200),
        ({"origin": "https://evil.example", "host": "gateway.example"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-origin"}, 200),
        ({"origin": "https://portal.example", "sec-fetch-site": "cross-site"}, 200),
    ],
)
async def test_pages_of_other_sites_are_refused_unless_they_are_named(
    face: Face, headers: dict[str, str], status: int
) -> None:
    allowed = replace(face.opened.settings, cors_origins=frozenset({"https://portal.example"}))
    asked = {"authorization": f"Bearer {face.token()}", "content-type": JSON, **headers}
    status_told, told, body = await ask_app(
        face.instead(settings=allowed).app, "POST", "/graphql", headers=asked, body=BODY
    )

    assert status_told == status
    if status == 403:
        assert orjson.loads(body)["errors"][0]["extensions"]["code"] == "ORIGIN_NOT_ALLOWED"
    named = headers.get("origin") == "https://portal.example"
    assert (told.get("access-control-allow-origin") == "https://portal.example") is named


async def test_a_preflight_is_answered_for_named_origins_only(face: Face) -> None:
    allowed = replace(face.opened.settings, cors_origins=frozenset({"https://portal.example"}))
    other = face.instead(settings=allowed)
    good = await other.send(
        "OPTIONS", token=None, origin="https://portal.example", access_control_request_method="POST"
    )
    bad = await other.send("OPTIONS", token=None, origin="https://evil.example", access_control_request_method="POST")

    assert (good.status, good.headers["access-control-allow-methods"]) == (204, "GET, POST")
    assert "authorization" in good.headers["access-control-allow-headers"]
    assert (bad.status, bad.error["code"]) == (403, "ORIGIN_NOT_ALLOWED")
    assert "access-control-allow-origin" not in bad.headers


PACKED = {"gzip": gzip.compress, "br": brotli.compress, "zstd": zstandard.compress}
UNPACKED = {"gzip": gzip.decompress, "br": brotli.decompress, "zstd": zstandard.decompress}


@pytest.mark.parametrize("coding", list(PACKED))
async def test_packed_bodies_are_read_and_bombs_are_not(face: Face, coding: str) -> None:
    async def send(body: bytes) -> Any:
        return await face.send(body=body, content_type=JSON, content_encoding=coding)

    whole = PACKED[coding](BODY)
    assert (await send(whole)).data == {"__typename": "Query"}
    bomb = await send(PACKED[coding](BOMB))
    assert (bomb.status, bomb.error["code"]) == (413, "BODY_TOO_LARGE")
    for wrong in (whole[:-6], BODY):
        refused = await send(wrong)
        assert (refused.status, refused.error["code"]) == (400, "BODY_NOT_PACKED")


async def test_another_coding_is_refused_by_name(face: Face) -> None:
    refused = await face.send(body=BODY, content_type=JSON, content_encoding="compress")

    assert (refused.status, refused.error["code"]) == (415, "UNSUPPORTED_ENCODING")


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip", "gzip"), ("br", "br"), ("zstd, br, gzip", "zstd"), ("gzip;q=1, br;q=0.5", "gzip"), ("*", "zstd"),
        ("identity", None), ("gzip;q=0", None), ("", None),
    ],
)  # fmt: skip
async def test_answers_are_packed_as_the_client_prefers(face: Face, accepted: str, coding: str | None) -> None:
    headers = {"authorization": f"Bearer {face.token()}", "content-type": JSON, "accept-encoding": accepted}
    status, told, body = await ask_app(face.app, "POST", "/graphql", headers=headers, body=INTROSPECTION)

    assert status == 200
    assert told.get("content-encoding") == coding
    assert told["content-length"] == str(len(body))
    assert "accept-encoding" in told["vary"]
    page = orjson.loads(UNPACKED[coding](body) if coding else body)
    assert page["data"]["__schema"]["types"]


async def test_public_documents_have_tags_and_are_not_sent_twice(face: Face) -> None:
    status, told, body = await ask_app(face.app, "GET", "/.well-known/jwks.json")
    again, headers, nothing = await ask_app(
        face.app, "GET", "/.well-known/jwks.json", headers={"if-none-match": told["etag"]}
    )

    assert (status, again, nothing) == (200, 304, b"")
    assert body
    assert headers["etag"] == told["etag"]
    assert "content-length" not in headers


@pytest.mark.parametrize(
    "path", ["/.well-known/jwks.json", "/health/live", "/graphql", "/nowhere", "/explorer", "/metrics"]
)
async def test_every_answer_has_its_security_headers(face: Face, path: str) -> None:
    _, told, _ = await ask_app(face.app, "GET", path)

    assert told["x-content-type-options"] == "nosniff"
    assert told["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in told["content-security-policy"]
    assert "frame-ancestors 'none'" in told["content-security-policy"]
