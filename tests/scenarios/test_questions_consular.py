"""Questions 1 to 9 of domain.md section 4: consular officers."""

from __future__ import annotations

import pytest

from gateway.errors import OperationError
from tests.scenarios.asking import Asker, World

pytestmark = pytest.mark.asyncio(loop_scope="session")

STORY = "TRV-01KST0RY0000000000000000"


async def test_q01_is_the_petition_approved_and_still_valid(ask: Asker, world: World) -> None:
    """The wage comes in steps, the employer's number in four digits; evidence asked for and fraud referral are denied."""
    found = await ask(
        1,
        """query($r: String!) { petition(receiptNumber: $r) {
          receiptNumber status classification { code } validFrom validTo jobTitle wageAnnualUsd
          petitioner { name ein } rfeReasons fraudReferral { referred } } }""",
        r="IOE0926001001",
    )
    assert found.data["petition"] == {
        "receiptNumber": "IOE0926001001",
        "status": "APPROVED",
        "classification": {"code": "H1B1"},
        "validFrom": "2026-08-28",
        "validTo": "2029-08-27",
        "jobTitle": "Data platform engineer",
        "wageAnnualUsd": 12_500_000,
        "petitioner": {"name": "Northgate Analytics", "ein": "******6789"},
        "rfeReasons": None,
        "fraudReferral": None,
    }
    assert found.errors == []
    assert found.sharing() == [
        "petition.fraudReferral DENY WITHHELD_BY_PROVIDER USCIS",
        "petition.petitioner.ein MASK LAST4 USCIS USCIS-CA-PETITION",
        "petition.rfeReasons DENY WITHHELD_BY_PROVIDER USCIS",
        "petition.wageAnnualUsd MASK BUCKET USCIS USCIS-CA-PETITION",
    ]
    basis = world.basis(found)
    assert "Petition.status ALLOW USCIS-CA-PETITION/2 III.1" in basis
    assert "Petition.wageAnnualUsd MASK:BUCKET USCIS-CA-PETITION/2 III.2" in basis
    assert "Petitioner.ein MASK:LAST4 USCIS-CA-PETITION/2 III.2" in basis
    assert "Petition.rfeReasons DENY USCIS-CA-PETITION/2 IV.1 WITHHELD_BY_PROVIDER" in basis
    assert "rfeReasons" not in world.traffic.bodies()
    assert "fraudReferral" not in world.traffic.bodies()


async def test_q02_approved_at_uscis_and_not_in_pims(ask: Asker, world: World) -> None:
    """Two agencies, two answers, both with where they come from."""
    found = await ask(
        2,
        """query($r: String!) { petition(receiptNumber: $r) {
          status decidedOn provenance { agency system asOf } pims { present recordedAt } } }""",
        r="IOE0926002001",
    )
    assert found.data["petition"] == {
        "status": "APPROVED",
        "decidedOn": "2026-10-29",
        "provenance": {"agency": "USCIS", "system": "ELIS", "asOf": "2026-10-30T12:00:00Z"},
        "pims": {"present": False, "recordedAt": None},
    }
    assert found.sharing() == []
    assert "Petition.status ALLOW USCIS-CA-PETITION/2 III.1" in world.basis(found)
    assert "PimsRecord.present ALLOW CA-INTERNAL/1 1.1" in world.basis(found)
    asked = {request.subgraph for request in world.traffic.requests if "pims" in request.body.decode()}
    assert asked == {"visas"}


HISTORY = """query($t: ID!) { traveler(id: $t) {
  admissions { totalCount nodes { i94Number classOfAdmission { code } authorizedStay { kind until } admittedAt
    departure { at matchConfidence } arrival { flight usAddress } } }
  inspections { totalCount nodes { outcome narrative } }
  overstay { status basis daysOver } } }"""


