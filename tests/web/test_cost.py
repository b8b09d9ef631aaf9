"""What a request costs, over HTTP: told to whom it may be, counted for all, and refused before a subgraph hears of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson
import pytest

from gateway.composition import SubgraphSDL, compose
from gateway.config import Settings
from gateway.cost import Budgets
from gateway.execution.transport import SubgraphRequest, SubgraphResponse
from gateway.limits import LimitsPage
from gateway.opening import OpenHouse, open_unrestricted
from gateway.web.app import create_app
from tests.support import ask_app
from tests.web.client import JSON, Face

pytestmark = pytest.mark.asyncio(loop_scope="module")

TRAVELER = "TRV-01KST0RY000000000000000029"
VISAS = "query($id: ID!, $n: Int) { traveler(id: $id) { visas(first: $n) { nodes { foilNumber holder { id } } } } }"
ROLE = "cbp-secondary"
WHO = "cbp-secondary-nyc"


class Heard:
    """A transport that counts who was asked."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.asked: list[str] = []

    async def send(self, request: SubgraphRequest) -> SubgraphResponse:
        self.asked.append(request.subgraph)
        response: SubgraphResponse = await self.inner.send(request)
        return response


def limited(face: Face, told: str = "", **tables: Any) -> tuple[Face, Heard]:
    """The face under a page of limits, and what its subgraphs hear."""
    heard = Heard(face.opened.house.transport)
    limits = LimitsPage.read(tables)
    budgets = Budgets(limits, frozenset(filter(None, [told])))
    return face.instead(house=replace(face.opened.house, transport=heard, budgets=budgets), limits=limits), heard


async def test_a_permitted_caller_is_told_and_no_other(face: Face) -> None:
    """Estimated by the page that is asked for, and what it came to."""
    role = face.caller(WHO).role
    other, _ = limited(face, role, callers={"cost": 500})
    told = await other.ask(VISAS, WHO, variables={"id": TRAVELER, "n": 30})
    cost = told.page["extensions"]["cost"]
    nodes = told.data["traveler"]["visas"]["nodes"]
    assert (cost["estimated"], cost["limit"]) == (1 + 1 + 30 * 2, 500)
    assert cost["actual"] == 2 + len(nodes) + sum(each["holder"] is not None for each in nodes)
    assert set(cost["subgraphs"]) == {"travelers", "visas"}
    untold = await other.ask(VISAS, "cbp-primary-nyc", variables={"id": TRAVELER, "n": 30})
    assert "cost" not in untold.page["extensions"]


async def test_it_is_counted_whoever_asks(face: Face) -> None:
    """In the metrics and the request's line."""
    other, _ = limited(face)
    before = _count(other, 'gateway_cost_count{when="estimated"}'), _count(other, 'gateway_cost_count{when="actual"}')
    await other.ask(VISAS, WHO, variables={"id": TRAVELER, "n": 3})
    after = _count(other, 'gateway_cost_count{when="estimated"}'), _count(other, 'gateway_cost_count{when="actual"}')
    assert after == (before[0] + 1, before[1] + 1)


def _count(face: Face, name: str) -> float:
    lines = face.opened.telemetry.metrics.text().decode().splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))


async def test_what_may_cost_too_much_is_refused_before_it_costs(face: Face) -> None:
    """By the caller's role: what one role may ask is too much for another."""
    role = face.caller(WHO).role
    other, heard = limited(face, callers={"cost": 50, role: {"cost": 500}})
    variables = {"id": TRAVELER, "n": 100}
    refused = await other.ask(VISAS, "cbp-primary-nyc", variables=variables)
    assert (refused.status, refused.error["code"]) == (400, "COST_EXCEEDED")
    assert refused.error["message"] == "The operation may cost 202, which exceeds the limit of 50."
    assert heard.asked == []
    let = await other.ask(VISAS, WHO, variables=variables)
    assert "errors" not in let.page


async def test_a_stream_of_dear_events_is_not_opened(face: Face) -> None:
    """What one event may cost is held against the same budget."""
    other, heard = limited(face, callers={"cost": 1})
    body = orjson.dumps({"query": "subscription { visaRevoked { foilNumber holder { id } } }"})
    refused = await other.send(token=face.token(WHO), body=body, content_type=JSON, accept="text/event-stream, */*")
    assert (refused.status, refused.error["code"]) == (400, "COST_EXCEEDED")
    assert heard.asked == []


