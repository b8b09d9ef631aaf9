"""What a subgraph tells of its events: numbers and names of fields to who may have them, and one event for one number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from gateway.caller import Caller
from gateway.errors import FetchError
from gateway.execution.transport import SubgraphRequest
from gateway.house import Vouched
from subgraphs.kit.database import Database
from tests.live.test_sse import revoke
from tests.scenarios.asking import TODAY, World

pytestmark = pytest.mark.asyncio(loop_scope="session")

RELAY = Caller("GATEWAY", "relay", "events")
OFFICER = Caller("STATE_CA", "consular-officer", "visa-adjudication", "AA00S24001", "co-nwd-1", "NWD")
TELLS = dict.fromkeys(("Subscription.visaRevoked", "Visa.status", "Visa.foilNumber"), "key")
REVOKED = "subscription { visaRevoked { foilNumber } }"


async def ask(world: World, page: Any, grants: Mapping[str, str], caller: Caller = RELAY) -> tuple[int, Any]:
    """Status and page of what the visas' subgraph answers under the gateway's signature."""
    opened = world.opened
    vouched = Vouched(opened.house, caller, opened.graph.policy.epoch, TODAY, lambda _coordinates: orjson.dumps(grants))
    response = await vouched.send(SubgraphRequest("visas", orjson.dumps(page), ("x",), idempotent=False))
    return response.status, orjson.loads(response.body)


async def test_events_are_numbers_and_names_and_nothing_else(fresh: World) -> None:
    """After the last number there was: the revocation, with the fields that tell of it and no key and no value."""
    _, began = await ask(fresh, {"events": {"after": None}}, {"_events": "key"})
    await revoke(fresh, "S2400001")
    status, page = await ask(fresh, {"events": {"after": began["last"]}}, {"_events": "key"})
    assert status == 200
    assert {field for _, fields in page["events"] for field in fields} >= {"visaRevoked"}
    assert all(set(map(type, event)) == {int, list} for event in page["events"])
    assert page["last"] >= page["events"][-1][0] > began["last"]
    assert b"S2400001" not in orjson.dumps(page)
    assert (await ask(fresh, {"events": {"after": page["last"]}}, {"_events": "key"}))[1]["events"] == []


async def test_without_the_grant_there_are_no_events(fresh: World) -> None:
    """An assertion for something else does not open the outbox."""
    status, page = await ask(fresh, {"events": {"after": 0}}, {"Visa.status": "key"})
    assert status == 403
    assert page["errors"][0]["extensions"]["code"] == "NOT_PERMITTED"


@pytest.mark.parametrize("extensions", [{}, {"event": 999_999_999}, {"event": 0}])
async def test_a_subscription_is_answered_for_an_event_there_is(fresh: World, extensions: Mapping[str, int]) -> None:
    """No number, none there is."""
    status, page = await ask(fresh, {"query": REVOKED, "extensions": extensions}, TELLS, OFFICER)
    assert status == 400
    assert page["errors"][0]["extensions"]["code"] == "NO_SUCH_EVENT"


@pytest.mark.parametrize(
    ("page", "grants", "caller"),
    [
        ({"query": REVOKED, "extensions": {"event": 1}}, TELLS, OFFICER),
        ({"events": {"after": None}}, {"_events": "key"}, RELAY),
    ],
    ids=["one event", "all events"],
)
async def test_a_database_that_is_lost_before_graphql_runs_is_told_by_its_code(
    fresh: World, page: Any, grants: Mapping[str, str], caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What went wrong stays in the log; whoever asks learns that the same may be asked again."""

    def lost(_: Database) -> None:
        raise ConnectionRefusedError("visas-db.internal")

    monkeypatch.setattr(Database, "session", lost)
    status, told = await ask(fresh, page, grants, caller)
    assert status == 503
    assert told["errors"][0]["extensions"].keys() == {"code", "reference"}
    assert told["errors"][0]["extensions"]["code"] == "DATABASE_UNAVAILABLE"
    assert "internal" not in orjson.dumps(told).decode()


async def test_a_fault_of_the_subgraph_is_none_of_its_database(fresh: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not told that asking again would help."""

    def wrong(_: Database) -> None:
        raise KeyError("row")

    monkeypatch.setattr(Database, "session", wrong)
    with pytest.raises(FetchError) as failed:
        await ask(fresh, {"events": {"after": None}}, {"_events": "key"})
    assert failed.value.code == "SUBGRAPH_UNREACHABLE"
