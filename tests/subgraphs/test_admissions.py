"""The admissions subgraph, asked as the gateway asks it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event as sqlalchemy_event

from subgraphs.admissions.enums import (
    CrossingDirection,
    InspectionOutcome,
    InspectionStage,
    InspectionState,
    StayKind,
    UpdateFlag,
)
from subgraphs.admissions.schema import schema
from subgraphs.kit.testing import NOW, Asked
from tests.subgraphs.border import (
    ANA,
    BEN,
    I94,
    admission,
    arrival,
    departure,
    event,
    finding,
    inspection,
    lookout,
)
from tests.subgraphs.conftest import SubgraphFactory

CODED = "{ list code label }"
OVERSTAY = "... on Traveler { overstay { status basis daysOver assessedAt ruleId explanation } }"


async def overstay(app: Asked, **key: Any) -> dict[str, Any]:
    """The assessment of Ana for a representation that holds ``key`` beside her number."""
    (found,) = await app.entities([{"__typename": "Traveler", "id": ANA, **key}], OVERSTAY)
    assessment: dict[str, Any] = found["overstay"]
    return assessment


async def test_an_admission_with_everything_around_it(subgraph: SubgraphFactory) -> None:
    app = await subgraph("admissions", [arrival(), admission(), departure()])
    query = f"""query($n: String!) {{ admission(i94Number: $n) {{
      i94Number classOfAdmission {CODED} poe {CODED} admittedAt paroleKind {CODED} updateFlag
      authorizedStay {{ kind until }} visa {{ foilNumber }} exchangeVisitor {{ sevisId }}
      traveler {{ id }} departure {{ departureId at method matchConfidence admission {{ i94Number }} }}
      arrival {{ crossingId mode direction carrier flight manifestRef document usAddress visa {{ foilNumber }} }}
      provenance {{ agency system recordVersion stale }} }} }}"""
    answer = await app.ask(query, {"n": I94})
    assert answer == {
        "data": {
            "admission": {
                "i94Number": I94,
                "classOfAdmission": {"list": "coa", "code": "B2", "label": "Temporary visitor for pleasure"},
                "poe": {"list": "poe", "code": "NYC", "label": "New York, NY"},
                "admittedAt": "2026-04-01T15:40:00Z",
                "paroleKind": None,
                "updateFlag": None,
                "authorizedStay": {"kind": "DATE", "until": "2026-10-01"},
                "visa": {"foilNumber": "S0100001"},
                "exchangeVisitor": None,
                "traveler": {"id": ANA},
                "departure": {
                    "departureId": "DEP-00010001",
                    "at": "2026-10-10T20:00:00Z",
                    "method": "MANIFEST",
                    "matchConfidence": 0.98,
                    "admission": {"i94Number": I94},
                },
                "arrival": {
                    "crossingId": "XNG-00010001",
                    "mode": "AIR",
                    "direction": "INBOUND",
                    "carrier": "UT",
                    "flight": "UT101",
                    "manifestRef": "APIS-20260401-0001",
                    "document": "ST0010001",
                    "usAddress": "100 Example Street, Springfield",
                    "visa": {"foilNumber": "S0100001"},
                },
                "provenance": {"agency": "CBP", "system": "NIIS", "recordVersion": "1", "stale": False},
            }
        }
    }


@pytest.mark.parametrize("number", ["010000001A1", "12345678901", " 010000001a1 "])
async def test_i94_numbers_of_both_ages_are_read(subgraph: SubgraphFactory, number: str) -> None:
    app = await subgraph("admissions", [arrival(), admission(), admission("12345678901")])
    answer = await app.ask("query($n: String!) { admission(i94Number: $n) { i94Number } }", {"n": number})
    assert answer["data"]["admission"]["i94Number"] == number.strip().upper()


async def test_a_number_of_another_form_is_refused_and_one_unknown_is_null(subgraph: SubgraphFactory) -> None:
    app = await subgraph("admissions", [])
    query = "query($n: String!) { admission(i94Number: $n) { i94Number } }"
    assert (await app.ask(query, {"n": "A1234567"}))["errors"][0]["extensions"]["code"] == "BAD_IDENTIFIER"
    assert await app.ask(query, {"n": "99999999999"}) == {"data": {"admission": None}}


async def test_the_surest_departure_is_the_admissions(subgraph: SubgraphFactory) -> None:
    rows = [arrival(), admission(), departure("DEP-1", match_confidence=0.71), departure("DEP-2")]
    app = await subgraph("admissions", rows)
    answer = await app.ask("query($n: String!) { admission(i94Number: $n) { departure { departureId } } }", {"n": I94})
    assert answer["data"]["admission"]["departure"] == {"departureId": "DEP-2"}


async def test_the_program_and_its_category_come_with_the_admission(subgraph: SubgraphFactory) -> None:
    j1 = admission(
        class_of_admission="J1",
        stay_kind=StayKind.DURATION_OF_STATUS,
        stay_until=None,
        sevis_id="N0000100001",
        program_category="13",
    )
    app = await subgraph("admissions", [arrival(), j1])
    query = f"query($n: String!) {{ admission(i94Number: $n) {{ exchangeVisitor {{ sevisId category {CODED} }} }} }}"
    answer = await app.ask(query, {"n": I94})
    assert answer["data"]["admission"]["exchangeVisitor"] == {
        "sevisId": "N0000100001",
        "category": {"list": "j-category", "code": "13", "label": "Au pair"},
    }


async def test_an_inspection_and_a_crossing_by_number(subgraph: SubgraphFactory) -> None:
    closed = inspection(
        stage=InspectionStage.SECONDARY,
        state=InspectionState.CLOSED,
        outcome=InspectionOutcome.WITHDREW_APPLICATION,
        reason="212(a)(7)(B)(i)(II)",
        forms=["I-275"],
        referred_for="Visa status",
        narrative="Withdrew.",
    )
    app = await subgraph("admissions", [arrival(), closed])
    query = """query($i: String!, $c: String!) {
      inspection(inspectionId: $i) { stage port { code } state openedAt officerRef outcome reason forms referredFor
        narrative biometricMatch arrival { crossingId } traveler { id } }
      arrival(crossingId: $c) { poe { code } at traveler { id } } }"""
    answer = await app.ask(query, {"i": "INS-NYC-00010001", "c": "XNG-00010001"})
    assert answer["data"]["inspection"] == {
        "stage": "SECONDARY",
        "port": {"code": "NYC"},
        "state": "CLOSED",
        "openedAt": "2026-04-01T15:15:00Z",
        "officerRef": "cbp-nyc-1",
        "outcome": "WITHDREW_APPLICATION",
        "reason": "212(a)(7)(B)(i)(II)",
        "forms": ["I-275"],
        "referredFor": "Visa status",
        "narrative": "Withdrew.",
        "biometricMatch": "MATCH",
        "arrival": {"crossingId": "XNG-00010001"},
        "traveler": {"id": ANA},
    }
    assert answer["data"]["arrival"] == {"poe": {"code": "NYC"}, "at": "2026-04-01T15:00:00Z", "traveler": {"id": ANA}}


async def test_the_queue_is_the_ports_oldest_first(subgraph: SubgraphFactory) -> None:
    rows = [arrival()] + [
        inspection(f"INS-NYC-{n}", opened_at=NOW - timedelta(minutes=n), port="NYC" if n < 4 else "LOS")
        for n in (1, 2, 3, 4)
    ]
    app = await subgraph("admissions", rows)
    query = """query($f: InspectionFilter, $first: Int, $after: String) {
      inspections(filter: $f, first: $first, after: $after) {
        totalCount nodes { inspectionId } pageInfo { hasNextPage endCursor } } }"""
    filter_ = {"port": "NYC", "state": "OPEN", "stage": "PRIMARY"}
    page = (await app.ask(query, {"f": filter_, "first": 2}))["data"]["inspections"]
    assert (page["totalCount"], [n["inspectionId"] for n in page["nodes"]]) == (3, ["INS-NYC-3", "INS-NYC-2"])
    rest = (await app.ask(query, {"f": filter_, "after": page["pageInfo"]["endCursor"]}))["data"]["inspections"]
    assert [n["inspectionId"] for n in rest["nodes"]] == ["INS-NYC-1"]
    assert not rest["pageInfo"]["hasNextPage"]


async def test_a_travelers_chapter(subgraph: SubgraphFactory) -> None:
    rows = [
        arrival(),
        arrival("XNG-2", direction=CrossingDirection.OUTBOUND, at=NOW),
        inspection(),
        admission(),
        admission("12345678901", class_of_admission="B1", admitted_at=datetime(2018, 5, 1, tzinfo=UTC)),
        departure(),
        lookout(),
        lookout("LKT-2", expires=NOW),
        event("EV-2"),
        event("EV-1", at=NOW - timedelta(days=3), summary="Left from NYC"),
    ]
    app = await subgraph("admissions", rows)
    selection = """... on Traveler {
      admissions(filter: {classOfAdmission: "B2"}) { totalCount nodes { i94Number } }
      recent: admissions(filter: {admittedOnOrAfter: "2020-01-01"}) { totalCount }
      byClass: admissions(orderBy: {field: CLASS_OF_ADMISSION, direction: ASC}) { nodes { classOfAdmission { code } } }
      all: admissions { nodes { i94Number } }
      arrivals { nodes { crossingId } } inspections { totalCount } departures { edges { node { departureId } } }
      lookouts { lookoutId kind placedBy at expires instruction }
      crossingEvents { id at kind summary provenance { agency } } }"""
    ana, ben = await app.entities(
        [{"__typename": "Traveler", "id": ANA}, {"__typename": "Traveler", "id": BEN}], selection
    )
    assert ana["admissions"] == {"totalCount": 1, "nodes": [{"i94Number": I94}]}
    assert ana["recent"] == {"totalCount": 1}
    assert [n["classOfAdmission"]["code"] for n in ana["byClass"]["nodes"]] == ["B1", "B2"]
    assert [n["i94Number"] for n in ana["all"]["nodes"]] == [I94, "12345678901"]
    assert [n["crossingId"] for n in ana["arrivals"]["nodes"]] == ["XNG-2", "XNG-00010001"]
    assert (ana["inspections"], ana["departures"]) == (
        {"totalCount": 1},
        {"edges": [{"node": {"departureId": "DEP-00010001"}}]},
    )
    assert [item["lookoutId"] for item in ana["lookouts"]] == ["LKT-00010001"]  # the other one expired
    assert [item["summary"] for item in ana["crossingEvents"]] == ["Left from NYC", "Arrived at NYC"]
    assert ana["crossingEvents"][0]["provenance"] == {"agency": "CBP"}
    assert ben["all"] == {"nodes": []}
    assert (ben["lookouts"], ben["crossingEvents"]) == ([], [])


async def test_the_assessment_uses_what_uscis_said(subgraph: SubgraphFactory) -> None:
    app = await subgraph("admissions", [arrival(), admission()])
    assert await overstay(app, pendingExtensionFiledOn=None) == {
        "status": "SUSPECTED_IN_COUNTRY",
        "basis": "I94_DATE",
        "daysOver": 31,
        "assessedAt": "2026-11-01T12:00:00Z",
        "ruleId": "OVS-13",
        "explanation": "The authorized stay ended 31 days ago; no departure is on record.",
    }
    assert (await overstay(app, pendingExtensionFiledOn="2026-09-30"))["status"] == "NONE"
    assert (await overstay(app))["ruleId"] == "OVS-09"  # not sent is not the same as none


async def test_the_assessment_reads_the_latest_admission_only(subgraph: SubgraphFactory) -> None:
    again = admission("020000001A1", "XNG-2", admitted_at=NOW - timedelta(days=2), stay_until=date(2027, 4, 1))
    app = await subgraph("admissions", [arrival(), arrival("XNG-2"), admission(), again])
    assert (await overstay(app, pendingExtensionFiledOn=None))["ruleId"] == "OVS-07"


async def test_departures_and_findings_enter_the_assessment(subgraph: SubgraphFactory) -> None:
    late = await subgraph("admissions", [arrival(), admission(), departure()])
    assert (await overstay(late, pendingExtensionFiledOn=None))["daysOver"] == 9
    unmatched = await subgraph("admissions", [arrival(), admission(), departure(i94_number=None)])
    assert (await overstay(unmatched, pendingExtensionFiledOn=None))["basis"] == "UNMATCHED_DEPARTURE"
    student = admission(class_of_admission="F1", stay_kind=StayKind.DURATION_OF_STATUS, stay_until=None)
    judged = await subgraph("admissions", [arrival(), student, finding()])
    assert (await overstay(judged, pendingExtensionFiledOn=None))["basis"] == "IJ_FINDING"


async def test_a_departure_before_the_latest_admission_is_not_its_own(subgraph: SubgraphFactory) -> None:
    old = departure(i94_number=None, at=datetime(2026, 3, 1, tzinfo=UTC))
    app = await subgraph("admissions", [arrival(), admission(), old])
    assert (await overstay(app, pendingExtensionFiledOn=None))["basis"] == "I94_DATE"


async def test_today_is_the_instant_of_the_decision(subgraph: SubgraphFactory) -> None:
    app = await subgraph("admissions", [arrival(), admission()])
    key = [{"__typename": "Traveler", "id": ANA, "pendingExtensionFiledOn": None}]
    (found,) = await app.entities(key, OVERSTAY, at=datetime(2026, 10, 2, 4, 0, tzinfo=UTC))
    assert found["overstay"]["status"] == "NONE"  # still 1 October in New York


async def test_a_traveler_never_admitted_has_no_assessment(subgraph: SubgraphFactory) -> None:
    app = await subgraph("admissions", [])
    (found,) = await app.entities([{"__typename": "Traveler", "id": ANA, "pendingExtensionFiledOn": None}], OVERSTAY)
    assert found == {"overstay": None}


async def test_leads_are_ended_stays_without_a_departure_or_a_return(subgraph: SubgraphFactory) -> None:
    old = datetime(2025, 1, 1, tzinfo=UTC)
    rows = [
        arrival(),
        admission("00000000001"),  # a lead
        admission("00000000002", traveler_id="t2"),  # departed
        departure(i94_number="00000000002", traveler_id="t2"),
        admission("00000000003", traveler_id="t3", update_flag=UpdateFlag.ADJUSTED),
        admission("00000000004", traveler_id="t4", stay_until=date(2026, 11, 1)),  # not over yet
        admission("00000000005", traveler_id="t5", admitted_at=old),  # came back
        admission("00000000006", traveler_id="t5", stay_until=date(2027, 1, 1)),
        admission("00000000007", traveler_id="t7", stay_kind=StayKind.DURATION_OF_STATUS, stay_until=None),
        admission(
            "00000000008",
            traveler_id="t8",
            stay_kind=StayKind.DURATION_OF_STATUS,
            stay_until=None,
            lead_after=date(2026, 10, 1),
        ),
        finding("00000000008"),  # D/S, but found
        admission("00000000009", traveler_id="t9", parole_kind="CH"),
        admission("00000000010", traveler_id="t10", stay_until=date(2026, 9, 1)),  # the longest ago
        admission("00000000011", traveler_id="t11", update_flag=UpdateFlag.OVERSTAYED),
    ]
    app = await subgraph("admissions", rows)
    answer = await app.ask("{ overstayLeads(first: 10) { totalCount nodes { i94Number } } }")
    leads = answer["data"]["overstayLeads"]
    assert [n["i94Number"][-2:] for n in leads["nodes"]] == ["10", "01", "11", "08"]
    assert leads["totalCount"] == 4


async def test_every_entity_is_found_by_its_key_and_a_bad_key_is_null(subgraph: SubgraphFactory) -> None:
    rows = [arrival(), inspection(), admission(), departure(), lookout()]
    app = await subgraph("admissions", rows)
    found = await app.entities(
        [
            {"__typename": "Arrival", "crossingId": "XNG-00010001", "extra": True},
            {"__typename": "Inspection", "inspectionId": "INS-NYC-00010001"},
            {"__typename": "Admission", "i94Number": I94},
            {"__typename": "Departure", "departureId": "DEP-00010001"},
            {"__typename": "Lookout", "lookoutId": "LKT-00010001"},
            {"__typename": "Admission", "i94Number": "nothing"},
            {"__typename": "Admission"},
            {"__typename": "Visa", "foilNumber": "S0100001"},
            {"__typename": "Traveler", "id": ANA, "pendingExtensionFiledOn": "no date"},
        ],
        "__typename ... on Arrival { crossingId } ... on Inspection { inspectionId } ... on Admission { i94Number }"
        " ... on Departure { departureId } ... on Lookout { lookoutId }",
    )
    assert [item and item["__typename"] for item in found] == [
        "Arrival", "Inspection", "Admission", "Departure", "Lookout", None, None, None, None,
    ]  # fmt: skip


async def test_a_hundred_travelers_are_a_handful_of_statements(subgraph: SubgraphFactory) -> None:
    travelers = [f"TRV-{n}" for n in range(100)]
    rows: list[Any] = [arrival()]
    rows += [admission(f"{n:011d}", traveler_id=traveler) for n, traveler in enumerate(travelers)]
    app = await subgraph("admissions", rows)
    seen: list[str] = []
    engine = app.subgraph.database.engine.sync_engine
    sqlalchemy_event.listen(engine, "before_cursor_execute", lambda *a: seen.append(a[2]))
    keys = [{"__typename": "Traveler", "id": name, "pendingExtensionFiledOn": None} for name in travelers]
    selection = "... on Traveler { overstay { status } admissions { nodes { departure { at } arrival { at } } } }"
    found = await app.entities(keys, selection)
    assert all(item["overstay"]["status"] == "SUSPECTED_IN_COUNTRY" for item in found)
    selects = [text for text in seen if text.lstrip().upper().startswith("SELECT")]
    # admissions, departures by traveler and by I-94, findings, arrivals: a statement each
    assert len(selects) <= 6


async def test_a_lookout_is_not_read_without_an_agreement(subgraph: SubgraphFactory) -> None:
    app = await subgraph("admissions", [arrival(), lookout()])
    asked = [{"__typename": "Traveler", "id": ANA}]
    await app.assert_needs_agreement("Lookout.kind", asked, "... on Traveler { lookouts { kind } }")


async def test_every_entity_comes_in_the_order_asked_for(subgraph: SubgraphFactory) -> None:
    app = await subgraph("admissions", [arrival(), inspection(), admission(), departure(), lookout()])
    await app.assert_entities(
        {"__typename": "Lookout", "lookoutId": "LKT-00010001"},
        {"__typename": "Admission", "i94Number": I94},
        {"__typename": "Arrival", "crossingId": "XNG-00010001"},
    )


def test_the_printed_schema_says_what_the_contract_says() -> None:
    sdl = schema.as_str()
    for line in (
        'type Traveler @key(fields: "id") {',
        'type Admission @key(fields: "i94Number") {',
        'type Arrival @key(fields: "crossingId") {',
        'type Inspection @key(fields: "inspectionId") {',
        'type Departure @key(fields: "departureId") {',
        'type Lookout @key(fields: "lookoutId") {',
        'type Visa @key(fields: "foilNumber", resolvable: false) {',
        'type ExchangeVisitor @key(fields: "sevisId", resolvable: false) {',
        "type CrossingEvent implements TimelineEvent {",
        'pendingExtensionFiledOn: Date @classified(category: "ADJ", origin: "USCIS") @external',
        'overstay: OverstayAssessment @classified(category: "LINK") @requires(fields: "pendingExtensionFiledOn")',
        'exchangeVisitor: ExchangeVisitor @classified(category: "LINK") @provides(fields: "category { list code label }")',
        'category: CodedValue @classified(category: "EDU", origin: "ICE_SEVP") @external',
        'classOfAdmission: String = null @reads(fields: ["Admission.classOfAdmission"])',
        'port: String = null @reads(fields: ["Inspection.port"])',
        'flight: String @classified(category: "APIS")',
        'usAddress: String @classified(category: "CON")',
        'narrative: String @classified(category: "INSP")',
        'biometricMatch: BiometricMatch @classified(category: "BMR")',
        'instruction: String @classified(category: "WL")',
        'recordInspection(input: RecordInspectionInput!): Inspection @classified(category: "ACT")',
    ):
        assert line in sdl, line