async def test_each_subgraph_has_a_budget_of_its_own(face: Face) -> None:
    """The named one's is smaller than the others'."""
    other, heard = limited(face, subgraphs={"cost": 5000, "visas": {"cost": 40}})
    refused = await other.ask(VISAS, WHO, variables={"id": TRAVELER, "n": 100})
    assert (refused.status, refused.error["code"], refused.error["where"]) == (400, "SUBGRAPH_COST_EXCEEDED", "visas")
    assert heard.asked == []
    assert "errors" not in (await other.ask(VISAS, WHO, variables={"id": TRAVELER, "n": 5})).page


async def test_a18_a_refusal_for_cost_follows_from_the_question_alone(face: Face) -> None:
    """A protected person, one who is not, and nobody: the same refusal, though less may be asked about the first."""
    text = "query($id: ID!) { traveler(id: $id) { petitions(first: 90) { nodes { receiptNumber } } } }"
    other, heard = limited(face, callers={"cost": 50}, subgraphs={"cost": 20})
    told = [await other.ask(text, WHO, variables={"id": each}) for each in _travelers(face)]
    assert {each.status for each in told} == {400}
    assert len({orjson.dumps(each.page) for each in told}) == 1
    roomy, _ = limited(face, callers={"cost": 500}, subgraphs={"cost": 20})
    told = [await roomy.ask(text, WHO, variables={"id": each}) for each in _travelers(face)]
    assert {each.error["code"] for each in told} == {"SUBGRAPH_COST_EXCEEDED"}
    assert len({orjson.dumps(each.page) for each in told}) == 1
    assert heard.asked == []


def _travelers(face: Face) -> list[str]:
    return [f"TRV-01KST0RY0000000000000000{number:02}" for number in (6, 7, 29)] + ["TRV-0000000000000000000000000"]


SHOP = """extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@listSize"])
type Query { books(first: Int): [Book] @listSize(slicingArguments: ["first"]) }
type Book { id: ID! price: Float author: Author }
type Author { name: String }"""


class Books:
    """A subgraph of ten books; only every second has an author."""

    async def send(self, request: SubgraphRequest) -> SubgraphResponse:
        variables: Mapping[str, Any] = json.loads(request.body)["variables"]
        books = [
            {"id": str(number), "price": 1.0, "author": {"name": "A"} if number % 2 else None}
            for number in range(min(10, variables["n"]))
        ]
        return SubgraphResponse(200, json.dumps({"data": {"books": books}}).encode())


async def test_a_graph_that_governs_nothing_tells_too(tmp_path: Any) -> None:
    """Both executors, with the bytes of the answer untouched; and a budget for everybody."""
    text = compose([SubgraphSDL("shop", "http://shop", SHOP)]).supergraph_sdl
    page = tmp_path / "limits.toml"
    page.write_text("[callers]\ncost = 100\n")
    plain = open_unrestricted(text, Settings(limits=page, log="off"), Books())
    telling = open_unrestricted(text, Settings(limits=page, log="off", cost_told=frozenset({"all"})), Books())
    query = "query($n: Int!) { books(first: $n) { id price author { name } } }"
    bare, told = [await _ask(opened, query, {"n": 20}) for opened in (plain, telling)]
    assert told[:-1].startswith(bare[:-1])
    cost = orjson.loads(told)["extensions"]["cost"]
    assert cost == {"estimated": 40, "actual": 15, "subgraphs": {"shop": 40}, "limit": 100}
    refused = orjson.loads(await _ask(plain, query, {"n": 60}))
    assert refused["errors"][0]["extensions"]["code"] == "COST_EXCEEDED"
    await asyncio.gather(plain.close(), telling.close())


async def _ask(opened: OpenHouse, query: str, variables: Mapping[str, Any]) -> bytes:
    body = orjson.dumps({"query": query, "variables": variables})
    _, _, answer = await ask_app(create_app(opened), "POST", "/graphql", headers={"content-type": JSON}, body=body)
    return answer
