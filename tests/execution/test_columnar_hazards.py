"""Every way in which a strict decoder and a lenient one could come apart: the answer is the reference executor's."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from gateway.execution import Budget, execute, project
from gateway.execution.columnar import FastPath
from gateway.execution.transport import SubgraphRequest, SubgraphResponse
from gateway.execution.wire import encode
from gateway.operation import read_operation
from gateway.planning import plan_operation
from gateway.supergraph import load_supergraph

HEAD = """schema @link(url: "https://specs.apollo.dev/link/v1.0") @link(url: "https://specs.apollo.dev/join/v0.3", for: EXECUTION) { query: Query }
directive @join__enumValue(graph: join__Graph!) repeatable on ENUM_VALUE
directive @join__field(graph: join__Graph, requires: join__FieldSet, provides: join__FieldSet, type: String, external: Boolean, override: String, usedOverridden: Boolean) repeatable on FIELD_DEFINITION | INPUT_FIELD_DEFINITION
directive @join__graph(name: String!, url: String!) on ENUM_VALUE
directive @join__implements(graph: join__Graph!, interface: String!) repeatable on OBJECT | INTERFACE
directive @join__type(graph: join__Graph!, key: join__FieldSet, extension: Boolean! = false, resolvable: Boolean! = true, isInterfaceObject: Boolean! = false) repeatable on OBJECT | INTERFACE | UNION | ENUM | INPUT_OBJECT | SCALAR
directive @join__unionMember(graph: join__Graph!, member: String!) repeatable on UNION
directive @link(url: String, as: String, for: link__Purpose, import: [link__Import]) repeatable on SCHEMA
scalar join__FieldSet
scalar link__Import
enum link__Purpose { SECURITY EXECUTION }
enum join__Graph { A @join__graph(name: "a", url: "http://a") B @join__graph(name: "b", url: "http://b") }
"""
SHOP = (
    HEAD
    + """
scalar Any @join__type(graph: A)
enum Color @join__type(graph: A) { RED @join__enumValue(graph: A) BLUE @join__enumValue(graph: A) }
type Query @join__type(graph: A) @join__type(graph: B) { items: [Item] @join__field(graph: A) }
type Item @join__type(graph: A, key: "id") @join__type(graph: B, key: "id") {
  id: ID!
  n: Int @join__field(graph: A)
  f: Float @join__field(graph: A)
  s: String @join__field(graph: A)
  any: Any @join__field(graph: A)
  color: Color @join__field(graph: A)
  must: String! @join__field(graph: A)
  price: Int @join__field(graph: B)
  firm: Int! @join__field(graph: B)
}
"""
)
GRAPH = load_supergraph(SHOP)
PATH = FastPath(GRAPH)
ALL = "{ items { __typename price must n f s any color } }"
GOOD: dict[str, Any] = {
    "__typename": "Item",
    "id": "1",
    "must": "m",
    "n": 1,
    "f": 1.5,
    "s": "x",
    "any": {"a": [1]},
    "color": "RED",
}


class Said:
    """Subgraphs that say what a test wants: ``a`` these bytes, ``b`` these."""

    def __init__(self, a: bytes, b: bytes) -> None:
        self.bodies = {"a": a, "b": b}
        self.asked: list[bytes] = []

    async def send(self, request: SubgraphRequest) -> SubgraphResponse:
        """The bytes prepared for the subgraph."""
        self.asked.append(request.body)
        return SubgraphResponse(200, self.bodies[request.subgraph])


def both(
    text: str,
    a: bytes,
    b: bytes,
    variables: dict[str, Any] | None = None,
    path: FastPath = PATH,
    budget: Budget | None = None,
) -> bool:
    """Compare the executors on ``text``; returns whether the fast one made its answer itself."""
    operation = read_operation(text, GRAPH.api_schema, variables)
    plan = plan_operation(GRAPH, operation)

    async def compare() -> bool:
        plain, quick = Said(a, b), Said(a, b)
        merged = await execute(plan, GRAPH, operation.variables, plain, budget or Budget())
        expected = encode(project(operation, merged.data, GRAPH.api_schema, merged.failures).as_json())
        assert path.entry(operation, plan).why_not == ""
        told = await path.answer(operation, plan, quick, budget)
        assert told.body == expected
        assert quick.asked == plain.asked
        return told.fast

    return asyncio.run(compare())


def items(*rows: dict[str, Any], **more: Any) -> bytes:
    """What subgraph a says."""
    return json.dumps({"data": {"items": list(rows)}, **more}).encode()


def entities(*rows: Any) -> bytes:
    """What subgraph b says."""
    return json.dumps({"data": {"_e0": list(rows)}}).encode()


def test_what_fits_is_fast() -> None:
    """Hidden keys (``id``) are left out, real nulls stay."""
    assert both(ALL, items(GOOD, {**GOOD, "id": "2", "n": None, "s": None}), entities({"price": 1}, {"price": None}))


@pytest.mark.parametrize(
    "row",
    [
        {"must": None}, {"n": "1"}, {"n": 2**31}, {"n": -(2**31) - 1}, {"n": 1.0}, {"n": True}, {"s": 5}, {"id": 7},
        {"color": "GREEN"}, {"color": 1}, {"f": "1"}, {"f": False}, {"__typename": "Other"}, {"n": []},
    ],
    ids=str,
)  # fmt: skip
def test_a_value_that_does_not_fit_deviates(row: dict[str, Any]) -> None:
    """Null where null is forbidden, wrong types, ranges and names are the reference executor's to tell."""
    assert not both(ALL, items({**GOOD, **row}), entities({"price": 1}))


