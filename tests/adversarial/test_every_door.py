"""The attacks at every door (A27): what is withheld by POST is withheld by each, told alike, and put to no subgraph."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from gateway.errors import RecordUnavailable
from gateway.identity import SigningKey
from gateway.limits import LimitsPage
from gateway.traffic import MemorySeen, SubjectBudget
from tests.adversarial.doors import DOORS
from tests.scenarios.asking import World
from tests.web.client import Face

pytestmark = pytest.mark.asyncio(loop_scope="session")

STORY = "TRV-01KST0RY0000000000000000"
PROTECTED, NOBODYS = "IOE0925010002", "IOE0999999999"
NYC, ERO = "cbp-primary-nyc", "ero-officer"


@dataclass(frozen=True)
class Attack:
    """A question of one row of the list: who asks, and the words that no subgraph may hear."""

    query: str
    never: tuple[str, ...]
    who: str = NYC
    variables: Mapping[str, Any] = field(default_factory=lambda: {"t": STORY + "06"})


WITHHELD = {
    "A1: under the names of allowed fields, twice, in fragments": Attack(
        """query Tool($t: ID!) { traveler(id: $t) { names: petitions { nodes { family: formType receiptNumber: status } }
          again: petitions { nodes { formType } } ...Fields sex: securityReviews { totalCount } } }
        fragment Fields on Traveler { id: visaApplications { nodes { applicationId: status status: refusals { ground } } } }""",
        ("formType", "refusals", "securityReviews"),
    ),
    "A2: through the interface, its types and a union": Attack(
        """query Tool($t: ID!) { traveler(id: $t) { timeline { kind at summary ... on TimelineEvent { s: summary } } }
          search(text: "S2900002") { __typename ... on Visa { x: foilNumber }
            ... on Traveler { petitions { nodes { formType } } } } }""",
        ("formType",),
    ),
    "A6: one key, allowed in one fragment and denied in its sibling": Attack(
        """query Tool($t: ID!) { traveler(id: $t) { ...One ...Two } }
        fragment One on Traveler { x: visas { nodes { status } } }
        fragment Two on Traveler { x: visas { nodes { status holder { petitions { totalCount } } } } }""",
        ("formType", "totalCount"),
    ),
    "A7: what no agreement gives": Attack(
        "query Tool($t: ID!) { traveler(id: $t) { id visaApplications { nodes { status } } visas { nodes { foilNumber } } } }",
        ("foilNumber", "visaApplications"),
        who=ERO,
        variables={"t": STORY + "25"},
    ),
    "A15: narrowed and ordered by what is not seen": Attack(
        """query Tool($t: ID!) { traveler(id: $t) { petitions(filter: {status: APPROVED}) { totalCount } } }""",
        ("petitions(",),
    ),
}
REFUSED = {
    "A9: a fragment bomb": (
        'query Tool { traveler(id: "x") { ...F0 } } '
        + " ".join(f"fragment F{n} on Traveler {{ ...F{n + 1} ...F{n + 1} }}" for n in range(40))
        + " fragment F40 on Traveler { id }",
        "QUERY_TOO_LARGE",
    ),
    "A10: look-ups by the dozen": (
        "query Tool { " + " ".join(f'n{n}: visa(foilNumber: "S{n:07d}") {{ status }}' for n in range(61)) + " }",
        "TOO_MANY_ROOT_FIELDS",
    ),
    "A11: a name of the gateway's own": ('query Tool { traveler(id: "x") { __proto__: id } }', "RESERVED_NAME"),
    "A12: the machinery": (
        'query Tool { _entities(representations: [{__typename: "Traveler", id: "x"}]) { __typename } }',
        "UNKNOWN_FIELD",
    ),
    "A16: a closed field": ('query Tool { traveler(id: "x") { asylumCases { stage } } }', "UNKNOWN_FIELD"),
    "A27: in parts": ('query Tool { traveler(id: "x") { ... @defer { id } } }', "DEFER_NOT_SERVED"),
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("row", WITHHELD)
async def test_a27_what_is_withheld_is_withheld_at_every_door(world: World, row: str, door: str) -> None:
    """The same data and the same ledger as by POST, on a record of its own, and no word of it in any request."""
    attack, opened = WITHHELD[row], world.opened
    token = Face(opened).token(attack.who)
    first = await DOORS["POST"](opened, token, attack.query, attack.variables)
    assert first.sharing
    world.traffic.requests.clear()
    told = await DOORS[door](opened, token, attack.query, attack.variables)
    assert told.data == first.data
    assert told.sharing == first.sharing
    assert told.record != first.record
    assert told.record in world.kept.records
    assert world.traffic.requests
    sent = world.traffic.bodies()
    assert [word for word in attack.never if word in sent] == []


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("row", REFUSED)
async def test_a27_what_is_refused_is_refused_at_every_door(world: World, row: str, door: str) -> None:
    """By the same code, without data, and no subgraph hears of it."""
    query, code = REFUSED[row]
    told = await DOORS[door](world.opened, Face(world.opened).token(), query, {})
    assert told.codes == [code]
    assert told.data is None
    assert world.traffic.requests == []


@pytest.mark.parametrize("door", DOORS)
async def test_a23_no_door_opens_without_a_token_or_with_a_forged_one(world: World, door: str) -> None:
    """None, and one by a key that nobody vouches for: no data, and no subgraph hears of it."""
    forged = Face(world.opened).token(key=SigningKey.generate())
    for token in ("", forged):
        told = await DOORS[door](world.opened, token, "query Tool { __typename }", {})
        (code,) = told.codes
        assert code.startswith("TOKEN_") or code in ("CLOSED_4401", "CLOSED_4403")
        assert told.data is None
    assert world.traffic.requests == []


@pytest.mark.parametrize("door", DOORS)
async def test_a28_at_every_door_a_protected_number_is_one_that_nobody_has(world: World, door: str) -> None:
    """Every byte but that of the number of the record, and the requests behind it."""
    query = (
        "query Tool($r: String!) { petition(receiptNumber: $r) { status formType } search(text: $r) { __typename } }"
    )
    said = []
    for number in (PROTECTED, NOBODYS):
        world.traffic.requests.clear()
        told = await DOORS[door](world.opened, Face(world.opened).token("uscis-adjudicator"), query, {"r": number})
        assert told.data == {"petition": None, "search": []}
        raw = told.raw.replace(told.record.encode(), b"")
        said.append((raw, told.codes, [each.subgraph for each in world.traffic.requests]))
    assert said[0] == said[1]


@pytest.mark.parametrize("door", DOORS)
async def test_a25_what_is_not_on_record_leaves_by_no_door(world: World, door: str) -> None:
    """A disk without room: a code, and not a byte of data."""

    class Full:
        async def append(self, record: Any) -> Any:
            raise RecordUnavailable("RECORD_UNAVAILABLE", "The record cannot be written.")

    query = "query Tool($t: ID!) { traveler(id: $t) { id names { family } } }"
    opened = replace(world.opened, house=replace(world.opened.house, record=Full()))
    told = await DOORS[door](opened, Face(opened).token(), query, {"t": STORY + "06"})
    assert told.codes == ["RECORD_UNAVAILABLE"]
    assert told.data is None
    assert STORY.encode() not in told.raw


async def test_a26_the_budget_of_travelers_is_one_for_all_doors(world: World) -> None:
    """One traveler by each door: the third is refused by whichever door it is asked for, and no subgraph hears of it."""
    who, query = "ero-lead", "query Tool($t: ID!) { traveler(id: $t) { names { family } } }"
    seen = []
    for number in range(1, 31):
        told = await DOORS["POST"](world.opened, Face(world.opened).token(who), query, {"t": f"{STORY}{number:02}"})
        if told.data["traveler"] and told.data["traveler"]["names"]:
            seen.append(f"{STORY}{number:02}")
    assert len(seen) > 2
    budget = SubjectBudget(LimitsPage.read({"subjects": {"most": 2}}), MemorySeen(lambda: 0.0))
    opened = replace(world.opened, house=replace(world.opened.house, subjects=budget))
    token = Face(opened).token(who)
    for door, traveler in zip(("server-sent events", "a socket"), seen, strict=False):
        told = await DOORS[door](opened, token, query, {"t": traveler})
        assert told.data["traveler"]["names"]
    world.traffic.requests.clear()
    for ask in DOORS.values():
        told = await ask(opened, token, query, {"t": seen[2]})
        assert (told.codes, told.data) == (["SUBJECT_BUDGET_SPENT"], None)
    assert world.traffic.requests == []


async def test_a19_callers_who_come_by_many_doors_at_once_get_their_own(world: World) -> None:
    """One text, five kinds of callers, each by every door at the same time: each gets what it gets alone."""
    query = """query Tool($t: ID!) { traveler(id: $t) { id names { family } petitions { nodes { status wageAnnualUsd } }
      visas { nodes { foilNumber status } } removalCases { nodes { referral charges } } } }"""
    people = ("cbp-secondary-nyc", "consular-supervisor-nwd", "uscis-adjudicator", ERO, "developer")
    variables = {"t": STORY + "29"}
    tokens = {who: Face(world.opened).token(who) for who in people}
    alone = {who: await DOORS["POST"](world.opened, tokens[who], query, variables) for who in people}
    assert len({each.bare() for each in alone.values()}) > 2
    pairs = [(who, door) for door in DOORS for who in people]
    together = await asyncio.gather(*(DOORS[door](world.opened, tokens[who], query, variables) for who, door in pairs))
    for (who, _), told in zip(pairs, together, strict=True):
        assert (told.data, told.sharing) == (alone[who].data, alone[who].sharing)
    assert len({each.record for each in together}) == len(pairs)


CHANGE = 'mutation Tool { revokeVisa(input: {foilNumber: "S2900002", kind: PRUDENTIAL, ground: "x"}) { foilNumber } }'


@pytest.mark.parametrize("door", DOORS)
async def test_a07_somebody_elses_change_is_sent_from_no_door(world: World, door: str) -> None:
    """Denied with the reason where changes are taken at all; by GET, and as an assistant's tool, they are not."""
    told = await DOORS[door](world.opened, Face(world.opened).token(), CHANGE, {})
    if door == "GET":
        assert told.codes == ["MUTATION_BY_GET"]
    elif door == "an assistant's tool":
        assert told.codes == ["There is no tool Tool."]
    else:
        assert told.data == {"revokeVisa": None}
        assert [each["outcome"] for each in told.sharing] == ["DENY"]
    assert "revokeVisa" not in world.traffic.bodies()
