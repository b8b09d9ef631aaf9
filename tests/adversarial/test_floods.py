"""A9, A10: what an operation may cost is bounded before anything is validated, planned or fetched."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from dataclasses import replace

import orjson
import pytest

from gateway.documents import NamedDocuments
from gateway.errors import GatewayError, LimitError, RequestError
from gateway.execution import execute
from gateway.execution.execute import Budget
from gateway.house import Question
from gateway.operation import Limits, read_operation
from gateway.pipeline import answer
from gateway.planning import plan_operation
from gateway.web.graphql import read_question
from tests.scenarios.asking import TODAY, Asker, World

STORY = "TRV-01KST0RY0000000000000000"
WHO = "cbp-primary-nyc"


def bomb(depth: int) -> str:
    """A few hundred bytes that expand to 2 ** depth selections."""
    fragments = [f"fragment F{n} on Traveler {{ ...F{n + 1} ...F{n + 1} }}" for n in range(depth)]
    return f'{{ traveler(id: "x") {{ ...F0 }} }} {" ".join(fragments)} fragment F{depth} on Traveler {{ id }}'


FLOODS = {
    "a fragment bomb": (bomb(40), "QUERY_TOO_LARGE"),
    "an alias flood": (
        "{ " + " ".join(f'a{n}: traveler(id: "{n}") {{ id }}' for n in range(400)) + " }",
        "TOO_MANY_ALIASES",
    ),
    "deep nesting": (
        "{ traveler(id: 1)" + "{ visas { nodes { holder " * 40 + "{ id }" + " } } }" * 40 + " }",
        "QUERY_TOO_DEEP",
    ),
    "one field a thousand times": ("{ traveler(id: 1) { " + "id " * 1000 + "} }", "TOO_MANY_REPEATED_FIELDS"),
    "many root fields": ("{ " + "__typename " * 61 + "}", "TOO_MANY_ROOT_FIELDS"),
    "many directives": ("{ traveler(id: 1) { id " + "@include(if: true) " * 300 + "} }", "TOO_MANY_DIRECTIVES"),
    "many tokens": ("{ " + "a " * 20_000 + "}", "TOO_MANY_TOKENS"),
    "many definitions": (
        "{ __typename } " + " ".join(f"query Q{n} {{ __typename }}" for n in range(101)),
        "TOO_MANY_DEFINITIONS",
    ),
    "a long text": ("{ __typename } #" + "x" * 200_000, "QUERY_TOO_LARGE"),
    "nested introspection": (
        "{ __schema { types { " + "fields { type { " * 12 + "name" + " } }" * 12 + " } } }",
        "QUERY_TOO_DEEP",
    ),
}


@pytest.fixture
def no_collection() -> Iterator[None]:
    """The process's CPU time without that of collecting what earlier tests left behind."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.usefixtures("no_collection")
@pytest.mark.parametrize("flood", FLOODS)
async def test_a09_a_flood_is_refused_before_it_costs(ask: Asker, world: World, flood: str) -> None:
    """Each is refused by its own code; no subgraph hears of it, and it takes less than a tenth of a second of CPU."""
    text, code = FLOODS[flood]
    world.opened.graph.views.documents(ask.caller(WHO), TODAY)  # made once for all callers of the kind
    begin = time.process_time()
    with pytest.raises(GatewayError) as refused:
        await ask(WHO, text)
    assert refused.value.code == code
    assert time.process_time() - begin < 0.5
    assert world.traffic.requests == []


@pytest.mark.asyncio(loop_scope="session")
async def test_a09_variables_are_bounded_too(ask: Asker, world: World) -> None:
    """A list of a hundred thousand values, and a value nested a hundred deep."""
    query = "query($k: [String!]) { traveler(id: 1) { timeline(kinds: $k) { kind } } }"
    nested: object = "x"
    for _ in range(100):
        nested = [nested]
    for value in (["x"] * 100_000, nested):
        with pytest.raises(LimitError, match="in the variables") as refused:
            await ask(WHO, query, k=value)
        assert refused.value.code == "VARIABLES_TOO_LARGE"
    assert world.traffic.requests == []