async def test_q03_has_she_been_here_and_left_on_time(ask: Asker, world: World) -> None:
    """The outcome of the inspection as a category; flight, address and narrative are denied and never asked for."""
    found = await ask(3, HISTORY, t=STORY + "01")
    assert found.data["traveler"] == {
        "admissions": {
            "totalCount": 1,
            "nodes": [
                {
                    "i94Number": "010000001A1",
                    "classOfAdmission": {"code": "B2"},
                    "authorizedStay": {"kind": "DATE", "until": "2024-01-16"},
                    "admittedAt": "2023-07-20T18:45:00Z",
                    "departure": {"at": "2023-09-08T22:00:00Z", "matchConfidence": 0.98},
                    "arrival": None,
                }
            ],
        },
        "inspections": {"totalCount": 1, "nodes": [{"outcome": "ADMITTED", "narrative": None}]},
        "overstay": {"status": "NONE", "basis": "I94_DATE", "daysOver": 0},
    }
    assert found.sharing() == [
        "traveler.admissions.nodes.[].arrival DENY WITHHELD_BY_PROVIDER CBP",
        "traveler.inspections.nodes.[].narrative DENY WITHHELD_BY_PROVIDER CBP",
        "traveler.inspections.nodes.[].outcome MASK CATEGORY_ONLY CBP CBP-CA-CROSSINGS",
    ]
    basis = world.basis(found)
    assert "Admission.admittedAt ALLOW CBP-CA-CROSSINGS/2 III.1" in basis
    assert "Departure.at ALLOW CBP-CA-CROSSINGS/2 III.2" in basis
    assert "OverstayAssessment.status ALLOW CBP-CA-CROSSINGS/2 III.3" in basis
    assert "Inspection.outcome MASK:CATEGORY_ONLY CBP-CA-CROSSINGS/2 III.4" in basis
    assert "Admission.arrival DENY CBP-CA-CROSSINGS/2 IV.1 WITHHELD_BY_PROVIDER" in basis
    for word in ("flight", "usAddress", "narrative"):
        assert word not in world.traffic.bodies()


async def test_q03_a_suspected_overstay_carries_its_basis(fresh: World) -> None:
    """He applies anew while his stay has run out: the suspicion comes with its basis and days, and is the post's only."""
    ask = Asker(fresh)
    submit = (
        """mutation($input: SubmitApplicationInput!) { submitApplication(input: $input) { applicationId status } }"""
    )
    application = {
        "applicationId": "AA00S07002",
        "travelerId": STORY + "07",
        "kind": "NIV",
        "visaClass": "B2",
        "post": "NWD",
        "passport": {"number": "ST0070001", "issuer": "BR", "issued": "2022-01-01", "expires": "2032-01-01"},
        "answers": {"travelPlans": "Back again"},
    }
    made = await ask("consular-officer-nwd", submit, case="", input=application)
    assert made.data["submitApplication"] == {"applicationId": "AA00S07002", "status": "SUBMITTED"}
    query = "query($t: ID!) { traveler(id: $t) { overstay { status basis daysOver } } }"
    found = await ask("consular-officer-nwd", query, case="AA00S07002", t=STORY + "07")
    assert found.data["traveler"]["overstay"] == {
        "status": "SUSPECTED_IN_COUNTRY",
        "basis": "I94_DATE",
        "daysOver": 80,
    }
    assert "OverstayAssessment.basis ALLOW CBP-CA-CROSSINGS/2 III.3" in fresh.basis(found)
    elsewhere = await ask("consular-officer-cai", query, case="AA00S07002", t=STORY + "07")
    assert elsewhere.data["traveler"]["overstay"] is None
    assert elsewhere.sharing() == ["traveler.overstay DENY CASE_CONDITION CBP"]


async def test_q04_duration_of_status_is_not_determinable(ask: Asker, world: World) -> None:
    """No finding, so no overstay and no days, whatever the calendar says."""
    found = await ask(
        4,
        """query($t: ID!) { traveler(id: $t) {
          admissions { nodes { authorizedStay { kind until } } } overstay { status basis daysOver } } }""",
        t=STORY + "08",
    )
    assert found.data["traveler"] == {
        "admissions": {"nodes": [{"authorizedStay": {"kind": "DURATION_OF_STATUS", "until": None}}]},
        "overstay": {"status": "NOT_DETERMINABLE", "basis": None, "daysOver": None},
    }
    assert found.sharing() == []
    assert "AuthorizedStay.kind ALLOW CBP-CA-CROSSINGS/2 III.1" in world.basis(found)


