"""What CBP's officers do: each act changes its records and appends its event together, or does neither."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from subgraphs.admissions.enums import CrossingDirection, InspectionOutcome, InspectionStage, StayKind, UpdateFlag
from subgraphs.admissions.laws import Granted, check_admission, check_outcome, i94_number, stay_kind_of
from subgraphs.kit import Refusal
from subgraphs.kit.identifiers import check
from subgraphs.kit.testing import Asked
from tests.subgraphs import acting
from tests.subgraphs.acting import kinds
from tests.subgraphs.border import ANA, BEN, CBP, I94, admission, arrival, inspection
from tests.subgraphs.conftest import SubgraphFactory

INS = "INS-NYC-00010001"
SELECTIONS = {
    "openInspection": "inspectionId stage state port { code } officerRef arrival { crossingId at document }",
    "referToSecondary": "inspectionId stage state referredFor biometricMatch",
    "recordInspection": "state outcome reason forms narrative",
    "recordDeparture": "departureId i94Number matchConfidence",
    "placeLookout": "lookoutId placedBy at instruction",
    "recordOverstayFinding": "i94Number updateFlag provenance { recordVersion }",
}


async def act(app: Asked, name: str, **input: Any) -> Any:
    """What the mutation answers; the code of the refusal where it is refused."""
    return await acting.act(app, name, input, SELECTIONS[name], caller=CBP)


async def chapter(app: Asked, selection: str) -> Any:
    """Ana's chapter."""
    (found,) = await app.entities([{"__typename": "Traveler", "id": ANA}], f"... on Traveler {{ {selection} }}")
    return found


async def test_an_inspection_of_a_crossing_on_record(subgraph: SubgraphFactory) -> None:
    app = await subgraph("admissions", [arrival()])
    assert await act(app, "openInspection", crossingId="XNG-00010001") == {
        "inspectionId": "INS-NYC-00000001",
        "stage": "PRIMARY",
        "state": "OPEN",
        "port": {"code": "NYC"},
        "officerRef": "cbp-nyc-2",
        "arrival": {"crossingId": "XNG-00010001", "at": "2026-04-01T15:00:00Z", "document": "ST0010001"},
    }
    (event,) = await app.events()
    assert event["kind"] == "inspectionOpened"
    assert event["entity_key"] == "INS-NYC-00000001"
    assert event["actor"] == "CBP/cbp-secondary/cbp-nyc-2"
    assert event["case_reference"] == INS


async def test_an_inspection_of_a_crossing_that_begins_now(subgraph: SubgraphFactory) -> None:
    app = await subgraph("admissions", [])
    opened = await act(app, "openInspection", travelerId=ANA, port="elp", mode="LAND", document="ST0010001")
    assert opened["inspectionId"] == "INS-ELP-00000001"
    assert opened["arrival"] == {
        "crossingId": "XNG-00000001",
        "at": "2026-11-01T12:00:00Z",
        "document": "ST0010001",
    }
    events = (await chapter(app, "crossingEvents { kind summary }"))["crossingEvents"]
    assert events == [{"kind": "crossing.arrived", "summary": "Arrived at ELP"}]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({}, "BAD_INPUT"),
        ({"crossingId": "XNG-00010001", "travelerId": ANA}, "BAD_INPUT"),
        ({"crossingId": "XNG-none"}, "NO_SUCH_RECORD"),
        ({"crossingId": "XNG-2"}, "BAD_INPUT"),  # outbound
        ({"crossingId": "XNG-00010001"}, "CONFLICT"),  # one is open
        ({"travelerId": ANA, "port": "QQQ", "mode": "LAND", "document": "ST0010001"}, "BAD_INPUT"),
        ({"travelerId": "Ana", "port": "ELP", "mode": "LAND", "document": "ST0010001"}, "BAD_IDENTIFIER"),
    ],
)
async def test_an_inspection_is_opened_on_one_inbound_crossing(
    subgraph: SubgraphFactory, given: dict[str, Any], code: str
) -> None:
    rows = [arrival(), arrival("XNG-2", direction=CrossingDirection.OUTBOUND), inspection()]
    app = await subgraph("admissions", rows)
    assert await act(app, "openInspection", **given) == code
    assert await kinds(app) == []


