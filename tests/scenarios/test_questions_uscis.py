"""Questions 10 and 11 of domain.md section 4: USCIS adjudicators."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.scenarios.asking import Asker, World

pytestmark = pytest.mark.asyncio(loop_scope="session")

STORY = "TRV-01KST0RY0000000000000000"


async def test_q10_was_a_visa_issued_and_was_there_a_refusal(ask: Asker, world: World) -> None:
    """Issued, when, and as what; the passport in four digits; notes and advisory opinion are denied."""
    found = await ask(
        10,
        """query($f: String!, $t: ID!) {
          visa(foilNumber: $f) { status }
          traveler(id: $t) { visas { nodes { foilNumber issuedOn expiresOn status } } visaApplications { totalCount nodes {
            visaClass { code } post { code } status passport { number } refusals { ground }
            consularNotes { text } sao { program } dsAnswers { employer } } } } }""",
        f="S0900001",
        t=STORY + "09",
    )
    assert found.data == {
        "visa": None,  # by a number that is not shared, nothing is found
        "traveler": {
            "visas": {
                "nodes": [
                    {"foilNumber": None, "issuedOn": "2023-10-18", "expiresOn": "2026-10-17", "status": "EXPIRED"}
                ]
            },
            "visaApplications": {
                "totalCount": 1,
                "nodes": [
                    {
                        "visaClass": {"code": "H1B"},
                        "post": {"code": "NWD"},
                        "status": "ISSUED",
                        "passport": {"number": "*****0001"},
                        "refusals": [],
                        "consularNotes": None,
                        "sao": None,
                        "dsAnswers": None,
                    }
                ],
            },
        },
    }
    assert found.sharing() == [
        "traveler.visaApplications.nodes.[].consularNotes DENY WITHHELD_BY_PROVIDER STATE_CA",
        "traveler.visaApplications.nodes.[].dsAnswers DENY WITHHELD_BY_PROVIDER STATE_CA",
        "traveler.visaApplications.nodes.[].passport.number MASK LAST4 STATE_CA CA-USCIS-OUTCOME",
        "traveler.visaApplications.nodes.[].sao DENY WITHHELD_BY_PROVIDER STATE_CA",
        "traveler.visas.nodes.[].foilNumber DENY NO_AGREEMENT STATE_CA",
        "visa DENY NO_AGREEMENT STATE_CA",
    ]
    basis = world.basis(found)
    assert "Visa.issuedOn ALLOW CA-USCIS-OUTCOME/2 III.5" in basis
    assert "VisaApplication.status ALLOW CA-USCIS-OUTCOME/2 III.1" in basis
    assert "PassportData.number MASK:LAST4 CA-USCIS-OUTCOME/2 III.4" in basis
    assert "VisaApplication.sao DENY CA-USCIS-OUTCOME/2 IV.1 WITHHELD_BY_PROVIDER" in basis


async def test_q10_the_passport_is_masked_at_the_source_already(ask: Asker, world: World) -> None:
    """The number in clear never leaves State: the request's assertion says so, and so does what came back."""
    heard: list[bytes] = []
    inner = world.traffic.inner

    class Listening:
        async def send(self, request):  # type: ignore[no-untyped-def]
            response = await inner.send(request)
            heard.append(response.body)
            return response

    world.traffic.inner = Listening()
    try:
        found = await ask(
            10,
            "query($t: ID!) { traveler(id: $t) { visaApplications { nodes { passport { number } } } } }",
            t=STORY + "09",
        )
    finally:
        world.traffic.inner = inner
    assert found.data["traveler"]["visaApplications"]["nodes"] == [{"passport": {"number": "*****0001"}}]
    assert b"*****0001" in b"".join(heard)
    assert b"ST0090001" not in b"".join(heard)


RETURNED = """query($r: String!) { petition(receiptNumber: $r) {
  status returnMemo { summary refusalCategory at }
  beneficiary { visaApplications { nodes { status refusals { ground } consularNotes { text } } } } } }"""


async def test_q11_why_does_state_think_it_is_not_approvable(ask: Asker, world: World) -> None:
    """The memo is State's record inside USCIS's file; the officer's notes stay at the post, the ground is a category."""
    found = await ask(11, RETURNED, r="IOE0924017001")
    assert found.data["petition"] == {
        "status": "RETURNED_BY_DOS",
        "returnMemo": {
            "summary": "The relationship was entered into for the visa.",
            "refusalCategory": "212(a)(6)(C)(i)",
            "at": "2026-09-27",
        },
        "beneficiary": {
            "visaApplications": {
                "nodes": [
                    {
                        "status": "REFUSED_221G_DOCUMENTS",
                        "refusals": [{"ground": "DOCUMENTS_OR_PROCESSING"}],
                        "consularNotes": None,
                    }
                ]
            }
        },
    }
    place = "petition.beneficiary.visaApplications.nodes.[]"
    assert found.sharing() == [
        f"{place}.consularNotes DENY WITHHELD_BY_PROVIDER STATE_CA",
        f"{place}.refusals.[].ground MASK CATEGORY_ONLY STATE_CA CA-USCIS-OUTCOME",
    ]
    basis = world.basis(found)
    assert "ReturnMemo.summary ALLOW CA-USCIS-OUTCOME/2 III.6" in basis
    assert "Refusal.ground MASK:CATEGORY_ONLY CA-USCIS-OUTCOME/2 III.2" in basis
    assert "consularNotes" not in world.traffic.bodies()


async def test_q11_the_mask_is_lifted_for_the_supervisor(ask: Asker, world: World) -> None:
    """SYN-02's condition: a supervisor sees the ground itself; the better of two grants wins."""
    supervisor = replace(ask.caller(11), role="uscis-supervisor")
    found = await ask(supervisor, RETURNED, r="IOE0924017001")
    applications = found.data["petition"]["beneficiary"]["visaApplications"]["nodes"]
    assert [each["refusals"] for each in applications] == [[{"ground": "221(g)"}]]
    assert "Refusal.ground ALLOW CA-USCIS-OUTCOME/2 III.3" in world.basis(found)


async def test_uscis_has_no_agreement_on_crossings(ask: Asker) -> None:
    """A blank of the coverage matrix: USCIS asking CBP."""
    found = await ask(
        10, "query($t: ID!) { traveler(id: $t) { admissions { totalCount } overstay { status } } }", t=STORY + "09"
    )
    assert found.data == {"traveler": {"admissions": None, "overstay": None}}
    assert found.sharing() == [
        "traveler.admissions DENY NO_AGREEMENT CBP",
        "traveler.overstay DENY NO_AGREEMENT CBP",
    ]
