"""A subscription's events: each is completed over the other subgraphs like the answer of a root fetch."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from gateway.execution import project, source_request
from gateway.execution.execute import execute
from gateway.execution.result import Answer, Merged
from gateway.execution.transport import SubgraphRequest, SubgraphResponse
from gateway.operation import Operation, read_operation
from gateway.planning import Plan, plan_operation
from tests.planning.harness import composed

DESK = composed(
    (
        (
            "desk",
            "type Query { x: Int } type Subscription { changed(of: ID!): Change } "
            'type Change { kind: String! visas: [Visa!] } type Visa @key(fields: "id") { id: ID! status: String }',
        ),
        ("border", 'type Visa @key(fields: "id") { id: ID! entries: Int }'),
    )
)
QUERY = "subscription S($of: ID!) { changed(of: $of) { kind visas { state: status entries } } }"


class Border:
    """The other subgraph; it counts each visa's entries, and asserts that nobody asks the source again."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    async def send(self, request: SubgraphRequest) -> SubgraphResponse:
        assert request.subgraph == "border"
        sent = [each["id"] for each in json.loads(request.body)["variables"]["r0"]]
        self.asked.append(sent)
        answer = {"data": {"_e0": [{"entries": int(each)} for each in sent]}}
        return SubgraphResponse(200, json.dumps(answer).encode())


def planned(text: str, **variables: Any) -> tuple[Operation, Plan]:
    operation = read_operation(text, DESK.api_schema, variables)
    return operation, plan_operation(DESK, operation)


def complete(border: Border, event: dict[str, Any]) -> tuple[Merged, Answer]:
    operation, plan = planned(QUERY, of="9")
    merged = asyncio.run(execute(plan, DESK, operation.variables, border, event=event))
    return merged, project(operation, merged.data, DESK.api_schema, merged.failures)


def visa(id: str) -> dict[str, Any]:
    return {"state": "ISSUED", "id": id}


def test_the_source_is_opened_with_its_own_text_and_variables() -> None:
    operation, plan = planned(QUERY, of="9")
    request = source_request(plan, operation.variables)
    assert (request.subgraph, request.coordinates[-1]) == ("desk", "Visa.status")
    assert json.loads(request.body) == {
        "query": "subscription($of: ID!) { changed(of: $of) { kind visas { state: status id } } }",
        "variables": {"of": "9"},
    }


def test_only_a_subscription_has_a_source() -> None:
    operation, plan = planned("{ x }")
    assert plan.source is None
    with pytest.raises(ValueError, match="only the plan of a subscription"):
        source_request(plan, operation.variables)


def test_each_event_is_completed_by_itself() -> None:
    """Two events of one plan: what one leaves behind, the other does not see."""
    border = Border()
    merged, first = complete(border, {"data": {"changed": {"kind": "NEW", "visas": [visa("1"), visa("2")]}}})
    _, second = complete(border, {"data": {"changed": {"kind": "GONE", "visas": None}}})
    assert first.as_json() == {
        "data": {
            "changed": {"kind": "NEW", "visas": [{"state": "ISSUED", "entries": 1}, {"state": "ISSUED", "entries": 2}]}
        }
    }
    assert second.as_json() == {"data": {"changed": {"kind": "GONE", "visas": None}}}
    assert border.asked == [["1", "2"]]
    assert (merged.fetched, merged.entities) == (1, 2)


def test_errors_of_an_event_are_masked_and_placed_like_a_subgraph_answers() -> None:
    event = {
        "data": {"changed": {"kind": "NEW", "visas": None}},
        "errors": [{"message": "SECRET", "path": ["changed", "visas"], "extensions": {"code": "LOST"}}],
    }
    _, told = complete(Border(), event)
    (error,) = told.as_json()["errors"]
    assert (error["path"], error["extensions"]["code"]) == (["changed", "visas"], "LOST")
    assert "SECRET" not in json.dumps(told.as_json())


@pytest.mark.parametrize("event", [{}, {"data": "x"}, {"data": None}, {"data": None, "errors": []}, {"errors": "x"}])
def test_an_event_that_is_no_result_is_a_failure_with_a_code(event: dict[str, Any]) -> None:
    border = Border()
    merged, told = complete(border, event)
    assert [each.code for each in merged.failures] == ["SUBGRAPH_WRONG_SHAPE"]
    assert told.as_json()["data"] == {"changed": None}
    assert border.asked == []
