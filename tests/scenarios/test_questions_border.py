"""Questions 12 to 17 and 31 of domain.md section 4: CBP."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.errors import FetchError
from gateway.execution.transport import SubgraphRequest, SubgraphResponse
from tests.scenarios.asking import Asker, World

pytestmark = pytest.mark.asyncio(loop_scope="session")

STORY = "TRV-01KST0RY0000000000000000"


async def test_q12_genuine_valid_and_unrevoked_right_now(ask: Asker, world: World) -> None:
    """Revoked three hours ago, as of when, from whom. Why is secondary's; refusals are not primary's either."""
    found = await ask(
        12,
        """query($f: String!) { visa(foilNumber: $f) {
          foilNumber visaClass { code } expiresOn status provenance { agency asOf stale }
          revocation { kind ground } application { refusals { ground } }
          holder { names { family } removalCases { nodes { referral order { kind } } } } } }""",
        f="S3300001",
    )
    assert found.data["visa"] == {
        "foilNumber": "S3300001",
        "visaClass": {"code": "B1"},
        "expiresOn": "2030-10-28",
        "status": "REVOKED",
        "provenance": {"agency": "STATE_CA", "asOf": "2026-11-01T08:40:00Z", "stale": False},
        "revocation": None,
        "application": {"refusals": None},
        "holder": {"names": [{"family": "Mensah"}, {"family": "MENSAH"}], "removalCases": {"nodes": []}},
    }
    assert found.sharing() == [
        "visa.application.refusals DENY ROLE_NOT_COVERED STATE_CA",
        "visa.holder.removalCases.nodes.[].order DENY ROLE_NOT_COVERED ICE_ERO",
        "visa.revocation DENY ROLE_NOT_COVERED STATE_CA",
    ]
    basis = world.basis(found)
    assert "Visa.status ALLOW CA-CBP-VISA/3 III.1" in basis
    assert "PersonName.family ALLOW OBIM-ALL-IDENTITY/1 III.1" in basis
    assert "refusals" not in world.traffic.bodies()


async def test_q12_at_another_port_nothing_is_said(ask: Asker, world: World) -> None:
    """The inspection is at Atlanta; an officer in New York who names it gets a marked denial."""
    elsewhere = replace(ask.caller(12), location="NYC")
    found = await ask(elsewhere, "query($f: String!) { visa(foilNumber: $f) { status } }", f="S3300001")
    assert found.data == {"visa": None}
    assert found.sharing() == ["visa DENY CASE_CONDITION STATE_CA"]
    assert [each.subgraph for each in world.traffic.requests if b"S3300001" in each.body] == []


async def test_q12_the_inspection_is_of_another_person(ask: Asker) -> None:
    """A foil that is not the inspected person's is as good as none: absent, without an entry."""
    query = "query($f: String!) { visa(foilNumber: $f) { status } }"
    other = await ask(12, query, f="S2400001")
    nobody = await ask(12, query, f="S9999999")
    assert other.data == {"visa": None}
    assert other.body.replace(other.request_id.encode(), b"") == nobody.body.replace(nobody.request_id.encode(), b"")


async def test_q13_there_is_no_agreement_on_petitions(ask: Asker, world: World) -> None:
    """The gap the matrix leaves: denied, with the missing agreement named; the receipt stands on the foil."""
    found = await ask(
        13,
        """query($r: String!, $f: String!) { petition(receiptNumber: $r) { status validTo }
          visa(foilNumber: $f) { annotation application { petitionReceipts petitions { status } } } }""",
        r="IOE0926024001",
        f="S2400001",
    )
    assert found.data == {
        "petition": None,
        "visa": {
            "annotation": "PETITION IOE0926024001",
            "application": {"petitionReceipts": ["IOE0926024001"], "petitions": None},
        },
    }
    assert found.sharing() == [
        "petition DENY NO_AGREEMENT USCIS",
        "visa.application.petitions DENY NO_AGREEMENT USCIS",
    ]
    assert "VisaApplication.petitionReceipts ALLOW CA-CBP-VISA/3 III.1" in world.basis(found)
    assert [each for each in world.traffic.requests if b"petition(" in each.body] == []


SEVIS = """query($s: String!) { exchangeVisitor(sevisId: $s) {
  sevisId status programEnd sponsor { name status } termination { code } site { name } funding { sponsorUsd }
  twoYearRule { subject } } }"""


