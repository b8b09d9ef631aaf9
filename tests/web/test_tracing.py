"""Plan and times of a request, for whoever sent it, in development."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.house import Question
from gateway.web.tracing import Traces
from tests.web.client import Face

pytestmark = pytest.mark.asyncio(loop_scope="module")

TRAVELER = "TRV-01KST0RY000000000000000029"
QUERY = "query($t: ID!) { traveler(id: $t) { overstay { status } visas { nodes { foilNumber } } } }"
PERSONA = "cbp-secondary-nyc"


async def record(face: Face) -> str:
    """The number of an answer to CBP."""
    answered = await face.ask(QUERY, PERSONA, variables={"t": TRAVELER})
    assert answered.data["traveler"]["overstay"] == {"status": "NONE"}
    return str(answered.page["extensions"]["record"])


async def test_the_caller_sees_plan_calls_stages_and_no_value(face: Face) -> None:
    told = await face.get(f"/dev/trace/{await record(face)}", face.token(PERSONA))

    assert told.status == 200
    assert (told.page["plan"]["fetches"], told.page["plan"]["depth"]) == (4, 3)
    planned = {"travelers", "petitions", "visas", "admissions"}
    assert planned <= {call["subgraph"] for call in told.page["calls"]}
    assert all(call["status"] == 200 and call["took"] > 0 and call["received"] > 0 for call in told.page["calls"])
    began = [call["began"] for call in told.page["calls"]]
    assert began == sorted(began)
    assert told.page["took"] >= max(call["began"] + call["took"] for call in told.page["calls"])
    assert told.page["stages"]
    assert told.page["cost"] > 4  # a list is in it
    assert TRAVELER not in str(told.page)
    assert told.headers["cache-control"] == "no-store"


async def test_nobody_else_sees_it(face: Face) -> None:
    number = await record(face)
    for token in (face.token("cbp-primary-nyc"), face.token(PERSONA, user="another"), face.token(PERSONA, case="")):
        told = await face.get(f"/dev/trace/{number}", token)
        assert (told.status, told.error["code"]) == (404, "TRACE_UNKNOWN")
    told = await face.get(f"/dev/trace/{number}", None)
    assert (told.status, told.error["code"]) == (401, "TOKEN_MISSING")


async def test_outside_development_there_is_nothing_to_see(face: Face) -> None:
    number = await record(face)
    production = face.instead(settings=replace(face.opened.settings, mode="production", today=None), issuer=None)
    told = await production.get(f"/dev/trace/{number}", face.token(PERSONA))

    assert (told.status, told.error["code"]) == (403, "DEVELOPMENT_ONLY")
    assert production.app.state.traces is None


async def test_the_latest_200_are_kept(face: Face) -> None:
    traces = Traces(clock=iter(range(1000)).__next__)
    for number in range(201):
        made, _ = traces.begin(Question("{ __typename }"), face.caller(), face.opened.house)
        traces.end(made, str(number), {})

    assert len(traces.kept) == 200
    assert "0" not in traces.kept
    assert traces.kept["200"].took == 1000
