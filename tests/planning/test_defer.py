"""What is deferred: read for planning alone, planned apart, and each part held to the prover."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import pytest

from gateway.errors import OperationError
from gateway.operation import Limits
from gateway.operation.deferral import settle
from gateway.operation.model import Deferral, Field, Fragment, Operation, Selection
from gateway.operation.read import read_operation
from gateway.planning import Plan, plan_json, plan_operation
from gateway.planning.explain import explain_plan
from gateway.planning.prove_deferred import prove_deferred
from gateway.supergraph import Supergraph, load_supergraph
from gateway.supergraph.model import named_type
from tests.execution.operations import random_operation
from tests.execution.world import make_world
from tests.planning.harness import composed, operation_of

WIDE = Limits(repeats=10**6, aliases=10_000)
GRAPHS = (
    (
        "users",
        'type Query { me: User } type Mutation { rename: User } type User @key(fields: "id") { id: ID! name: String }',
    ),
    ("reviews", 'type User @key(fields: "id") { id: ID! score: Int reviews: [Review!] } type Review { text: String }'),
)
TWO = '{ me { name ... @defer(label: "a") { score } ... @defer(label: "b") { reviews { text } } } }'


def planned(query: str) -> tuple[Supergraph, Operation, Plan]:
    supergraph = composed(GRAPHS)
    operation = operation_of(supergraph, query)
    plan = plan_operation(supergraph, operation)
    assert prove_deferred(supergraph, operation, plan) == []
    return supergraph, operation, plan


def test_the_door_still_refuses_it() -> None:
    with pytest.raises(OperationError) as caught:
        read_operation(TWO, composed(GRAPHS).api_schema)
    assert caught.value.code == "DEFER_NOT_SERVED"


@pytest.mark.parametrize(
    "query",
    [
        "mutation { ... @defer { rename { name } } }",
        '{ me { ... @defer(label: "a") { name } ... @defer(label: "a") { score } } }',
        "{ me { name @defer } }",
        "{ me { reviews @stream { text } } }",
    ],
    ids=["root of a mutation", "one label twice", "not on a fragment", "stream"],
)
def test_what_the_directive_forbids_is_refused_in_planning_as_well(query: str) -> None:
    with pytest.raises(OperationError):
        operation_of(composed(GRAPHS), query)


def test_a_directive_of_the_schemas_own_defers_nothing() -> None:
    sdl = "directive @defer(label: String) on INLINE_FRAGMENT\n" + GRAPHS[0][1]
    link = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])\n'
    supergraph = composed((("users", link + sdl),))
    schema = supergraph.api_schema
    assert schema.get_directive("defer") is not None
    operation = read_operation('{ me { ... @defer(label: "a") { name } } }', schema)
    assert plan_operation(supergraph, operation).deferred == ()


def test_json_shows_the_parts() -> None:
    *_, plan = planned(TWO)
    shown = plan_json(plan)
    assert json.loads(json.dumps(shown)) == shown
    assert (shown["fetches"], shown["depth"], shown["node"]["kind"]) == (3, 1, "Defer")
    assert shown["node"]["primary"]["node"]["subgraph"] == "users"
    parts = shown["node"]["deferred"]
    assert [(each["label"], each["path"], each["parent"], each["depends"]) for each in parts] == [
        ("a", ["me"], None, [0]),
        ("b", ["me"], None, [0]),
    ]
    assert [each["node"]["node"]["id"] for each in parts] == [1, 2]


def test_each_fetch_says_of_which_part_it_is() -> None:
    supergraph, operation, plan = planned(TWO)
    text = explain_plan(plan, operation, supergraph)
    assert "fetch 0 users: wave 1\n" in text
    assert "fetch 1 reviews: deferred part 0, wave 1\n" in text


# -- the prover sees through spoilt plans ----------------------------------------------------------------------------


def test_a_part_that_is_left_out_is_missed() -> None:
    supergraph, operation, plan = planned(TWO)
    spoilt = replace(plan, deferred=plan.deferred[:1], fetches=plan.fetches[:2])
    assert "the parts are not those of the operation" in prove_deferred(supergraph, operation, spoilt)


def test_a_fetch_in_two_parts_is_seen() -> None:
    supergraph, operation, plan = planned(TWO)
    twice = replace(plan.deferred[1], node=plan.deferred[0].node)
    spoilt = replace(plan, deferred=(plan.deferred[0], twice))
    assert prove_deferred(supergraph, operation, spoilt) == ["a fetch is not in exactly one part"]


def test_what_should_come_at_once_and_is_deferred_is_seen() -> None:
    supergraph, operation, plan = planned(TWO)
    root = replace(plan.fetches[0], text="{ me { id } }")
    late = replace(plan.fetches[1], text=plan.fetches[1].text.replace("score", "score name"))
    part = replace(plan.deferred[0], node=late)
    spoilt = replace(plan, node=root, fetches=(root, late, plan.fetches[2]), deferred=(part, plan.deferred[1]))
    problems = prove_deferred(supergraph, operation, spoilt)
    assert "the primary part: me.name of User is never fetched" in problems


def test_a_part_that_waits_for_its_neighbour_is_seen() -> None:
    supergraph, operation, plan = planned(TWO)
    later = replace(plan.fetches[2], depends=(0, 1))
    part = replace(plan.deferred[1], node=later)
    spoilt = replace(plan, fetches=(*plan.fetches[:2], later), deferred=(plan.deferred[0], part))
    assert "part 1 waits for a part that is not around it" in prove_deferred(supergraph, operation, spoilt)


# -- random operations, deferred at random ---------------------------------------------------------------------------


def deferred_at_random(supergraph: Supergraph, operation: Operation, source: random.Random) -> Operation:
    """``operation`` with some of its selections put into deferred fragments."""

    def inside(type: str, selections: tuple[Selection, ...], depth: int) -> tuple[Selection, ...]:
        changed: list[Selection] = []
        for each in selections:
            if isinstance(each, Field):
                found = supergraph.field(each.parent, each.name)
                below = inside(named_type(found.type), each.selections, depth + 1) if found else each.selections
            else:
                below = inside(each.type, each.selections, depth + 1)
            changed.append(replace(each, selections=below))
        place = source.randrange(len(changed) + 1) if changed else 0
        apart = tuple(changed[place:])
        if not apart or source.random() < 0.5 or any(isinstance(each, Field) and each.hidden for each in apart):
            return tuple(changed)
        return (*changed[:place], Fragment(type, (), apart, Deferral(f"d{depth}")))

    return settle(replace(operation, selections=inside(operation.root, operation.selections, 0)), {})


@pytest.mark.parametrize("seed", range(2000, 2012))
def test_random_parts_are_proven(seed: int) -> None:
    supergraph = load_supergraph(make_world(seed).supergraph())
    source = random.Random(seed)
    parts = 0
    for number in range(5):
        text, variables = random_operation(supergraph.api_schema, source)
        operation = read_operation(text, supergraph.api_schema, variables, limits=WIDE)
        apart = deferred_at_random(supergraph, operation, source)
        plan = plan_operation(supergraph, apart)
        parts += sum(each.node is not None for each in plan.deferred)
        assert prove_deferred(supergraph, apart, plan) == [], f"world {seed}, operation {number}: {apart.selections}"
    assert parts > 0