async def test_a_referral_closes_primary_and_opens_secondary(subgraph: SubgraphFactory) -> None:
    app = await subgraph("admissions", [arrival(), inspection()])
    secondary = await act(app, "referToSecondary", inspectionId=INS, referredFor="Outstanding order")
    assert secondary == {
        "inspectionId": "INS-NYC-00000001",
        "stage": "SECONDARY",
        "state": "OPEN",
        "referredFor": "Outstanding order",
        "biometricMatch": "MATCH",
    }
    primary = await app.ask("query($i: String!) { inspection(inspectionId: $i) { state outcome } }", {"i": INS})
    assert primary["data"]["inspection"] == {"state": "CLOSED", "outcome": "REFERRED_SECONDARY"}
    assert await kinds(app) == ["inspectionReferred"]
    again = await act(app, "referToSecondary", inspectionId=INS, referredFor="Again")
    assert again == "ILLEGAL_TRANSITION"
    assert await act(app, "referToSecondary", inspectionId="INS-NYC-00000001", referredFor="x") == "ILLEGAL_TRANSITION"
    assert await act(app, "referToSecondary", inspectionId=INS, referredFor=" ") == "BAD_INPUT"


async def test_admitting_issues_an_i94(subgraph: SubgraphFactory) -> None:
    app = await subgraph("admissions", [arrival(), inspection()])
    stay = {"kind": "DATE", "until": "2027-04-30"}
    said = await act(app, "recordInspection", inspectionId=INS, outcome="ADMITTED", classOfAdmission="b2", stay=stay)
    assert said == {"state": "CLOSED", "outcome": "ADMITTED", "reason": None, "forms": [], "narrative": None}
    selection = """admissions { nodes { i94Number classOfAdmission { code } authorizedStay { kind until } admittedAt
      poe { code } visa { foilNumber } arrival { crossingId } provenance { agency system recordVersion } } }
      crossingEvents { kind summary }"""
    found = await chapter(app, selection)
    (issued,) = found["admissions"]["nodes"]
    assert check("I94_NUMBER", issued.pop("i94Number")) == i94_number(1)
    assert issued == {
        "classOfAdmission": {"code": "B2"},
        "authorizedStay": stay,
        "admittedAt": "2026-11-01T12:00:00Z",
        "poe": {"code": "NYC"},
        "visa": {"foilNumber": "S0100001"},
        "arrival": {"crossingId": "XNG-00010001"},
        "provenance": {"agency": "CBP", "system": "NIIS", "recordVersion": "1"},
    }
    assert {item["summary"] for item in found["crossingEvents"]} == {"Inspection at NYC closed", "I-94 issued at NYC"}
    (event,) = await app.events()
    assert (event["kind"], event["payload"]) == (
        "inspectionRecorded",
        {"i94Number": i94_number(1)},
    )


async def test_an_exchange_visitor_is_admitted_for_duration_of_status(subgraph: SubgraphFactory) -> None:
    app = await subgraph("admissions", [arrival(), inspection()])
    stay = {"kind": "DURATION_OF_STATUS"}
    program = {"sevisId": "N0000100001", "programCategory": "13"}
    await act(
        app, "recordInspection", inspectionId=INS, outcome="ADMITTED", classOfAdmission="J1", stay=stay, **program
    )
    found = await chapter(app, "admissions { nodes { exchangeVisitor { sevisId category { code } } } }")
    assert found["admissions"]["nodes"] == [{"exchangeVisitor": {"sevisId": "N0000100001", "category": {"code": "13"}}}]


async def test_a_new_i94_never_repeats_one_on_record(subgraph: SubgraphFactory) -> None:
    app = await subgraph("admissions", [arrival(), admission(i94_number(1), traveler_id=BEN), inspection()])
    stay = {"kind": "DATE", "until": "2027-04-30"}
    await act(app, "recordInspection", inspectionId=INS, outcome="ADMITTED", classOfAdmission="B2", stay=stay)
    found = await chapter(app, "admissions { nodes { i94Number } }")
    assert found["admissions"]["nodes"] == [{"i94Number": i94_number(2)}]


async def test_a_refusal_of_entry_issues_nothing(subgraph: SubgraphFactory) -> None:
    app = await subgraph("admissions", [arrival(), inspection(stage=InspectionStage.SECONDARY)])
    given = {"outcome": "WITHDREW_APPLICATION", "forms": ["I-275"], "reason": "212(a)(7)", "narrative": "Withdrew."}
    said = await act(app, "recordInspection", inspectionId=INS, **given)
    assert said == {"state": "CLOSED", **given}
    assert (await chapter(app, "admissions { totalCount }")) == {"admissions": {"totalCount": 0}}
    assert await act(app, "recordInspection", inspectionId=INS, **given) == "ILLEGAL_TRANSITION"
    (event,) = await app.events()
    assert (event["kind"], event["payload"]) == ("inspectionRecorded", {})  # how it ended stays in the record