@pytest.mark.parametrize("budget", [Budget(executions=7), Budget(executions=9), Budget(entities=1)])
def test_a_budget_that_is_spent_ends_both_at_the_same_place(budget: Budget) -> None:
    """Eight fields of the root (its key is one), then one for each of two entities."""
    answers = items(GOOD, {**GOOD, "id": "2"}), entities({"price": 1}, {"price": 2})
    assert not both(ALL, *answers, budget=budget, path=FastPath(GRAPH))
    assert both(ALL, *answers, budget=Budget(executions=10, entities=2), path=FastPath(GRAPH))


@pytest.mark.parametrize("key", sorted(GOOD))
def test_a_missing_field_deviates(key: str) -> None:
    """A field that is not there is null, and an error only where null is forbidden."""
    assert not both(ALL, items({name: value for name, value in GOOD.items() if name != key}), entities({"price": 1}))


@pytest.mark.parametrize("number", ["1", "1.0", "-0", "-0.0", "1E5", "1e16", "123456789012345678901234567890", "0.1"])
def test_numbers_keep_their_form(number: str) -> None:
    """Floats and custom scalars: 1 stays 1, and thirty digits stay thirty digits."""
    body = items(GOOD).replace(b"1.5", number.encode()).replace(b"[1]", f"[{number}]".encode())
    assert both(ALL, body, entities({"price": 1}))


@pytest.mark.parametrize(("errors", "fast"), [(None, True), ([], True), ([{"message": "x"}], False), ("x", False)])
def test_errors_beside_data(errors: Any, fast: bool) -> None:
    """Errors are read by the reference executor; their absence in any form is no error."""
    assert (
        both(
            ALL,
            json.dumps({"data": {"items": [GOOD]}, "errors": errors}).replace(": ", ":").encode(),
            entities({"price": 1}),
        )
        is fast
    )


@pytest.mark.parametrize(
    "body",
    [b"", b"[" * 100_000, b'{"data":{"items":[]},"x":"\xff"}', b'{"data":{"items":[]},"extensions":{"x":"\xff"}}',
     b'{"data":{"items":[]},"errors":["\xff"]}', b'{"data":{"items":[]},"extensions":1e999}', b'{"data":null}'],
    ids=range(7),
)  # fmt: skip
def test_bytes_that_are_no_json(body: bytes) -> None:
    """Bad UTF-8, endless nesting and numbers out of range are found wherever they are."""
    assert not both(ALL, body, entities())


def test_a_key_twice_counts_once() -> None:
    """Of equal keys the last one counts, and nobody is asked about the overwritten entities."""
    body = b'{"data":{"items":[{"id":"9","must":"m"}],"items":[{"id":"1","must":"m"}]}}'
    assert both("{ items { must price } }", body, entities({"price": 1}))


