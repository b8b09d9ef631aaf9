"""A12, A13, A14, A23, A24, A27: there is one door, and what is no door is refused by name."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from gateway.errors import OperationError, RequestError
from gateway.execution.transport import SubgraphRequest
from gateway.identity import SigningKey, sign_assertion
from gateway.identity.assertions import HEADER
from tests.live.sockets import connected
from tests.scenarios.asking import Asker, World
from tests.support import ask_app
from tests.web.client import JSON, Face

pytestmark = pytest.mark.asyncio(loop_scope="session")

STORY = "TRV-01KST0RY0000000000000000"
TRAVELER = "query($t: ID!) { traveler(id: $t) { id names { family } } }"


@pytest.fixture
def face(world: World) -> Face:
    """The HTTP face of the open house."""
    return Face(world.opened)


# ---- A12 ------------------------------------------------------------------------------------------------------------------

MACHINERY = (
    "{ _service { sdl } }",
    '{ _entities(representations: [{__typename: "Traveler", id: "x"}]) { __typename } }',
    "query($r: [_Any!]!) { __typename @include(if: true) x: traveler(id: $r) { id } }",
    "{ traveler(id: 1) { ... on _Entity { __typename } } }",
)


@pytest.mark.parametrize("text", MACHINERY)
async def test_a12_the_machinery_of_federation_is_nobodys_at_the_gateway(ask: Asker, world: World, text: str) -> None:
    """`_entities`, `_service`, `_Any` and `_Entity` are unknown words, and no subgraph hears of it."""
    with pytest.raises(OperationError) as refused:
        await ask("cbp-primary-nyc", text)
    assert refused.value.code in ("UNKNOWN_FIELD", "UNKNOWN_TYPE")
    assert world.traffic.requests == []


async def test_a12_every_subgraph_refuses_a_direct_caller(world: World) -> None:
    """Without an assertion, with a forged one, with a caller's own token: not even whether the query parses is told."""
    forged = sign_assertion(
        SigningKey.generate(), audience="travelers", caller=Face(world.opened).caller(), epoch="x", grants={}, body=b"",
        at=datetime.now(UTC),
    )  # fmt: skip
    for app in world.opened.subgraph_apps.values():
        for body in (b'{"query":"{ _service { sdl } }"}', b'{"query":"{ __schema { types { name } } }"}', b"garbage"):
            for headers in ({}, {HEADER: forged}, {HEADER: Face(world.opened).token()}):
                status, _, raw = await ask_app(app, "POST", "/graphql", headers=headers, body=body)
                assert status == 401
                assert b"ASSERTION_" in raw
                assert b'"data"' not in raw


# ---- A13, A27 -------------------------------------------------------------------------------------------------------------


async def test_a13_a_subscription_is_no_question_that_is_answered_once(ask: Asker, face: Face, world: World) -> None:
    """By an ordinary request it is refused by name, and as a stream only to whom a token stands for."""
    with pytest.raises(RequestError) as refused:
        await ask("consular-officer-cai", "subscription { recommendationSent { reviewId } }")
    assert refused.value.code == "SUBSCRIPTION_NOT_STREAMED"
    body = orjson.dumps({"query": "subscription { recommendationSent { reviewId } }"})
    streamed = await face.send(body=body, content_type=JSON, accept="text/event-stream", token=None)
    assert (streamed.status, streamed.error["code"]) == (401, "TOKEN_MISSING")
    assert world.traffic.requests == []


