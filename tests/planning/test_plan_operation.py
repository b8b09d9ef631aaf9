"""What ``plan_operation`` promises beyond single plans: errors, determinism, order of fetches, speed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import pytest

from gateway.errors import PlanningError
from gateway.planning import plan_json, plan_operation, print_plan
from gateway.planning.plan import Fetch, Parallel, Sequence
from gateway.planning.prove import prove
from gateway.supergraph import load_supergraph
from tests.planning.harness import composed, operation_of
from tests.supergraph.samples import supergraph_sdl

SHOP = (
    ("accounts", 'type Query { users: [User!] } type User @key(fields: "id") { id: ID! name: String }'),
    (
        "products",
        'type Query { top: [Product!] } type Product @key(fields: "upc") '
        "{ upc: ID! name: String price: Int weight: Int }",
    ),
    (
        "reviews",
        'type User @key(fields: "id") { id: ID! reviews: [Review!] } type Product @key(fields: "upc") '
        "{ upc: ID! reviews: [Review!] } type Review { text: String product: Product author: User }",
    ),
    (
        "stock",
        'type Product @key(fields: "upc") { upc: ID! price: Int @external weight: Int @external count: Int '
        'shipping: Int @requires(fields: "price weight") }',
    ),
)
DEEP = """
fragment P on Product { upc name price weight count shipping }
fragment R on Review { text author { id name reviews { text product { ...P } } } }
{
  users { id name reviews { text product { ...P reviews { ...R } } } }
  top { ...P reviews { ...R } }
}
"""
UNREACHABLE = """
interface Node @join__type(graph: A) @join__type(graph: B) { id: ID! }
type Account implements Node @join__type(graph: A) @join__type(graph: B)
  @join__implements(graph: A, interface: "Node") @join__implements(graph: B, interface: "Node")
{ id: ID! @join__field(graph: A) @join__field(graph: B, external: true) }
type Chat implements Node @join__type(graph: A) @join__type(graph: B)
  @join__implements(graph: A, interface: "Node") @join__implements(graph: B, interface: "Node")
{ id: ID! @join__field(graph: A, external: true) @join__field(graph: B) }
type Query @join__type(graph: A) @join__type(graph: B) { node: Node }
"""


def test_a_deep_operation_takes_few_fetches_and_waves() -> None:
    supergraph = composed(SHOP)
    operation = operation_of(supergraph, DEEP)
    plan = plan_operation(supergraph, operation)
    assert prove(supergraph, operation, plan) == []
    # one fewer than a fetch for each subgraph and earliest wave: stock is asked once, in the last wave
    assert (len(plan.fetches), plan.depth) == (6, 4)


def test_planning_is_quick_once_the_ways_are_known() -> None:
    supergraph = composed(SHOP)
    operation = operation_of(supergraph, DEEP)
    plan_operation(supergraph, operation)
    best = min(_seconds(lambda: plan_operation(supergraph, operation)) for _ in range(5))
    assert best < 0.05


def _seconds(run: object) -> float:
    start = time.perf_counter()
    assert callable(run)
    run()
    return time.perf_counter() - start


def test_plans_are_the_same_in_every_process() -> None:
    script = (
        "from tests.planning.test_plan_operation import DEEP, SHOP\n"
        "from tests.planning.harness import composed, operation_of\n"
        "from gateway.planning import plan_operation, print_plan\n"
        "supergraph = composed(SHOP)\n"
        "print(print_plan(plan_operation(supergraph, operation_of(supergraph, DEEP))))\n"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "77")
    }
    assert len(outputs) == 1


def test_a_field_without_a_way_is_an_error_with_its_place() -> None:
    supergraph = load_supergraph(supergraph_sdl(UNREACHABLE, "a", "b"))
    with pytest.raises(PlanningError) as caught:
        plan_operation(supergraph, operation_of(supergraph, "{ node { id } }"))
    assert (caught.value.code, caught.value.where) == ("UNREACHABLE_FIELD", "Node.id")
    assert caught.value.locations == ((1, 10),)


def test_fragments_may_go_to_different_roots_where_one_field_cannot() -> None:
    supergraph = load_supergraph(supergraph_sdl(UNREACHABLE, "a", "b"))
    operation = operation_of(supergraph, "{ node { ... on Account { id } ... on Chat { id } } }")
    plan = plan_operation(supergraph, operation)
    assert prove(supergraph, operation, plan) == []
    assert [fetch.subgraph for fetch in plan.fetches] == ["a", "b"]
    assert plan.depth == 1


def test_the_tree_holds_every_fetch_once_and_in_order() -> None:
    supergraph = composed(SHOP)
    plan = plan_operation(supergraph, operation_of(supergraph, DEEP))
    found: list[Fetch] = []

    def walk(node: object) -> None:
        if isinstance(node, Fetch):
            found.append(node)
        elif isinstance(node, Sequence | Parallel):
            for each in node.nodes:
                walk(each)

    walk(plan.node)
    assert found == list(plan.fetches)
    assert all(before < fetch.id for fetch in plan.fetches for before in fetch.depends)


def test_coordinates_are_the_concrete_fields_of_the_text() -> None:
    supergraph = composed(
        (
            (
                "a",
                "type Query { pets: [Pet!] } interface Pet { name: String } "
                "type Cat implements Pet { name: String } type Dog implements Pet { name: String age: Int }",
            ),
        )
    )
    plan = plan_operation(supergraph, operation_of(supergraph, "{ pets { name ... on Dog { age } } }"))
    assert plan.fetches[0].coordinates == ("Cat.name", "Dog.age", "Dog.name", "Query.pets")


def test_hidden_fields_are_planned_like_any_other() -> None:
    supergraph = composed(SHOP)
    operation = operation_of(supergraph, "{ users { fact: name } }")
    field = operation.selections[0]
    hidden = type(operation)(operation.kind, operation.root, (field,))
    plan = plan_operation(supergraph, hidden)
    assert prove(supergraph, hidden, plan) == []
    assert "fact: name" in plan.fetches[0].text


def test_json_counts_and_shows_the_tree() -> None:
    supergraph = composed(SHOP)
    plan = plan_operation(supergraph, operation_of(supergraph, "{ users { reviews { text } } top { upc } }"))
    shown = plan_json(plan)
    assert (shown["fetches"], shown["depth"]) == (3, 2)
    assert shown["node"]["kind"] == "Sequence"
    assert [node["kind"] for node in shown["node"]["nodes"]] == ["Parallel", "Flatten"]
    flatten = shown["node"]["nodes"][1]
    assert flatten["paths"] == [["users", "@"]]
    assert flatten["node"]["kind"] == "Fetch"
    assert flatten["node"]["subgraph"] == "reviews"
    assert flatten["node"]["entities"][0]["inputs"] == ["User { id }"]
    assert json.loads(json.dumps(shown)) == shown
    assert print_plan(plan).startswith("3 fetches in 2 waves\n")