async def test_q05_ever_removed(ask: Asker, world: World) -> None:
    """The order and the verified departure; charges as categories; detention and criminal history are denied."""
    found = await ask(
        5,
        """query($t: ID!) { traveler(id: $t) {
          removalCases { totalCount nodes { charges order { kind on final } departureVerification { on proof } } }
          detentions { nodes { facility } } criminalHistory { conviction } } }""",
        t=STORY + "15",
    )
    assert found.data["traveler"] == {
        "removalCases": {
            "totalCount": 1,
            "nodes": [
                {
                    "charges": ["STATUS_OR_ADMISSION"],
                    "order": {"kind": "REMOVAL", "on": "2020-02-16", "final": True},
                    "departureVerification": {"on": "2020-03-17", "proof": "WITNESSED"},
                }
            ],
        },
        "detentions": None,
        "criminalHistory": None,
    }
    assert found.sharing() == [
        "traveler.criminalHistory DENY STATUTE ICE_ERO",
        "traveler.detentions DENY WITHHELD_BY_PROVIDER ICE_ERO",
        "traveler.removalCases.nodes.[].charges MASK CATEGORY_ONLY ICE_ERO ERO-CA-REMOVAL",
    ]
    basis = world.basis(found)
    assert "RemovalOrder.kind ALLOW ERO-CA-REMOVAL/1 III.1" in basis
    assert "RemovalCase.charges MASK:CATEGORY_ONLY ERO-CA-REMOVAL/1 III.2" in basis
    assert "Traveler.detentions DENY ERO-CA-REMOVAL/1 IV.1 WITHHELD_BY_PROVIDER" in basis
    assert "Traveler.criminalHistory DENY THIRD-AGENCY criminal history STATUTE" in basis
    for word in ("detentions", "criminalHistory", "conviction", "facility"):
        assert word not in world.traffic.bodies()


REVIEW = """query($a: String!) { visaApplication(applicationId: $a) { status
  securityReview { reviewId screeningResult recommendation { value ground tearline }
    derogatory { source } coordination { agency } } } }"""


async def test_q06_has_the_security_unit_anything_before_i_print(ask: Asker, world: World) -> None:
    """The recommendation with ground and tearline; of the screening only that there is something."""
    found = await ask(6, REVIEW, a="AA00S03001")
    assert found.data["visaApplication"] == {
        "status": "APPROVED_NOT_ISSUED",
        "securityReview": {
            "reviewId": "VSR-2026-0003001",
            "screeningResult": "POSSIBLE_MATCH",
            "recommendation": {
                "value": "RECOMMEND_REFUSE",
                "ground": "212(a)(3)(B)",
                "tearline": "Ask the security unit before issuing.",
            },
            "derogatory": None,
            "coordination": None,
        },
    }
    assert found.sharing() == [
        "visaApplication.securityReview.coordination DENY WITHHELD_BY_PROVIDER ICE_VSP",
        "visaApplication.securityReview.derogatory DENY STATUTE ICE_VSP",
        "visaApplication.securityReview.screeningResult MASK BOOLEAN_PRESENCE ICE_VSP VSP-CA-RECOMMENDATION",
    ]
    basis = world.basis(found)
    assert "VspRecommendation.tearline ALLOW VSP-CA-RECOMMENDATION/2 III.1" in basis
    assert "SecurityReview.screeningResult MASK:BOOLEAN_PRESENCE VSP-CA-RECOMMENDATION/2 III.2" in basis
    assert "derogatory" not in world.traffic.bodies()


async def test_q07_another_post_gets_a_marked_denial(ask: Asker, world: World) -> None:
    """The consular record is one house; what other agencies lent to New Delhi is not Cairo's."""
    found = await ask(
        7,
        """query($r: String!, $a: String!, $t: ID!) {
          petition(receiptNumber: $r) { status }
          visaApplication(applicationId: $a) { status securityReview { recommendation { value } } }
          traveler(id: $t) { admissions { totalCount } overstay { status } petitions { totalCount nodes { status } } } }""",
        r="IOE0926001001",
        a="AA00S01002",
        t=STORY + "01",
    )
    assert found.data == {
        "petition": None,
        "visaApplication": {"status": "IN_ADJUDICATION", "securityReview": None},
        "traveler": {"admissions": None, "overstay": None, "petitions": None},
    }
    assert found.sharing() == [
        "petition DENY CASE_CONDITION USCIS",
        "traveler.admissions DENY CASE_CONDITION CBP",
        "traveler.overstay DENY CASE_CONDITION CBP",
        "traveler.petitions DENY CASE_CONDITION USCIS",
        "visaApplication.securityReview DENY CASE_CONDITION ICE_VSP",
    ]
    assert found.errors == []
    hints = {entry["coordinate"]: entry.get("howToRequest") for entry in found.page["extensions"]["sharing"]}
    assert hints["Traveler.admissions"] == (
        "The application is not at your post. Ask the post that has it for an assist."
    )
    for word in ("admissions", "overstay", "petition(", "recommendation"):
        assert word not in world.traffic.bodies()


FILINGS = """query($t: ID!, $n: Int) { traveler(id: $t) { petitions(first: $n) {
  totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  nodes { receiptNumber formType status } edges { cursor node { receiptNumber } } } } }"""