async def test_q14_is_the_sevis_record_active(ask: Asker, world: World) -> None:
    """Record and sponsor; termination, site and the two-year rule are secondary's; funding is nobody's here."""
    found = await ask(14, SEVIS, s="N0000600001")
    assert found.data["exchangeVisitor"] == {
        "sevisId": "N0000600001",
        "status": "ACTIVE",
        "programEnd": "2027-09-27",
        "sponsor": {"name": "Example State University", "status": "ACTIVE"},
        "termination": None,
        "site": None,
        "funding": None,
        "twoYearRule": None,
    }
    assert found.sharing() == [
        "exchangeVisitor.funding DENY WITHHELD_BY_PROVIDER ICE_SEVP",
        "exchangeVisitor.site DENY ROLE_NOT_COVERED ICE_SEVP",
        "exchangeVisitor.termination DENY ROLE_NOT_COVERED ICE_SEVP",
        "exchangeVisitor.twoYearRule DENY ROLE_NOT_COVERED STATE_ECA",
    ]
    basis = world.basis(found)
    assert "ExchangeVisitor.status ALLOW SEVP-CBP-SEVIS/1 III.1" in basis
    assert "Sponsor.status ALLOW ECA-CBP-SPONSOR/1 III.1" in basis
    assert "ExchangeVisitor.funding DENY SEVP-CBP-SEVIS/1 IV.1 WITHHELD_BY_PROVIDER" in basis


async def test_q14_secondary_sees_more(ask: Asker, world: World) -> None:
    """The same question one desk further: site and two-year rule, and still no funding."""
    secondary = replace(ask.caller(14), role="cbp-secondary", purpose="border-inspection-secondary")
    found = await ask(secondary, SEVIS, s="N0000600001")
    visitor = found.data["exchangeVisitor"]
    assert (visitor["twoYearRule"], visitor["termination"], visitor["funding"]) == ({"subject": True}, None, None)
    assert found.sharing() == ["exchangeVisitor.funding DENY WITHHELD_BY_PROVIDER ICE_SEVP"]
    assert "ActivitySite.name ALLOW SEVP-CBP-SEVIS/1 III.2" in world.basis(found)
    assert "TwoYearRule.subject ALLOW ECA-CBP-SPONSOR/1 III.2" in world.basis(found)


async def test_q15_why_was_it_revoked_and_earlier_refusals(ask: Asker, world: World) -> None:
    """Secondary: kind, instant, and the ground's category; earlier refusals; no notes, no opinion, no review."""
    found = await ask(
        15,
        """query($f: String!, $t: ID!) {
          visa(foilNumber: $f) { status revocation { kind at ground }
            application { consularNotes { text } sao { program } vspRecommendation { value } } }
          traveler(id: $t) { visaApplications { totalCount nodes { refusals { ground at } } } } }""",
        f="S0500001",
        t=STORY + "05",
    )
    assert found.data == {
        "visa": {
            "status": "REVOKED",
            "revocation": {"kind": "PRUDENTIAL", "at": "2026-11-01T07:00:00Z", "ground": "INADMISSIBILITY"},
            "application": {"consularNotes": None, "sao": None, "vspRecommendation": None},
        },
        "traveler": {
            "visaApplications": {
                "totalCount": 2,
                "nodes": [
                    {"refusals": []},
                    {"refusals": [{"ground": "214(b)", "at": "2024-05-15T12:00:00Z"}]},
                ],
            }
        },
    }
    assert found.sharing() == [
        "visa.application.consularNotes DENY WITHHELD_BY_PROVIDER STATE_CA",
        "visa.application.sao DENY WITHHELD_BY_PROVIDER STATE_CA",
        "visa.application.vspRecommendation DENY NO_AGREEMENT ICE_VSP",
        "visa.revocation.ground MASK CATEGORY_ONLY STATE_CA CA-CBP-VISA",
    ]
    basis = world.basis(found)
    assert "VisaRevocation.kind ALLOW CA-CBP-VISA/3 III.3" in basis
    assert "VisaRevocation.ground MASK:CATEGORY_ONLY CA-CBP-VISA/3 III.4" in basis
    assert "Refusal.ground ALLOW CA-CBP-VISA/3 III.3" in basis
    assert "VisaApplication.consularNotes DENY CA-CBP-VISA/3 IV.2 WITHHELD_BY_PROVIDER" in basis


ORDERS = """query($t: ID!) { traveler(id: $t) {
  removalCases { totalCount nodes { referral charges order { kind final } detentions { facility } } }
  criminalHistory { conviction } } }"""


async def test_q16_is_a_final_order_outstanding(ask: Asker, world: World) -> None:
    """Order and charges at secondary; detention and criminal history are denied."""
    found = await ask(16, ORDERS, t=STORY + "16")
    assert found.data["traveler"] == {
        "removalCases": {
            "totalCount": 2,
            "nodes": [
                {
                    "referral": "REFER_TO_SECONDARY",
                    "charges": ["212(a)(9)(A)(ii)", "212(a)(9)(C)(i)(II)"],
                    "order": {"kind": "REINSTATED", "final": True},
                    "detentions": None,
                },
                {
                    "referral": None,
                    "charges": ["212(a)(6)(A)(i)"],
                    "order": {"kind": "REMOVAL", "final": True},
                    "detentions": None,
                },
            ],
        },
        "criminalHistory": None,
    }
    assert found.sharing() == [
        "traveler.criminalHistory DENY STATUTE ICE_ERO",
        "traveler.removalCases.nodes.[].detentions DENY WITHHELD_BY_PROVIDER ICE_ERO",
    ]
    assert "RemovalOrder.kind ALLOW ERO-CBP-ORDERS/1 III.2" in world.basis(found)