def test_fields_nobody_asked_for() -> None:
    """They are dropped, and never fill a field that another subgraph brings."""
    both(ALL, items({**GOOD, "price": 666, "secret": 1}), entities({"price": 1}))
    both(
        "{ items { kind: __typename must price } }",
        items({"id": "1", "must": "m", "kind": "X"}),
        entities({"price": 1}),
    )


@pytest.mark.parametrize("rows", [[], [{"price": 1}] * 3, [{"price": 1}], None, "x"], ids=str)
def test_counts_are_checked(rows: Any) -> None:
    """More or fewer entities than representations are a failure, never a shift."""
    body = json.dumps({"data": {"_e0": rows}}).encode()
    assert not both(ALL, items(GOOD, {**GOOD, "id": "2"}), body)


def test_an_entity_that_is_not_there() -> None:
    """Null fields where null is allowed; the reference executor's null and error where it is not."""
    two = items(GOOD, {**GOOD, "id": "2"})
    assert both(ALL, two, entities(None, {"price": 5}))
    assert not both("{ items { firm } }", two, entities(None, {"firm": 5}))


def test_a_hidden_key_that_is_null() -> None:
    """Such an object is not asked about; where its fields may be null, that is an answer like any other."""
    assert both(ALL, items({**GOOD, "id": None}, GOOD), entities({"price": 1}))
    assert not both("{ items { firm } }", items({"id": None}), entities())


def test_equal_entities_are_asked_about_once() -> None:
    """And each gets the answer."""
    assert both(ALL, items(GOOD, GOOD, {**GOOD, "id": "2"}, GOOD), entities({"price": 1}, {"price": 2}))


def test_nulls_in_the_list_and_no_list() -> None:
    """Null items and null lists are passed by."""
    assert both(ALL, b'{"data":{"items":[null]}}', entities())
    assert both(ALL, b'{"data":{"items":null}}', entities())


@pytest.mark.parametrize("yes", [True, False])
def test_conditions(yes: bool) -> None:
    """Each outcome has a program of its own."""
    text = "query($yes: Boolean!) { items { must @include(if: $yes) s price @skip(if: $yes) } }"
    row = {"s": None, "must": "m"} if yes else {"id": "1", "s": None}
    assert both(text, items(row), entities({"price": 1}), {"yes": yes})


def test_who_always_deviates_is_left_to_the_reference_executor() -> None:
    """After some attempts in vain no more are made for a while."""
    path = FastPath(GRAPH)
    operation = read_operation(ALL, GRAPH.api_schema)
    plan = plan_operation(GRAPH, operation)
    bad = Said(items({**GOOD, "id": 7}), entities({"price": 1}))

    async def ask() -> None:
        for _ in range(40):
            await path.answer(operation, plan, bad)

    asyncio.run(ask())
    assert path.entry(operation, plan).deviations == {"a": 8}


def test_a_fetch_that_fails_leaves_nulls_the_reference_executor_completes() -> None:
    """Where b says nothing at all, what must not be null travels up; nobody is asked again for it."""
    two = items(GOOD, {**GOOD, "id": "2"})
    assert not both("{ items { must firm } }", two, b"")
    assert not both("{ items { must price } }", two, b'{"data":null,"errors":[{"message":"down"}]}')


def test_what_has_no_program_says_so() -> None:
    """Introspection, for one: the reference executor answers, and `gateway plan --shapes` tells why."""
    operation = read_operation("{ items { id } __schema { queryType { name } } }", GRAPH.api_schema)
    plan = plan_operation(GRAPH, operation)
    assert FastPath(GRAPH).show(operation, plan) == "run by the reference executor: introspection"


def test_a_program_prints() -> None:
    """What is fetched from whom, which fields it sets, and the shape of every object."""
    operation = read_operation("{ items { price must } }", GRAPH.api_schema)
    assert FastPath(GRAPH).show(operation, plan_operation(GRAPH, operation)).splitlines() == [
        "columnar program",
        "  fetch 0 a: sets f0 of (root)",
        "  fetch 1 b r0: Item(id), told apart as values",
        "    items.@: sets f0",
        "shapes",
        "  (root): Query",
        "    f0 items: [Item] (from fetch 0)",
        "  items.@: Item",
        "    f0 price: Int (from fetch 1)",
        "    f1 must: String!",
        "    f2 id: ID! (hidden)",
    ]
