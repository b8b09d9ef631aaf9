"""Questions 18 to 20 of domain.md section 4: the Visa Security Program."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.errors import GatewayError
from tests.scenarios.asking import Asker, World

pytestmark = pytest.mark.asyncio(loop_scope="session")

STORY = "TRV-01KST0RY0000000000000000"

QUEUE = """query($a: String!, $t: ID!) {
  visaApplication(applicationId: $a) { applicationId visaClass { code } status interviewAt passport { number }
    petitionReceipts dsAnswers { employer } refusals { ground } biometricCheck { result fin }
    consularNotes { text } securityReview { reviewId windowState } }
  visaApplications(filter: { post: "CRO" }) { totalCount nodes { applicationId status } }
  traveler(id: $t) { petitions { totalCount } admissions { totalCount } } }"""


async def test_q18_a_new_application_with_its_queue(ask: Asker, world: World) -> None:
    """The application under review whole, the queue of the agent's post in brief; notes and the FIN are denied."""
    found = await ask(18, QUEUE, a="AA00S03001", t=STORY + "03")
    application = found.data["visaApplication"]
    assert application == {
        "applicationId": "AA00S03001",
        "visaClass": {"code": "B1"},
        "status": "APPROVED_NOT_ISSUED",
        "interviewAt": "2026-10-30T09:00:00Z",
        "passport": {"number": "ST0030001"},
        "petitionReceipts": [],
        "dsAnswers": {"employer": "Utopia Software Ltd"},
        "refusals": [],
        "biometricCheck": {"result": "NO_HIT", "fin": None},
        "consularNotes": None,
        "securityReview": {"reviewId": "VSR-2026-0003001", "windowState": "APPROVED_NOT_ISSUED"},
    }
    queue = found.data["visaApplications"]
    assert queue["totalCount"] == len(queue["nodes"]) == 3
    assert {"applicationId": "AA00S13002", "status": "IN_ADJUDICATION"} in queue["nodes"]
    assert {each["status"] for each in queue["nodes"]} == {"IN_ADJUDICATION", "APPROVED_NOT_ISSUED"}
    assert found.data["traveler"] == {"petitions": {"totalCount": 0}, "admissions": {"totalCount": 0}}
    assert found.sharing() == [
        "visaApplication.biometricCheck.fin DENY NO_AGREEMENT STATE_CA",
        "visaApplication.consularNotes DENY WITHHELD_BY_PROVIDER STATE_CA",
    ]
    basis = world.basis(found)
    assert "VisaApplication.status ALLOW CA-VSP-APPLICATION/2 III.1" in basis
    assert "PassportData.number ALLOW CA-VSP-APPLICATION/2 III.2" in basis
    assert "VisaApplication.consularNotes DENY CA-VSP-APPLICATION/2 IV.1 WITHHELD_BY_PROVIDER" in basis


