"""Break-glass on the line: nothing without a grant, intent and notices before any fetch, nothing that statutes close."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from gateway.audit import AuditRecord
from gateway.coordinates import Coordinate
from gateway.errors import GatewayError, OperationError, RecordUnavailable
from gateway.house import Question
from gateway.pipeline import answer
from gateway.policy import Outcome
from gateway.policy.facts import Value
from tests.scenarios.asking import TODAY, Asker, World

pytestmark = pytest.mark.asyncio(loop_scope="module")

STORY = "TRV-01KST0RY0000000000000000"
CHILD = STORY + "26"
QUERY = "query($t: ID!) { traveler(id: $t) { names { family } arrivals(last: 1) { nodes { at } } } }"


@dataclass
class Watching:
    """A record that notes, for each record, its kind and how many requests subgraphs had seen by then."""

    world: World
    seen: list[tuple[str, int]] = field(default_factory=list)
    records: list[AuditRecord] = field(default_factory=list)

    async def append(self, record: AuditRecord) -> None:
        self.seen.append((record.kind, len(self.world.traffic.requests)))
        self.records.append(record)


@dataclass
class Down:
    """A record that cannot be written."""

    async def append(self, record: AuditRecord) -> None:
        raise RecordUnavailable("AUDIT_UNAVAILABLE", "The disk is full.")


async def told(ask: Asker, extensions: dict[str, Any], **changes: Any) -> Any:
    opened = ask.world.opened
    caller = replace(ask.caller(31), **changes)
    return await answer(Question(QUERY, {"t": CHILD}, extensions=extensions), caller, opened.graph, opened.house)


async def refused(ask: Asker, extensions: dict[str, Any], **changes: Any) -> str:
    with pytest.raises(GatewayError) as found:
        await told(ask, extensions, **changes)
    assert ask.world.traffic.requests == []
    return found.value.code


async def test_without_a_grant_nothing_is_asked_of_anybody(ask: Asker) -> None:
    assert await refused(ask, {}) == "BREAK_GLASS_REQUIRED"
    assert await refused(ask, {"breakGlass": "BG-none"}) == "BREAK_GLASS_UNKNOWN"
    assert await refused(ask, {"breakGlass": 7}) == "EXTENSION_MALFORMED"


async def test_a_token_cannot_bring_the_grant_with_it(ask: Asker) -> None:
    """What the caller says of itself does not count: the line sets it anew."""
    assert await refused(ask, {}, break_glass="BG-mine") == "BREAK_GLASS_REQUIRED"


async def test_a_grant_is_for_one_case_and_one_user(ask: Asker) -> None:
    glass = ask.glass(ask.caller(31))
    assert await refused(ask, {"breakGlass": glass.id}, case="INS-ATL-00130002") == "BREAK_GLASS_UNKNOWN"
    assert await refused(ask, {"breakGlass": glass.id}, user="somebody-else") == "BREAK_GLASS_UNKNOWN"


async def test_an_hour_later_it_is_over(ask: Asker, world: World) -> None:
    glass = ask.glass(ask.caller(31))
    house = world.opened.house
    world.opened.house = replace(house, clock=lambda: TODAY + timedelta(minutes=60))
    assert await refused(ask, {"breakGlass": glass.id}) == "BREAK_GLASS_EXPIRED"
    world.opened.house = replace(house, clock=lambda: TODAY + timedelta(minutes=59))
    reply = await told(ask, {"breakGlass": glass.id})
    assert b"Vargas" in reply.body


async def test_the_intent_is_durable_before_anything_is_fetched(ask: Asker, world: World) -> None:
    watching = Watching(world)
    world.opened.house = replace(world.opened.house, record=watching)
    found = await ask(31, QUERY, t=CHILD)
    assert found.data["traveler"]["arrivals"]["nodes"] == [{"at": "2026-10-02T18:05:00Z"}]
    kinds = [kind for kind, _ in watching.seen]
    assert kinds == ["intent", "release"]
    assert watching.seen[0][1] == 0
    assert watching.seen[1][1] > 0
    intent = dict(watching.records[0].note)
    assert intent["reason"].startswith("A child")
    assert intent["approvedBy"] == "cbp-atl-9-colleague"
    assert intent["notified"] == "CBP, OBIM, OVERSIGHT"
    assert watching.records[0].request_id == watching.records[1].request_id


async def test_without_a_record_nothing_is_fetched(ask: Asker, world: World) -> None:
    glass = ask.glass(ask.caller(31))
    world.opened.house = replace(world.opened.house, record=Down())
    assert await refused(ask, {"breakGlass": glass.id}) == "AUDIT_UNAVAILABLE"
    assert world.opened.house.duties is not None
    assert [each for each in world.opened.house.duties.glass.notices() if each.glass == glass.id] == []
    world.opened.house = replace(world.opened.house, record=None)
    assert await refused(ask, {"breakGlass": glass.id}) == "AUDIT_UNAVAILABLE"


async def test_every_agency_concerned_and_the_privacy_office_have_a_notice(ask: Asker, world: World) -> None:
    glass = ask.glass(ask.caller(31))
    for _ in range(2):
        await told(ask, {"breakGlass": glass.id})
    duties = world.opened.house.duties
    assert duties is not None
    found = [each for each in duties.glass.notices() if each.glass == glass.id]
    assert [(each.agency, each.due - each.at) for each in found] == [
        (agency, timedelta(minutes=5)) for agency in ("CBP", "OBIM", "OVERSIGHT")
    ]


async def test_the_queue_of_notices_down_nothing_is_fetched(ask: Asker, world: World) -> None:
    glass = ask.glass(ask.caller(31))
    duties = world.opened.house.duties
    assert duties is not None
    world.opened.house = replace(world.opened.house, duties=None)
    assert await refused(ask, {"breakGlass": glass.id}) == "DUTIES_UNAVAILABLE"


async def test_other_purposes_need_no_grant_and_leave_no_intent(ask: Asker, world: World) -> None:
    watching = Watching(world)
    world.opened.house = replace(world.opened.house, record=watching)
    await ask("cbp-secondary-nyc", "{ __typename }")
    assert [kind for kind, _ in watching.seen] == ["release"]


async def test_statutes_stay_closed_under_an_open_grant(ask: Asker, world: World) -> None:
    """A person under 1367, and a credible-fear referral: the grant is open, the case theirs, and nothing is there."""
    caller = ask.caller(31)
    found = await ask(replace(caller, case="INS-ATL-00130002"), QUERY, t=STORY + "13")
    inspections = await ask(
        replace(caller, case="INS-ATL-00130002"),
        "query($t: ID!) { traveler(id: $t) { inspections { totalCount nodes { outcome } } } }",
        t=STORY + "13",
    )
    text = (found.body + inspections.body).decode()
    assert "CREDIBLE" not in text
    policy = world.opened.graph.policy
    open_glass = replace(caller, break_glass="BG-open")
    facts: dict[str, Value] = {
        "case.subject": CHILD, "subject.id": CHILD, "case.state": "open", "subject.sealed": True,
    }  # fmt: skip
    for coordinate in ("AsylumCase.stage", "Traveler.protectedFlags", "Petition.status"):
        decision = policy.decide(open_glass, Coordinate.parse(coordinate), facts, TODAY)
        assert decision.outcome not in (Outcome.ALLOW, Outcome.MASK), coordinate


async def test_explain_shows_the_grant_as_a_fact(ask: Asker, world: World) -> None:
    policy, caller = world.opened.graph.policy, ask.caller(31)
    facts = {"case.subject": CHILD, "subject.id": CHILD, "case.state": "open"}
    without = policy.decide(caller, Coordinate("PersonName", "family"), facts, TODAY)
    assert (without.outcome, without.reason) == (Outcome.DENY, "NOT_SHARED")
    atoms = {atom.text: atom.result for each in without.candidates for atom in each.atoms}
    assert atoms["caller.breakGlass is true"] == "false"
    under = policy.decide(replace(caller, break_glass="BG-1"), Coordinate("PersonName", "family"), facts, TODAY)
    assert under.outcome is Outcome.ALLOW
    assert under.basis is not None
    assert under.basis.agreement == "OBIM-ALL-SAFETY"


async def test_a_question_that_cannot_be_read_breaks_no_glass(ask: Asker, world: World) -> None:
    watching = Watching(world)
    world.opened.house = replace(world.opened.house, record=watching)
    glass = ask.glass(ask.caller(31))
    question = Question("{ nothingLikeIt }", extensions={"breakGlass": glass.id})
    with pytest.raises(OperationError):
        await answer(question, ask.caller(31), world.opened.graph, world.opened.house)
    assert watching.seen == []