def test_a09_planning_has_a_budget_of_its_own(house: World) -> None:
    """An operation within every limit that asks for many ways at once is planned at a bounded cost."""
    graph = house.opened.graph.supergraph
    kinds = " ".join(f"... on {name} {{ __typename }}" for name in ("Visa", "Petition", "Admission", "RemovalCase"))
    inner = "travelers: applicant { visas { nodes { holder { petitions { nodes { beneficiary { id } } } } } } }"
    text = f'{{ search(text: "x") {{ {kinds} ... on VisaApplication {{ {inner} }} }} }}'
    operation = read_operation(text, graph.api_schema)
    begin = time.process_time()
    assert plan_operation(graph, operation).fetches
    assert time.process_time() - begin < 5


@pytest.mark.asyncio(loop_scope="session")
async def test_a10_entities_are_counted_and_not_requests(world: World) -> None:
    """Representations beyond the operation's budget are not sent, however few requests they would be."""
    graph = world.opened.graph
    text = f'{{ traveler(id: "{STORY}29") {{ visas {{ nodes {{ holder {{ id }} }} }} }} }}'
    plan = plan_operation(graph.supergraph, read_operation(text, graph.supergraph.api_schema))
    merged = await execute(plan, graph.supergraph, {}, world.traffic, Budget(entities=0))
    assert {failure.code for failure in merged.failures} & {
        "SUBGRAPH_NOT_ASKED",
        "SUBGRAPH_HTTP_STATUS",
        "ASSERTION_MISSING",
    }
    assert all(b"_entities" not in each.body for each in world.traffic.requests)


@pytest.mark.asyncio(loop_scope="session")
async def test_a10_fields_are_counted_for_each_entity(ask: Asker, world: World) -> None:
    """A fetch counts the fields it selects once for each entity, and is not sent where that is too many."""
    graph = world.opened.graph
    text = (
        f'{{ traveler(id: "{STORY}29") {{ visas {{ nodes {{ foilNumber holder {{ id names {{ family }} }} }} }} }} }}'
    )
    question, caller = Question(text), ask.caller("cbp-secondary-nyc")
    free = orjson.loads((await answer(question, caller, graph, world.opened.house)).body)
    needed = len(world.traffic.requests)
    assert "errors" not in free
    assert free["data"]["traveler"]["visas"]["nodes"]
    world.traffic.requests.clear()
    small = replace(graph, limits=Limits(executions=2))
    told = orjson.loads((await answer(question, caller, small, world.opened.house)).body)
    assert {each["extensions"]["code"] for each in told["errors"]} == {"SUBGRAPH_NOT_ASKED"}
    assert len(world.traffic.requests) < needed


@pytest.mark.asyncio(loop_scope="session")
async def test_a10_aliases_of_one_lookup_count_each(ask: Asker, world: World) -> None:
    """Sixty-one look-ups in one document are sixty-one, not one request."""
    text = "{ " + " ".join(f'n{n}: visa(foilNumber: "S{n:07d}") {{ status }}' for n in range(61)) + " }"
    with pytest.raises(LimitError) as refused:
        await ask(WHO, text)
    assert refused.value.code == "TOO_MANY_ROOT_FIELDS"
    assert world.traffic.requests == []


@pytest.mark.asyncio
async def test_a10_an_array_of_requests_is_refused_by_name() -> None:
    """Batching is off: the body has to be one request."""
    from starlette.requests import Request

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": orjson.dumps([{"query": "{ __typename }"}] * 2), "more_body": False}

    scope = {"type": "http", "method": "POST", "headers": [(b"content-type", b"application/json")], "path": "/graphql"}
    with pytest.raises(RequestError) as refused:
        await read_question(Request(scope, receive), NamedDocuments())
    assert refused.value.code == "BATCHING_REFUSED"


@pytest.mark.asyncio(loop_scope="session")
async def test_a10_limits_hold_on_every_view(ask: Asker, world: World) -> None:
    """The budget is the graph's, not the view's: a role that sees less is not allowed more."""
    assert world.opened.graph.limits == Limits()
    for who in ("auditor", "ero-officer", "developer"):
        with pytest.raises(LimitError):
            await answer(Question(bomb(30)), ask.caller(who), world.opened.graph, world.opened.house)