async def test_q18_petition_crossings_and_inspections_of_the_subject(ask: Asker, world: World) -> None:
    """Only the petition the application cites, its integrity facts and no wage; crossings without their numbers."""
    agent = replace(ask.caller(18), case="VSR-2026-0029002", location="NWD")
    found = await ask(
        agent,
        """query($t: ID!) { traveler(id: $t) {
          petitions { totalCount nodes { receiptNumber petitioner { name } fraudReferral { referred outcome }
            wageAnnualUsd } }
          admissions { totalCount nodes { admittedAt classOfAdmission { code } i94Number } }
          inspections { nodes { outcome narrative } } } }""",
        t=STORY + "29",
    )
    assert found.data["traveler"] == {
        "petitions": {
            "totalCount": 1,
            "nodes": [
                {
                    "receiptNumber": "IOE0924029001",
                    "petitioner": {"name": "Northgate Analytics"},
                    "fraudReferral": {"referred": True, "outcome": "CLEARED"},
                    "wageAnnualUsd": None,
                }
            ],
        },
        "admissions": {
            "totalCount": 2,
            "nodes": [
                {"admittedAt": "2024-11-21T18:45:00Z", "classOfAdmission": {"code": "H1B"}, "i94Number": None},
                {"admittedAt": "2019-12-30T18:45:00Z", "classOfAdmission": {"code": "J1"}, "i94Number": None},
            ],
        },
        "inspections": {
            "nodes": [
                {"outcome": None, "narrative": None},
                {"outcome": "ADMITTED", "narrative": None},
                {"outcome": "ADMITTED", "narrative": None},
            ]
        },
    }
    assert found.sharing() == [
        "traveler.admissions.nodes.[].i94Number DENY NO_AGREEMENT CBP",
        "traveler.inspections.nodes.[].narrative DENY WITHHELD_BY_PROVIDER CBP",
        "traveler.petitions.nodes.[].wageAnnualUsd DENY WITHHELD_BY_PROVIDER USCIS",
    ]
    basis = world.basis(found)
    assert "FraudReferral.outcome ALLOW USCIS-VSP-INTEGRITY/1 III.1" in basis
    assert "Admission.admittedAt ALLOW CBP-VSP-HISTORY/1 III.1" in basis
    assert "Petition.wageAnnualUsd DENY USCIS-VSP-INTEGRITY/1 IV.1 WITHHELD_BY_PROVIDER" in basis


async def test_q19_the_window_is_closed(ask: Asker, world: World) -> None:
    """Issued sixty days ago and reviewed: the application is denied and not asked for; the own review stays."""
    found = await ask(
        19,
        """query($a: String!, $r: String!) { visaApplication(applicationId: $a) { applicationId status }
          securityReview(reviewId: $r) { reviewStatus windowState recommendation { value } } }""",
        a="AA00S04001",
        r="VSR-2026-0004001",
    )
    assert found.data == {
        "visaApplication": None,
        "securityReview": {
            "reviewStatus": "CLOSED",
            "windowState": "ISSUED",
            "recommendation": {"value": "RECOMMEND_REFUSE"},
        },
    }
    assert found.sharing() == ["visaApplication DENY CASE_CONDITION STATE_CA"]
    (entry,) = found.page["extensions"]["sharing"]
    assert entry["howToRequest"] == "The window of this review is closed. Ask the post, or reopen the review."
    assert "AA00S04001" not in world.traffic.bodies("visas").replace('"applicationId":"AA00S04001"', "")
    assert "SecurityReview.windowState ALLOW VSP-INTERNAL/1 1.1" in world.basis(found)


async def test_q20_a_subscription_needs_a_stream_and_the_query_answers(ask: Asker, world: World) -> None:
    """Events at Cairo: a request that takes no stream is told so; a query tells what they would, and only while it is open."""
    with pytest.raises(GatewayError) as refused:
        await ask(20, "subscription { visaStatusChanged { applicationId status } }")
    assert (refused.value.code, refused.value.status) == ("SUBSCRIPTION_NOT_STREAMED", 400)
    found = await ask(
        20,
        """query($p: String!) { visaApplications(filter: { post: $p, status: APPROVED_NOT_ISSUED }) {
          totalCount nodes { applicationId status } } }""",
        p="CRO",
    )
    assert found.data["visaApplications"] == {
        "totalCount": 1,
        "nodes": [{"applicationId": "AA00S03001", "status": "APPROVED_NOT_ISSUED"}],
    }
    assert "VisaApplication.status ALLOW CA-VSP-APPLICATION/2 III.1" in world.basis(found)
    issued = await ask(
        20, 'query { visaApplications(filter: { post: "CRO", status: ISSUED }) { totalCount nodes { status } } }'
    )
    assert issued.data["visaApplications"] == {"totalCount": 0, "nodes": []}


async def test_vsp_says_nothing_to_the_border(ask: Asker) -> None:
    """A blank of the coverage matrix: VSP to CBP."""
    found = await ask(15, "query($r: String!) { securityReview(reviewId: $r) { reviewStatus } }", r="VSR-2026-0003001")
    assert found.data == {"securityReview": None}
    assert found.sharing() == ["securityReview DENY NO_AGREEMENT ICE_VSP"]
