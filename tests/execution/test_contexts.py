"""Contextual arguments, executed: each entity gets the value of the object around it, all in one request."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest
from graphql import execute_sync, parse, validate

from gateway.execution.contexts import MOST_COPIES
from gateway.execution.engine import Plans
from gateway.execution.result import Answer
from gateway.execution.transport import SubgraphRequest, SubgraphResponse
from gateway.supergraph import Supergraph
from tests.execution.executors import EXECUTORS, answer_by
from tests.planning.harness import composed

LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.8", import: ["@key", "@context", "@fromContext", "ContextFieldValue"])'
SHOP = (
    (
        "a",
        LINK
        + """
        type Query { users: [User!]! holders: [Holder] }
        interface Holder @context(name: "buyer") { currency: String price: Price }
        type User implements Holder @key(fields: "id") { id: ID! currency: String price: Price prices: [Price!] }
        type Firm implements Holder @key(fields: "id") { id: ID! currency: String price: Price }
        type Price @key(fields: "id") {
          id: ID!
          text(round: Boolean, currency: String @fromContext(field: "$buyer { currency }")): String
          strict(currency: String @fromContext(field: "$buyer { currency }")): String!
        }""",
    ),
    ("b", 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.8", import: ["@key", "@requires", "@external"])'
          ' type Price @key(fields: "id") { id: ID! cents: Int text(round: Boolean): String @external label: String @requires(fields: "text(round: true)") }'),
)  # fmt: skip


class Shop:
    """A transport to the two subgraphs; texts say the price, the currency given, and whether to round."""

    executor = "reference"

    def __init__(self, users: list[dict[str, Any]]) -> None:
        self.users = users
        self.supergraph = composed(SHOP)
        self.sent: list[dict[str, Any]] = []

    def resolve(self, source: Any, info: Any, **arguments: Any) -> Any:
        """Any field of either subgraph."""
        name = info.field_name
        if name == "_entities":
            return arguments["representations"]
        if name in ("users", "holders"):
            return self.users
        if name in ("text", "strict"):
            if name == "strict" and arguments["currency"] == "BAD":
                return None
            rounded = " rounded" if arguments.get("round") else ""
            return f"{source['id']} in {arguments['currency']}{rounded}"
        if name == "label":
            return f"<{source['text']}>"
        return int(source["id"][1:]) * 100 if name == "cents" else source.get(name)

    async def send(self, request: SubgraphRequest) -> SubgraphResponse:
        """What the subgraph answers."""
        body = json.loads(request.body)
        self.sent.append(body)
        schema = self.supergraph.view(self.supergraph.by_name[request.subgraph].graph).schema
        document = parse(body["query"])
        assert validate(schema, document) == []
        told = execute_sync(
            schema,
            document,
            variable_values=body["variables"],
            field_resolver=self.resolve,
            type_resolver=lambda value, *_: value["__typename"],
        )
        errors = [{"message": each.message, "path": each.path} for each in told.errors or ()]
        return SubgraphResponse(200, json.dumps({"data": told.data, **({"errors": errors} if errors else {})}).encode())

    def ask(self, text: str, variables: Mapping[str, Any] | None = None) -> Answer:
        """The gateway's answer."""
        return asyncio.run(answer_by(self.executor, text, variables, self, Plans(self.supergraph)))


