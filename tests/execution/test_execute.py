"""The executor against plans written by hand: extraction, guards, merging, scheduling, failures."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from gateway.execution import Budget, Merged, execute
from gateway.execution.paths import find, trace
from gateway.execution.representations import gather
from gateway.execution.transport import SubgraphRequest, SubgraphResponse
from gateway.operation import Condition
from gateway.planning.plan import (
    Conditional,
    EntityBatch,
    Fetch,
    Input,
    InputField,
    InputFragment,
    Parallel,
    Plan,
    Rename,
    Sequence,
)
from gateway.supergraph import load_supergraph
from tests.execution.virtual import run
from tests.execution.world import make_world

SUPERGRAPH = load_supergraph(make_world(1).supergraph())  # object types T0, T1 and V0; interfaces Node and Named


class Scripted:
    """Answers each subgraph by a function of the decoded body; keeps what was sent and when."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.times: list[tuple[str, float]] = []
        self.delays: dict[str, float] = {}
        self.requests: list[SubgraphRequest] = []

    async def send(self, request: SubgraphRequest) -> SubgraphResponse:
        body = json.loads(request.body)
        self.requests.append(request)
        self.sent.append((request.subgraph, body))
        self.times.append((request.subgraph, asyncio.get_running_loop().time()))
        await asyncio.sleep(self.delays.get(request.subgraph, 0))
        answer = self.answers[request.subgraph]
        if callable(answer):
            answer = answer(body)
        return SubgraphResponse(200, json.dumps(answer).encode())


def root(text: str, id: int = 0, subgraph: str = "a", **more: Any) -> Fetch:
    return Fetch(id, subgraph, "query", text, **more)


def entities(
    id: int,
    text: str,
    target: tuple[str, ...],
    *inputs: Input,
    subgraph: str = "b",
    depends: tuple[int, ...] = (0,),
    **more: Any,
) -> Fetch:
    batch = EntityBatch("_e0", "r0", (target,), inputs or (Input((), "T0", (InputField("id", "id"),)),), **more)
    query = f"query($r0: [_Any!]!) {{ _e0: _entities(representations: $r0) {{ {text} }} }}"
    return Fetch(id, subgraph, "query", query, batches=(batch,), depends=depends)


def plan(*fetches: Fetch) -> Plan:
    return Plan(Sequence(fetches), fetches)


def go(made: Plan, transport: Scripted, budget: Budget | None = None, **variables: Any) -> Merged:
    merged, _ = run(execute(made, SUPERGRAPH, variables, transport, budget or Budget()))
    return merged


def failures(merged: Merged) -> list[tuple[str, tuple[Any, ...]]]:
    return [(each.code, each.paths) for each in merged.failures]


TWO = root("{ items { __typename id } }")
NAMES = entities(1, "... on T0 { name }", ("items", "@"))


def test_entities_are_asked_once_each_and_answered_everywhere() -> None:
    """Equal representations are sent once; each position gets its own copy."""
    items = [{"__typename": "T0", "id": "1"}, None, {"__typename": "T0", "id": "2"}, {"__typename": "T0", "id": "1"}]
    transport = Scripted(a={"data": {"items": items}}, b={"data": {"_e0": [{"name": {"x": 1}}, {"name": "m"}]}})
    merged = go(plan(TWO, entities(1, "name { x }", ("items", "@"))), transport)
    assert transport.sent[1][1]["variables"] == {
        "r0": [{"__typename": "T0", "id": "1"}, {"__typename": "T0", "id": "2"}]
    }
    first, nothing, second, third = merged.data["items"]
    assert (nothing, first["name"], third["name"]) == (None, {"x": 1}, {"x": 1})
    assert first["name"] is not third["name"]
    assert second["name"] is None  # "m" is no object
    assert failures(merged) == [("SUBGRAPH_WRONG_SHAPE", (("items", 2, "name"),))]
    assert (merged.fetched, merged.entities) == (2, 2)


def test_nobody_is_asked_about_nothing() -> None:
    """No object, no key, or a null key: no request."""
    for items in (None, [], [None], [{"__typename": "T0"}], [{"__typename": "T0", "id": None}], "x", 5):
        transport = Scripted(a={"data": {"items": items}})
        merged = go(plan(TWO, NAMES), transport)
        assert [subgraph for subgraph, _ in transport.sent] == ["a"]
        assert merged.fetched == 1


