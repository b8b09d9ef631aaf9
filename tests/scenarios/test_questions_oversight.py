"""Questions 26 to 28 and 30 of domain.md section 4: privacy, audit, redress, and an agency's developer."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gateway.audit import Pseudonyms, Search, count_by, disclosures_of, search
from gateway.coordinates import Coordinate
from gateway.policy import Outcome
from gateway.policy.explain import explain_json, explain_lines
from tests.scenarios.asking import TODAY, Asker, World

pytestmark = pytest.mark.asyncio(loop_scope="session")

STORY = "TRV-01KST0RY0000000000000000"
SOON = TODAY + timedelta(seconds=1)


def pseudonyms(world: World) -> Pseudonyms:
    """The keys under which travelers stand in the record."""
    return Pseudonyms(world.opened.settings.var / "keys")


async def test_q26_who_saw_this_person_in_the_last_ninety_days(ask: Asker, world: World) -> None:
    """Each disclosure with its recipient, agreement and article; reads by the owner are none; no value is kept."""
    officer = replace(ask.caller("cbp-primary-nyc"), case="INS-NYC-00140001", user="q26")
    found = await ask(
        officer,
        """query($t: ID!) { traveler(id: $t) { names { family } visas { nodes { status foilNumber } }
          admissions { nodes { i94Number } } petitions { totalCount } } }""",
        t=STORY + "14",
    )
    assert found.data["traveler"]["names"] == [{"family": "Santos"}, {"family": "SANTOS"}]
    since = TODAY - timedelta(days=90)
    lines = disclosures_of(world.log, pseudonyms(world), STORY + "14", since=since, until=SOON)
    mine = [each for each in lines if each.user == "q26"]
    assert [
        (each.owner, each.recipient, each.purpose, each.case, each.coordinate, each.agreement, each.article, each.count)
        for each in mine
        if each.agreement
    ] == [
        ("OBIM", "CBP", "border-inspection-primary", "INS-NYC-00140001", "PersonName.family", "OBIM-ALL-IDENTITY", "III.1", 2),
        ("STATE_CA", "CBP", "border-inspection-primary", "INS-NYC-00140001", "Visa.foilNumber", "CA-CBP-VISA", "III.1", 1),
        ("STATE_CA", "CBP", "border-inspection-primary", "INS-NYC-00140001", "Visa.status", "CA-CBP-VISA", "III.1", 1),
    ]  # fmt: skip
    assert [each for each in mine if each.owner == "CBP"] == []
    own = disclosures_of(world.log, pseudonyms(world), STORY + "14", since=since, until=SOON, within_agency=True)
    assert ("CBP", "Admission.i94Number", 1) in [(e.owner, e.coordinate, e.count) for e in own if e.user == "q26"]
    earlier = disclosures_of(world.log, pseudonyms(world), STORY + "14", until=since)
    assert earlier == ()


async def test_q26_the_subject_is_a_pseudonym_and_values_are_not_stored(ask: Asker, world: World) -> None:
    """The record names coordinates and counts; the person is a keyed reference, the literals are blanked."""
    officer = replace(ask.caller("cbp-primary-nyc"), case="INS-NYC-00140001", user="q26-values")
    await ask(
        officer,
        '{ visa(foilNumber: "S1400001") { status holder { names { family } } } }',
    )
    (found,), total = search(world.log, Search(user="q26-values"))
    assert total == 1
    assert found.record["operation"]["text"] == ('{ visa(foilNumber: "*") { status holder { names { family } } } }')
    text = str({**found.record, "caller": {}})
    for value in ("S1400001", "Santos", "SANTOS", "EXPIRED", "TRV-"):
        assert value not in text
    (subject,) = found.record["subjects"]
    assert subject in pseudonyms(world).every(STORY + "14")


async def test_q27_reads_outside_window_or_purpose(ask: Asker, world: World) -> None:
    """Denials are counted by outcome and read back with their reasons; an auditor needs no traveler for it."""
    wrong_post = replace(ask.caller(7), user="q27")
    await ask(wrong_post, "query($t: ID!) { traveler(id: $t) { admissions { totalCount } } }", t=STORY + "01")
    wrong_purpose = replace(ask.caller(21), user="q27")
    await ask(wrong_purpose, "query($t: ID!) { traveler(id: $t) { admissions { totalCount } } }", t=STORY + "25")
    await ask(wrong_purpose, "query($t: ID!) { traveler(id: $t) { petitions { nodes { status } } } }", t=STORY + "25")
    found, total = search(world.log, Search(user="q27", outcome="DENY"))
    assert total == 2
    reasons = [
        (each.record["caller"]["agency"], item["coordinate"], item["reason"])
        for each in found
        for item in each.record["disclosed"]
        if item["outcome"] == "DENY"
    ]
    assert sorted(reasons) == [
        ("ICE_ERO", "Traveler.admissions", "PURPOSE_NOT_COVERED"),
        ("STATE_CA", "Traveler.admissions", "CASE_CONDITION"),
    ]
    counted = {each.name: (each.records, each.values) for each in count_by(world.log, Search(user="q27"), "agreement")}
    assert counted["USCIS-ERO-STATUS"] == (1, 1)
    by_agency = {each.name: each.records for each in count_by(world.log, Search(user="q27", outcome="DENY"), "agency")}
    assert by_agency == {"STATE_CA": 1, "ICE_ERO": 1}


async def test_q27_agreements_past_their_review(world: World) -> None:
    """One is overdue and in its grace, one expired, one suspended; the rest are active."""
    states = world.opened.graph.policy.states(TODAY)
    assert {name: state for name, state in states.items() if state != "active"} == {
        "CBP-VSP-HISTORY": "review-overdue",
        "CBP-ECA-ARRIVAL-2021": "expired",
        "CBP-ERO-OVERSTAY-ADDRESS": "suspended",
    }


async def test_q27_the_auditor_reads_no_traveler(ask: Asker, world: World) -> None:
    """Oversight's agreement covers the record of disclosures, and nothing in the graph."""
    found = await ask(27, "query($t: ID!) { traveler(id: $t) { names { family } } }", t=STORY + "14")
    assert found.data == {"traveler": None}
    assert found.sharing() == ["traveler DENY NO_AGREEMENT OBIM"]
    decide = world.opened.graph.policy.decide
    subject = decide(ask.caller(27), Coordinate.parse("AuditEvent.subject"), {}, TODAY)
    assert (subject.outcome, subject.mask) == (Outcome.MASK, "HASHED_REF")
    incident = decide(ask.caller(26), Coordinate.parse("AuditEvent.subject"), {"case.state": "open"}, TODAY)
    assert incident.outcome is Outcome.ALLOW


