"""Look-ups by a number, on recorded traffic: of a protected person no agency sends a guarded value, not even to the gateway."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest
import pytest_asyncio

from gateway.enforcement.facts import NOBODY
from gateway.errors import FetchError
from gateway.execution.transport import SubgraphRequest, SubgraphResponse
from tests.scenarios.asking import Asker, World

pytestmark = pytest.mark.asyncio(loop_scope="session")

PERSON = "TRV-01KST0RY000000000000000010"
WHOLE = {
    "petition": "query($n: String!) { petition(receiptNumber: $n) { formType status beneficiary { id } } }",
    "benefitRequest": "query($n: String!) { benefitRequest(receiptNumber: $n) { form status } }",
    "visa": "query($n: String!) { visa(foilNumber: $n) { status visaClass { code } expiresOn revocation { kind at } } }",
    "visaApplication": "query($n: String!) { visaApplication(applicationId: $n) { status visaClass { code } submittedAt } }",
    "admission": """query($n: String!) { admission(i94Number: $n) {
      classOfAdmission { code } admittedAt departure { at } } }""",
    "exchangeVisitor": "query($n: String!) { exchangeVisitor(sevisId: $n) { status category { code } } }",
}
WHO = (
    "ero-officer",
    "consular-officer-nwd",
    "uscis-adjudicator",
    "cbp-primary-nyc",
    "cbp-secondary-atl",
    "vsp-agent-cairo",
)


@dataclass
class Answers:
    """What the subgraphs answered, each with its request."""

    inner: Any
    seen: list[tuple[SubgraphRequest, Any]] = field(default_factory=list)

    async def send(self, request: SubgraphRequest) -> SubgraphResponse:
        """The answer, kept."""
        found = await self.inner.send(request)
        self.seen.append((request, orjson.loads(found.body)))
        return found  # type: ignore[no-any-return]


@pytest_asyncio.fixture(loop_scope="session")
async def answers(world: World) -> AsyncIterator[Answers]:
    """Everything that subgraphs answer from now on."""
    kept = Answers(world.traffic.inner)
    world.traffic.inner = kept
    yield kept
    world.traffic.inner = kept.inner


NUMBERS = {
    "petition": "IOE0925010001",
    "benefitRequest": "IOE0925010002",
    "visa": "S1000001",
    "visaApplication": "AA00S10001",
    "admission": "100000001A0",
}
NOBODYS = {
    "petition": "IOE0999999999",
    "benefitRequest": "IOE0999999998",
    "visa": "S9999999",
    "visaApplication": "AA00S99999",
    "admission": "999999999A0",
}

DECIDED = frozenset({
    ("petition", "uscis-adjudicator"), ("petition", "consular-officer-nwd"), ("petition", "vsp-agent-cairo"),
    ("benefitRequest", "uscis-adjudicator"), ("admission", "consular-officer-nwd"),
})  # fmt: skip
"""Who is given such records of others, so that the person's flags decide."""


def told(data: Any, name: str) -> set[str]:
    """The keys with a value below root field ``name`` of one subgraph's answer, other than whose record it is."""
    found: set[str] = set()
    below = [(data or {}).get(name)]
    while below:
        item = below.pop()
        if isinstance(item, list):
            below.extend(item)
        elif isinstance(item, dict):
            for key, value in item.items():
                if isinstance(value, dict | list):
                    below.append(value)
                elif value is not None and key not in ("__typename", "__f_id", "id"):
                    found.add(key)
    return found


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("name", NUMBERS)
async def test_of_a_protected_record_nothing_is_sent_that_is_not_given(
    ask: Asker, answers: Answers, name: str, who: str
) -> None:
    """Where her flags decide, what the agency answers is what the answer shows, and whose the record is."""
    found = await ask(who, ask.nameable(who, WHOLE[name]), n=NUMBERS[name])
    shown = told(found.data, name)
    decide = any(PERSON in each.body.decode() and b"statutoryProtections" in each.body for each, _ in answers.seen)
    for request, page in answers.seen if decide else ():
        assert told(page["data"], name) <= shown, request.body
    assert decide or (name, who) not in DECIDED


@pytest.mark.parametrize(("name", "who"), sorted(DECIDED))
async def test_a_protected_number_and_one_that_nobody_has_are_asked_for_alike(
    ask: Asker, answers: Answers, name: str, who: str
) -> None:
    """The same requests, whatever else is asked beside it, and the same answer."""
    for more in ("", "more: __typename", 'traveler(id: "TRV-01KST0RY000000000000000006") { id }'):
        asked = []
        for number in (NUMBERS[name], NOBODYS[name]):
            answers.seen.clear()
            query = ask.nameable(who, WHOLE[name].replace("{", "{ " + more, 1))
            found = await ask(who, query, n=number)
            bare = found.body.decode().replace(found.request_id, "")
            sent = [
                (each.subgraph, each.body.decode().replace(number, "").replace(PERSON, NOBODY))
                for each, _ in answers.seen
            ]
            asked.append((bare, sorted(sent)))
        assert asked[0] == asked[1]


async def test_an_unprotected_record_is_asked_for_once_more_and_shown(ask: Asker, answers: Answers) -> None:
    """Whose it is, the flags, then what is shown: three requests after the case, one wave more than without the flags."""
    found = await ask("uscis-adjudicator", WHOLE["petition"], n="IOE0926009002")
    assert found.data["petition"]["status"] == "EVIDENCE_REQUESTED"
    assert found.page["extensions"]["sharing"] == []
    sent = [
        each.body.decode()
        for each, _ in answers.seen
        if '"IOE0926009002"' in each.body.decode() and "__f_case" not in each.body.decode()
    ]
    assert ["status" in each for each in sent] == [False, True]


async def test_while_the_authority_is_away_nothing_is_asked_of_the_record_and_that_is_told(
    ask: Asker, world: World
) -> None:
    """Her receipt and another person's read alike, and no value of either is sent."""

    async def away(request: SubgraphRequest) -> SubgraphResponse:
        if b"statutoryProtections" in request.body:
            raise FetchError("SUBGRAPH_TIMEOUT", "It does not answer.")
        return await world.traffic.inner.send(request)

    told_of = []
    for number in (NUMBERS["petition"], "IOE0926009002"):
        world.traffic.broken["petitions"] = away
        found = await ask("uscis-adjudicator", WHOLE["petition"], case="IOE0925012001", n=number)
        world.traffic.broken.clear()
        told_of.append(found.body.decode().replace(found.request_id, ""))
        assert {each["outcome"] for each in found.page["extensions"]["sharing"]} <= {"UNAVAILABLE"}
        assert found.data["petition"] is None or set(found.data["petition"].values()) <= {None}
    assert told_of[0] == told_of[1]
