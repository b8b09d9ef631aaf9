"""Subgraphs of the composite schemas dialect beside one of federation: composed, planned, asked by their lookups."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from graphql import GraphQLError, GraphQLResolveInfo, build_schema, graphql_sync, validate_schema
from starlette.testclient import TestClient

from gateway.caller import Caller
from gateway.composition import SubgraphSDL, compose
from gateway.config import Settings
from gateway.errors import FetchError
from gateway.execution.lookups import MOST, entries_of
from gateway.execution.transport import SubgraphRequest, SubgraphResponse
from gateway.house import House, Vouched
from gateway.opening import open_unrestricted
from gateway.supergraph import load_supergraph
from gateway.web.app import create_app

DIALECT = """
directive @lookup on FIELD_DEFINITION
directive @internal on OBJECT | FIELD_DEFINITION
directive @is(field: FieldSelectionMap!) on ARGUMENT_DEFINITION
directive @require(field: FieldSelectionMap!) on ARGUMENT_DEFINITION
directive @key(fields: FieldSelectionSet!) repeatable on OBJECT | INTERFACE
scalar FieldSelectionMap
scalar FieldSelectionSet
"""
PRODUCTS = """
type Query {
  products: [Product!]!
  lookups: Lookups! @internal
}
type Lookups @internal {
  productById(id: ID!): Product @lookup
}
type Product @key(fields: "id") {
  id: ID!
  name: String
  dimension: Dimension!
  weight(unit: Unit!): Int
}
type Dimension { size: Int! weight: Int! }
enum Unit { KG LB }
"""
SHIPPING = """
type Query {
  thing(by: By! @is(field: "{ sku: sku.code } | { id }")): Thing @lookup @internal
}
union Thing = Product
input By @oneOf { id: ID sku: String }
input Box { size: Int! heavy: Int! }
type Sku { code: String! }
type Product {
  id: ID!
  sku: Sku
  delivery(zip: String!, box: Box! @require(field: "{ size: dimension.size, heavy: dimension.weight }"),
           kilos: Int @require(field: "weight(unit: KG)")): String
}
"""
REVIEWS = """
extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: ["@key"])
type Query { reviews: [Review!]! }
type Review { text: String! product: Product! }
type Product @key(fields: "id") { id: ID! stars: Int }
"""
GOODS: dict[str, dict[str, Any]] = {
    str(number): {
        "id": str(number),
        "name": f"N{number}",
        "dimension": {"size": number, "weight": 10 * number},
        "sku": {"code": f"S{number}"},
    }
    for number in range(1, 251)
}
Resolve = Callable[[str, Mapping[str, Any], Mapping[str, Any]], Any]


def products(name: str, source: Mapping[str, Any], given: Mapping[str, Any]) -> Any:
    match name:
        case "products":
            return [GOODS["1"], GOODS["2"]]
        case "lookups":
            return {}
        case "productById":
            return GOODS.get(given["id"])
        case "weight" if "unit" in given:
            return int(source["id"]) * (1 if given["unit"] == "KG" else 2)
    return source.get(name)


def shipping(name: str, source: Mapping[str, Any], given: Mapping[str, Any]) -> Any:
    match name:
        case "thing":
            by = given["by"]
            found = [
                each for each in GOODS.values() if each["id"] == by.get("id") or each["sku"]["code"] == by.get("sku")
            ]
            return {**found[0], "__typename": "Product"} if found else None
        case "delivery":
            if given["zip"] == "bad":
                raise GraphQLError("no such place")
            box = given["box"]
            return f"{given['zip']}: {box['size']} by {box['heavy']}, {given['kilos']} kg"
    return source.get(name)


def reviews(name: str, source: Mapping[str, Any], given: Mapping[str, Any]) -> Any:
    match name:
        case "reviews":
            return [{"text": f"T{each}", "product": {"id": each, "stars": 3}} for each in (*GOODS, "nobody")]
        case "_entities":
            return [{**each, "stars": 3} for each in given["representations"]]
    return source.get(name)


@dataclass
class Shop:
    """The three subgraphs as graphql-core runs them; keeps what each was asked."""

    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    parts: dict[str, tuple[Any, Resolve]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        machinery = (
            "scalar _Any union _Entity = Product type Query { _entities(representations: [_Any!]!): [_Entity]! }"
        )
        federated = re.sub(r"extend schema[^\n]*|@key\([^)]*\)", "", REVIEWS)
        federated += machinery.replace("type Query", "extend type Query")
        self.parts = {
            "products": (build_schema(DIALECT + PRODUCTS), products),
            "shipping": (build_schema(DIALECT + SHIPPING), shipping),
            "reviews": (build_schema(federated), reviews),
        }
        for schema, _ in self.parts.values():
            assert not validate_schema(schema)

    async def send(self, request: SubgraphRequest) -> SubgraphResponse:
        told = json.loads(request.body)
        self.asked.append((request.subgraph, told))
        schema, resolve = self.parts[request.subgraph]

        def resolver(source: Any, info: GraphQLResolveInfo[Any], **given: Any) -> Any:
            return resolve(info.field_name, source or {}, given)

        found = graphql_sync(
            schema,
            told["query"],
            variable_values=told.get("variables"),
            field_resolver=resolver,
            type_resolver=lambda value, *_: value.get("__typename", "Product"),
        )
        return SubgraphResponse(200, json.dumps(found.formatted).encode())


@pytest.fixture(scope="module")
def supergraph() -> str:
    return compose(
        [
            SubgraphSDL("products", "http://products", PRODUCTS),
            SubgraphSDL("shipping", "http://shipping", SHIPPING),
            SubgraphSDL("reviews", "http://reviews", REVIEWS),
        ]
    ).supergraph_sdl


def ask(supergraph: str, query: str) -> tuple[dict[str, Any], list[tuple[str, dict[str, Any]]]]:
    shop = Shop()
    opened = open_unrestricted(supergraph, Settings(log="off"), shop)
    with TestClient(create_app(opened)) as client:
        answer = client.post("/graphql", json={"query": query}).json()
    return answer, shop.asked


def test_clients_see_neither_lookups_nor_what_is_filled(supergraph: str) -> None:
    api = load_supergraph(supergraph).api_schema
    assert set(api.query_type.fields) == {"products", "reviews"}  # type: ignore[union-attr]
    assert "Lookups" not in api.type_map
    assert "Box" not in api.type_map
    assert set(api.type_map["Product"].fields["delivery"].args) == {"zip"}  # type: ignore[attr-defined]


def test_a_requirement_is_filled_from_another_subgraph(supergraph: str) -> None:
    answer, asked = ask(supergraph, '{ products { name delivery(zip: "22") sku { code } } }')

    assert answer == {
        "data": {
            "products": [
                {"name": "N1", "delivery": "22: 1 by 10, 1 kg", "sku": {"code": "S1"}},
                {"name": "N2", "delivery": "22: 2 by 20, 2 kg", "sku": {"code": "S2"}},
            ]
        }
    }
    assert [name for name, _ in asked] == ["products", "shipping"]
    assert asked[1][1]["query"].count("thing(by:") == 2
    assert asked[1][1]["variables"]["_e0_1_by"] == {"id": "2"}


def test_from_federation_into_a_lookup_and_back(supergraph: str) -> None:
    answer, asked = ask(supergraph, '{ reviews { text product { stars name delivery(zip: "1") } } }')

    told = answer["data"]["reviews"]
    assert told[249] == {
        "text": "T250",
        "product": {"stars": 3, "name": "N250", "delivery": "1: 250 by 2500, 250 kg"},
    }
    assert told[250]["product"] == {"stars": 3, "name": None, "delivery": None}
    assert "errors" not in answer
    lookups = [page["query"].count("productById(id:") for name, page in asked if name == "products"]
    assert sorted(lookups) == [51, MOST, MOST]  # 251 products were reviewed, one of them nobody knows


def test_an_error_below_a_lookup_stands_at_its_place(supergraph: str) -> None:
    answer, _ = ask(supergraph, '{ products { name delivery(zip: "bad") } }')

    assert answer["data"] == {"products": [{"name": "N1", "delivery": None}, {"name": "N2", "delivery": None}]}
    assert [each["path"] for each in answer["errors"]] == [["products", 0, "delivery"], ["products", 1, "delivery"]]


def test_variables_of_the_client_travel_with_those_of_lookups(supergraph: str) -> None:
    shop = Shop()
    opened = open_unrestricted(supergraph, Settings(log="off"), shop)
    query = (
        "query Q($zip: String!, $sku: Boolean!) { products { delivery(zip: $zip) sku @include(if: $sku) { code } } }"
    )
    with TestClient(create_app(opened)) as client:
        answer = client.post("/graphql", json={"query": query, "variables": {"zip": "7", "sku": False}}).json()

    assert answer["data"]["products"][0] == {"delivery": "7: 1 by 10, 1 kg"}
    assert shop.asked[-1][1]["variables"]["zip"] == "7"


@pytest.mark.parametrize(
    "body", [b"<html>", b"[]", b'{"data": 1}', b'{"data": null}', b'{"errors": "no"}'], ids=lambda body: body.decode()
)
def test_an_answer_that_is_none_takes_only_its_own_fields(supergraph: str, body: bytes) -> None:
    class Broken(Shop):
        async def send(self, request: SubgraphRequest) -> SubgraphResponse:
            return SubgraphResponse(200, body) if request.subgraph == "shipping" else await super().send(request)

    opened = open_unrestricted(supergraph, Settings(log="off"), Broken())
    with TestClient(create_app(opened)) as client:
        answer = client.post("/graphql", json={"query": '{ products { name delivery(zip: "1") } }'}).json()

    assert answer["data"] == {"products": [{"name": "N1", "delivery": None}, {"name": "N2", "delivery": None}]}
    assert {each["extensions"]["service"] for each in answer["errors"]} == {"shipping"}


def test_no_answer_for_some_of_many_is_no_answer(supergraph: str) -> None:
    class Late(Shop):
        async def send(self, request: SubgraphRequest) -> SubgraphResponse:
            if b"_e0_100:" in request.body:
                raise FetchError("SUBGRAPH_TIMEOUT", "Subgraph products did not answer in time.")
            return await super().send(request)

    opened = open_unrestricted(supergraph, Settings(log="off"), Late())
    with TestClient(create_app(opened)) as client:
        answer = client.post("/graphql", json={"query": "{ reviews { product { name } } }"}).json()

    assert {each["product"]["name"] for each in answer["data"]["reviews"]} == {None}
    assert {each["extensions"]["code"] for each in answer["errors"]} == {"SUBGRAPH_TIMEOUT"}


async def test_the_gateway_vouches_for_what_is_really_sent(supergraph: str) -> None:
    """An assertion names the digest of the body: it has to be that of the lookups, not that of the plan's fetch."""
    shop, vouched = Shop(), list[bytes]()

    def sign(subgraph: str, body: bytes, caller: Caller, epoch: str, grants: bytes, at: datetime) -> str:
        vouched.append(body)
        return "word"

    graph = load_supergraph(supergraph)
    house = House(shop, None, sign, lambda subject, at: "", entered=entries_of(graph))
    at = datetime(2026, 9, 1, tzinfo=UTC)
    sender = Vouched(house, Caller("STATE_CA", "consul", "someone"), "epoch", at, lambda coordinates: b"{}")
    query = "query($r0: [_Any!]!) { _e0: _entities(representations: $r0) { ... on Product { name } } }"
    body = json.dumps({"query": query, "variables": {"r0": [{"__typename": "Product", "id": "3"}]}}).encode()

    answer = await sender.send(SubgraphRequest("products", body))

    assert json.loads(answer.body) == {"data": {"_e0": [{"name": "N3"}]}}
    assert [json.loads(each) for each in vouched] == [page for _, page in shop.asked]
    assert "productById" in shop.asked[0][1]["query"]
