"""Question 32 of domain.md section 4: a protected receipt, asked for every way there is, beside one nobody has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from gateway.audit import AuditRecord
from gateway.caller import Caller
from gateway.errors import GatewayError
from tests.scenarios.asking import Answered, Asker, World

pytestmark = pytest.mark.asyncio(loop_scope="session")

STORY = "TRV-01KST0RY0000000000000000"
PROTECTED, NOBODYS = "IOE0925012001", "IOE0925099999"

BY_NUMBER = {
    "root field": "query($r: String!) { petition(receiptNumber: $r) { receiptNumber status pims { present } } }",
    "benefit": "query($r: String!) { benefitRequest(receiptNumber: $r) { status } }",
    "search": "query($r: String!) { search(text: $r) { __typename ... on Petition { status } ... on Traveler { id } } }",
    "identifier": "query($r: String!) { travelerByIdentifier(kind: RECEIPT, value: $r) { id names { family } } }",
    "alias": "query($r: String!) { a: petition(receiptNumber: $r) { s: status beneficiary { id } } }",
}
ASKERS = {
    "ero": Caller("ICE_ERO", "ero-officer", "enforcement-case", "ERC-00120001", "q32", "ATL"),
    "officer": Caller("STATE_CA", "consular-officer", "visa-adjudication", "AA00S01002", "q32", "NWD"),
    "border": Caller("CBP", "cbp-secondary", "border-inspection-secondary", "INS-NYC-00290002", "q32", "NYC"),
    "agent": Caller("ICE_VSP", "vsp-agent", "visa-security-review", "VSR-2026-0003001", "q32", "CRO"),
    "adjudicator": Caller("USCIS", "uscis-adjudicator", "petition-adjudication", "IOE0926009002", "q32", "CSC"),
}


class Taken:
    """A record that takes everything; what it keeps is not looked at here."""

    async def append(self, record: AuditRecord) -> None:
        """Nothing to come back to."""


@pytest.fixture
def constant(world: World) -> Iterator[None]:
    """Every answer under one and the same number, so that bodies can be compared whole."""
    house = world.opened.house
    world.opened.house = replace(house, new_id=lambda: "q32", record=Taken())
    yield
    world.opened.house = house


@pytest.mark.usefixtures("constant")
@pytest.mark.parametrize("way", BY_NUMBER)
@pytest.mark.parametrize("who", ASKERS)
async def test_q32_the_protected_number_reads_as_nobodys(ask: Asker, who: str, way: str) -> None:
    """The two bodies are the same bytes, for every caller without the right and every way to ask by number."""
    protected = await ask(ASKERS[who], BY_NUMBER[way], r=PROTECTED)
    nobodys = await ask(ASKERS[who], BY_NUMBER[way], r=NOBODYS)
    assert protected.body == nobodys.body
    assert protected.errors == []


@pytest.mark.usefixtures("constant")
async def test_q32_even_when_the_protected_person_is_the_case(ask: Asker) -> None:
    """The officer has the person's own case: by number there is still nothing, and nothing is said to be withheld."""
    for way in ("search", "identifier"):
        found = await ask(ASKERS["ero"], BY_NUMBER[way], r=PROTECTED)
        assert next(iter(found.data.values())) in (None, [])
        assert "receipt" not in found.body.decode().lower()


LISTS = """query($t: ID!) { traveler(id: $t) {
  petitions { totalCount nodes { formType status } pageInfo { hasNextPage endCursor } }
  benefitRequests { totalCount }
  identifiers(kinds: [RECEIPT]) { kind value }
  timeline(kinds: ["petition.received", "petition.approved"]) { kind summary } } }"""


@pytest.mark.usefixtures("constant")
async def test_q32_lists_counts_and_timeline_read_as_a_person_who_never_filed(ask: Asker) -> None:
    """A T nonimmigrant beside a man who never filed anything, both with an open case of the same officer."""
    protected = await ask(ASKERS["ero"], LISTS, t=STORY + "12")
    never = await ask(ASKERS["ero"], LISTS, case="ERC-00210001", t=STORY + "21")
    assert protected.data["traveler"] == {
        "petitions": {"totalCount": 0, "nodes": [], "pageInfo": {"hasNextPage": False, "endCursor": None}},
        "benefitRequests": {"totalCount": 0},
        "identifiers": [],
        "timeline": [],
    }
    assert protected.body == never.body


async def test_q32_the_number_of_requests_does_not_tell(ask: Asker, world: World) -> None:
    """No subgraph is asked anything about the protected number that it is not asked about nobody's."""

    async def traffic(number: str) -> list[str]:
        world.traffic.requests.clear()
        await ask(ASKERS["ero"], BY_NUMBER["search"], r=number)
        return [each.body.decode().replace(number, "") for each in world.traffic.requests]

    assert await traffic(PROTECTED) == await traffic(NOBODYS)


async def test_q32_entities_is_an_unknown_field(ask: Asker, world: World) -> None:
    """The federation door is not the client's: refused as any field that does not exist, and nothing is sent."""
    for field in ("_entities(representations: [])", "_service", "nothing"):
        with pytest.raises(GatewayError) as refused:
            await ask(ASKERS["ero"], f"{{ {field} {{ __typename }} }}")
        assert (refused.value.code, refused.value.status) == ("UNKNOWN_FIELD", 400)
    assert world.traffic.requests == []


async def test_q32_an_untrained_adjudicator_of_the_person_sees_no_receipt(ask: Asker) -> None:
    """USCIS's own officer without the 1367 training, whose case is the person's: the receipts are not among the numbers."""
    untrained = Caller("USCIS", "uscis-adjudicator", "benefit-adjudication", "benefit:IOE0925010002", "q32", "CSC")
    query = "query($t: ID!) { traveler(id: $t) { identifiers(kinds: [RECEIPT]) { value } petitions { totalCount } } }"

    def shown(found: Answered) -> tuple[object, object]:
        traveler = found.data["traveler"]
        return traveler["identifiers"], traveler["petitions"]

    assert shown(await ask(untrained, query, t=STORY + "10")) == ([], {"totalCount": 0})
    trained = replace(untrained, training=("1367",))
    assert shown(await ask(trained, query, t=STORY + "10")) == (
        [{"value": "IOE0925010001"}, {"value": "IOE0925010002"}],
        {"totalCount": 1},
    )
