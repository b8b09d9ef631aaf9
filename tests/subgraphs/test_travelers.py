"""The travelers subgraph, asked as the gateway asks it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from subgraphs.kit.testing import NOW, OFFICER
from subgraphs.kit.world.generator import TODAY
from subgraphs.kit.world.stories import story
from subgraphs.travelers.enums import IdentifierKind, LegalCategory, NameKind, Sex
from subgraphs.travelers.seed import rows
from subgraphs.travelers.tables import IdentifierRow, NameRow, TravelerRow
from tests.subgraphs.conftest import SubgraphFactory

ORIGIN: dict[str, Any] = {
    "agency": "OBIM",
    "system": "IDENT",
    "record_version": "1",
    "as_of": NOW,
    "received_at": NOW,
}
ANA = "TRV-01J9ZZZZZZZZZZZZZZZZZZZZZ1"
BEN = "TRV-01J9ZZZZZZZZZZZZZZZZZZZZZ2"


def traveler(id: str = ANA) -> TravelerRow:
    return TravelerRow(id=id, sex=Sex.F, citizenships=["UTO"], legal_category=LegalCategory.NONIMMIGRANT, **ORIGIN)


def identifier(value: str, of: str = ANA, kind: IdentifierKind = IdentifierKind.A_NUMBER) -> IdentifierRow:
    return IdentifierRow(traveler_id=of, kind=kind, value=value, issuer="USCIS", country="", confidence=1.0, **ORIGIN)


def name(family: str, of: str = ANA) -> NameRow:
    return NameRow(
        traveler_id=of, kind=NameKind.PRIMARY, family=family, family_key=family.upper(), given="Ana", **ORIGIN
    )


async def test_a_traveler_by_number(subgraph: SubgraphFactory) -> None:
    app = await subgraph("travelers", [traveler()])
    query = "query($id: ID!) { traveler(id: $id) { id sex citizenships legalCategory } }"
    assert await app.ask(query, {"id": ANA}) == {
        "data": {"traveler": {"id": ANA, "sex": "F", "citizenships": ["UTO"], "legalCategory": "NONIMMIGRANT"}}
    }
    assert await app.ask(query, {"id": BEN}) == {"data": {"traveler": None}}


async def test_unknown_entities_are_null_and_the_rest_stands(subgraph: SubgraphFactory) -> None:
    app = await subgraph("travelers", [traveler()])
    found = await app.entities(
        [
            {"__typename": "Traveler", "id": ANA, "extra": 1},
            {"__typename": "Nobody", "id": ANA},
            {"__typename": "Petition", "receiptNumber": "IOE0926001001"},
            {"__typename": "Sex", "id": ANA},
            {"__typename": "Query"},
            {"__typename": ["Traveler"], "id": ANA},
            {"__typename": "Traveler", "id": "TRV-unknown"},
            {"__typename": "Traveler"},
            {"__typename": "Traveler", "id": {"odd": []}},
            {"id": ANA},
            {},
        ],
        "... on Traveler { id sex }",
    )
    assert found == [{"id": ANA, "sex": "F"}, *[None] * 10]


async def test_many_travelers_are_one_statement_per_kind_of_row(subgraph: SubgraphFactory) -> None:
    people = [f"TRV-{number:026}" for number in range(30)]
    told = [row for key in people for row in (traveler(key), name("Khan", key), identifier(f"A{key[-9:]}", key))]
    app = await subgraph("travelers", told)
    asked = [{"__typename": "Traveler", "id": key} for key in people]
    await app.assert_batches(asked, "... on Traveler { id names { family } identifiers { value } }")


async def test_a_traveler_is_found_by_its_key(subgraph: SubgraphFactory) -> None:
    app = await subgraph("travelers", [traveler(ANA), traveler(BEN)])
    await app.assert_entities({"__typename": "Traveler", "id": BEN}, {"__typename": "Traveler", "id": ANA})


async def test_a_name_is_not_read_without_an_agreement(subgraph: SubgraphFactory) -> None:
    app = await subgraph("travelers", [traveler(), name("Khan")])
    asked = [{"__typename": "Traveler", "id": ANA}]
    await app.assert_needs_agreement("PersonName.family", asked, "... on Traveler { id names { family } }")


async def test_a_representation_that_is_no_object_is_null(subgraph: SubgraphFactory) -> None:
    app = await subgraph("travelers", [traveler()])
    odd: list[Any] = ["Traveler", 7, ["x"], {"__typename": "Traveler", "id": ANA}]
    assert await app.entities(odd, "... on Traveler { id }") == [None, None, None, {"id": ANA}]


STORY = """query($id: ID!) { traveler(id: $id) {
  identifiers { kind value issuer country validFrom validTo confidence provenance { agency system asOf stale } }
  passports: identifiers(kinds: [PASSPORT]) { kind }
  names { kind family given provenance { agency } }
  birth { date { value precision } country place provenance { agency } }
  linkEvidence { rule score kind reviewer }
  discrepancies { field values sources openedAt }
  timeline(first: 3) { id }
  provenance { agency recordVersion receivedAt }
} }"""


async def test_a_story_is_told_assertion_by_assertion(subgraph: SubgraphFactory) -> None:
    journey = story("two-passports", TODAY)
    app = await subgraph("travelers", rows(journey))
    answer = await app.ask(STORY, {"id": journey.traveler_id})
    told = answer["data"]["traveler"]
    assert [(item["kind"], item["value"]) for item in told["identifiers"]] == [
        (fact.kind, fact.value) for fact in journey.identifiers
    ]
    assert told["passports"] == [{"kind": "PASSPORT"}] * 2
    assert [(item["kind"], item["family"]) for item in told["names"]] == [
        (fact.kind, fact.family) for fact in journey.names
    ]
    assert [item["date"]["precision"] for item in told["birth"]] == [fact.precision for fact in journey.birth]
    assert [item["rule"] for item in told["linkEvidence"]] == [fact.rule for fact in journey.link_evidence]
    assert [item["values"] for item in told["discrepancies"]] == [list(fact.values) for fact in journey.discrepancies]
    assert told["timeline"] == []
    assert told["provenance"]["agency"] == "OBIM"
    assert told["provenance"]["receivedAt"].endswith("Z")


BY_IDENTIFIER = (
    "query($kind: IdentifierKind!, $value: String!) { travelerByIdentifier(kind: $kind, value: $value) { id } }"
)


@pytest.mark.parametrize(
    ("kind", "value", "found"),
    [
        ("A_NUMBER", "A299000101", ANA),
        ("A_NUMBER", "299000101", ANA),
        ("A_NUMBER", "a-299000101", ANA),
        ("FIN", "7700100001", None),
        ("A_NUMBER", "A299000199", None),
        ("A_NUMBER", "no number at all", None),
        ("PASSPORT", "SHARED001", None),
        ("PASSPORT", "ALONE0001", BEN),
    ],
)
async def test_an_identifier_names_one_person_or_nobody(
    subgraph: SubgraphFactory, kind: str, value: str, found: str | None
) -> None:
    people = [traveler(), traveler(BEN), identifier("A299000101")]
    passports = [
        identifier("SHARED001", kind=IdentifierKind.PASSPORT),
        identifier("SHARED001", BEN, IdentifierKind.PASSPORT),
        identifier("ALONE0001", BEN, IdentifierKind.PASSPORT),
    ]
    app = await subgraph("travelers", [*people, *passports])
    answer = await app.ask(BY_IDENTIFIER, {"kind": kind, "value": value})
    assert answer == {"data": {"travelerByIdentifier": {"id": found} if found else None}}


SEARCH = """query($text: String!, $first: Int) { search(text: $text, first: $first) { __typename
  ... on Traveler { id } ... on Petition { receiptNumber } ... on VisaApplication { applicationId }
  ... on Visa { foilNumber } ... on Admission { i94Number } ... on ExchangeVisitor { sevisId }
  ... on RemovalCase { caseId } } }"""


async def test_search_finds_records_and_people(subgraph: SubgraphFactory) -> None:
    journey = story("all-chapters", TODAY)
    app = await subgraph("travelers", [*rows(journey), traveler(), name("Percent%Name"), name("Khan")])

    async def find(text: str, first: int | None = None) -> list[dict[str, str]]:
        answer = await app.ask(SEARCH, {"text": text, "first": first})
        found: list[dict[str, str]] = answer["data"]["search"]
        return found

    whom = {"__typename": "Traveler", "id": journey.traveler_id}
    assert {"__typename": "RemovalCase", "caseId": "ERC-00290001"} in await find("erc-00290001")
    assert await find("IOE-09-29-029-001") == []
    assert await find("IOE-09-240-29001") == [{"__typename": "Petition", "receiptNumber": "IOE0924029001"}, whom]
    assert await find("AA00S29003") == [{"__typename": "VisaApplication", "applicationId": "AA00S29003"}, whom]
    assert await find("S2900002") == [{"__typename": "Visa", "foilNumber": "S2900002"}, whom]
    assert await find("290000002A9") == [{"__typename": "Admission", "i94Number": "290000002A9"}, whom]
    assert await find("N0002900001") == [{"__typename": "ExchangeVisitor", "sevisId": "N0002900001"}, whom]
    assert await find(journey.traveler_id) == [whom]
    assert await find("kha") == [{"__typename": "Traveler", "id": ANA}]
    assert await find("percent%n") == [{"__typename": "Traveler", "id": ANA}]
    for nothing in ("", "  ", "%", "k", "percent_n", "percent%%"):
        assert await find(nothing) == []
    assert await find("S2900002", 1) == [{"__typename": "Visa", "foilNumber": "S2900002"}]
    assert await find("S2900002", 0) == []


async def test_search_has_a_limit(subgraph: SubgraphFactory) -> None:
    app = await subgraph("travelers")
    answer = await app.ask(SEARCH, {"text": "x", "first": 101})
    assert answer["errors"][0]["extensions"]["code"] == "BAD_PAGE"
    assert answer["data"] == {"search": None}


LINK = """mutation($id: ID!, $value: String!, $reason: String!) {
  linkIdentifier(travelerId: $id, kind: A_NUMBER, value: $value, issuer: USCIS, reason: $reason) {
    id identifiers { kind value issuer provenance { agency system asOf } } linkEvidence { rule kind reviewer }
    discrepancies { field sources } provenance { recordVersion } } }"""


async def test_linking_an_identifier_keeps_the_reason_and_tells(subgraph: SubgraphFactory) -> None:
    app = await subgraph("travelers", [traveler()])
    asked = {"id": ANA, "value": "299000101", "reason": "  seen at   interview "}
    answer = await app.ask(LINK, asked)
    assert answer["data"]["linkIdentifier"] == {
        "id": ANA,
        "identifiers": [
            {
                "kind": "A_NUMBER",
                "value": "A299000101",
                "issuer": "USCIS",
                "provenance": {"agency": "USCIS", "system": "XREF", "asOf": "2026-11-01T12:00:00Z"},
            }
        ],
        "linkEvidence": [{"rule": "officer: seen at interview", "kind": "BIOGRAPHIC", "reviewer": "STATE_CA/test"}],
        "discrepancies": [],
        "provenance": {"recordVersion": "2"},
    }
    assert await app.ask(LINK, asked) == answer  # again changes nothing
    events = await app.events()
    assert [(event["kind"], event["entity_key"], event["payload"]) for event in events] == [
        ("identifierLinked", ANA, {"kind": "A_NUMBER", "issuer": "USCIS"})
    ]


async def test_an_identifier_two_people_have_opens_a_discrepancy_and_tells_nobody(subgraph: SubgraphFactory) -> None:
    app = await subgraph("travelers", [traveler(), traveler(BEN), identifier("A299000101", BEN)])
    answer = await app.ask(LINK, {"id": ANA, "value": "A299000101", "reason": "x"})
    expected = [{"field": "identifiers.A_NUMBER", "sources": ["USCIS"]}]
    assert answer["data"]["linkIdentifier"]["discrepancies"] == expected
    other = "query($id: ID!) { traveler(id: $id) { discrepancies { field sources } } }"
    assert (await app.ask(other, {"id": BEN}))["data"]["traveler"]["discrepancies"] == expected


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"value": "A1"}, "BAD_IDENTIFIER"),
        ({"reason": "  "}, "BAD_INPUT"),
        ({"reason": "x" * 61}, "BAD_INPUT"),
        ({"id": BEN}, "NO_SUCH_RECORD"),
    ],
)
async def test_a_link_that_cannot_be(subgraph: SubgraphFactory, change: dict[str, str], code: str) -> None:
    app = await subgraph("travelers", [traveler()])
    caller = replace(OFFICER, user="u")
    answer = await app.ask(LINK, {"id": ANA, "value": "A299000101", "reason": "x", **change}, caller=caller)
    assert answer["data"] == {"linkIdentifier": None}
    assert answer["errors"][0]["extensions"]["code"] == code
    assert await app.events() == []