@pytest.mark.parametrize(
    ("protocol", "path"),
    [("graphql-ws", "/graphql"), ("", "/graphql"), ("graphql-transport-ws", "/subscriptions"), ("", "/")],
)
async def test_a13_another_protocol_or_place_is_closed_and_nothing_is_read(
    face: Face, protocol: str, path: str
) -> None:
    """``graphql-transport-ws`` at /graphql is the only one spoken; what it closes for is in tests/live/test_socket.py."""
    sent: list[dict[str, Any]] = []
    coming = iter([{"type": "websocket.connect"}])

    async def receive() -> dict[str, Any]:
        return next(coming)  # a second read would be of a message that was sent over it

    async def send(message: Any) -> None:
        sent.append(dict(message))

    scope = {
        "type": "websocket", "path": path, "raw_path": path.encode(), "query_string": b"", "headers": [],
        "subprotocols": [protocol] if protocol else [], "scheme": "ws", "client": ("1.2.3.4", 5), "server": ("x", 80),
        "root_path": "", "http_version": "1.1", "state": {},
    }  # fmt: skip
    await face.app(scope, receive, send)
    assert sent[-1]["type"] == "websocket.close"
    assert not any(message["type"] == "websocket.send" for message in sent)


@pytest.mark.parametrize(
    ("directive", "code"),
    [
        ("@defer", "DEFER_NOT_SERVED"),
        ('@defer(label: "x")', "DEFER_NOT_SERVED"),
        ("@stream", "DEFER_NOT_SERVED"),
        ("@live", "UNKNOWN_DIRECTIVE"),
    ],
)
async def test_a27_incremental_delivery_is_refused_by_name(ask: Asker, world: World, directive: str, code: str) -> None:
    """No answer leaves in parts, so none can leave before its record: nothing is asked of any subgraph."""
    text = f'{{ traveler(id: "{STORY}06") {{ id ... {directive} {{ names {{ family }} }} }} }}'
    with pytest.raises(OperationError) as refused:
        await ask("cbp-primary-nyc", text)
    assert (refused.value.code, refused.value.status) == (code, 400)
    assert world.traffic.requests == []


async def test_a27_multipart_is_refused_by_name(face: Face, world: World) -> None:
    """An upload, and a multipart answer."""
    upload = await face.send(body=b"--x--", content_type="multipart/form-data; boundary=x")
    assert (upload.status, upload.error["code"]) == (415, "UNSUPPORTED_CONTENT_TYPE")
    body = orjson.dumps({"query": "{ __typename }"})
    parts = await face.send(body=body, content_type=JSON, accept="multipart/mixed")
    assert (parts.status, parts.error["code"]) == (406, "NOT_ACCEPTABLE")
    assert world.traffic.requests == []


async def test_a27_a_hash_opens_nothing_that_the_text_does_not(face: Face, world: World) -> None:
    """Alone it is no question, beside another text it is refused, and beside its own it changes nothing."""
    bare = await face.send(body=orjson.dumps({"extensions": _persisted("0" * 64)}), content_type=JSON)
    assert (bare.error["code"], "data" in bare.page) == ("PERSISTED_QUERY_NOT_SUPPORTED", False)
    variables = {"t": STORY + "06"}
    other = await face.ask(TRAVELER, variables=variables, extensions=_persisted("0" * 64))
    assert (other.status, other.error["code"]) == (400, "DOCUMENT_MISMATCH")
    assert world.traffic.requests == []
    plain = await face.ask(TRAVELER, variables=variables)
    own = hashlib.sha256(TRAVELER.encode()).hexdigest()
    hashed = await face.ask(TRAVELER, variables=variables, extensions=_persisted(own))
    assert plain.data == hashed.data
    assert plain.page["extensions"]["sharing"] == hashed.page["extensions"]["sharing"]
    assert world.traffic.requests


def _persisted(digest: str) -> dict[str, object]:
    return {"persistedQuery": {"version": 1, "sha256Hash": digest}}


async def test_a27_a_get_takes_the_same_line(face: Face) -> None:
    """By GET the same denials stand in the same ledger."""
    query = f'{{ traveler(id: "{STORY}06") {{ id petitions {{ totalCount }} }} }}'
    got, posted = await face.get(query=query), await face.ask(query)
    assert got.data == posted.data
    assert got.page["extensions"]["sharing"] == posted.page["extensions"]["sharing"] != []


