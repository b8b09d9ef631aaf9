"""What planning refuses: operations beyond its budget, and what it cannot do."""

from __future__ import annotations

import pytest

from gateway.errors import PlanningError
from gateway.operation.model import Field, Operation
from gateway.planning import plan_operation
from gateway.planning.ways import Ways
from gateway.supergraph import load_supergraph
from gateway.supergraph.moves import Moves
from tests.planning.harness import composed, operation_of
from tests.supergraph.samples import supergraph_sdl

ONE = (("a", "type Query { item: Item } type Item { name: String }"),)
TWO = (
    ("a", 'type Query { item: Item } type Item @key(fields: "id") { id: ID! }'),
    ("b", 'type Item @key(fields: "id") { id: ID! name: String }'),
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


def test_more_fields_than_the_budget_are_refused() -> None:
    fields = tuple(Field(f"n{number}", "name", "Item") for number in range(10_001))
    operation = Operation("query", "Query", (Field("item", "item", "Query", selections=fields),))
    with pytest.raises(PlanningError) as caught:
        plan_operation(composed(ONE), operation)
    assert caught.value.code == "PLANNING_BUDGET"


def test_the_search_through_keys_has_a_budget_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.planning.ways._BUDGET", 0)
    ways = Ways(Moves(composed(TWO)))
    start = ways.moves.node("A", "Item")
    with pytest.raises(PlanningError) as caught:
        ways.find(start, "name", ("Item",))
    assert caught.value.code == "PLANNING_BUDGET"


def test_the_budget_is_whole_again_for_the_next_operation() -> None:
    supergraph = composed(TWO)
    operation = operation_of(supergraph, "{ item { name } }")
    ways = Ways(Moves(supergraph))
    for _ in range(3):
        ways.begin()
        assert len(ways.find(ways.moves.node("A", "Item"), "name", ("Item",))) == 1
    assert len(plan_operation(supergraph, operation).fetches) == 2


def test_an_argument_from_a_context_that_nothing_sets_is_refused_by_name() -> None:
    supergraph = load_supergraph(supergraph_sdl(CONTEXT, "a"))
    with pytest.raises(PlanningError) as caught:
        plan_operation(supergraph, operation_of(supergraph, "{ user { price { text } } }"))
    assert (caught.value.code, caught.value.where) == ("CONTEXT_UNREACHABLE", "Price.text")