async def test_what_breaks_a_rule_changes_nothing(subgraph: SubgraphFactory) -> None:
    app = await subgraph("admissions", [arrival(), inspection()])
    for given in (
        {"outcome": "ADMITTED"},
        {"outcome": "ADMITTED", "classOfAdmission": "B2"},
        {"outcome": "ADMITTED", "classOfAdmission": "QQ", "stay": {"kind": "DATE", "until": "2027-04-30"}},
        {"outcome": "REFERRED_SECONDARY"},
        {"outcome": "PAROLED"},
    ):
        assert await act(app, "recordInspection", inspectionId=INS, **given) == "BAD_INPUT"
    still = await app.ask("query($i: String!) { inspection(inspectionId: $i) { state outcome } }", {"i": INS})
    assert still["data"]["inspection"] == {"state": "OPEN", "outcome": None}
    assert await kinds(app) == []


async def test_departures_matched_and_unmatched(subgraph: SubgraphFactory) -> None:
    app = await subgraph("admissions", [arrival(), admission()])
    given = {"travelerId": ANA, "at": "2026-10-20T10:00:00Z", "poe": "LAR", "mode": "LAND", "method": "LAND_EXCHANGE"}
    matched = await act(app, "recordDeparture", i94Number=I94, **given)
    assert matched == {"departureId": "DEP-00000001", "i94Number": I94, "matchConfidence": 0.9}
    loose = await act(app, "recordDeparture", **given)
    assert loose == {"departureId": "DEP-00000002", "i94Number": None, "matchConfidence": 0.0}
    told = await act(app, "recordDeparture", i94Number=I94, matchConfidence=0.5, **given)
    assert told["matchConfidence"] == 0.5
    assert await kinds(app) == ["departureRecorded"] * 3
    assert len((await chapter(app, "crossingEvents { id }"))["crossingEvents"]) == 3


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"travelerId": BEN}, "BAD_INPUT"),  # another's admission
        ({"at": "2026-03-01T10:00:00Z"}, "BAD_INPUT"),  # before the admission
        ({"at": "2026-11-02T10:00:00Z"}, "BAD_INPUT"),  # in the future
        ({"poe": "QQQ"}, "BAD_INPUT"),
        ({"matchConfidence": 1.5}, "BAD_INPUT"),
        ({"i94Number": "99999999999"}, "NO_SUCH_RECORD"),
        ({"i94Number": "123"}, "BAD_IDENTIFIER"),
    ],
)
async def test_a_departure_is_of_the_same_traveler_and_after(
    subgraph: SubgraphFactory, changes: dict[str, Any], code: str
) -> None:
    app = await subgraph("admissions", [arrival(), admission()])
    given: dict[str, Any] = {
        "travelerId": ANA,
        "i94Number": I94,
        "at": "2026-10-20T10:00:00Z",
        "poe": "NYC",
        "mode": "AIR",
        "method": "MANIFEST",
    }
    assert await act(app, "recordDeparture", **{**given, **changes}) == code
    assert await kinds(app) == []


async def test_a_lookout_makes_no_event_of_the_travelers_chapter(subgraph: SubgraphFactory) -> None:
    app = await subgraph("admissions", [])
    given = {"travelerId": ANA, "kind": "SUBJECT", "instruction": "Refer to secondary"}
    assert await act(app, "placeLookout", **given) == {
        "lookoutId": "LKT-00000001",
        "placedBy": "CBP",
        "at": "2026-11-01T12:00:00Z",
        "instruction": "Refer to secondary",
    }
    assert await chapter(app, "crossingEvents { id }") == {"crossingEvents": []}
    (event,) = await app.events()
    assert (event["kind"], event["payload"]) == ("lookoutPlaced", {})
    assert await act(app, "placeLookout", **given, expires="2026-11-01T12:00:00Z") == "BAD_INPUT"
    assert await act(app, "placeLookout", **{**given, "instruction": " "}) == "BAD_INPUT"


async def test_a_finding_starts_an_overstay_that_the_calendar_could_not(subgraph: SubgraphFactory) -> None:
    student = admission(class_of_admission="F1", stay_kind=StayKind.DURATION_OF_STATUS, stay_until=None)
    app = await subgraph("admissions", [arrival(), student])
    assessed = "... on Traveler { overstay { status basis daysOver } }"
    key = [{"__typename": "Traveler", "id": ANA, "pendingExtensionFiledOn": None}]
    (before,) = await app.entities(key, assessed)
    assert before["overstay"]["status"] == "NOT_DETERMINABLE"
    found = await act(
        app,
        "recordOverstayFinding",
        i94Number=I94,
        basis="USCIS_FINDING",
        foundAt="2026-10-02T15:00:00Z",
        note="Status ended.",
    )
    assert found == {"i94Number": I94, "updateFlag": "OVERSTAYED", "provenance": {"recordVersion": "2"}}
    (after,) = await app.entities(key, assessed)
    assert after["overstay"] == {"status": "SUSPECTED_IN_COUNTRY", "basis": "USCIS_FINDING", "daysOver": 30}
    assert await kinds(app) == ["overstayFound"]