async def test_a27_every_transport_tells_the_same_and_no_more(face: Face, world: World) -> None:
    """What is withheld by POST is withheld as an event, as a part, and over a socket: with the same ledger, each on record."""
    query = f'{{ traveler(id: "{STORY}06") {{ id names {{ family }} petitions {{ totalCount nodes {{ status }} }} }} }}'
    body, told = orjson.dumps({"query": query}), list[Any]()
    for accept in (JSON, "text/event-stream", "multipart/mixed;subscriptionSpec=1.0, application/json"):
        headers = {"authorization": f"Bearer {face.token()}", "content-type": JSON, "accept": accept}
        status, _, answered = await ask_app(face.app, "POST", "/graphql", headers=headers, body=body)
        assert status == 200
        told.append(orjson.loads(answered.partition(b"data: ")[2].partition(b"\n")[0] or answered))
    async with connected(face) as socket:
        await socket.greet(face.token())
        socket.send(type="subscribe", id="1", payload={"query": query})
        told.append((await socket.next())["payload"])
    first = told[0]
    assert "petitions" in str(first["extensions"]["sharing"])
    assert [each["data"] for each in told] == [first["data"]] * 4
    assert [each["extensions"]["sharing"] for each in told] == [first["extensions"]["sharing"]] * 4
    assert len({each["extensions"]["record"] for each in told}) == 4
    assert not any(b"petitions" in each.body for each in world.traffic.requests)


# ---- A14 ------------------------------------------------------------------------------------------------------------------

CHANGE = 'mutation { revokeVisa(input: {foilNumber: "S2900002", kind: PRUDENTIAL, ground: "x"}) { foilNumber } }'


async def test_a14_no_mutation_by_get(face: Face, world: World) -> None:
    """Not as the only operation, and not chosen by name out of two."""
    for query, name in ((CHANGE, ""), (f"query Q {{ __typename }} {CHANGE.replace('mutation', 'mutation M', 1)}", "M")):
        named = {"operationName": name} if name else {}
        answered = await face.get("/graphql", face.token("consular-officer-nwd"), query=query, **named)
        assert (answered.status, answered.error["code"]) == (405, "MUTATION_BY_GET")
    assert world.traffic.requests == []


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "application/graphql"]
)
async def test_a14_what_another_sites_form_can_send_is_refused(face: Face, world: World, kind: str) -> None:
    """A POST that a browser sends without a preflight is no request, whatever its body holds."""
    body = orjson.dumps({"query": TRAVELER, "variables": {"t": STORY + "06"}})
    answered = await face.send(body=body, **({"content_type": kind} if kind else {}))
    assert (answered.status, answered.error["code"]) == (415, "UNSUPPORTED_CONTENT_TYPE")
    assert world.traffic.requests == []


async def test_a14_no_other_origin_is_let_in(face: Face) -> None:
    """A preflight gets no permission."""
    answered = await face.send(
        "OPTIONS", token=None, origin="https://evil.example", access_control_request_method="POST"
    )
    assert (answered.status, answered.error["code"]) == (403, "ORIGIN_NOT_ALLOWED")
    assert not [name for name in answered.headers if name.startswith("access-control-")]


# ---- A23 ------------------------------------------------------------------------------------------------------------------


def encoded(value: Any) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(value)).rstrip(b"=").decode()


async def test_a23_every_forged_token_is_refused(face: Face, world: World) -> None:
    """No algorithm, another algorithm, another key, audience, time or purpose: 401, and nobody is asked."""
    good = face.token()
    header, claims, signature = good.split(".")
    now = datetime.now(UTC)
    forged = {
        "no algorithm": f"{encoded({'alg': 'none', 'typ': 'caller+jwt'})}.{claims}.",
        "another algorithm": f"{encoded({'alg': 'HS256', 'typ': 'caller+jwt', 'kid': 'x'})}.{claims}.{signature}",
        "another signature": f"{header}.{claims}.{'A' * len(signature)}",
        "another key": face.token(key=SigningKey.generate()),
        "another audience": face.token(audience="elsewhere"),
        "over": face.token(now=now - timedelta(hours=2)),
        "not yet": face.token(now=now + timedelta(hours=2)),
        "an unknown purpose": face.token(purpose="curiosity"),
        "a purpose of another role": face.token(purpose="visa-adjudication"),
        "a role of another agency": face.token(role="ero-officer", purpose="enforcement-case"),
        "an unknown agency": face.token(agency="KGB"),
    }
    body = orjson.dumps({"query": TRAVELER, "variables": {"t": STORY + "06"}})
    for what, token in forged.items():
        answered = await face.send(token=token, body=body, content_type=JSON)
        assert answered.status == 401, what
        assert "data" not in answered.page, what
    assert world.traffic.requests == []


