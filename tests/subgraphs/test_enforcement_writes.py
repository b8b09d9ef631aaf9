"""What ERO's officers do: each act changes its records and appends its event together, or does neither."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from subgraphs.enforcement.enums import RemovalStage as S
from subgraphs.kit.testing import NOW, Asked
from tests.subgraphs import acting
from tests.subgraphs.acting import kinds
from tests.subgraphs.conftest import SubgraphFactory
from tests.subgraphs.ero import ANA, BEN, CASE, ERO, EVENT, case, encounter, ordered

SELECTIONS = {
    "recordEncounter": "eventNumber kind alienNumber fin traveler { id }",
    "placeInProceedings": "caseId stage state charges ntaServedOn court { code } encounters { eventNumber }",
    "recordOrder": "stage state referral order { kind by on final } provenance { recordVersion }",
    "verifyDeparture": "stage state referral departureVerification { on poe { code } proof country i205Executed }",
    "bookIn": "detentionId class bondUsd bookOutAt",
    "bookOut": "releaseCode bookOutAt",
}


async def act(app: Asked, name: str, **input: Any) -> Any:
    """What the mutation answers; the code of the refusal where it is refused."""
    return await acting.act(app, name, input, SELECTIONS[name], caller=ERO)


async def test_from_an_encounter_to_a_verified_departure(subgraph: SubgraphFactory) -> None:
    app = await subgraph("enforcement", [])
    met = await act(
        app,
        "recordEncounter",
        travelerId=ANA,
        office="ATL",
        at="2026-10-04T13:00:00Z",
        kind="ENFORCEMENT",
        method="LOCATED",
        place="Springfield",
        subjectId="SUB00010001",
        alienNumber="299-000-101",
        fin="7700100001",
    )
    number = "ATL2700000001"  # fiscal year 2027 began on 1 October 2026
    assert met == {
        "eventNumber": number,
        "kind": "ENFORCEMENT",
        "alienNumber": "A299000101",
        "fin": "7700100001",
        "traveler": {"id": ANA},
    }
    charged = await act(
        app,
        "placeInProceedings",
        eventNumber=number,
        charges=["237(a)(1)(B)"],
        ntaServedOn="2026-10-10",
        court="ATD",
    )
    assert charged == {
        "caseId": "ERC-00000001",
        "stage": "IN_PROCEEDINGS",
        "state": "OPEN",
        "charges": ["237(a)(1)(B)"],
        "ntaServedOn": "2026-10-10",
        "court": {"code": "ATD"},
        "encounters": [{"eventNumber": number}],
    }
    order = {"kind": "REMOVAL", "by": "EOIR Atlanta", "on": "2026-10-20", "final": True}
    made = await act(app, "recordOrder", caseId="ERC-00000001", **order)
    assert made == {
        "stage": "FINAL_ORDER",
        "state": "OPEN",
        "referral": "REFER_TO_SECONDARY",
        "order": order,
        "provenance": {"recordVersion": "3"},
    }
    proof = {"on": "2026-10-30", "poe": "ATL", "proof": "WITNESSED", "country": "UTO", "i205Executed": True}
    gone = await act(app, "verifyDeparture", caseId="ERC-00000001", **proof)
    assert gone == {
        "stage": "REMOVED",
        "state": "CLOSED",
        "referral": None,
        "departureVerification": {**proof, "poe": {"code": "ATL"}},
    }
    assert await kinds(app) == ["encounterRecorded", "placedInProceedings", "orderRecorded", "departureVerified"]
    (chapter,) = await app.entities(
        [{"__typename": "Traveler", "id": ANA}], "... on Traveler { enforcementEvents { kind } }"
    )
    assert sorted(item["kind"] for item in chapter["enforcementEvents"]) == [
        "enforcement.case-opened",
        "enforcement.departure-verified",
        "enforcement.encounter",
        "enforcement.nta",
        "enforcement.order",
    ]


async def test_a_charged_case_goes_to_court_later(subgraph: SubgraphFactory) -> None:
    app = await subgraph("enforcement", [encounter()])
    given = {"eventNumber": EVENT, "charges": ["237(a)(1)(B)"], "ntaServedOn": "2026-05-20"}
    assert (await act(app, "placeInProceedings", **given))["stage"] == "CHARGED"
    again = await act(app, "placeInProceedings", **given, court="ATD")
    assert (again["stage"], again["caseId"]) == ("IN_PROCEEDINGS", "ERC-00000001")
    assert await act(app, "placeInProceedings", **given, court="ATD") == "ILLEGAL_TRANSITION"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"charges": []}, "BAD_INPUT"),
        ({"charges": ["221(g)"]}, "BAD_INPUT"),
        ({"court": "QQQ"}, "BAD_INPUT"),
        ({"ntaServedOn": "2026-05-03"}, "BAD_INPUT"),  # before the encounter
        ({"ntaServedOn": "2026-11-02"}, "BAD_INPUT"),
        ({"eventNumber": "ATL2699999999"}, "NO_SUCH_RECORD"),
        ({}, "CONFLICT"),  # another case is open
    ],
)
async def test_one_person_one_open_case_one_lawful_notice(
    subgraph: SubgraphFactory, changes: dict[str, Any], code: str
) -> None:
    app = await subgraph("enforcement", [case(), encounter()])
    given: dict[str, Any] = {"eventNumber": EVENT, "charges": ["237(a)(1)(B)"], "ntaServedOn": "2026-05-20"}
    assert await act(app, "placeInProceedings", **{**given, **changes}) == code
    assert await kinds(app) == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"office": "Atlanta"}, "BAD_INPUT"),
        ({"at": "2026-11-02T00:00:00Z"}, "BAD_INPUT"),
        ({"travelerId": "Ana"}, "BAD_IDENTIFIER"),
        ({"fin": "12"}, "BAD_IDENTIFIER"),
        ({"caseId": "none"}, "NO_SUCH_RECORD"),
        ({"caseId": CASE, "travelerId": BEN}, "BAD_INPUT"),
    ],
)
async def test_an_encounter_names_its_person_rightly(
    subgraph: SubgraphFactory, changes: dict[str, Any], code: str
) -> None:
    app = await subgraph("enforcement", [case()])
    given: dict[str, Any] = {
        "travelerId": ANA,
        "office": "ATL",
        "at": "2026-10-04T13:00:00Z",
        "kind": "INTERVIEW",
        "method": "LOCATED",
        "place": "Springfield",
        "subjectId": "SUB00010001",
    }
    assert await act(app, "recordEncounter", **{**given, **changes}) == code
    assert await kinds(app) == []


ORDERS: list[tuple[S, dict[str, Any], str]] = [
    (S.IN_PROCEEDINGS, {"kind": "REMOVAL", "final": False}, "ORDERED_REMOVED"),
    (S.IN_PROCEEDINGS, {"kind": "REMOVAL", "final": True}, "FINAL_ORDER"),
    (S.IN_PROCEEDINGS, {"kind": "VOLUNTARY_DEPARTURE", "final": False}, "VOLUNTARY_DEPARTURE_GRANTED"),
    (S.ORDERED_REMOVED, {"kind": "REMOVAL", "final": True}, "FINAL_ORDER"),
    (S.VOLUNTARY_DEPARTURE_GRANTED, {"kind": "REMOVAL", "final": True}, "FINAL_ORDER"),
    (S.ENCOUNTERED, {"kind": "EXPEDITED", "final": True}, "FINAL_ORDER"),
    (S.CHARGED, {"kind": "ADMINISTRATIVE", "final": True}, "FINAL_ORDER"),
    (S.ENCOUNTERED, {"kind": "EXPEDITED", "final": False}, "BAD_INPUT"),
    (S.CHARGED, {"kind": "REMOVAL", "final": True}, "BAD_INPUT"),
    (S.IN_PROCEEDINGS, {"kind": "VOLUNTARY_DEPARTURE", "final": True}, "BAD_INPUT"),
    (S.IN_PROCEEDINGS, {"kind": "REMOVAL", "final": True, "on": "2026-05-19"}, "BAD_INPUT"),
    (S.IN_PROCEEDINGS, {"kind": "REMOVAL", "final": True, "on": "2026-11-02"}, "BAD_INPUT"),
    (S.REMOVED, {"kind": "REINSTATED", "final": True}, "ILLEGAL_TRANSITION"),
    (S.RELIEF_GRANTED, {"kind": "REMOVAL", "final": True}, "ILLEGAL_TRANSITION"),
]


@pytest.mark.parametrize(("stage", "given", "expected"), ORDERS)
async def test_which_order_can_be_made_when(
    subgraph: SubgraphFactory, stage: S, given: dict[str, Any], expected: str
) -> None:
    app = await subgraph("enforcement", [case(stage=stage)])
    said = await act(app, "recordOrder", **{"caseId": CASE, "by": "EOIR", "on": "2026-09-01", **given})
    assert (said if isinstance(said, str) else said["stage"]) == expected
    assert await kinds(app) == ([] if isinstance(said, str) else ["orderRecorded"])


@pytest.mark.parametrize(
    ("row", "changes", "code"),
    [
        (case, {}, "BAD_INPUT"),  # no order
        (ordered, {"on": "2026-08-31"}, "BAD_INPUT"),
        (ordered, {"on": "2026-11-02"}, "BAD_INPUT"),
        (ordered, {"proof": "CONSULAR", "i205Executed": True}, "BAD_INPUT"),
        (ordered, {"poe": "QQQ"}, "BAD_INPUT"),
        (ordered, {"country": "Utopia"}, "BAD_IDENTIFIER"),
        (lambda: ordered(stage=S.REMOVED), {}, "ILLEGAL_TRANSITION"),
    ],
)
async def test_a_departure_is_verified_once_under_its_order(
    subgraph: SubgraphFactory, row: Any, changes: dict[str, Any], code: str
) -> None:
    app = await subgraph("enforcement", [row()])
    given: dict[str, Any] = {"caseId": CASE, "on": "2026-10-01", "poe": "ATL", "proof": "WITNESSED", "country": "UTO"}
    assert await act(app, "verifyDeparture", **{**given, **changes}) == code
    assert await kinds(app) == []


async def test_booking_in_and_out(subgraph: SubgraphFactory) -> None:
    app = await subgraph("enforcement", [case()])
    given = {"caseId": CASE, "facility": "Example", "at": "2026-10-01T08:00:00Z", "class": "LOW", "bondUsd": 250_000}
    held = await act(app, "bookIn", **given)
    assert held == {"detentionId": "DET-00000001", "class": "LOW", "bondUsd": 250_000, "bookOutAt": None}
    assert await act(app, "bookIn", **given) == "CONFLICT"
    out = {"detentionId": "DET-00000001", "at": "2026-10-05T08:00:00Z", "releaseCode": "BOND"}
    assert await act(app, "bookOut", **{**out, "releaseCode": "HOME"}) == "BAD_INPUT"
    assert await act(app, "bookOut", **{**out, "at": "2026-09-05T08:00:00Z"}) == "BAD_INPUT"
    assert await act(app, "bookOut", **out) == {"releaseCode": "BOND", "bookOutAt": "2026-10-05T08:00:00Z"}
    assert await act(app, "bookOut", **out) == "ILLEGAL_TRANSITION"
    assert await kinds(app) == ["bookedIn", "bookedOut"]


@pytest.mark.parametrize(
    ("stage", "changes", "code"),
    [
        (S.TERMINATED, {}, "ILLEGAL_TRANSITION"),
        (S.CHARGED, {"bondUsd": -1}, "BAD_INPUT"),
        (S.CHARGED, {"at": (NOW + timedelta(hours=1)).isoformat()}, "BAD_INPUT"),
        (S.CHARGED, {"caseId": "none"}, "NO_SUCH_RECORD"),
    ],
)
async def test_nobody_is_detained_without_an_open_case(
    subgraph: SubgraphFactory, stage: S, changes: dict[str, Any], code: str
) -> None:
    app = await subgraph("enforcement", [case(stage=stage)])
    given: dict[str, Any] = {"caseId": CASE, "facility": "Example", "at": "2026-10-01T08:00:00Z", "class": "LOW"}
    assert await act(app, "bookIn", **{**given, **changes}) == code
    assert await kinds(app) == []