async def test_q28_which_overstay_was_shared_and_with_whom(ask: Asker, world: World) -> None:
    """Every recipient of the assessment about the person whose exit was matched late; other agencies' values stay out."""
    officer = replace(ask.caller("consular-officer-nwd"), case="AA00S18002", user="q28")
    await ask(
        officer,
        "query($t: ID!) { traveler(id: $t) { overstay { status basis } visas { nodes { status } } } }",
        t=STORY + "18",
    )
    lines = disclosures_of(world.log, pseudonyms(world), STORY + "18")
    shared = [
        (each.owner, each.recipient, each.user, each.coordinate, each.agreement, each.article)
        for each in lines
        if each.coordinate.startswith("OverstayAssessment.") and each.user == "q28"
    ]
    assert sorted(shared) == [
        ("CBP", "STATE_CA", "q28", "OverstayAssessment.basis", "CBP-CA-CROSSINGS", "III.3"),
        ("CBP", "STATE_CA", "q28", "OverstayAssessment.status", "CBP-CA-CROSSINGS", "III.3"),
    ]
    assert {each.owner for each in lines if each.user == "q28" and each.agreement} == {"CBP"}


async def test_q30_a_developer_sees_no_visa_record(ask: Asker, world: World) -> None:
    """Testing is neither administration nor enforcement: INA 222(f) denies, whatever the case, and nothing is sent."""
    found = await ask(30, "query($f: String!) { visa(foilNumber: $f) { annotation status } }", f="S2400001")
    assert found.data == {"visa": None}
    assert found.sharing() == ["visa DENY STATUTE STATE_CA"]
    assert "Query.visa DENY INA-222F 222(f) use STATUTE" in world.basis(found)
    assert world.traffic.requests == []


async def test_q30_with_a_synthetic_token_he_does(ask: Asker, world: World) -> None:
    """A token for synthetic records only: his own agency's fields, and still no other agency's."""
    found = await ask(
        "developer",
        """query($f: String!, $r: String!) { visa(foilNumber: $f) { annotation status holder { names { family } } }
          petition(receiptNumber: $r) { status } }""",
        f="S2400001",
        r="IOE0926024001",
    )
    assert found.data == {
        "visa": {"annotation": "PETITION IOE0926024001", "status": "ISSUED", "holder": {"names": None}},
        "petition": None,
    }
    assert found.sharing() == [
        "petition DENY PURPOSE_NOT_COVERED USCIS",
        "visa.holder.names DENY PURPOSE_NOT_COVERED OBIM",
    ]
    assert "Visa.annotation ALLOW CA-INTERNAL/1 3.1" in world.basis(found)


async def test_q30_explain_names_the_agreement(ask: Asker, world: World) -> None:
    """Which agreement covers ``Visa.annotation`` for the port? The decision says it itself, with what it waits for."""
    policy = world.opened.graph.policy
    decision = policy.decide(ask.caller("cbp-primary-atl"), Coordinate.parse("Visa.annotation"), {}, TODAY)
    told: dict[str, Any] = explain_json(decision, policy.epoch)
    assert told["coordinate"] == "Visa.annotation"
    assert told["owner"] == "STATE_CA"
    assert told["epoch"] == policy.epoch
    grants = [(each["id"], each["article"], each["result"]) for each in told["candidates"] if each["kind"] == "grant"]
    assert grants == [("CA-CBP-VISA@3", "III.1", "unknown")]
    his = policy.decide(ask.caller(30), Coordinate.parse("Visa.annotation"), {}, TODAY)
    lines = explain_lines(his)
    assert lines[1] == "Because of INA-222F, article 222(f) use (Confidentiality of visa records)."
    assert "  would change it: CA-INTERNAL@1 3.1 if caller.synthetic is true" in lines
