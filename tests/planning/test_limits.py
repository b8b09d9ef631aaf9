"""What planning refuses: operations beyond its budget, and what it cannot do."""

from __future__ import annotations

from itertools import count

import pytest

from gateway.errors import PlanningError
from gateway.operation.model import Field, Operation
from gateway.planning import plan_operation
from gateway.planning.budget import Budget
from gateway.supergraph import Supergraph, load_supergraph
from tests.planning.harness import composed, operation_of
from tests.supergraph.samples import supergraph_sdl

ONE = (("a", "type Query { item: Item } type Item { name: String }"),)
TWO = (
    ("a", 'type Query { item: Item } type Item @key(fields: "id") { id: ID! }'),
    ("b", 'type Item @key(fields: "id") { id: ID! name: String }'),
)
CIRCLE = (
    ("a", 'type Query { t: T } type T @key(fields: "a") { a: ID! }'),
    ("b", 'type T @key(fields: "a") @key(fields: "b") { a: ID! b: ID! }'),
    ("c", 'type T @key(fields: "b") @key(fields: "c") { b: ID! c: ID! }'),
    ("d", 'type T @key(fields: "c") { c: ID! d: Int }'),
)
CONTEXT = """
type Query @join__type(graph: A) { user: User }
type User @join__type(graph: A, key: "id") {
  id: ID!
  currency: String
  price: Price
}
type Price @join__type(graph: A, key: "id") {
  id: ID!
  text: String @join__field(graph: A, contextArguments: [
    { context: "a__user", name: "currency", type: "String", selection: "{ currency }" }
  ])
}
"""


MANY = tuple(f"g{number:02}" for number in range(15))


def refusal(supergraph: Supergraph, operation: Operation, budget: Budget) -> str:
    """What is said where planning ``operation`` takes more than ``budget``."""
    with pytest.raises(PlanningError) as caught:
        plan_operation(supergraph, operation, budget=budget)
    assert caught.value.code == "PLANNING_BUDGET"
    return caught.value.message


def test_more_fields_than_the_budget_are_refused() -> None:
    fields = tuple(Field(f"n{number}", "name", "Item") for number in range(10_001))
    operation = Operation("query", "Query", (Field("item", "item", "Query", selections=fields),))
    assert refusal(composed(ONE), operation, Budget()) == (
        "The operation has more than 10000 fields when its fragments are written out by type."
    )


def test_the_search_through_keys_has_a_budget_of_its_own() -> None:
    supergraph = composed.__wrapped__(TWO)  # one that remembers no search
    operation = operation_of(supergraph, "{ item { name } }")
    assert refusal(supergraph, operation, Budget(jumps=0)) == (
        "The operation takes more than 0 tries to get from one subgraph to another."
    )


def test_time_is_a_budget_by_the_clock_given() -> None:
    supergraph = composed(TWO)
    operation = operation_of(supergraph, "{ item { name } }")
    ticks = count(0.0, 2.5)
    assert refusal(supergraph, operation, Budget(seconds=2, clock=lambda: next(ticks))) == (
        "The operation takes longer than 2 seconds to plan."
    )
    still = plan_operation(supergraph, operation, budget=Budget(seconds=2, clock=lambda: 7.0))
    assert still == plan_operation(supergraph, operation)


def test_a_refusal_leaves_nothing_half_done_for_the_next_operation() -> None:
    supergraph = composed.__wrapped__(CIRCLE)
    operation = operation_of(supergraph, "{ t { d } }")
    for jumps in range(8):
        refusal(supergraph, operation, Budget(jumps=jumps))
    assert plan_operation(supergraph, operation).depth == 4


def test_more_rivals_than_are_kept_lose_no_way() -> None:
    """A field that lies below one of fifteen equal ways only, and nothing has a key to get there otherwise."""
    sdls = [
        f"type Query {{ shared: Value @shareable item: Item @shareable }} type Value {{ {name}: Int }} "
        f'type Item @key(fields: "id") {{ id: ID! value: Value @shareable }}'
        for name in MANY
    ]
    supergraph = composed(tuple(zip(MANY, sdls, strict=True)))
    for name in MANY:
        assert len(plan_operation(supergraph, operation_of(supergraph, f"{{ shared {{ {name} }} }}")).fetches) == 1
        assert (
            len(plan_operation(supergraph, operation_of(supergraph, f"{{ item {{ value {{ {name} }} }} }}")).fetches)
            == 1
        )
    everything = f"{{ shared {{ {' '.join(MANY)} }} }}"
    assert len(plan_operation(supergraph, operation_of(supergraph, everything)).fetches) == len(MANY)


def test_an_argument_from_a_context_that_nothing_sets_is_refused_by_name() -> None:
    supergraph = load_supergraph(supergraph_sdl(CONTEXT, "a"))
    with pytest.raises(PlanningError) as caught:
        plan_operation(supergraph, operation_of(supergraph, "{ user { price { text } } }"))
    assert (caught.value.code, caught.value.where) == ("CONTEXT_UNREACHABLE", "Price.text")
