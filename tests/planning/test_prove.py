"""The prover must see through a spoilt plan: each test breaks one thing in a good one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.operation.model import Condition, Operation
from gateway.planning import plan_operation
from gateway.planning.plan import Fetch, Input, InputField, Plan, Subscribe
from gateway.planning.prove import prove
from gateway.supergraph import Supergraph
from tests.planning.harness import composed, operation_of

GRAPHS = (
    (
        "shop",
        'type Query { items: [Item!] any: Any } type Item @key(fields: "id") { id: ID! price(unit: String): Int '
        'name: String } union Any = Item | Other type Other @key(fields: "id") { id: ID! }',
    ),
    (
        "stock",
        'type Item @key(fields: "id") { id: ID! price(unit: String): Int @external count: Int '
        'tax: Int @requires(fields: "price(unit: \\"c\\")") } type Other @key(fields: "id") { id: ID! count: Int }',
    ),
)


@pytest.fixture(scope="module")
def supergraph() -> Supergraph:
    return composed(GRAPHS)


def planned(supergraph: Supergraph, query: str) -> tuple[Operation, Plan]:
    operation = operation_of(supergraph, query)
    plan = plan_operation(supergraph, operation)
    assert prove(supergraph, operation, plan) == []
    return operation, plan


def with_fetch(plan: Plan, fetch: Fetch) -> Plan:
    return replace(plan, fetches=tuple(fetch if each.id == fetch.id else each for each in plan.fetches))


def with_inputs(plan: Plan, *inputs: Input) -> Plan:
    batch = replace(plan.fetches[1].batches[0], inputs=inputs)
    return with_fetch(plan, replace(plan.fetches[1], batches=(batch,)))


def test_a_missing_fetch_is_missed(supergraph: Supergraph) -> None:
    operation, plan = planned(supergraph, "{ items { name count } }")
    assert prove(supergraph, operation, replace(plan, fetches=plan.fetches[:1])) == [
        "items.count of Item is never fetched",
        "items.id of Item is fetched for nothing",
    ]


def test_an_input_nobody_fetched_is_missed(supergraph: Supergraph) -> None:
    operation, plan = planned(supergraph, "{ items { name count } }")
    root = replace(plan.fetches[0], text="{ items { name } }")
    assert "fetch 1 to stock: input id of Item is not there (under 'id')" in prove(
        supergraph, operation, with_fetch(plan, root)
    )


def test_an_input_read_from_another_field_is_seen(supergraph: Supergraph) -> None:
    operation, plan = planned(supergraph, "{ items { id: name count } }")
    shape = Input((), "Item", (InputField("id", "id"),))
    assert "fetch 1 to stock: input id of Item reads name instead" in prove(
        supergraph, operation, with_inputs(plan, shape)
    )


def test_a_requirement_not_sent_is_seen(supergraph: Supergraph) -> None:
    operation, plan = planned(supergraph, "{ items { tax } }")
    shape = Input((), "Item", (InputField("id", "id"),))
    problems = prove(supergraph, operation, with_inputs(plan, shape))
    assert 'fetch 1 to stock: Item.tax requires price(unit: "c"), which is not sent' in problems


def test_a_requirement_with_the_wrong_argument_is_seen(supergraph: Supergraph) -> None:
    operation, plan = planned(supergraph, '{ items { price(unit: "x") tax } }')
    shape = Input((), "Item", (InputField("id", "id"), InputField("price", "price", required=False)))
    problems = prove(supergraph, operation, with_inputs(plan, shape))
    assert 'fetch 1 to stock: Item.tax requires price(unit: "c"), which is not sent' in problems


def test_a_representation_without_key_is_seen(supergraph: Supergraph) -> None:
    operation, plan = planned(supergraph, "{ items { name count } }")
    shape = Input((), "Item", (InputField("name", "name"),))
    problems = prove(supergraph, operation, with_inputs(plan, shape))
    assert "fetch 1 to stock: has no key by which Item could be found with what is sent" in problems


def test_a_type_picked_blindly_is_seen(supergraph: Supergraph) -> None:
    operation, plan = planned(supergraph, "{ any { ... on Item { count } } }")
    root = replace(plan.fetches[0], text="{ any { ... on Item { id } } }")
    problems = prove(supergraph, operation, with_fetch(plan, root))
    assert "fetch 1 to stock: picks Item at (('any',),) without knowing the type" in problems


def test_a_field_the_subgraph_lacks_is_seen(supergraph: Supergraph) -> None:
    operation, plan = planned(supergraph, "{ items { name } }")
    root = replace(plan.fetches[0], text="{ items { name count } }")
    problems = prove(supergraph, operation, with_fetch(plan, root))
    assert "fetch 0 to shop: does not have Item.count" in problems


def test_an_external_field_is_seen(supergraph: Supergraph) -> None:
    operation, plan = planned(supergraph, "{ items { name count } }")
    text = plan.fetches[1].text.replace("count", "count price")
    problems = prove(supergraph, operation, with_fetch(plan, replace(plan.fetches[1], text=text)))
    assert "fetch 1 to stock: Item.price is external there" in problems


def test_waste_is_seen(supergraph: Supergraph) -> None:
    operation, plan = planned(supergraph, "{ items { name } }")
    root = replace(plan.fetches[0], text="{ items { name id } }")
    assert prove(supergraph, operation, with_fetch(plan, root)) == ["items.id of Item is fetched for nothing"]


def test_a_fetch_that_is_too_conditional_is_seen(supergraph: Supergraph) -> None:
    operation, plan = planned(supergraph, "{ items { name count } }")
    spoilt = replace(plan.fetches[1], conditions=(Condition("a"),))
    assert prove(supergraph, operation, with_fetch(plan, spoilt)) == [
        "items.count of Item is fetched only under other conditions"
    ]


def test_a_fetch_before_its_provider_is_seen(supergraph: Supergraph) -> None:
    operation, plan = planned(supergraph, "{ items { name count } }")
    problems = prove(supergraph, operation, replace(plan, fetches=plan.fetches[::-1]))
    assert "fetch 1 to stock: runs before [0], on which it depends" in problems
    assert "fetch 1 to stock: no fetch before has put anything under 'items' of Query" in problems


def test_another_value_under_the_clients_key_is_seen(supergraph: Supergraph) -> None:
    operation, plan = planned(supergraph, "{ items { name } }")
    root = replace(plan.fetches[0], text="{ items { name: id } }")
    assert prove(supergraph, operation, with_fetch(plan, root)) == ["items.name of Item holds id instead of name"]


LIVE = (
    ("a", 'type Query { x: Int } type Subscription { moved: Item } type Item @key(fields: "id") { id: ID! }'),
    ("b", 'type Item @key(fields: "id") { id: ID! name: String }'),
)


def test_a_source_that_is_none_is_seen() -> None:
    live = composed(LIVE)
    operation, plan = planned(live, "subscription { moved { name } }")
    source, rest = plan.fetches
    assert isinstance(plan.node, Subscribe)
    bare = replace(plan, node=rest)
    assert "the first fetch of a subscription is not its source" in prove(live, operation, bare)
    asked = replace(source, kind="query")
    spoilt = Plan(Subscribe(asked, rest), (asked, rest), 2)
    assert "the source does not open events at once and whatever the variables" in prove(live, operation, spoilt)
    early = replace(rest, depends=())
    spoilt = Plan(Subscribe(source, early), (source, early), 2)
    assert "fetch 1 to b does not wait for the event" in prove(live, operation, spoilt)


def test_a_query_has_no_source(supergraph: Supergraph) -> None:
    operation, plan = planned(supergraph, "{ items { name } }")
    spoilt = replace(plan, node=Subscribe(plan.fetches[0]))
    assert prove(supergraph, operation, spoilt) == ["a query has a source"]