async def test_q16_primary_sees_the_referral_and_not_why(ask: Asker, world: World) -> None:
    """SYN-14's obligation: REFER_TO_SECONDARY, not the reason."""
    primary = replace(ask.caller(16), role="cbp-primary", purpose="border-inspection-primary")
    found = await ask(primary, ORDERS, t=STORY + "16")
    assert found.data["traveler"]["removalCases"]["nodes"] == [
        {"referral": "REFER_TO_SECONDARY", "charges": None, "order": None, "detentions": None},
        {"referral": None, "charges": None, "order": None, "detentions": None},
    ]
    assert found.sharing() == [
        "traveler.criminalHistory DENY STATUTE ICE_ERO",
        "traveler.removalCases.nodes.[].charges DENY ROLE_NOT_COVERED ICE_ERO",
        "traveler.removalCases.nodes.[].detentions DENY WITHHELD_BY_PROVIDER ICE_ERO",
        "traveler.removalCases.nodes.[].order DENY ROLE_NOT_COVERED ICE_ERO",
    ]
    assert "RemovalCase.referral ALLOW ERO-CBP-ORDERS/1 III.1" in world.basis(found)
    assert "charges" not in world.traffic.bodies("enforcement")


def _down(request: SubgraphRequest) -> SubgraphResponse:
    raise FetchError("SUBGRAPH_UNREACHABLE", "Subgraph visas could not be reached.")


async def test_q17_state_is_down_is_not_no_visa(ask: Asker, world: World) -> None:
    """UNAVAILABLE in the ledger and an error with the path; the rest of the answer is there."""
    world.traffic.broken["visas"] = _down
    found = await ask(
        17,
        """query($f: String!, $t: ID!) { visa(foilNumber: $f) { foilNumber status }
          traveler(id: $t) { names { family } visas { totalCount nodes { status } } } }""",
        f="S2400001",
        t=STORY + "24",
    )
    assert found.data == {
        "visa": None,
        "traveler": {"names": [{"family": "Nair"}, {"family": "NAIR"}], "visas": None},
    }
    assert found.sharing() == [
        "traveler.visas UNAVAILABLE SOURCE_UNAVAILABLE STATE_CA",
        "visa UNAVAILABLE SOURCE_UNAVAILABLE STATE_CA",
    ]
    assert [(each["path"][0], each["extensions"]["code"]) for each in found.errors] == [
        ("visa", "SUBGRAPH_UNREACHABLE"),
        ("traveler", "SUBGRAPH_UNREACHABLE"),
    ]
    record = world.record(found)
    assert [(each["subgraph"], each["code"]) for each in record["failures"]] == [
        ("visas", "SUBGRAPH_UNREACHABLE"),
        ("visas", "SUBGRAPH_UNREACHABLE"),
    ]


async def test_q17_no_visa_at_all_looks_otherwise(ask: Asker) -> None:
    """With State up, a foil that nobody has is null without entry or error: the two cannot be mistaken."""
    found = await ask(17, "query($f: String!) { visa(foilNumber: $f) { foilNumber status } }", f="S9999999")
    assert found.data == {"visa": None}
    assert found.sharing() == []
    assert found.errors == []


async def test_q31_a_missing_child(ask: Asker, world: World) -> None:
    """Break-glass: identity and the last crossings; nothing that 1367 or 208.6 close, nothing of other agencies."""
    found = await ask(
        31,
        """query($t: ID!) { traveler(id: $t) { names { family given } birth { date { value } }
          arrivals(last: 1) { nodes { at poe { code } flight } } departures { totalCount }
          petitions { totalCount } visas { totalCount } } }""",
        t=STORY + "26",
    )
    assert found.data["traveler"] == {
        "names": [{"family": "Vargas", "given": "Luca"}, {"family": "VARGAS", "given": "LUCA"}],
        "birth": [{"date": {"value": "2017-11-03"}}],
        "arrivals": {"nodes": [{"at": "2026-10-02T18:05:00Z", "poe": {"code": "MIA"}, "flight": None}]},
        "departures": {"totalCount": 0},
        "petitions": None,
        "visas": None,
    }
    assert found.sharing() == [
        "traveler.arrivals.nodes.[].flight DENY PURPOSE_NOT_COVERED CBP",
        "traveler.petitions DENY NO_AGREEMENT USCIS",
        "traveler.visas DENY PURPOSE_NOT_COVERED STATE_CA",
    ]
    basis = world.basis(found)
    assert "Arrival.at ALLOW CBP-INTERNAL/1 1.5" in basis
    assert "PersonName.family ALLOW OBIM-ALL-SAFETY/1 III.1" in basis


async def test_q31_break_glass_never_opens_a_credible_fear_claim(ask: Asker) -> None:
    """The same supervisor, whose case is the child, asks about somebody who was referred: nothing of it is there."""
    found = await ask(
        31,
        "query($t: ID!) { traveler(id: $t) { names { family } inspections { totalCount nodes { outcome } } } }",
        t=STORY + "13",
    )
    assert found.data == {"traveler": None}
    assert found.sharing() == []
    assert b"CREDIBLE" not in found.body