def test_type_guards_pick_objects_by_their_runtime_type() -> None:
    """An object without a type name passes no guard."""
    data = {"x": [[{"__typename": "T0", "n": 1}], [{"__typename": "T1", "n": 2}, {"n": 3}, None], None]}
    assert [each["n"] for each in find(data, ("x", "@", "@", "|T0|V0"))] == [1]
    assert [each["n"] for each in find(data, ("x", "@", "@", "|T0|T1"))] == [1, 2]
    assert [(place, each["n"]) for place, each in trace(data, ("x", "@", "@"))] == [
        (("x", 0, 0), 1), (("x", 1, 0), 2), (("x", 1, 1), 3),
    ]  # fmt: skip
    assert find(data, ("x", "@", "@", "n")) == []
    assert find(data, ("x", "n")) == []


def test_representations_follow_the_input() -> None:
    """Sources and names, nested lists, fragments by type, nulls where they are allowed."""
    inner = (InputField("__typename", "__typename"), InputFragment(("T1",), (InputField("v", "v"),)))
    shape = Input(
        ("T0",), "Node",
        (InputField("__r0", "price", required=False), InputField("id", "id"), InputField("of", "of", inner, required=False)),
    )  # fmt: skip
    full = {
        "__typename": "T0",
        "__r0": 5,
        "id": "1",
        "of": [[{"__typename": "T1", "v": 2}], [{"__typename": "T0", "v": 3}]],
    }
    sent = [json.loads(each) for each in gather([full], [shape]).encoded]
    assert sent == [
        {"__typename": "Node", "price": 5, "id": "1", "of": [[{"__typename": "T1", "v": 2}], [{"__typename": "T0"}]]}
    ]
    assert gather([{**full, "__r0": None, "of": None}], [shape]).encoded == [
        b'{"__typename":"Node","price":null,"id":"1","of":null}'
    ]
    for lost in ("__r0", "id", "of"):
        assert not gather([{key: value for key, value in full.items() if key != lost}], [shape]).encoded
    assert not gather([{**full, "id": None}], [shape]).encoded
    assert not gather([{**full, "__typename": "T1"}], [shape]).encoded


def test_long_integers_are_sent_on_exactly() -> None:
    """A 30-digit key is no float."""
    long = 123456789012345678901234567890
    transport = Scripted(
        a={"data": {"items": [{"__typename": "T0", "id": long}]}}, b={"data": {"_e0": [{"name": long}]}}
    )
    merged = go(plan(TWO, NAMES), transport)
    assert transport.sent[1][1]["variables"]["r0"][0]["id"] == long
    assert merged.data["items"][0]["name"] == long


def test_renames_put_values_under_their_storage_keys() -> None:
    """Outermost first, by storage path, also below lists and within entities."""
    text = "{ _c0: items { id _r0: id deep { _c1: x } } }"
    renames = (
        Rename((), "_c0", "items"),
        Rename(("items", "@"), "_r0", "__r0"),
        Rename(("items", "@", "deep"), "_c1", "x"),
    )
    transport = Scripted(a={"data": {"_c0": [{"id": "1", "_r0": "2", "deep": {"_c1": 3}}]}})
    merged = go(plan(root(text, renames=renames)), transport)
    assert merged.data == {"items": [{"id": "1", "__r0": "2", "deep": {"x": 3}}]}


def test_what_nobody_asked_for_is_dropped() -> None:
    """Extra keys at every level, a type name that was not selected included."""
    answer = {"data": {"items": [{"id": "1", "__typename": "T1", "secret": 1}], "more": 1}, "extensions": {"x": 1}}
    assert go(plan(root("{ items { id } }")), Scripted(a=answer)).data == {"items": [{"id": "1"}]}


def test_merging_keeps_what_is_known() -> None:
    """Null never overwrites; objects merge by key and lists by index; interface names are no type names."""
    one = {"data": {"x": [{"__typename": "T0", "n": 1}, None], "y": {"k": 1}}}
    two = {"data": {"x": [{"__typename": "Node", "m": 2}, {"__typename": "T1", "m": 3}], "y": None}}
    made = plan(root("{ x { __typename n } y { k } }"), root("{ x { __typename m } y { k } }", 1, "b", depends=(0,)))
    merged = go(made, Scripted(a=one, b=two))
    assert merged.data == {"x": [{"__typename": "T0", "n": 1, "m": 2}, {"__typename": "T1", "m": 3}], "y": {"k": 1}}
    assert not merged.failures


