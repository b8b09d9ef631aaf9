"""Questions 21 to 23 of domain.md section 4: ICE ERO."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.scenarios.asking import Asker, World

pytestmark = pytest.mark.asyncio(loop_scope="session")

STORY = "TRV-01KST0RY0000000000000000"

STATUS = """query($t: ID!) { traveler(id: $t) {
  petitions { totalCount nodes { formType status } } benefitRequests { totalCount nodes { form status } }
  admissions { nodes { admittedAt } } visaApplications { nodes { refusals { ground } } } } }"""


async def test_q21_status_and_pending_benefit(ask: Asker, world: World) -> None:
    """Petitions and benefits under SYN-16; crossings are for leads only; State and ERO have no agreement at all."""
    found = await ask(21, STATUS, t=STORY + "25")
    assert found.data["traveler"] == {
        "petitions": {"totalCount": 1, "nodes": [{"formType": "I130", "status": "APPROVED"}]},
        "benefitRequests": {"totalCount": 1, "nodes": [{"form": "I485", "status": "PENDING"}]},
        "admissions": None,
        "visaApplications": None,
    }
    assert found.sharing() == [
        "traveler.admissions DENY PURPOSE_NOT_COVERED CBP",
        "traveler.visaApplications DENY NO_AGREEMENT STATE_CA",
    ]
    basis = world.basis(found)
    assert "Petition.status ALLOW USCIS-ERO-STATUS/1 III.1" in basis
    assert "BenefitRequest.status ALLOW USCIS-ERO-STATUS/1 III.2" in basis
    assert [each for each in world.traffic.requests if each.subgraph == "visas"] == []


async def test_q21_a_protected_person_has_no_filings(ask: Asker, world: World) -> None:
    """The same question about somebody under 8 U.S.C. 1367: as if nothing had ever been filed, and nobody was asked."""
    case = replace(ask.caller(21), case="ERC-00100001")
    found = await ask(case, STATUS, t=STORY + "10")
    assert found.data["traveler"] == {
        "petitions": {"totalCount": 0, "nodes": []},
        "benefitRequests": {"totalCount": 0, "nodes": []},
        "admissions": None,
        "visaApplications": None,
    }
    assert found.sharing() == [
        "traveler.admissions DENY PURPOSE_NOT_COVERED CBP",
        "traveler.visaApplications DENY NO_AGREEMENT STATE_CA",
    ]
    assert found.errors == []
    asked = [each.body.decode() for each in world.traffic.requests if each.subgraph == "petitions"]
    assert all("statutoryProtections" in text and "receiptNumber" not in text for text in asked)


async def test_q21_it_reads_as_a_person_who_never_filed(ask: Asker) -> None:
    """Byte for byte: the protected person of story 10 beside story 21, who has a case and never filed anything."""
    protected = await ask(replace(ask.caller(21), case="ERC-00100001"), STATUS, t=STORY + "10")
    never = await ask(replace(ask.caller(21), case="ERC-00210001"), STATUS, t=STORY + "21")
    assert protected.body.replace(protected.request_id.encode(), b"") == never.body.replace(
        never.request_id.encode(), b""
    )


LEAD = """query($t: ID!) { traveler(id: $t) { names { family } overstay { status basis daysOver }
  admissions { totalCount nodes { classOfAdmission { code } authorizedStay { kind until } } }
  departures { totalCount nodes { matchConfidence } } } }"""


async def test_q22_really_still_here(ask: Asker, world: World) -> None:
    """A suspicion of thirty days and more, with its basis; the admission that ran out."""
    found = await ask(22, LEAD, t=STORY + "07")
    assert found.data["traveler"] == {
        "names": [{"family": "Silva"}, {"family": "SILVA"}],
        "overstay": {"status": "SUSPECTED_IN_COUNTRY", "basis": "I94_DATE", "daysOver": 80},
        "admissions": {
            "totalCount": 1,
            "nodes": [{"classOfAdmission": {"code": "B2"}, "authorizedStay": {"kind": "DATE", "until": "2026-08-13"}}],
        },
        "departures": {"totalCount": 0, "nodes": []},
    }
    assert found.sharing() == []
    basis = world.basis(found)
    assert "OverstayAssessment.basis ALLOW CBP-ERO-OVERSTAY/2 III.1" in basis
    assert "Admission.classOfAdmission ALLOW CBP-ERO-OVERSTAY/2 III.3" in basis


@pytest.mark.parametrize(
    ("story", "family"),
    [("01", "Sharma"), ("08", "Joshi"), ("09", "Zhang"), ("18", "Garcia"), ("32", "Kim")],
    ids=["left-in-time", "duration-of-status", "extension-in-time", "late-match", "unmatched-departure"],
)
async def test_q22_nobody_else_is_a_lead(ask: Asker, story: str, family: str) -> None:
    """Who left, may stay, or may have left is no lead: no assessment, no crossing, no exit."""
    found = await ask(22, LEAD, t=STORY + story)
    assert found.data["traveler"] == {
        "names": [{"family": family}, {"family": family.upper()}],
        "overstay": None,
        "admissions": {"totalCount": 0, "nodes": []},
        "departures": {"totalCount": 0, "nodes": []},
    }
    assert found.sharing() == []


async def test_q22_the_unmatched_departure_is_the_supervisors_and_its_basis_shows(ask: Asker, world: World) -> None:
    """The supervisor vets by hand: basis UNMATCHED_DEPARTURE and how well the exit matches."""
    supervisor = replace(ask.caller(22), role="ero-supervisor")
    found = await ask(supervisor, LEAD, t=STORY + "32")
    assert found.data["traveler"]["overstay"] == {
        "status": "SUSPECTED_IN_COUNTRY",
        "basis": "UNMATCHED_DEPARTURE",
        "daysOver": 220,
    }
    assert found.data["traveler"]["departures"] == {"totalCount": 1, "nodes": [{"matchConfidence": 0.41}]}
    assert "OverstayAssessment.basis ALLOW CBP-ERO-OVERSTAY/2 III.2" in world.basis(found)
    assert "Departure.matchConfidence ALLOW CBP-ERO-OVERSTAY/2 III.4" in world.basis(found)


async def test_q22_the_list_of_leads(ask: Asker) -> None:
    """Three leads, and no protected person among them, nor anybody with an extension pending."""
    found = await ask(22, "{ overstayLeads { totalCount nodes { traveler { names { family } overstay { basis } } } } }")
    leads = found.data["overstayLeads"]
    assert leads["totalCount"] == 3
    assert [(each["traveler"]["names"][0]["family"], each["traveler"]["overstay"]) for each in leads["nodes"]] == [
        ("Kamau", {"basis": "I94_DATE"}),
        ("Silva", {"basis": "I94_DATE"}),
        ("Park", {"basis": "USCIS_FINDING"}),
    ]


COUNSEL = """query($t: ID!) { traveler(id: $t) {
  petitions { nodes { formType status } } benefitRequests { nodes { form status } } } }"""


async def test_q23_contact_counsel_for_the_trained_supervisor(ask: Asker, world: World) -> None:
    """A marker and no content: no form, no status, no date."""
    found = await ask(23, COUNSEL, t=STORY + "10")
    assert found.data["traveler"] == {
        "petitions": {"nodes": [{"formType": None, "status": None}]},
        "benefitRequests": {"nodes": [{"form": None, "status": None}]},
    }
    assert found.sharing() == [
        "traveler.benefitRequests.nodes.[].form DENY CONTACT_COUNSEL USCIS",
        "traveler.benefitRequests.nodes.[].status DENY CONTACT_COUNSEL USCIS",
        "traveler.petitions.nodes.[].formType DENY CONTACT_COUNSEL USCIS",
        "traveler.petitions.nodes.[].status DENY CONTACT_COUNSEL USCIS",
    ]
    assert "Petition.status DENY USC-1367 (a)(2) petitions CONTACT_COUNSEL" in world.basis(found)
    for word in (b"I918", b"RECEIVED", b"PENDING", b"IOE"):
        assert word not in found.body


async def test_q23_without_the_training_nothing(ask: Asker) -> None:
    """The same supervisor untrained, and the officer: empty, without a word about counsel."""
    for caller in (
        replace(ask.caller(23), training=()),
        replace(ask.caller(23), role="ero-officer"),
    ):
        found = await ask(caller, COUNSEL, t=STORY + "10")
        assert found.data["traveler"] == {"petitions": {"nodes": []}, "benefitRequests": {"nodes": []}}
        assert found.sharing() == []
