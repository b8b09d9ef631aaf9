"""The same question about the same traveler, asked by five: five right answers, each with what stands behind it.

Story 29, Grace Adeyemi: every agency holds records about her and has an open case that names her.
"""

from __future__ import annotations

from typing import Any

import pytest

from gateway.caller import Caller
from tests.scenarios.asking import Answered, Asker, World

pytestmark = pytest.mark.asyncio(loop_scope="session")

GRACE = "TRV-01KST0RY000000000000000029"
QUESTION = """query Five($t: ID!) { traveler(id: $t) {
  names { family }
  visas { nodes { foilNumber status } }
  visaApplications { totalCount nodes { status refusals { ground } consularNotes { text } } }
  securityReviews { nodes { screeningResult recommendation { value } } }
  petitions { nodes { status wageAnnualUsd } }
  admissions { nodes { admittedAt } }
  overstay { status }
  removalCases { nodes { referral charges order { kind } } }
  exchangePrograms { nodes { status } } } }"""

PRIMARY = Caller("CBP", "cbp-primary", "border-inspection-primary", "INS-NYC-00290002", "five-1", "NYC")
OFFICER = Caller("STATE_CA", "consular-officer", "visa-adjudication", "AA00S29003", "five-2", "NWD")
AGENT = Caller("ICE_VSP", "vsp-agent", "visa-security-review", "VSR-2026-0029002", "five-3", "NWD")
ERO = Caller("ICE_ERO", "ero-officer", "enforcement-case", "ERC-00290001", "five-4", "NYC")
AUDITOR = Caller("OVERSIGHT", "auditor", "oversight-audit", "", "five-5")

NAMES = [{"family": "Adeyemi"}, {"family": "Adeyemi-Cole"}, {"family": "ADEYEMI"}]
VISAS = {"nodes": [{"foilNumber": "S2900002", "status": "ISSUED"}, {"foilNumber": "S2900001", "status": "EXPIRED"}]}
ADMISSIONS = {"nodes": [{"admittedAt": "2024-11-21T18:45:00Z"}, {"admittedAt": "2019-12-30T18:45:00Z"}]}


def rests_on(world: World, found: Answered) -> dict[str, str]:
    """Each coordinate that an agreement decided on, with its outcome, agreement and article."""
    told = {}
    for item in world.record(found)["disclosed"]:
        if item["agreement"]:
            outcome = f"{item['outcome']}:{item['mask']}" if item["mask"] else item["outcome"]
            told[item["coordinate"]] = f"{outcome} {item['agreement']} {item['article']}"
    return told


async def test_the_border_officer(ask: Asker, world: World) -> None:
    """Genuine visas, her own agency's crossings, a referral without its reason, the SEVIS record; no petition."""
    found = await ask(PRIMARY, QUESTION, t=GRACE)
    nothing: dict[str, Any] = {"status": None, "refusals": None, "consularNotes": None}
    assert found.data["traveler"] == {
        "names": NAMES,
        "visas": VISAS,
        "visaApplications": {"totalCount": 3, "nodes": [nothing, nothing, nothing]},
        "securityReviews": None,
        "petitions": None,
        "admissions": ADMISSIONS,
        "overstay": {"status": "NONE"},
        "removalCases": {"nodes": [{"referral": "REFER_TO_SECONDARY", "charges": None, "order": None}]},
        "exchangePrograms": {"nodes": [{"status": "INACTIVE"}]},
    }
    assert found.sharing() == [
        "traveler.petitions DENY NO_AGREEMENT USCIS",
        "traveler.removalCases.nodes.[].charges DENY ROLE_NOT_COVERED ICE_ERO",
        "traveler.removalCases.nodes.[].order DENY ROLE_NOT_COVERED ICE_ERO",
        "traveler.securityReviews DENY NO_AGREEMENT ICE_VSP",
        "traveler.visaApplications.nodes.[].consularNotes DENY WITHHELD_BY_PROVIDER STATE_CA",
        "traveler.visaApplications.nodes.[].refusals DENY ROLE_NOT_COVERED STATE_CA",
        "traveler.visaApplications.nodes.[].status DENY NO_AGREEMENT STATE_CA",
    ]
    assert rests_on(world, found) == {
        "PersonName.family": "ALLOW OBIM-ALL-IDENTITY III.1",
        "Visa.foilNumber": "ALLOW CA-CBP-VISA III.1",
        "Visa.status": "ALLOW CA-CBP-VISA III.1",
        "VisaApplication.consularNotes": "DENY CA-CBP-VISA IV.2",
        "Admission.admittedAt": "ALLOW CBP-INTERNAL 1.1",
        "OverstayAssessment.status": "ALLOW CBP-INTERNAL 1.1",
        "RemovalCase.referral": "ALLOW ERO-CBP-ORDERS III.1",
        "ExchangeVisitor.status": "ALLOW SEVP-CBP-SEVIS III.1",
    }


