"""A11, A17: what a subgraph makes up is dropped, what it says stays inside, what it withholds stays withheld."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from gateway.errors import FetchError, OperationError
from gateway.execution.transport import SubgraphRequest, SubgraphResponse
from tests.scenarios.asking import Asker, World

pytestmark = pytest.mark.asyncio(loop_scope="session")

STORY = "TRV-01KST0RY0000000000000000"
QUERY = "query($t: ID!) { traveler(id: $t) { id names { family } visas { totalCount nodes { foilNumber status } } } }"
WHO = "cbp-primary-nyc"


@pytest.mark.parametrize("alias", ["__proto__", "__class__", "__dict__", "__f_x", "__r0", "__typenam"])
async def test_a11_reserved_aliases_are_refused(ask: Asker, world: World, alias: str) -> None:
    """A key that begins with two underscores could collide with the gateway's own values."""
    with pytest.raises(OperationError) as refused:
        await ask(WHO, f'{{ traveler(id: "x") {{ {alias}: id }} }}')
    assert refused.value.code == "RESERVED_NAME"
    assert world.traffic.requests == []


async def test_a11_words_of_other_languages_are_only_words(ask: Asker) -> None:
    """Aliases that mean something elsewhere are keys like any other, denied values included."""
    found = await ask(
        WHO,
        "query($t: ID!) { traveler(id: $t) { constructor: id prototype: names { toString: family }"
        " hasOwnProperty: petitions { totalCount } _e0: id _r0: id data: id errors: id extensions: id } }",
        t=STORY + "06",
    )
    traveler = found.data["traveler"]
    assert {traveler[key] for key in ("constructor", "_e0", "_r0", "data", "errors", "extensions")} == {STORY + "06"}
    assert traveler["hasOwnProperty"] is None


def answers(change: Callable[[dict[str, Any]], Any]) -> Callable[[World], Callable[[SubgraphRequest], Any]]:
    """A subgraph whose honest answer is changed before it is sent."""

    def hostile(world: World) -> Callable[[SubgraphRequest], Any]:
        async def send(request: SubgraphRequest) -> SubgraphResponse:
            honest = await world.traffic.inner.send(request)
            if b"__f_case" in request.body:
                return honest
            page = orjson.loads(honest.body)
            changed = change(page)
            return SubgraphResponse(200, changed if isinstance(changed, bytes) else orjson.dumps(changed or page))

        return send

    return hostile


def _walk(value: Any, visit: Callable[[dict[str, Any]], None]) -> Any:
    if isinstance(value, dict):
        visit(value)
        for each in list(value.values()):
            _walk(each, visit)
    elif isinstance(value, list):
        for each in value:
            _walk(each, visit)
    return value


HOSTILE: dict[str, Callable[[dict[str, Any]], Any]] = {
    "more keys than were asked for": lambda page: _walk(page, lambda item: item.update(secret="LEAK", notes="LEAK")),
    "another type": lambda page: _walk(
        page, lambda item: item.update(__typename="AsylumCase") if "__typename" in item else None
    ),
    "a type that is none": lambda page: _walk(
        page, lambda item: item.update(__typename=["LEAK"]) if "__typename" in item else None
    ),
    "more entities than asked": lambda page: {
        "data": {key: value * 3 if isinstance(value, list) else value for key, value in (page["data"] or {}).items()}
    },
    "objects for leaves": lambda page: _walk(
        page, lambda item: item.update({key: {"LEAK": 1} for key in item if key in ("status", "foilNumber")})
    ),
    "its own stack": lambda page: {
        "data": None,
        "errors": [
            {
                "message": "psycopg: SELECT * FROM LEAK",
                "path": ["LEAK"],
                "extensions": {"code": "LEAK it", "stack": "LEAK"},
            }
        ],
    },
    "half an answer": lambda page: orjson.dumps(page)[:-2],
    "a list for an answer": lambda page: b'[{"LEAK": 1}]',
    "no json": lambda page: b"<html>LEAK</html>",
    "numbers that are none": lambda page: b'{"data": {"_e0": [NaN, Infinity, "LEAK"]}}',
    "a deep answer": lambda page: b'{"data":' + b"[" * 5000 + b'"LEAK"' + b"]" * 5000 + b"}",
}


@pytest.mark.parametrize("what", HOSTILE)
async def test_a11_what_a_hostile_subgraph_adds_is_dropped(
    ask: Asker, world: World, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever the visas' subgraph answers, the other agencies' values stand and nothing it added is seen (A17)."""
    caplog.set_level(logging.DEBUG)
    world.traffic.broken["visas"] = answers(HOSTILE[what])(world)
    found = await ask(WHO, QUERY, t=STORY + "06")
    assert found.data["traveler"]["names"]
    assert b"LEAK" not in found.body
    assert "LEAK" not in caplog.text
    assert "LEAK" not in orjson.dumps(world.record(found)).decode()


async def test_a11_an_answer_without_end_is_cut_off(ask: Asker, world: World) -> None:
    """A hundred megabytes, and silence: a failure of that one subgraph, told by a code of the gateway's."""
    world.traffic.broken["visas"] = lambda request: SubgraphResponse(200, b'{"data":"' + b"x" * 33_000_000 + b'"}')
    found = await ask(WHO, QUERY, t=STORY + "06")
    assert {error["extensions"]["code"] for error in found.errors} == {"SUBGRAPH_TOO_LARGE"}
    assert found.data["traveler"]["names"]

    def silent(request: SubgraphRequest) -> Any:
        raise FetchError("SUBGRAPH_TIMEOUT", "connection to 10.0.0.7:5432 LEAK timed out")

    world.traffic.broken["visas"] = silent
    found = await ask(WHO, QUERY, t=STORY + "06")
    assert {error["extensions"]["code"] for error in found.errors} == {"SUBGRAPH_TIMEOUT"}
    assert b"LEAK" not in found.body


async def test_a17_a_denied_value_is_in_no_byte_but_its_owners(
    ask: Asker, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """The wage of a petition, which CBP never sees: not in an answer, a request, a log, the record or a cache."""
    caplog.set_level(logging.DEBUG)
    query = (
        "query($t: ID!) { traveler(id: $t) { id petitions { nodes { wageAnnualUsd jobTitle petitioner { name } } } } }"
    )
    shown = await ask("uscis-adjudicator", query, case="IOE0927029002", t=STORY + "29")
    petitions = shown.data["traveler"]["petitions"]["nodes"]
    values = {str(each["petitioner"]["name"]) for each in petitions if each["petitioner"]} - {"None"}
    assert values
    world.traffic.requests.clear()
    caplog.clear()
    denied = await ask("cbp-secondary-nyc", query, t=STORY + "29")
    said = [denied.body.decode(), world.traffic.bodies(), caplog.text, orjson.dumps(world.record(denied)).decode()]
    said += [repr(each) for each in world.opened.graph.plans]
    for value in values:
        assert all(value not in text for text in said)


async def test_a17_a_literal_of_the_question_is_in_no_record(ask: Asker, world: World) -> None:
    """A receipt number written into the document is blanked in the record's text and plan."""
    found = await ask("ero-officer", '{ search(text: "IOE0925010002") { __typename } }')
    assert "IOE0925010002" not in orjson.dumps(world.record(found)).decode()
