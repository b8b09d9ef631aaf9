"""A19, A22: what callers share is never another's answer; one instant decides a request, and dates are half open."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import orjson
import pytest

from gateway.caller import Caller
from gateway.house import Graph, Question
from gateway.opening import open_graph
from gateway.pipeline import answer
from gateway.policy import compile_policy, load_bundle
from gateway.policy.naming import closed_to
from tests.policy.kit import AT, agreement, decide, policy
from tests.scenarios.asking import ROOT, TODAY, Answered, Asker, World

STORY = "TRV-01KST0RY0000000000000000"
QUERY = """query($t: ID!) { traveler(id: $t) { id names { family } petitions { nodes { status wageAnnualUsd } }
  visas { nodes { foilNumber status } } removalCases { nodes { referral charges } } } }"""
CALLERS = ("cbp-secondary-nyc", "consular-supervisor-nwd", "uscis-adjudicator", "ero-officer", "developer")


def taken(found: Answered) -> tuple[object, list[str]]:
    return found.data, found.sharing()


@pytest.mark.asyncio(loop_scope="session")
async def test_a19_caller_classes_that_ask_the_same_at_once_get_their_own(ask: Asker, world: World) -> None:
    """Five kinds of callers, one text, forty times at once over shared caches: each gets what it gets alone."""
    world.opened.graph.plans.clear()
    alone = {who: taken(await ask(who, QUERY, t=STORY + "29")) for who in CALLERS}
    assert len({str(each) for each in alone.values()}) > 2
    for _ in range(4):
        world.opened.graph.plans.clear()
        together = await asyncio.gather(*(ask(who, QUERY, t=STORY + "29") for who in CALLERS * 2))
        for who, found in zip(CALLERS * 2, together, strict=True):
            assert taken(found) == alone[who]


@pytest.mark.asyncio(loop_scope="session")
async def test_a19_every_request_to_a_subgraph_names_its_own_caller(ask: Asker, world: World) -> None:
    """Nothing is asked once for two callers: each sends its own requests under its own assertion."""
    who = ("cbp-secondary-nyc", "ero-officer")
    counts = []
    for one in who:
        world.traffic.requests.clear()
        await ask(one, QUERY, t=STORY + "29")
        counts.append(len(world.traffic.requests))
    world.traffic.requests.clear()
    await asyncio.gather(*(ask(one, QUERY, t=STORY + "29") for one in who))
    assert len(world.traffic.requests) == sum(counts)
    assert len({each.headers["Gateway-Assertion"] for each in world.traffic.requests}) == sum(counts)


@pytest.mark.asyncio(loop_scope="session")
async def test_a19_a_document_that_one_role_may_write_is_not_valid_for_another_because_it_was_read(
    ask: Asker,
) -> None:
    """The document cache belongs to the view: read for a protection officer first, it is still unknown to CBP."""
    text = "query($t: ID!) { traveler(id: $t) { asylumCases { stage } } }"
    assert await ask("uscis-protection-officer", text, case="IOE0925010001", t=STORY + "13")
    for _ in range(2):
        with pytest.raises(Exception, match="Cannot query field 'asylumCases'"):
            await ask("cbp-primary-nyc", text, t=STORY + "13")


@pytest.mark.asyncio(loop_scope="session")
async def test_a19_a_policy_that_changes_midway_changes_no_request_that_began_before(ask: Asker, world: World) -> None:
    """Another graph is put in place while a request waits for a subgraph: it ends under the policy it began with."""
    opened = world.opened
    old = opened.graph
    bundle = load_bundle(ROOT / "schema")
    kept = tuple(each for each in bundle.agreements if each.id != "CA-CBP-VISA")
    assert len(kept) < len(bundle.agreements)
    stricter = compile_policy(replace(bundle, agreements=kept), old.supergraph)
    assert stricter.epoch != old.policy.epoch
    new = Graph(old.supergraph, stricter, old.shapes, old.hash)
    query = 'query { visa(foilNumber: "S0600001") { status } }'
    who = ask.caller("cbp-primary-nyc")
    before = await ask(who, query)
    waiting, go = asyncio.Event(), asyncio.Event()
    inner = world.traffic.inner

    async def slow(request: object) -> object:
        waiting.set()
        await go.wait()
        return await inner.send(request)  # type: ignore[arg-type]

    world.traffic.broken["visas"] = slow
    running = asyncio.create_task(answer(Question(query), who, opened.graph, opened.house))
    try:
        await waiting.wait()
        opened.graph = new
        go.set()
        reply = await running
        assert reply.body.replace(reply.request_id.encode(), b"") == before.body.replace(
            before.request_id.encode(), b""
        )
        world.traffic.broken.clear()
        world.traffic.requests.clear()
        after = await ask(who, query)
        assert after.data == {"visa": None}
        assert b'"reason":"NO_AGREEMENT"' in after.body
    finally:
        go.set()
        opened.graph = old


# ---- A22 ------------------------------------------------------------------------------------------------------------------

DATED = agreement(
    effective="2026-01-01",
    expires="2027-01-01",
    review_by="2027-06-01",
    more="""
    [[grant]]
    article = "I"
    fields = ["Visa.number"]
    """,
)
SECOND = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("at", "outcome"),
    [
        (datetime(2026, 1, 1, tzinfo=AT.tzinfo) - SECOND, "DENY"),
        (datetime(2026, 1, 1, tzinfo=AT.tzinfo), "ALLOW"),
        (datetime(2027, 1, 1, tzinfo=AT.tzinfo) - SECOND, "ALLOW"),
        (datetime(2027, 1, 1, tzinfo=AT.tzinfo), "DENY"),
    ],
)
def test_a22_an_agreement_is_in_force_from_its_first_instant_to_before_its_last(at: datetime, outcome: str) -> None:
    """Half open, in UTC: the first microsecond counts, the last instant does not."""
    assert str(decide(policy(DATED), "Visa.number", at=at).outcome) == outcome


def test_a22_the_instant_is_the_same_in_every_zone() -> None:
    """An instant written in another zone is the same instant."""
    made = policy(DATED)
    east = timezone(timedelta(hours=14))
    edge = datetime(2027, 1, 1, tzinfo=AT.tzinfo)
    assert decide(made, "Visa.number", at=edge.astimezone(east)).outcome == decide(made, "Visa.number", at=edge).outcome


@pytest.mark.asyncio(loop_scope="session")
async def test_a22_one_request_has_one_instant(ask: Asker, world: World) -> None:
    """A clock that jumps over every edge while the request runs: it is read once, and every assertion says so."""
    ticks = iter(range(1000))
    house = world.opened.house
    world.opened.house = replace(house, clock=lambda: TODAY + timedelta(days=3650 * next(ticks)))
    try:
        world.traffic.requests.clear()
        await ask("cbp-secondary-nyc", QUERY, t=STORY + "29")
    finally:
        world.opened.house = house
    assert next(ticks) == 1
    said = set()
    for each in world.traffic.requests:
        payload = each.headers["Gateway-Assertion"].split(".")[1]
        said.add(orjson.loads(base64.urlsafe_b64decode(payload + "=="))["at"])
    assert len(said) == 1


def test_a22_a_view_ends_with_the_agreement_that_made_it(house: World) -> None:
    """What is known for a kind of caller is known until the next change of agreements in force, and no longer."""
    graph = house.opened.graph
    who = Caller("STATE_CA", "consular-officer", "visa-adjudication")
    edge = graph.policy.next_change(TODAY)
    assert edge is not None
    assert graph.views.documents(who, TODAY) is graph.views.documents(who, edge - SECOND)
    assert graph.views.documents(who, TODAY) is not graph.views.documents(who, edge)


def test_a22_an_hour_after_everything_expired_nothing_is_given() -> None:
    """At the end of all agreements no role of another agency is given a governed field, and owner-only words are gone."""
    late = datetime(2100, 1, 1, tzinfo=AT.tzinfo)
    graph = open_graph(ROOT / "schema", at=TODAY)
    for role, agency in (("cbp-primary", "CBP"), ("ero-officer", "ICE_ERO")):
        given = graph.policy.view(agency, role, late)
        assert not [each for each in given if graph.policy.governed(each) and graph.policy.owner(each) != agency]
        assert closed_to(graph.policy, agency, role, TODAY) <= closed_to(graph.policy, agency, role, late)