async def test_the_consular_officer(ask: Asker, world: World) -> None:
    """The consular record whole; of others what the post needs, wage and charges and screening masked."""
    found = await ask(OFFICER, QUESTION, t=GRACE)
    assert found.data["traveler"] == {
        "names": NAMES,
        "visas": VISAS,
        "visaApplications": {
            "totalCount": 3,
            "nodes": [
                {"status": "APPROVED_NOT_ISSUED", "refusals": [], "consularNotes": []},
                {
                    "status": "ISSUED",
                    "refusals": [{"ground": "221(g)"}],
                    "consularNotes": [{"text": "Waiting for the security unit."}],
                },
                {"status": "ISSUED", "refusals": [], "consularNotes": []},
            ],
        },
        "securityReviews": {
            "nodes": [
                {"screeningResult": "POSSIBLE_MATCH", "recommendation": {"value": "RECOMMEND_SAO"}},
                {"screeningResult": "POSSIBLE_MATCH", "recommendation": {"value": "INFORMATION_PROVIDED"}},
            ]
        },
        "petitions": {
            "nodes": [
                {"status": "SENT_TO_DOS", "wageAnnualUsd": 12_500_000},
                {"status": "RECEIVED", "wageAnnualUsd": None},
            ]
        },
        "admissions": ADMISSIONS,
        "overstay": {"status": "NONE"},
        "removalCases": {
            "nodes": [{"referral": None, "charges": ["STATUS_OR_ADMISSION"], "order": {"kind": "VOLUNTARY_DEPARTURE"}}]
        },
        "exchangePrograms": None,
    }
    assert found.sharing() == [
        "traveler.exchangePrograms DENY CASE_CONDITION ICE_SEVP",
        "traveler.petitions.nodes.[].wageAnnualUsd MASK BUCKET USCIS USCIS-CA-PETITION",
        "traveler.removalCases.nodes.[].charges MASK CATEGORY_ONLY ICE_ERO ERO-CA-REMOVAL",
        "traveler.removalCases.nodes.[].referral DENY NO_AGREEMENT ICE_ERO",
        "traveler.securityReviews.nodes.[].screeningResult MASK BOOLEAN_PRESENCE ICE_VSP VSP-CA-RECOMMENDATION",
    ]
    assert rests_on(world, found) == {
        "PersonName.family": "ALLOW OBIM-ALL-IDENTITY III.1",
        "Visa.foilNumber": "ALLOW CA-INTERNAL 1.1",
        "Visa.status": "ALLOW CA-INTERNAL 1.1",
        "VisaApplication.status": "ALLOW CA-INTERNAL 1.1",
        "Refusal.ground": "ALLOW CA-INTERNAL 1.1",
        "ConsularNote.text": "ALLOW CA-INTERNAL 1.2",
        "SecurityReview.screeningResult": "MASK:BOOLEAN_PRESENCE VSP-CA-RECOMMENDATION III.2",
        "VspRecommendation.value": "ALLOW VSP-CA-RECOMMENDATION III.1",
        "Petition.status": "ALLOW USCIS-CA-PETITION III.1",
        "Petition.wageAnnualUsd": "MASK:BUCKET USCIS-CA-PETITION III.2",
        "Admission.admittedAt": "ALLOW CBP-CA-CROSSINGS III.1",
        "OverstayAssessment.status": "ALLOW CBP-CA-CROSSINGS III.3",
        "RemovalCase.charges": "MASK:CATEGORY_ONLY ERO-CA-REMOVAL III.2",
        "RemovalOrder.kind": "ALLOW ERO-CA-REMOVAL III.1",
    }