@pytest.mark.parametrize(
    ("changes", "flag", "code"),
    [
        ({"basis": "I94_DATE"}, None, "BAD_INPUT"),
        ({"foundAt": "2026-03-01T00:00:00Z"}, None, "BAD_INPUT"),
        ({"foundAt": "2026-12-01T00:00:00Z"}, None, "BAD_INPUT"),
        ({}, UpdateFlag.ADJUSTED, "CONFLICT"),
    ],
)
async def test_only_a_judge_or_uscis_finds(
    subgraph: SubgraphFactory, changes: dict[str, Any], flag: UpdateFlag | None, code: str
) -> None:
    app = await subgraph("admissions", [arrival(), admission(update_flag=flag)])
    given = {"i94Number": I94, "basis": "IJ_FINDING", "foundAt": "2026-10-02T15:00:00Z", "note": "x"}
    assert await act(app, "recordOverstayFinding", **{**given, **changes}) == code
    assert await kinds(app) == []


TODAY = date(2026, 11, 1)
LATER = date(2027, 1, 1)
P, S = InspectionStage.PRIMARY, InspectionStage.SECONDARY
Out = InspectionOutcome


@pytest.mark.parametrize("outcome", [item for item in Out if item is not Out.ADMITTED])
def test_primary_admits_and_nothing_else(outcome: InspectionOutcome) -> None:
    with pytest.raises(Refusal, match="referToSecondary" if outcome is Out.REFERRED_SECONDARY else "Primary"):
        check_outcome(P, outcome, ["I-275", "I-860", "I-862"])


@pytest.mark.parametrize(
    ("outcome", "form"),
    [(Out.WITHDREW_APPLICATION, "I-275"), (Out.EXPEDITED_REMOVAL, "I-860"), (Out.NTA_ISSUED, "I-862")],
)
def test_an_adverse_outcome_needs_its_form(outcome: InspectionOutcome, form: str) -> None:
    check_outcome(S, outcome, [form])
    with pytest.raises(Refusal, match=form):
        check_outcome(S, outcome, [])


@pytest.mark.parametrize(
    ("class_", "kind"),
    [
        ("B2", StayKind.DATE),
        ("H1B", StayKind.DATE),
        ("F1", StayKind.DURATION_OF_STATUS),
        ("J2S", StayKind.DURATION_OF_STATUS),
        ("M1", StayKind.DATE),
        ("E2", StayKind.DATE),
        ("E21", StayKind.INDEFINITE),
        ("F21", StayKind.INDEFINITE),
        ("IR1", StayKind.INDEFINITE),
        ("DV1", StayKind.INDEFINITE),
        ("B21", StayKind.INDEFINITE),
        ("U1", StayKind.DATE),
    ],
)
def test_the_class_says_how_the_stay_ends(class_: str, kind: StayKind) -> None:
    assert stay_kind_of(class_) is kind


@pytest.mark.parametrize(
    ("outcome", "granted"),
    [
        (Out.ADMITTED, None),
        (Out.ADMITTED, Granted("B2", StayKind.DATE, None, None)),
        (Out.ADMITTED, Granted("B2", StayKind.DURATION_OF_STATUS, None, None)),
        (Out.ADMITTED, Granted("F1", StayKind.DATE, LATER, None)),
        (Out.ADMITTED, Granted("F1", StayKind.DURATION_OF_STATUS, LATER, None)),
        (Out.ADMITTED, Granted("B2", StayKind.DATE, TODAY, None)),
        (Out.ADMITTED, Granted("B2", StayKind.DATE, LATER, "CH")),
        (Out.PAROLED, Granted("CH", StayKind.DATE, LATER, None)),
        (Out.PAROLED, Granted("CH", StayKind.INDEFINITE, None, "CH")),
        (Out.VWP_REFUSED, Granted("WB", StayKind.DATE, LATER, None)),
    ],
)
def test_a_stay_fits_its_outcome_and_class(outcome: InspectionOutcome, granted: Granted | None) -> None:
    with pytest.raises(Refusal):
        check_admission(outcome, granted, TODAY)


def test_fitting_stays_pass() -> None:
    check_admission(Out.ADMITTED, Granted("B2", StayKind.DATE, LATER, None), TODAY)
    check_admission(Out.PAROLED, Granted("CH", StayKind.DATE, LATER, "CH"), TODAY)
    check_admission(Out.VWP_REFUSED, None, TODAY)


def test_new_i94_numbers_have_the_form_since_may_2019() -> None:
    assert [i94_number(n) for n in (1, 24, 1_000_000_001)] == ["000000001B1", "000000024A4", "000000001T1"]
    assert all(check("I94_NUMBER", i94_number(n)) == i94_number(n) for n in range(100))