@pytest.fixture(autouse=True, params=EXECUTORS)
def executor(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test here runs by each executor."""
    monkeypatch.setattr(Shop, "executor", request.param)


def user(number: int, currency: str | None, *prices: str) -> dict[str, Any]:
    """A user with prices; the first is also the one of `price`."""
    found = [{"__typename": "Price", "id": each} for each in prices]
    return {"__typename": "User", "id": f"u{number}", "currency": currency, "prices": found, "price": found[0]}


def texts(answer: Answer) -> Any:
    """The texts of all prices of all users."""
    assert answer.data is not None
    return [[price["text"] for price in each["prices"]] for each in answer.data["users"]]


def test_what_a_requirement_sends_was_made_with_the_value_around() -> None:
    shop = Shop([user(1, "EUR", "p1", "p2"), user(2, "USD", "p1"), user(3, None, "p3")])
    answer = shop.ask("{ users { prices { label } } }")
    assert answer.errors == ()
    assert answer.data is not None
    assert [[price["label"] for price in each["prices"]] for each in answer.data["users"]] == [
        ["<p1 in EUR rounded>", "<p2 in EUR rounded>"],
        ["<p1 in USD rounded>"],
        ["<p3 in None rounded>"],
    ]


def test_each_entity_gets_the_value_of_the_object_around_it_in_one_request() -> None:
    shop = Shop([user(1, "EUR", "p1", "p2"), user(2, "USD", "p1"), user(3, "EUR", "p3", "p1")])
    answer = shop.ask("query($r: Boolean) { users { prices { text(round: $r) cents } } }", {"r": True})
    assert texts(answer) == [
        ["p1 in EUR rounded", "p2 in EUR rounded"],
        ["p1 in USD rounded"],
        ["p3 in EUR rounded", "p1 in EUR rounded"],
    ]
    assert answer.errors == ()
    asked = [each["variables"] for each in shop.sent if "context0" in each["variables"]]
    assert len(asked) == 1
    assert (asked[0]["context0"], asked[0]["context0_1"]) == ("EUR", "USD")
    assert [each["id"] for each in asked[0]["r0"]] == ["p1", "p2", "p3"]
    assert [each["id"] for each in asked[0]["r0_1"]] == ["p1"]


def test_a_value_that_is_null_is_handed_down_as_null() -> None:
    answer = Shop([user(1, None, "p1"), user(2, "USD", "p1")]).ask("{ users { prices { text } } }")
    assert texts(answer) == [["p1 in None"], ["p1 in USD"]]


def test_an_error_in_one_copy_is_told_at_its_own_places() -> None:
    shop = Shop([user(1, "EUR", "p1"), user(2, "BAD", "p1", "p2"), user(3, "USD", "p2")])
    answer = shop.ask("{ users { id prices { strict } } }")
    assert answer.data == {
        "users": [
            {"id": "u1", "prices": [{"strict": "p1 in EUR"}]},
            {"id": "u2", "prices": None},
            {"id": "u3", "prices": [{"strict": "p2 in USD"}]},
        ]
    }
    assert {tuple(each["path"]) for each in answer.errors} == {
        ("users", 1, "prices", 0, "strict"), ("users", 1, "prices", 1, "strict")
    }  # fmt: skip


def test_the_context_may_be_set_by_an_interface() -> None:
    firm = {**user(2, "CHF", "p9"), "__typename": "Firm"}
    answer = Shop([user(1, "EUR", "p1"), firm]).ask("{ holders { price { text } } }")
    assert answer.data == {"holders": [{"price": {"text": "p1 in EUR"}}, {"price": {"text": "p9 in CHF"}}]}


def test_nobody_around_means_nothing_asked() -> None:
    shop = Shop([])
    assert shop.ask("{ users { prices { text } } }").data == {"users": []}
    assert len(shop.sent) == 1


@pytest.mark.parametrize(("distinct", "served"), [(MOST_COPIES, True), (MOST_COPIES + 1, False)])
def test_more_distinct_values_than_one_request_carries_are_refused(distinct: int, served: bool) -> None:
    shop = Shop([user(number, f"C{number}", "p1") for number in range(distinct)])
    answer = shop.ask("{ users { prices { text } } }")
    assert [each["extensions"]["code"] for each in answer.errors[:1]] == ([] if served else ["SUBGRAPH_NOT_ASKED"])
    assert len(shop.sent) == (2 if served else 1)


def test_where_null_is_forbidden_the_entity_is_not_asked_for() -> None:
    sdl = (
        LINK
        + """
        type Query { users: [User] }
        type User @key(fields: "id") @context(name: "buyer") { id: ID! currency: String! price: Price }
        type Price @key(fields: "id") { id: ID! text(currency: String! @fromContext(field: "$buyer { currency }")): String }"""
    )
    shop = Shop([user(1, "EUR", "p1"), user(2, "USD", "p1")])
    shop.supergraph = _two_graphs(sdl)
    answer = shop.ask("{ users { price { text } } }")
    assert answer.data == {"users": [{"price": {"text": "p1 in EUR"}}, {"price": {"text": "p1 in USD"}}]}
    shop.users[0].pop("currency")
    shop.sent.clear()
    answer = shop.ask("{ users { price { text } } }")
    assert answer.data == {"users": [None, {"price": {"text": "p1 in USD"}}]}


def _two_graphs(sdl: str) -> Supergraph:
    return composed((("a", sdl),))
