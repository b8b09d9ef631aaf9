"""The enforcement subgraph, asked as the gateway asks it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import event as sqlalchemy_event

from subgraphs.enforcement.enums import CaseState, DepartureProof, OrderKind
from subgraphs.enforcement.enums import RemovalStage as S
from subgraphs.enforcement.laws import STAGES, check_charges, referral, state_of
from subgraphs.enforcement.schema import schema
from subgraphs.enforcement.tables import (
    CriminalHistoryRow,
    EnforcementEventRow,
)
from subgraphs.kit import Refusal
from subgraphs.kit.testing import NOW
from tests.subgraphs.conftest import SubgraphFactory
from tests.subgraphs.ero import ANA, BEN, CASE, EVENT, MAY, ORIGIN, STAY, case, detention, encounter, ordered


async def test_a_case_with_everything_around_it(subgraph: SubgraphFactory) -> None:
    whole = ordered(
        stage=S.REMOVED,
        stays=["Stay of removal, 2026-09-10"],
        relief=[{"kind": "CANCELLATION", "status": "DENIED", "at": "2026-08-20"}],
        left_on=date(2026, 10, 3),
        left_poe="ATL",
        left_proof=DepartureProof.WITNESSED,
        left_country="UTO",
        left_i205=True,
    )
    app = await subgraph("enforcement", [whole, encounter(case_id=CASE), detention()])
    answer = await app.ask(
        """query($id: String!) { removalCase(caseId: $id) {
          caseId stage charges ntaServedOn court { list code label } stays referral state officerRef
          order { kind by on final } relief { kind status at } traveler { id }
          encounters { eventNumber subjectId at kind method alienNumber fin place traveler { id } }
          detentions { detentionId facility bookInAt bookOutAt releaseCode bondUsd class }
          departureVerification { on poe { code } proof country i205Executed }
          provenance { agency system } } }""",
        {"id": CASE},
    )
    assert answer["data"]["removalCase"] == {
        "caseId": CASE,
        "stage": "REMOVED",
        "charges": ["237(a)(1)(B)"],
        "ntaServedOn": "2026-05-20",
        "court": {"list": "court", "code": "ATD", "label": "Atlanta immigration court"},
        "stays": ["Stay of removal, 2026-09-10"],
        "referral": None,
        "state": "CLOSED",
        "officerRef": "ero-atl-1",
        "order": {"kind": "REMOVAL", "by": "EOIR Atlanta", "on": "2026-09-01", "final": True},
        "relief": [{"kind": "CANCELLATION", "status": "DENIED", "at": "2026-08-20"}],
        "traveler": {"id": ANA},
        "encounters": [
            {
                "eventNumber": EVENT,
                "subjectId": "SUB00010001",
                "at": "2026-05-04T13:00:00Z",
                "kind": "ENFORCEMENT",
                "method": "LOCATED",
                "alienNumber": "A299000101",
                "fin": "7700100001",
                "place": "Springfield",
                "traveler": {"id": ANA},
            }
        ],
        "detentions": [
            {
                "detentionId": STAY,
                "facility": "Example Processing Center",
                "bookInAt": "2026-05-04T13:00:00Z",
                "bookOutAt": None,
                "releaseCode": None,
                "bondUsd": 500_000,
                "class": "LOW",
            }
        ],
        "departureVerification": {
            "on": "2026-10-03",
            "poe": {"code": "ATL"},
            "proof": "WITNESSED",
            "country": "UTO",
            "i205Executed": True,
        },
        "provenance": {"agency": "ICE_ERO", "system": "EARM"},
    }


async def test_a_case_without_order_or_departure_has_nulls_there(subgraph: SubgraphFactory) -> None:
    app = await subgraph("enforcement", [case()])
    query = "query($id: String!) { removalCase(caseId: $id) { order { kind } departureVerification { on } referral } }"
    answer = await app.ask(query, {"id": CASE})
    assert answer == {"data": {"removalCase": {"order": None, "departureVerification": None, "referral": None}}}
    assert await app.ask(query, {"id": "ERC-none"}) == {"data": {"removalCase": None}}


async def test_primary_is_told_of_an_outstanding_order_by_a_marker(subgraph: SubgraphFactory) -> None:
    app = await subgraph("enforcement", [ordered()])
    (found,) = await app.entities(
        [{"__typename": "Traveler", "id": ANA}], "... on Traveler { removalCases { nodes { referral } } }"
    )
    assert found == {"removalCases": {"nodes": [{"referral": "REFER_TO_SECONDARY"}]}}


async def test_an_encounter_by_number(subgraph: SubgraphFactory) -> None:
    app = await subgraph("enforcement", [encounter()])
    query = "query($n: String!) { enforcementEncounter(eventNumber: $n) { eventNumber } }"
    assert await app.ask(query, {"n": EVENT}) == {"data": {"enforcementEncounter": {"eventNumber": EVENT}}}
    refused = await app.ask(query, {"n": "1"})
    assert refused["errors"][0]["extensions"]["code"] == "BAD_IDENTIFIER"


async def test_the_docket_is_filtered_ordered_and_paged(subgraph: SubgraphFactory) -> None:
    rows = [
        case("ERC-1", nta_served_on=date(2026, 1, 1)),
        case("ERC-2", nta_served_on=date(2026, 3, 1)),
        case("ERC-3", nta_served_on=date(2026, 2, 1), stage=S.CHARGED),
        case("ERC-4", stage=S.TERMINATED),
    ]
    app = await subgraph("enforcement", rows)
    query = """query($f: RemovalCaseFilter, $o: RemovalCaseOrder, $first: Int) {
      removalCases(filter: $f, orderBy: $o, first: $first) { totalCount nodes { caseId } pageInfo { hasNextPage } } }"""

    async def cases(**variables: Any) -> tuple[int, list[str]]:
        page = (await app.ask(query, variables))["data"]["removalCases"]
        return page["totalCount"], [node["caseId"] for node in page["nodes"]]

    assert await cases(f={"state": "OPEN"}) == (3, ["ERC-2", "ERC-3", "ERC-1"])
    assert await cases(f={"stage": "CHARGED"}) == (1, ["ERC-3"])
    assert await cases(f={"state": "OPEN"}, o={"direction": "ASC"}, first=2) == (3, ["ERC-1", "ERC-3"])
    assert await cases(o={"field": "STAGE", "direction": "ASC"}) == (4, ["ERC-3", "ERC-1", "ERC-2", "ERC-4"])


async def test_a_travelers_chapter(subgraph: SubgraphFactory) -> None:
    told: dict[str, Any] = {"traveler_id": ANA, "kind": "enforcement.nta", **ORIGIN}
    rows = [
        case(),
        encounter(),
        encounter("ATL2600100002", at=NOW),
        detention(book_out_at=NOW, release_code="BOND"),
        CriminalHistoryRow(
            traveler_id=ANA,
            conviction="Fraud",
            date=date(2020, 2, 2),
            jurisdiction="Springfield",
            ncic_code="2699",
            originator="DOJ",
        ),
        EnforcementEventRow(id="EV-2", at=NOW, summary="Notice to appear served", **told),
        EnforcementEventRow(id="EV-1", at=MAY, summary="Encounter recorded", **told),
    ]
    app = await subgraph("enforcement", rows)
    selection = """... on Traveler { id
      enforcementEncounters { totalCount nodes { eventNumber } } removalCases(filter: {state: CLOSED}) { totalCount }
      detentions { nodes { releaseCode } } criminalHistory { conviction date jurisdiction ncicCode }
      enforcementEvents { id at kind summary provenance { agency } } }"""
    ana, ben = await app.entities(
        [{"__typename": "Traveler", "id": ANA}, {"__typename": "Traveler", "id": BEN}], selection
    )
    assert ana["enforcementEncounters"] == {
        "totalCount": 2,
        "nodes": [{"eventNumber": "ATL2600100002"}, {"eventNumber": EVENT}],
    }
    assert ana["removalCases"] == {"totalCount": 0}
    assert ana["detentions"] == {"nodes": [{"releaseCode": "BOND"}]}
    assert ana["criminalHistory"] == [
        {"conviction": "Fraud", "date": "2020-02-02", "jurisdiction": "Springfield", "ncicCode": "2699"}
    ]
    assert [item["summary"] for item in ana["enforcementEvents"]] == ["Encounter recorded", "Notice to appear served"]
    assert (ben["criminalHistory"], ben["enforcementEvents"], ben["detentions"]) == ([], [], {"nodes": []})


async def test_every_entity_is_found_by_its_key(subgraph: SubgraphFactory) -> None:
    app = await subgraph("enforcement", [case(), encounter(), detention()])
    found = await app.entities(
        [
            {"__typename": "RemovalCase", "caseId": CASE, "extra": 1},
            {"__typename": "EnforcementEncounter", "eventNumber": EVENT},
            {"__typename": "Detention", "detentionId": STAY},
            {"__typename": "RemovalCase", "caseId": "none"},
            {"__typename": "Detention"},
            {"__typename": "Traveler"},
        ],
        "__typename",
    )
    assert [item and item["__typename"] for item in found] == [
        "RemovalCase", "EnforcementEncounter", "Detention", None, None, None,
    ]  # fmt: skip


async def test_a_hundred_travelers_are_a_handful_of_statements(subgraph: SubgraphFactory) -> None:
    travelers = [f"TRV-{n}" for n in range(100)]
    rows: list[Any] = [case(f"ERC-{n}", traveler_id=traveler) for n, traveler in enumerate(travelers)]
    app = await subgraph("enforcement", rows)
    seen: list[str] = []
    engine = app.subgraph.database.engine.sync_engine
    sqlalchemy_event.listen(engine, "before_cursor_execute", lambda *a: seen.append(a[2]))
    selection = "... on Traveler { removalCases { nodes { caseId detentions { class } encounters { at } } } }"
    found = await app.entities([{"__typename": "Traveler", "id": name} for name in travelers], selection)
    assert all(len(item["removalCases"]["nodes"]) == 1 for item in found)
    assert len([text for text in seen if text.lstrip().upper().startswith("SELECT")]) <= 3


def test_every_open_stage_leads_on_and_every_closed_one_ends_or_is_verified() -> None:
    for stage in S:
        if state_of(stage) is CaseState.OPEN:
            assert STAGES.allowed(stage)
        else:
            assert set(STAGES.allowed(stage)) <= {S.REMOVED}


@pytest.mark.parametrize("stage", list(S))
def test_the_marker_follows_from_stage_and_order(stage: S) -> None:
    outstanding = {S.ORDERED_REMOVED, S.FINAL_ORDER, S.STAYED, S.SUPERVISED, S.VOLUNTARY_DEPARTURE_GRANTED}
    assert (referral(stage, OrderKind.REMOVAL) == "REFER_TO_SECONDARY") is (stage in outstanding)
    assert referral(stage, None) is None


@pytest.mark.parametrize("charges", [[], ["237(a)(1)(B)", "221(g)"], ["theft"], ["212(a)(2)(A)(i)(I) "]])
def test_charges_are_sections_of_the_act(charges: list[str]) -> None:
    check_charges(["237(a)(1)(B)", "212(a)(6)(A)(i)"])
    with pytest.raises(Refusal):
        check_charges(charges)


def test_the_printed_schema_says_what_the_contract_says() -> None:
    sdl = schema.as_str()
    for line in (
        'type Traveler @key(fields: "id") {',
        'type RemovalCase @key(fields: "caseId") {',
        'type EnforcementEncounter @key(fields: "eventNumber") {',
        'type Detention @key(fields: "detentionId") {',
        "type EnforcementEvent implements TimelineEvent {",
        'alienNumber: String @classified(category: "IDN")',
        'fin: String @classified(category: "IDN")',
        'officerRef: String @classified(category: "DELIB")',
        'referral: String @classified(category: "ENF")',
        'class: String @classified(category: "DET")',
        'status: String @classified(category: "ENF", overlays: ["ASY_2086"])',
        'conviction: String @classified(category: "DLE", overlays: ["THIRD_AGENCY"])',
        'stage: RemovalStage = null @reads(fields: ["RemovalCase.stage"])',
        'state: CaseState = null @reads(fields: ["RemovalCase.state"])',
        'verifyDeparture(input: VerifyDepartureInput!): RemovalCase @classified(category: "ACT")',
    ):
        assert line in sdl, line
