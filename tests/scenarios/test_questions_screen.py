"""Question 29 of domain.md section 4: the front end's one screen."""

from __future__ import annotations

import pytest

from tests.scenarios.asking import Asker, World

pytestmark = pytest.mark.asyncio(loop_scope="session")

STORY = "TRV-01KST0RY0000000000000000"

SCREEN = """query Screen($t: ID!) { traveler(id: $t) {
  names { kind family given } legalCategory identifiers { kind value }
  visaApplications(first: 1) { totalCount nodes { applicationId status publicStatus
    securityReview { windowState recommendation { value tearline } } } }
  visas { nodes { status expiresOn } }
  petitions { totalCount nodes { status validTo rfeReasons } }
  overstay { status basis } admissions { totalCount } removalCases { nodes { order { kind final } charges } }
  exchangePrograms { totalCount } lookouts { instruction }
  timeline(first: 2) { at kind summary } } }"""


async def test_q29_one_screen_tells_allow_mask_deny_and_unavailable_apart(ask: Asker, world: World) -> None:
    """One request, seven agencies' chapters, each value with its standing."""
    found = await ask(29, SCREEN, t=STORY + "29")
    assert found.data["traveler"] == {
        "names": [
            {"kind": "PRIMARY", "family": "Adeyemi", "given": "Grace"},
            {"kind": "ALIAS", "family": "Adeyemi-Cole", "given": "Grace Ada"},
            {"kind": "MRZ", "family": "ADEYEMI", "given": "GRACE"},
        ],
        "legalCategory": "NONIMMIGRANT",
        "identifiers": [
            {"kind": "PASSPORT", "value": "ST0290001"},
            {"kind": "SEVIS_ID", "value": "N0002900001"},
            {"kind": "APPLICATION_ID", "value": "AA00S29001"},
            {"kind": "FOIL_NUMBER", "value": "S2900001"},
            {"kind": "I94_NUMBER", "value": "*******01A9"},
            {"kind": "APPLICATION_ID", "value": "AA00S29002"},
            {"kind": "FOIL_NUMBER", "value": "S2900002"},
            {"kind": "I94_NUMBER", "value": "*******02A9"},
            {"kind": "A_NUMBER", "value": "******2901"},
            {"kind": "APPLICATION_ID", "value": "AA00S29003"},
        ],
        "visaApplications": {
            "totalCount": 3,
            "nodes": [
                {
                    "applicationId": "AA00S29003",
                    "status": "APPROVED_NOT_ISSUED",
                    "publicStatus": "ADMINISTRATIVE_PROCESSING",
                    "securityReview": {
                        "windowState": None,
                        "recommendation": {"value": "RECOMMEND_SAO", "tearline": "Ask for an advisory opinion."},
                    },
                }
            ],
        },
        "visas": {
            "nodes": [
                {"status": "ISSUED", "expiresOn": "2027-11-09"},
                {"status": "EXPIRED", "expiresOn": "2020-11-27"},
            ]
        },
        "petitions": {
            "totalCount": 2,
            "nodes": [
                {"status": "SENT_TO_DOS", "validTo": "2027-09-22", "rfeReasons": None},
                {"status": "RECEIVED", "validTo": None, "rfeReasons": None},
            ],
        },
        "overstay": {"status": "NONE", "basis": "I94_DATE"},
        "admissions": {"totalCount": 2},
        "removalCases": {
            "nodes": [{"order": {"kind": "VOLUNTARY_DEPARTURE", "final": False}, "charges": ["STATUS_OR_ADMISSION"]}]
        },
        "exchangePrograms": None,
        "lookouts": None,
        "timeline": [
            {"at": "2019-09-29T12:00:00Z", "kind": "application.submitted", "summary": "J1 application submitted"},
            {"at": "2019-11-25T12:00:00Z", "kind": "application.interviewed", "summary": "Interview"},
        ],
    }
    assert found.sharing() == [
        "traveler.exchangePrograms DENY CASE_CONDITION ICE_SEVP",
        "traveler.identifiers.[].value MASK LAST4 OBIM OBIM-ALL-IDENTITY",
        "traveler.lookouts DENY WITHHELD_BY_PROVIDER CBP",
        "traveler.petitions.nodes.[].rfeReasons DENY WITHHELD_BY_PROVIDER USCIS",
        "traveler.removalCases.nodes.[].charges MASK CATEGORY_ONLY ICE_ERO ERO-CA-REMOVAL",
        "traveler.timeline DENY NO_AGREEMENT CBP",
        "traveler.timeline DENY NO_AGREEMENT ICE_ERO",
        "traveler.timeline DENY NO_AGREEMENT ICE_SEVP",
        "traveler.timeline DENY NO_AGREEMENT ICE_VSP",
        "traveler.timeline DENY NO_AGREEMENT USCIS",
        "traveler.visaApplications.nodes.[].securityReview.windowState DENY NO_AGREEMENT ICE_VSP",
    ]
    assert found.errors == []
    assert world.record(found)["operation"]["name"] == "Screen"
