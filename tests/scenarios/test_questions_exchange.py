"""Questions 24 and 25 of domain.md section 4: exchange programs."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.scenarios.asking import Asker, World

pytestmark = pytest.mark.asyncio(loop_scope="session")

PARTICIPANTS = """query($p: String!, $f: ParticipantFilter) { sponsor(programNumber: $p) { name
  participants(filter: $f, first: 100) { totalCount nodes { sevisId status validatedAt traveler {
    admissions { nodes { admittedAt classOfAdmission { code } poe { code } arrival { flight usAddress } } } } } } } }"""


async def test_q24_did_the_forty_au_pairs_arrive(ask: Asker, world: World) -> None:
    """Forty participants, who arrived as a day without its time; no port, no flight, no address."""
    found = await ask(24, PARTICIPANTS, p="P-3-00017")
    assert found.data["sponsor"]["name"] == "Utopia Au Pair Exchange"
    participants = found.data["sponsor"]["participants"]
    assert participants["totalCount"] == len(participants["nodes"]) == 40
    shown = [
        (each["status"], each["validatedAt"] is not None, [one["admittedAt"] for one in _admissions(each)])
        for each in participants["nodes"]
    ]
    day = "2026-08-18T00:00:00Z"
    assert Counter((status, validated, tuple(days)) for status, validated, days in shown) == {
        ("ACTIVE", True, (day,)): 33,
        ("INITIAL", False, (day,)): 4,
        ("INITIAL", False, ()): 2,
        ("TERMINATED", True, (day,)): 1,
    }
    rows = [row for each in participants["nodes"] for row in _admissions(each)]
    assert {(row["classOfAdmission"]["code"], row["poe"], row["arrival"]) for row in rows} == {("J1", None, None)}
    place = "sponsor.participants.nodes.[].traveler.admissions.nodes.[]"
    assert found.sharing() == [
        f"{place}.admittedAt MASK DATE_ONLY CBP CBP-ECA-ARRIVAL",
        f"{place}.arrival DENY WITHHELD_BY_PROVIDER CBP",
        f"{place}.poe DENY WITHHELD_BY_PROVIDER CBP",
    ]
    basis = world.basis(found)
    assert "Admission.admittedAt MASK:DATE_ONLY CBP-ECA-ARRIVAL/2 III.1" in basis
    assert "ExchangeVisitor.status ALLOW SEVP-ECA-SEVIS/1 III.1" in basis
    assert "Sponsor.name ALLOW ECA-INTERNAL/1 1.1" in basis
    for word in ("flight", "usAddress", "poe"):
        assert word not in world.traffic.bodies()


def _admissions(participant: dict[str, Any]) -> list[dict[str, Any]]:
    return list(participant["traveler"]["admissions"]["nodes"])


async def test_q24_who_has_not_validated(ask: Asker) -> None:
    """Six, of whom four have arrived."""
    found = await ask(24, PARTICIPANTS, p="P-3-00017", f={"notValidated": True})
    participants = found.data["sponsor"]["participants"]
    assert participants["totalCount"] == 6
    assert {each["validatedAt"] for each in participants["nodes"]} == {None}
    assert sum(1 for each in participants["nodes"] if _admissions(each)) == 4


async def test_q24_the_admissions_of_forty_are_one_request(ask: Asker, world: World) -> None:
    """Forty travelers are asked about together; the answer grows, the traffic does not."""
    await ask(24, PARTICIPANTS, p="P-3-00017")
    counted = Counter(each.subgraph for each in world.traffic.requests)
    assert counted == {"exchange_visitors": 2, "admissions": 1, "petitions": 1}


TERMINATED = """query($s: String!) { exchangeVisitor(sevisId: $s) { sevisId status termination { code at } } }"""


async def test_q25_the_compliance_officer_sees_the_code(ask: Asker, world: World) -> None:
    """With a case about this participant, the mask is lifted."""
    found = await ask(25, TERMINATED, s="N0002300001")
    assert found.data["exchangeVisitor"] == {
        "sevisId": "N0002300001",
        "status": "TERMINATED",
        "termination": {"code": "CONVIC", "at": "2026-10-07T12:00:00Z"},
    }
    assert found.sharing() == []
    assert "Termination.code ALLOW SEVP-ECA-SEVIS/1 III.3" in world.basis(found)


async def test_q25_the_program_officer_sees_the_category(ask: Asker, world: World) -> None:
    """One word that a conviction shares with every other cause."""
    officer = ask.caller("eca-program-officer")
    mine = type(officer)(
        officer.agency, officer.role, officer.purpose, "P-4-00044", officer.user, officer.location, ("P-4-00044",)
    )
    found = await ask(mine, TERMINATED, s="N0002300001")
    assert found.data["exchangeVisitor"]["termination"] == {"code": "FOR_CAUSE", "at": "2026-10-07T12:00:00Z"}
    assert found.sharing() == ["exchangeVisitor.termination.code MASK CATEGORY_ONLY ICE_SEVP SEVP-ECA-SEVIS"]
    assert "Termination.code MASK:CATEGORY_ONLY SEVP-ECA-SEVIS/1 III.2" in world.basis(found)
    assert b"CONVIC" not in found.body


async def test_q25_another_program_is_not_in_the_portfolio(ask: Asker) -> None:
    """The au pairs' officer asks about the terminated participant: nobody is there."""
    found = await ask(24, TERMINATED, s="N0002300001")
    nobody = await ask(24, TERMINATED, s="N9999999999")
    assert found.data == {"exchangeVisitor": None}
    assert found.body.replace(found.request_id.encode(), b"") == nobody.body.replace(nobody.request_id.encode(), b"")
