"""Neither side takes the other on trust: a disagreement is a denial to the client and an alarm on both sides."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
import structlog

from gateway.caller import Caller
from gateway.coordinates import Coordinate
from gateway.identity import load_public_keys, load_signing_key, rotate_key, sign_assertion
from gateway.identity.assertions import HEADER
from gateway.opening import signer
from gateway.policy import Decision, Outcome
from tests.scenarios.asking import Asker, World
from tests.support import ask_app
from tests.web.client import Face

pytestmark = pytest.mark.asyncio(loop_scope="session")

STORY = "TRV-01KST0RY0000000000000000"
QUERY = "query($t: ID!) { traveler(id: $t) { id names { family } visas { nodes { foilNumber status } } } }"
VISA = 'query { visa(foilNumber: "S0600001") { status } }'


class Stricter:
    """An agency's own copy of the policy that denies one more coordinate than the gateway's."""

    def __init__(self, inner: Any, denied: str) -> None:
        self.inner = inner
        self.denied = denied

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def decide(self, caller: Caller, coordinate: Coordinate, facts: Any, at: datetime) -> Decision:
        """As the inner policy does, but for the one."""
        if str(coordinate) == self.denied:
            return Decision(Outcome.DENY, self.denied, "STATE_CA", reason="NO_AGREEMENT")
        found: Decision = self.inner.decide(caller, coordinate, facts, at)
        return found


async def test_a_disagreement_is_a_denial_and_an_alarm_on_both_sides(ask: Asker, world: World) -> None:
    """State's own copy does not share the status: null with its owner and reason, no error, and two counters rise."""
    subgraph = world.opened.subgraph_apps["visas"].state.subgraph
    before = subgraph.refused["NOT_PERMITTED"]
    await ask("cbp-primary-nyc", QUERY, t=STORY + "06")  # so that the agency has read its copy
    own = subgraph.trust.policy
    subgraph.trust.policy = Stricter(own, "Visa.status")
    try:
        with structlog.testing.capture_logs() as said:
            found = await ask("cbp-primary-nyc", QUERY, t=STORY + "06")
    finally:
        subgraph.trust.policy = own
    assert found.data["traveler"]["names"]
    assert found.data["traveler"]["visas"] is None
    assert found.errors == []
    assert {(e["outcome"], e["reason"], e["owner"]) for e in found.page["extensions"]["sharing"]} == {
        ("DENY", "REFUSED_BY_OWNER", "STATE_CA")
    }
    assert subgraph.refused["NOT_PERMITTED"] == before + 1
    assert world.opened.house.alarms.counts[("visas", "NOT_PERMITTED")] >= 1
    told = [each for each in said if each.get("code") == "NOT_PERMITTED"]
    assert {each["event"] for each in told} == {"refused", "a subgraph refused what was granted"}
    assert all(each["coordinates"] == ["Visa.status"] for each in told)
    failures = world.record(found)["failures"]
    assert [(each["subgraph"], each["code"]) for each in failures] == [("visas", "NOT_PERMITTED")]
    ready = (await Face(world.opened).get("/health/ready", None)).page
    assert ready["disagreements"]["visas"]["NOT_PERMITTED"] >= 1
    status, _, raw = await ask_app(world.opened.subgraph_apps["visas"], "GET", "/health", headers={}, body=b"")
    assert (status, orjson.loads(raw)["refused"]["NOT_PERMITTED"]) == (200, before + 1)


async def test_a_compromised_gateway_reads_no_more_than_the_agreements_give_its_claimed_caller(world: World) -> None:
    """The gateway's true key signs a grant that no agreement gives: each agency's own copy refuses it."""
    key = load_signing_key(world.opened.settings.var / "keys", "gateway")
    thief = Caller("CBP", "cbp-primary", "border-inspection-primary", "INS-NYC-00060002", "x", "NYC")
    body = b'{"query":"{ petition(receiptNumber: \\"IOE0926001001\\") { jobTitle } }"}'
    for grant in ("allow", "conditional", "key", "mask:LAST4"):
        word = sign_assertion(
            key, audience="petitions", caller=thief, epoch=world.opened.graph.policy.epoch,
            grants={"Query.petition": "allow", "Petition.jobTitle": grant}, body=body,
            at=world.opened.house.clock(), now=datetime.now(UTC),
        )  # fmt: skip
        app = world.opened.subgraph_apps["petitions"]
        status, _, raw = await ask_app(app, "POST", "/graphql", headers={HEADER: word}, body=body)
        assert (status, orjson.loads(raw)["errors"][0]["extensions"]["code"]) == (403, "NOT_PERMITTED")


async def test_the_signing_key_rolls_without_a_gap(fresh: World) -> None:
    """Publish, use, retire: at each step every request is answered, and at the end the old key opens nothing."""
    ask, keys = Asker(fresh), fresh.opened.settings.var / "keys"
    old = load_signing_key(keys, "gateway")

    async def answered() -> bool:
        return (await ask("cbp-primary-nyc", VISA)).errors == []

    async def a_minute_later() -> None:
        """Each subgraph has read the key set anew."""
        for app in fresh.opened.subgraph_apps.values():
            app.state.subgraph.trust.keys = None

    assert await answered()
    rotate_key(keys, "gateway", step="publish")
    assert set(load_public_keys(keys, "gateway").keys) > {old.kid}
    assert await answered()
    await a_minute_later()
    assert await answered()
    rotate_key(keys, "gateway", step="use")
    new = load_signing_key(keys, "gateway")
    assert new.kid != old.kid
    assert await answered()  # signed with the new key, by the process that ran before
    jwks = (await Face(fresh.opened).get("/.well-known/jwks.json", None)).page["keys"]
    assert {each["kid"] for each in jwks} == {old.kid, new.kid}
    fresh.opened.house = replace(fresh.opened.house, sign=signer(lambda: old))
    assert await answered()  # a process that has not seen it yet
    fresh.opened.house = replace(fresh.opened.house, sign=signer(lambda: new))
    rotate_key(keys, "gateway", step="retire")
    await a_minute_later()
    assert set(load_public_keys(keys, "gateway").keys) == {new.kid}
    assert await answered()
    assert fresh.opened.house.alarms.as_json() == {}
    fresh.opened.house = replace(fresh.opened.house, sign=signer(lambda: old))
    assert not await answered()
    assert {code for _, code in fresh.opened.house.alarms.counts} == {"ASSERTION_UNKNOWN_KEY"}


async def test_a_subgraph_looks_for_a_key_it_does_not_know(fresh: World) -> None:
    """Without being restarted: a key that is not in the set is looked for on disk, and found after a rotation."""
    ask, keys = Asker(fresh), fresh.opened.settings.var / "keys"
    assert (await ask("cbp-primary-nyc", VISA)).errors == []
    rotate_key(keys, "gateway", step="publish")
    rotate_key(keys, "gateway", step="use")
    known = fresh.opened.subgraph_apps["visas"].state.subgraph.trust.keys
    assert load_signing_key(keys, "gateway").kid not in known.keys
    assert (await ask("cbp-primary-nyc", VISA)).errors == []