async def test_q08_the_protected_petition_is_absent_and_not_counted(ask: Asker, world: World) -> None:
    """Two petitions name him, one of them as the husband of a protected person: one is there, and it is all there is."""
    found = await ask(8, FILINGS, t=STORY + "11")
    petitions = found.data["traveler"]["petitions"]
    cursor = petitions["edges"][0]["cursor"]
    assert petitions == {
        "totalCount": 1,
        "pageInfo": {"hasNextPage": False, "hasPreviousPage": False, "startCursor": cursor, "endCursor": cursor},
        "nodes": [{"receiptNumber": "IOE0924011001", "formType": "I130", "status": "SENT_TO_DOS"}],
        "edges": [{"cursor": cursor, "node": {"receiptNumber": "IOE0924011001"}}],
    }
    assert found.sharing() == []
    one = await ask(8, FILINGS, t=STORY + "11", n=1)
    assert one.data == found.data
    for word in (b"IOE0925011002", b"I918", b"1367"):
        assert word not in found.body
    assert not [line for line in world.basis(found) if "ABSENT" in line and "Petition." not in line]
    assert "Petition.status ALLOW USCIS-CA-PETITION/2 III.1" in world.basis(found)


async def test_q08_the_protected_receipt_is_a_number_nobody_has(ask: Asker) -> None:
    """Asked for by its number, the protected petition answers as a number that does not exist."""
    query = "query($r: String!) { petition(receiptNumber: $r) { receiptNumber status pims { present } } }"
    protected = await ask(8, query, r="IOE0925011002")
    nonexistent = await ask(8, query, r="IOE0925099999")
    assert protected.data == {"petition": None}
    assert protected.page["extensions"]["sharing"] == []
    assert protected.body.replace(protected.request_id.encode(), b"") == nonexistent.body.replace(
        nonexistent.request_id.encode(), b""
    )


async def test_q09_asylum_and_credible_fear_leave_no_trace_at_a_post(ask: Asker, world: World) -> None:
    """The parole, the referral and the asylum cases are gone; counts are those of what is left; no word tells."""
    found = await ask(
        9,
        """query($t: ID!) { traveler(id: $t) {
          admissions { totalCount nodes { i94Number classOfAdmission { code } } pageInfo { hasNextPage } }
          inspections { totalCount nodes { outcome } }
          petitions { totalCount } timeline { kind summary } } }""",
        t=STORY + "13",
    )
    traveler = found.data["traveler"]
    assert traveler["admissions"] == {
        "totalCount": 1,
        "nodes": [{"i94Number": "130000002A3", "classOfAdmission": {"code": "B2"}}],
        "pageInfo": {"hasNextPage": False},
    }
    assert traveler["inspections"] == {
        "totalCount": 2,
        "nodes": [{"outcome": "ADMITTED"}, {"outcome": "REFERRED_SECONDARY"}],
    }
    assert traveler["petitions"] == {"totalCount": 0}
    assert {event["kind"].split(".")[0] for event in traveler["timeline"]} == {"application", "visa"}
    assert found.sharing() == [
        "traveler.inspections.nodes.[].outcome MASK CATEGORY_ONLY CBP CBP-CA-CROSSINGS",
        "traveler.timeline DENY NO_AGREEMENT CBP",
        "traveler.timeline DENY NO_AGREEMENT ICE_ERO",
        "traveler.timeline DENY NO_AGREEMENT ICE_SEVP",
        "traveler.timeline DENY NO_AGREEMENT ICE_VSP",
        "traveler.timeline DENY NO_AGREEMENT USCIS",
    ]
    text = found.body.decode().upper()
    for word in ("CREDIBLE", "FEAR", "ASY-0013", "130000001A3", "208.6", "PAROLE"):
        assert word not in text
    assert "asylumCases" not in world.traffic.bodies("petitions")
    with pytest.raises(
        OperationError, match="Cannot query field 'asylumCases' on type 'Traveler'"
    ):  # no such word here
        await ask(9, "query($t: ID!) { traveler(id: $t) { asylumCases { caseNumber } } }", t=STORY + "13")


async def test_q09_a_single_inspection_of_the_claim_is_null_like_none(ask: Asker) -> None:
    """The referral itself, asked for by its number, is a number nobody has."""
    query = "query($i: String!) { inspection(inspectionId: $i) { outcome } }"
    referral = await ask(9, query, i="INS-ATL-00130002")
    nobody = await ask(9, query, i="INS-ATL-99999999")
    assert referral.data == {"inspection": None}
    assert referral.body.replace(referral.request_id.encode(), b"") == nobody.body.replace(
        nobody.request_id.encode(), b""
    )
