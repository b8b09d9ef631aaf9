"""Answers of endless lists: what is right of them is answered, and memory stays a small multiple of the bytes sent."""

from __future__ import annotations

import asyncio
import tracemalloc
from dataclasses import dataclass

import pytest

from gateway.execution import Answer
from gateway.execution.engine import Plans
from gateway.execution.transport import SubgraphRequest, SubgraphResponse
from gateway.supergraph import Supergraph
from tests.execution.executors import EXECUTORS, answer_by
from tests.planning.harness import composed

MILLION = 10**6
GRAPH: Supergraph = composed(
    (
        ("a", 'type Query { numbers: [Int] items: [Item] } type Item @key(fields: "id") { id: ID! }'),
        ("b", 'type Item @key(fields: "id") { id: ID! price: Int must: Int! }'),
    )
)
MANY = 50_001  # objects, one more than may be asked about
# bytes: an object with one field takes about 200 in each of the decoded answer, the tree and the client's answer
PER_OBJECT = 1_200

pytestmark = pytest.mark.slow


@dataclass(slots=True)
class Said:
    """Subgraphs that say what a test wants: ``a`` these bytes, ``b`` these."""

    a: bytes
    b: bytes = b"{}"

    async def send(self, request: SubgraphRequest) -> SubgraphResponse:
        """The bytes prepared for the subgraph."""
        return SubgraphResponse(200, self.a if request.subgraph == "a" else self.b)


def ask(executor: str, text: str, said: Said, most: int) -> Answer:
    """The answer; raises AssertionError where more than ``most`` bytes were held at any time on the way to it."""
    tracemalloc.start()
    try:
        told = asyncio.run(answer_by(executor, text, {}, said, Plans(GRAPH)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < most, f"{peak / MILLION:.0f} MB"
    assert "SECRET" not in str(told.errors)
    return told


def codes(told: Answer) -> list[str]:
    """The code of each error."""
    return [each["extensions"]["code"] for each in told.errors]


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_million_numbers_are_answered(executor: str) -> None:
    said = Said(b'{"data":{"numbers":[' + b"7," * (MILLION - 1) + b"7]}}")
    told = ask(executor, "{ numbers }", said, 100 * MILLION)
    assert told.data == {"numbers": [7] * MILLION}
    assert told.errors == ()


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_million_wrong_values_are_a_hundred_errors(executor: str) -> None:
    said = Said(b'{"data":{"numbers":[' + b'"SECRET",' * (MILLION - 1) + b"7]}}")
    told = ask(executor, "{ numbers }", said, 300 * MILLION)
    assert told.data is not None
    assert told.data["numbers"][-2:] == [None, 7]
    assert len(told.data["numbers"]) == MILLION
    assert codes(told) == ["BAD_VALUE"] * 100


@pytest.mark.parametrize("executor", EXECUTORS)
def test_more_objects_than_may_be_asked_about_are_listed_only(executor: str) -> None:
    """What another subgraph knows of them is not had, and that is told once."""
    rows = b",".join(b'{"__typename":"Item","id":"%d"}' % number for number in range(MANY))
    told = ask(executor, "{ items { id price } }", Said(b'{"data":{"items":[' + rows + b"]}}"), PER_OBJECT * MANY)
    assert told.data is not None
    assert told.data["items"][-1] == {"id": str(MANY - 1), "price": None}
    assert codes(told) == ["SUBGRAPH_NOT_ASKED"]


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_million_entities_for_two_are_none(executor: str) -> None:
    said = Said(
        b'{"data":{"items":[{"__typename":"Item","id":"1"},{"__typename":"Item","id":"2"}]}}',
        b'{"data":{"_e0":[' + b'{"price":1},' * (MILLION - 1) + b'{"price":2}]}}',
    )
    told = ask(executor, "{ items { id price } }", said, PER_OBJECT * MILLION)
    assert told.data == {"items": [{"id": "1", "price": None}, {"id": "2", "price": None}]}
    assert codes(told) == ["SUBGRAPH_ENTITY_COUNT"] * 2


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_million_errors_are_a_few(executor: str) -> None:
    """The first hundred are looked at; equal ones are one."""
    said = Said(
        b'{"data":{"items":[{"__typename":"Item","id":"1"}]}}',
        b'{"data":{"_e0":[null]},"errors":[' + b'{"message":"SECRET","path":["_e0",0]},' * (MILLION // 2) + b"{}]}",
    )
    told = ask(executor, "{ items { id price } }", said, PER_OBJECT * MILLION // 2)
    assert told.data == {"items": [{"id": "1", "price": None}]}
    assert codes(told) == ["SUBGRAPH_ERROR"]


@pytest.mark.parametrize("executor", EXECUTORS)
def test_an_error_that_concerns_every_object_is_told_once(executor: str) -> None:
    """A subgraph that lists its objects and says it failed for none in particular."""
    rows = b",".join(b'{"id":"%d"}' % number for number in range(MANY))
    said = Said(b'{"data":{"items":[' + rows + b']},"errors":[{"message":"SECRET"}]}')
    told = ask(executor, "{ items { id } }", said, PER_OBJECT * MANY)
    assert told.data is not None
    assert len(told.data["items"]) == MANY
    assert codes(told) == ["SUBGRAPH_ERROR"]