async def test_the_security_agent(ask: Asker, world: World) -> None:
    """The application in the window and no older one; the cited petition and no other; its own reviews whole."""
    found = await ask(AGENT, QUESTION, t=GRACE)
    assert found.data["traveler"] == {
        "names": NAMES,
        "visas": None,
        "visaApplications": {
            "totalCount": 1,
            "nodes": [{"status": "APPROVED_NOT_ISSUED", "refusals": [], "consularNotes": None}],
        },
        "securityReviews": {
            "nodes": [
                {"screeningResult": "POSSIBLE_MATCH", "recommendation": {"value": "RECOMMEND_SAO"}},
                {"screeningResult": "POSSIBLE_MATCH", "recommendation": {"value": "INFORMATION_PROVIDED"}},
            ]
        },
        "petitions": {"nodes": [{"status": "SENT_TO_DOS", "wageAnnualUsd": None}]},
        "admissions": ADMISSIONS,
        "overstay": {"status": "NONE"},
        "removalCases": None,
        "exchangePrograms": None,
    }
    assert found.sharing() == [
        "traveler.exchangePrograms DENY NO_AGREEMENT ICE_SEVP",
        "traveler.petitions.nodes.[].wageAnnualUsd DENY WITHHELD_BY_PROVIDER USCIS",
        "traveler.removalCases DENY NO_AGREEMENT ICE_ERO",
        "traveler.visaApplications.nodes.[].consularNotes DENY WITHHELD_BY_PROVIDER STATE_CA",
        "traveler.visas DENY NO_AGREEMENT STATE_CA",
    ]
    assert rests_on(world, found) == {
        "PersonName.family": "ALLOW OBIM-ALL-IDENTITY III.1",
        "VisaApplication.status": "ALLOW CA-VSP-APPLICATION III.1",
        "VisaApplication.consularNotes": "DENY CA-VSP-APPLICATION IV.1",
        "SecurityReview.screeningResult": "ALLOW VSP-INTERNAL 1.1",
        "VspRecommendation.value": "ALLOW VSP-INTERNAL 1.1",
        "Petition.status": "ALLOW USCIS-VSP-INTEGRITY III.1",
        "Petition.wageAnnualUsd": "DENY USCIS-VSP-INTEGRITY IV.1",
        "Admission.admittedAt": "ALLOW CBP-VSP-HISTORY III.1",
        "OverstayAssessment.status": "ALLOW CBP-VSP-HISTORY III.1",
    }


async def test_the_deportation_officer(ask: Asker, world: World) -> None:
    """Her own agency's case whole, petitions under SYN-16, and nothing of State, VSP, SEVP; crossings are for leads."""
    found = await ask(ERO, ask.nameable(ERO, QUESTION), t=GRACE)
    assert found.data["traveler"] == {
        "names": NAMES,
        "visas": None,
        "visaApplications": None,
        "securityReviews": None,
        "petitions": {
            "nodes": [{"status": "SENT_TO_DOS", "wageAnnualUsd": None}, {"status": "RECEIVED", "wageAnnualUsd": None}]
        },
        "admissions": None,
        "overstay": None,
        "removalCases": {
            "nodes": [
                {
                    "referral": "REFER_TO_SECONDARY",
                    "charges": ["237(a)(1)(C)(i)"],
                    "order": {"kind": "VOLUNTARY_DEPARTURE"},
                }
            ]
        },
        "exchangePrograms": None,
    }
    assert found.sharing() == [
        "traveler.admissions DENY PURPOSE_NOT_COVERED CBP",
        "traveler.exchangePrograms DENY NO_AGREEMENT ICE_SEVP",
        "traveler.overstay DENY PURPOSE_NOT_COVERED CBP",
        "traveler.petitions.nodes.[].wageAnnualUsd DENY NO_AGREEMENT USCIS",
        "traveler.securityReviews DENY NO_AGREEMENT ICE_VSP",
        "traveler.visaApplications DENY NO_AGREEMENT STATE_CA",
        "traveler.visas DENY NO_AGREEMENT STATE_CA",
    ]
    assert rests_on(world, found) == {
        "PersonName.family": "ALLOW OBIM-ALL-IDENTITY III.1",
        "Petition.status": "ALLOW USCIS-ERO-STATUS III.1",
        "RemovalCase.referral": "ALLOW ERO-INTERNAL 1.1",
        "RemovalCase.charges": "ALLOW ERO-INTERNAL 1.1",
        "RemovalOrder.kind": "ALLOW ERO-INTERNAL 1.1",
    }
    assert {each.subgraph for each in world.traffic.requests} == {"enforcement", "petitions", "travelers"}


async def test_the_auditor(ask: Asker, world: World) -> None:
    """An auditor reads the record of disclosures, and no traveler."""
    found = await ask(AUDITOR, ask.nameable(AUDITOR, QUESTION), t=GRACE)
    assert found.data == {"traveler": None}
    assert found.sharing() == ["traveler DENY NO_AGREEMENT OBIM"]
    assert rests_on(world, found) == {}
    assert world.record(found)["subjects"] == []


async def test_all_five_are_about_the_same_person_in_the_record(ask: Asker, world: World) -> None:
    """Four answers name one and the same pseudonym; nobody's name or number is in the record."""
    subjects = set()
    for caller in (PRIMARY, OFFICER, AGENT, ERO):
        record = world.record(await ask(caller, ask.nameable(caller, QUESTION), t=GRACE))
        subjects.add(tuple(record["subjects"]))
        text = str({**record, "caller": {}})
        for word in ("Adeyemi", "TRV-", "S2900002", "IOE0924029001"):
            assert word not in text
    assert len(subjects) == 1
    assert len(subjects.pop()) == 1