def test_lists_of_another_length_and_other_types_are_reported() -> None:
    """The first answer stands."""
    one = {"data": {"x": [{"__typename": "T0", "n": 1}], "y": {"k": 1}}}
    two = {"data": {"x": [{"__typename": "T1", "m": 2}, {"__typename": "T1", "m": 3}], "y": [{"k": 1}]}}
    made = plan(root("{ x { __typename n } y { k } }"), root("{ x { __typename m } y { k } }", 1, "b", depends=(0,)))
    merged = go(made, Scripted(a=one, b=two))
    assert merged.data == {"x": [{"__typename": "T0", "n": 1}], "y": {"k": 1}}
    assert failures(merged) == [
        ("SUBGRAPH_LIST_MISMATCH", (("x",),)),
        ("SUBGRAPH_WRONG_TYPE", (("x", 0),)),
        ("SUBGRAPH_WRONG_SHAPE", (("y",),)),
    ]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"data": {"_e0": [{"name": "n"}]}}, "SUBGRAPH_ENTITY_COUNT"),
        ({"data": {"_e0": [{"name": "n"}] * 3}}, "SUBGRAPH_ENTITY_COUNT"),
        ({"data": {"_e0": None}}, "SUBGRAPH_WRONG_SHAPE"),
        ({"data": {}}, "SUBGRAPH_WRONG_SHAPE"),
        ({"data": {"_e0": {"name": "n"}}}, "SUBGRAPH_WRONG_SHAPE"),
        ({"data": None}, "SUBGRAPH_WRONG_SHAPE"),
        ([], "SUBGRAPH_WRONG_SHAPE"),
        ({"errors": [{"message": "no"}]}, "SUBGRAPH_ERROR"),
    ],
)
def test_an_entity_answer_that_makes_no_sense_changes_nothing(answer: Any, code: str) -> None:
    """All its objects stay as they were; the failure names where they stand."""
    items = [{"__typename": "T0", "id": "1"}, {"__typename": "T0", "id": "2"}]
    merged = go(plan(TWO, NAMES), Scripted(a={"data": {"items": items}}, b=answer))
    assert merged.data == {"items": items}
    assert failures(merged) == [(code, (("items", 0, "name"), ("items", 1, "name")))]


def test_null_entities_are_no_failure() -> None:
    """The subgraph does not know them; that is all."""
    items = [{"__typename": "T0", "id": "1"}]
    merged = go(plan(TWO, NAMES), Scripted(a={"data": {"items": items}}, b={"data": {"_e0": [None]}}))
    assert merged.data == {"items": items}
    assert not merged.failures


def test_error_paths_become_the_clients_paths() -> None:
    """Of a root fetch by storage keys; of an entity at every place the entity stands; cut where they make no sense."""
    items = [{"__typename": "T0", "id": "1"}, {"__typename": "T0", "id": "2"}, {"__typename": "T0", "id": "1"}]
    errors = [
        {"message": "SECRET", "path": ["_e0", 0, "name"], "extensions": {"code": "NOT_FOUND"}},
        {"message": "SECRET", "path": ["_e0", 1, "odd", 7]},
        {"message": "SECRET", "path": ["_e0", 99]},
        {"message": "SECRET", "path": "x", "extensions": {"code": "select *"}},
    ]
    a = {"data": {"_c0": items}, "errors": [{"message": "SECRET", "path": ["_c0", 1, "id"]}]}
    made = plan(root("{ _c0: items { __typename id } }", renames=(Rename((), "_c0", "items"),)), NAMES)
    merged = go(made, Scripted(a=a, b={"data": {"_e0": [None, None]}, "errors": errors}))
    everywhere = (("items", 0, "name"), ("items", 1, "name"), ("items", 2, "name"))
    assert failures(merged) == [
        ("SUBGRAPH_ERROR", (("items", 1, "id"),)),
        ("NOT_FOUND", (("items", 0, "name"), ("items", 2, "name"))),
        ("SUBGRAPH_ERROR", (("items", 1, "name"),)),
        ("SUBGRAPH_ERROR", everywhere),
    ]
    assert "SECRET" not in str(merged.failures)
    assert {each.subgraph for each in merged.failures} == {"a", "b"}


def test_a_failed_fetch_stops_only_what_depends_on_it() -> None:
    """Partial data, whatever fails."""
    other = root("{ other { id } }", 2, "c")
    merged = go(plan(TWO, NAMES, other), Scripted(a=[], c={"data": {"other": {"id": "9"}}}))
    assert merged.data == {"other": {"id": "9"}}
    assert failures(merged) == [("SUBGRAPH_WRONG_SHAPE", (("items",),))]


