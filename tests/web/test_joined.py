"""Joined requests in the house: one caller's equal requests are asked once, two callers' never; each is on record."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.config import Settings
from gateway.execution.transport import SubgraphRequest, SubgraphResponse
from gateway.limits import LimitsPage
from gateway.opening import OpenHouse, open_unrestricted
from gateway.sending import sending
from gateway.telemetry import Telemetry
from gateway.web.app import create_app
from tests.support import ask_app
from tests.web.client import JSON, Face

QUERY = 'query { visa(foilNumber: "S3300001") { status issuedOn } }'


class Gate:
    """A transport that lets answers go once it is told to, and keeps what was asked."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.sent: list[SubgraphRequest] = []
        self.open = asyncio.Event()
        self.arrived = asyncio.Event()

    async def send(self, request: SubgraphRequest) -> SubgraphResponse:
        self.sent.append(request)
        self.arrived.set()
        await self.open.wait()
        answered: SubgraphResponse = await self.inner.send(request)
        return answered


def joining(face: Face) -> tuple[Face, Gate]:
    """The same house, which joins what may be joined."""
    gate = Gate(face.opened.transport)
    settings = replace(face.opened.settings, joined="answers")
    telemetry = Telemetry()
    transport = sending(gate, settings, LimitsPage(), telemetry, open_to_all=False)
    house = replace(face.opened.house, transport=transport, joining=True)
    return face.instead(house=house, settings=settings, telemetry=telemetry), gate


async def at_once(gate: Gate, *asked: Any) -> list[Any]:
    """The answers to requests that are all under way before the first is answered."""
    tasks = [asyncio.ensure_future(each) for each in asked]
    await gate.arrived.wait()
    for _ in range(50):
        await asyncio.sleep(0)
    gate.open.set()
    return list(await asyncio.gather(*tasks))


async def once(face: Face, gate: Gate, token: str, body: bytes) -> tuple[Any, int]:
    """The answer to one request by itself, and how many requests to subgraphs it took; the gate is shut again."""
    gate.open.set()
    answered = await face.send(token=token, body=body, content_type=JSON)
    asked = len(gate.sent)
    gate.sent.clear()
    gate.open.clear()
    gate.arrived.clear()
    return answered, asked


@pytest.mark.asyncio(loop_scope="module")
async def test_one_caller_s_equal_requests_are_one_and_each_is_on_record(face: Face) -> None:
    """The same token, the same question, three times at once."""
    other, gate = joining(face)
    token = face.token("cbp-secondary-nyc")
    body = orjson.dumps({"query": QUERY})
    alone, asked = await once(other, gate, token, body)
    answers = await at_once(gate, *(other.send(token=token, body=body, content_type=JSON) for _ in range(3)))
    assert len(gate.sent) == asked
    assert [each.page["data"] for each in answers] == [alone.page["data"]] * 3
    assert len({each.page["extensions"]["record"] for each in answers}) == 3


@pytest.mark.asyncio(loop_scope="module")
async def test_two_callers_never_share(face: Face) -> None:
    """Of one class, in one case, with one question: another user is another caller."""
    other, gate = joining(face)
    body = orjson.dumps({"query": QUERY})
    tokens = [
        face.token("cbp-secondary-nyc"),
        face.token("cbp-secondary-nyc", user="somebody-else"),
        face.token("cbp-secondary-nyc", user="a-third"),
    ]
    _, asked = await once(other, gate, tokens[0], body)
    await at_once(gate, *(other.send(token=token, body=body, content_type=JSON) for token in tokens))
    assert len(gate.sent) == asked * 3


# -- where nothing is governed

SHOP = """
schema @link(url: "https://specs.apollo.dev/link/v1.0") @link(url: "https://specs.apollo.dev/join/v0.3", for: EXECUTION) { query: Query }
directive @join__graph(name: String!, url: String!) on ENUM_VALUE
directive @join__type(graph: join__Graph!, key: join__FieldSet) repeatable on OBJECT | SCALAR
directive @link(url: String, as: String, for: link__Purpose, import: [link__Import]) repeatable on SCHEMA
enum join__Graph { SHOP @join__graph(name: "shop", url: "http://shop.example/") }
scalar join__FieldSet
enum link__Purpose { SECURITY EXECUTION }
scalar link__Import
type Query @join__type(graph: SHOP) { price(of: String): Int }
"""


class Shop:
    """Answers the price of what is asked for."""

    async def send(self, request: SubgraphRequest) -> SubgraphResponse:
        price = len(orjson.loads(request.body)["variables"]["of"])
        return SubgraphResponse(200, orjson.dumps({"data": {"price": price}}))


@pytest.mark.parametrize(("joined", "fetches"), [("off", 4), ("fetches", 2), ("answers", 2)])
async def test_whole_answers_are_shared_where_nothing_is_governed(joined: Any, fetches: int) -> None:
    """Equal questions at once; other variables are another question."""
    gate = Gate(Shop())
    opened: OpenHouse = open_unrestricted(SHOP, Settings(log="off", joined=joined, var=Path("unused")), gate)
    app = create_app(opened)

    async def ask(of: str) -> Any:
        body = orjson.dumps({"query": "query($of: String) { price(of: $of) }", "variables": {"of": of}})
        return await ask_app(app, "POST", "/graphql", headers={"content-type": JSON}, body=body)

    told = await at_once(gate, ask("pen"), ask("pen"), ask("pen"), ask("paper"))
    assert [orjson.loads(each[2])["data"]["price"] for each in told] == [3, 3, 3, 5]
    assert len({each[1]["x-request-id"] for each in told}) == 4
    assert len(gate.sent) == fetches
    counted = opened.telemetry.metrics.text().decode()
    shared = {"off": [], "fetches": ["shop"], "answers": ["answer"]}[joined]
    assert [name for name in ("shop", "answer") if f'event="joined",of="{name}"' in counted] == shared