async def test_a23_headers_and_variables_name_nobody(face: Face, world: World) -> None:
    """Who asks comes from the token: no header, extension or member of the body adds to it or reaches a subgraph."""
    claimed = {
        "x_agency": "USCIS", "x_role": "uscis-protection-officer", "x_purpose": "protection-adjudication",
        "x_user": "root", "x_forwarded_user": "root", "gateway_assertion": "forged", "x_case": "IOE0925010001",
    }  # fmt: skip
    body = {
        "query": "query($t: ID!) { traveler(id: $t) { id petitions { totalCount } } }",
        "variables": {"t": STORY + "06"},
    }
    plain = await face.send(body=orjson.dumps(body), content_type=JSON)
    more = {**body, "caller": {"agency": "USCIS"}, "extensions": {"caller": {"agency": "USCIS"}, "case": "X"}}
    told = await face.send(body=orjson.dumps(more), content_type=JSON, **claimed)
    assert told.data == plain.data
    assert told.page["extensions"]["sharing"] == plain.page["extensions"]["sharing"]
    for request in world.traffic.requests:
        assert set(request.headers) == {HEADER}
        assert request.headers[HEADER] != "forged"


# ---- A24 ------------------------------------------------------------------------------------------------------------------


async def captured(ask: Asker, world: World) -> SubgraphRequest:
    """A request that the gateway sent to the travelers' subgraph, with its assertion."""
    await ask("cbp-primary-nyc", TRAVELER, t=STORY + "06")
    return next(each for each in world.traffic.requests if each.subgraph == "travelers" and b"names" in each.body)


async def replay(world: World, request: SubgraphRequest, subgraph: str, body: bytes) -> tuple[int, bytes]:
    status, _, raw = await ask_app(
        world.opened.subgraph_apps[subgraph], "POST", "/graphql", headers=dict(request.headers), body=body
    )
    return status, raw


async def test_a24_a_captured_assertion_opens_nothing_else(ask: Asker, world: World) -> None:
    """For another body, for another subgraph, for one byte more: refused, and no data."""
    request = await captured(ask, world)
    wider = request.body.replace(b"names { family }", b"names { family given }").replace(STORY.encode(), b"TRV-X")
    for subgraph, body, code in (
        ("travelers", request.body + b" ", b"ASSERTION_WRONG_BODY"),
        ("travelers", wider + b"\n", b"ASSERTION_WRONG_BODY"),
        ("visas", request.body, b"ASSERTION_WRONG_AUDIENCE"),
        ("petitions", request.body, b"ASSERTION_WRONG_AUDIENCE"),
    ):
        status, raw = await replay(world, request, subgraph, body)
        assert status == 401
        assert code in raw
        assert b'"data"' not in raw


async def test_a24_after_a_minute_it_opens_nothing(ask: Asker, world: World) -> None:
    """The same body at the same subgraph, once the minute and the clocks' tolerance are over."""
    request = await captured(ask, world)
    trust = world.opened.subgraph_apps["travelers"].state.subgraph.trust
    clock = trust.clock
    try:
        trust.clock = lambda: clock() + timedelta(seconds=66)
        status, raw = await replay(world, request, "travelers", request.body)
    finally:
        trust.clock = clock
    assert (status, b"ASSERTION_EXPIRED" in raw) == (401, True)