def test_fetches_start_as_soon_as_what_they_need_is_there() -> None:
    """By dependency and not by wave: c waits for the fast a, not for the slow b of the same wave."""
    items = {"data": {"items": [{"__typename": "T0", "id": "1"}]}}
    transport = Scripted(a=items, b={"data": {"slow": 1}}, c={"data": {"_e0": [{"name": "n"}]}})
    transport.delays = {"a": 1.0, "b": 10.0, "c": 1.0}
    slow = root("{ slow }", 1, "b")
    late = replace(entities(2, "name", ("items", "@")), subgraph="c")
    made = Plan(Sequence((Parallel((TWO, slow)), late)), (TWO, slow, late))
    merged, took = run(execute(made, SUPERGRAPH, {}, transport))
    assert transport.times == [("a", 0.0), ("b", 0.0), ("c", 1.0)]
    assert took == 10.0
    assert merged.data == {"items": [{"__typename": "T0", "id": "1", "name": "n"}], "slow": 1}


def test_conditions_of_fetches_batches_and_inputs() -> None:
    """What does not hold is not sent; what is not needed is not waited for."""
    on = (Condition("v"),)
    conditional = Conditional(on, NAMES)
    made = Plan(Sequence((TWO, conditional)), (TWO, NAMES))
    items = {"data": {"items": [{"__typename": "T0", "id": "1"}]}}
    b: Callable[[Any], Any] = lambda body: {"data": {"_e0": [{"name": "n"}] * len(body["variables"]["r0"])}}  # noqa: E731
    assert len(transport_of(made, items, b, v=False).sent) == 1
    assert len(transport_of(made, items, b, v=True).sent) == 2
    optional = Input((), "T0", (InputField("id", "id"), InputField("gone", "gone", conditions=on)))
    made = plan(TWO, entities(1, "name", ("items", "@"), optional))
    assert transport_of(made, items, b, v=False).sent[1][1]["variables"]["r0"] == [{"__typename": "T0", "id": "1"}]
    assert len(transport_of(made, items, b, v=True).sent) == 1
    made = plan(TWO, entities(1, "name", ("items", "@"), conditions=on))
    assert len(transport_of(made, items, b, v=False).sent) == 1


def transport_of(made: Plan, a: Any, b: Any, **variables: Any) -> Scripted:
    transport = Scripted(a=a, b=b)
    go(made, transport, **variables)
    return transport


def test_the_body_is_stable_and_carries_only_what_the_fetch_reads() -> None:
    """Text and name are constants of the plan; absent variables stay absent; mutations are never repeatable."""
    fetch = root(
        "query N($a: Int, $b: Int) { x(a: $a, b: $b) }", name="N", variables=("a", "b"), coordinates=("Query.x",)
    )
    transport = Scripted(a={"data": {"x": 1}})
    go(plan(fetch), transport, a=None, z=1)
    assert transport.requests[0].body == (
        b'{"query":"query N($a: Int, $b: Int) { x(a: $a, b: $b) }","operationName":"N","variables":{"a":null}}'
    )
    assert transport.requests[0].coordinates == ("Query.x",)
    assert transport.requests[0].idempotent
    go(plan(replace(fetch, kind="mutation", lookup=False)), transport)
    assert not transport.requests[1].idempotent


def test_data_of_a_reentry_goes_to_every_object_at_its_path() -> None:
    """A field of type Query somewhere below."""
    made = plan(root("{ many { q { x } } }"), root("{ y }", 1, "b", path=("many", "@", "q"), depends=(0,)))
    merged = go(made, Scripted(a={"data": {"many": [{"q": {"x": 1}}, {"q": {"x": 2}}]}}, b={"data": {"y": 3}}))
    assert merged.data == {"many": [{"q": {"x": 1, "y": 3}}, {"q": {"x": 2, "y": 3}}]}


def test_an_operation_may_not_ask_about_endlessly_many_entities() -> None:
    """A10: representations are counted, and the fetch that goes beyond is not sent."""
    items = [{"__typename": "T0", "id": str(number)} for number in range(30)]
    transport = Scripted(a={"data": {"items": items}})
    merged = go(plan(TWO, NAMES), transport, Budget(entities=20))
    assert [code for code, _ in failures(merged)] == ["SUBGRAPH_NOT_ASKED"]
    assert len(transport.sent) == 1


def test_an_answer_may_not_be_endlessly_large() -> None:
    """Checked before it is decoded."""
    merged = go(plan(TWO), Scripted(a={"data": {"items": ["x" * 1_000]}}), Budget(answer_bytes=500))
    assert failures(merged) == [("SUBGRAPH_TOO_LARGE", (("items",),))]


def test_an_empty_plan_is_an_empty_tree() -> None:
    """Introspection and type names alone need nobody."""
    assert go(Plan(None), Scripted()).data == {}
