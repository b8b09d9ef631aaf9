"""The questions of domain.md section 4 that a decision can answer, asked of the synthetic world's own records.

Each row: question, record, and per coordinate what has to come out (``ALLOW``, ``MASK:name``, ``DENY:reason``, ``ABSENT``).
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.coordinates import Coordinate
from gateway.policy import UNREACHABLE, Policy, Value
from tests.policy.world import TODAY, asker, case_facts, find, flags, journey, record

ROWS: list[tuple[int, str, dict[str, str]]] = [
    (1, "IOE0926001001", {
        "Petition.receiptNumber": "ALLOW", "Petition.status": "ALLOW", "Petition.classification": "ALLOW",
        "Petitioner.name": "ALLOW", "Petition.validTo": "ALLOW", "Petition.jobTitle": "ALLOW",
        "Petition.wageAnnualUsd": "MASK:BUCKET", "Petitioner.ein": "MASK:LAST4",
        "Petition.rfeReasons": "DENY:WITHHELD_BY_PROVIDER", "FraudReferral.referred": "DENY:WITHHELD_BY_PROVIDER",
        "Petitioner.address": "DENY:NO_AGREEMENT", "AsylumCase.stage": "ABSENT",
    }),
    (2, "IOE0926002001", {
        "Petition.status": "ALLOW", "Petition.decidedOn": "ALLOW", "PimsRecord.present": "ALLOW", "Petition.pims": "ALLOW",
    }),
    (3, "010000001A1", {
        "Admission.admittedAt": "ALLOW", "Admission.classOfAdmission": "ALLOW", "AuthorizedStay.kind": "ALLOW",
        "OverstayAssessment.status": "ALLOW", "OverstayAssessment.basis": "ALLOW",
        "Arrival.flight": "DENY:WITHHELD_BY_PROVIDER", "Arrival.usAddress": "DENY:WITHHELD_BY_PROVIDER",
    }),
    (4, "080000001A8", {"AuthorizedStay.kind": "ALLOW", "OverstayAssessment.basis": "ALLOW"}),
    (5, "ERC-00150001", {
        "RemovalOrder.kind": "ALLOW", "RemovalOrder.final": "ALLOW", "DepartureVerification.on": "ALLOW",
        "RemovalCase.charges": "MASK:CATEGORY_ONLY", "Detention.facility": "DENY:WITHHELD_BY_PROVIDER",
        "CriminalHistoryItem.conviction": "DENY:STATUTE", "Relief.kind": "ABSENT",
    }),
    (6, "VSR-2026-0003001", {
        "VspRecommendation.value": "ALLOW", "VspRecommendation.ground": "ALLOW", "VspRecommendation.tearline": "ALLOW",
        "SecurityReview.screeningResult": "MASK:BOOLEAN_PRESENCE", "DerogatoryItem.source": "DENY:STATUTE",
        "SecurityReview.derogatory": "DENY:STATUTE",
    }),
    (7, "IOE0926001001", {
        "Petition.status": "DENY:CASE_CONDITION", "Query.petition": "DENY:CASE_CONDITION",
        "Traveler.petitions": "DENY:CASE_CONDITION", "Admission.admittedAt": "DENY:CASE_CONDITION",
        "VspRecommendation.value": "DENY:CASE_CONDITION",
    }),
    (8, "IOE0924011001", {"Petition.status": "ALLOW"}),
    (8, "IOE0925011002", {"Petition.status": "ABSENT", "Petition.receiptNumber": "ABSENT", "Petitioner.name": "ABSENT"}),
    (9, "INS-ATL-00130002", {"Inspection.outcome": "ABSENT"}),
    (10, "S0900001", {"Visa.issuedOn": "ALLOW", "Visa.status": "ALLOW", "Visa.annotation": "DENY:NO_AGREEMENT"}),
    (11, "IOE0924017001", {
        "ReturnMemo.summary": "ALLOW", "ReturnMemo.refusalCategory": "ALLOW",
        "ConsularNote.text": "DENY:WITHHELD_BY_PROVIDER", "VspRecommendation.value": "DENY:NO_AGREEMENT",
    }),
    (11, "HCM2026017001", {"Refusal.ground": "MASK:CATEGORY_ONLY", "VisaApplication.status": "ALLOW"}),
    (12, "S3300001", {
        "Visa.foilNumber": "ALLOW", "Visa.visaClass": "ALLOW", "Visa.expiresOn": "ALLOW", "Visa.status": "ALLOW",
        "Refusal.ground": "DENY:ROLE_NOT_COVERED", "VisaRevocation.kind": "DENY:ROLE_NOT_COVERED",
        "RemovalCase.referral": "ALLOW", "RemovalOrder.kind": "DENY:ROLE_NOT_COVERED",
    }),
    (13, "IOE0926024001", {
        "Petition.status": "DENY:NO_AGREEMENT", "Petition.validTo": "DENY:NO_AGREEMENT", "Query.petition": "DENY:NO_AGREEMENT",
    }),
    (13, "S2400001", {"VisaApplication.petitionReceipts": "ALLOW"}),
    (14, "N0000600001", {
        "ExchangeVisitor.status": "ALLOW", "Sponsor.status": "ALLOW", "Termination.code": "DENY:ROLE_NOT_COVERED",
    }),
    (15, "S0500001", {
        "VisaRevocation.kind": "ALLOW", "VisaRevocation.at": "ALLOW", "VisaRevocation.ground": "MASK:CATEGORY_ONLY",
        "Refusal.ground": "ALLOW", "ConsularNote.text": "DENY:WITHHELD_BY_PROVIDER",
        "SecurityAdvisory.program": "DENY:WITHHELD_BY_PROVIDER", "VspRecommendation.value": "DENY:NO_AGREEMENT",
    }),
    (16, "ERC-00160002", {
        "RemovalOrder.kind": "ALLOW", "RemovalOrder.final": "ALLOW", "RemovalCase.charges": "ALLOW",
        "Detention.facility": "DENY:WITHHELD_BY_PROVIDER", "CriminalHistoryItem.conviction": "DENY:STATUTE",
    }),
    (18, "AA00S03001", {
        "VisaApplication.status": "ALLOW", "PassportData.number": "ALLOW", "Refusal.ground": "ALLOW",
        "DsAnswers.employer": "ALLOW", "ConsularNote.text": "DENY:WITHHELD_BY_PROVIDER",
        "OverstayAssessment.status": "ALLOW", "SecurityReview.screeningResult": "ALLOW",
    }),
    (19, "AA00S04001", {
        "VisaApplication.status": "DENY:CASE_CONDITION", "PassportData.number": "DENY:CASE_CONDITION",
        "Query.visaApplication": "DENY:CASE_CONDITION",
    }),
    (20, "AA00S03001", {"VisaApplication.applicationId": "ALLOW", "VisaApplication.status": "ALLOW"}),
    (21, "IOE0926025002", {"BenefitRequest.form": "ALLOW", "BenefitRequest.status": "ALLOW"}),
    (21, "ERC-00250001", {
        "Refusal.ground": "DENY:NO_AGREEMENT", "Visa.status": "DENY:NO_AGREEMENT",
        "Admission.classOfAdmission": "DENY:PURPOSE_NOT_COVERED",
    }),
    (24, "N0000600001", {"Admission.poe": "DENY:WITHHELD_BY_PROVIDER", "Arrival.flight": "DENY:WITHHELD_BY_PROVIDER"}),
    (25, "N0002300001", {"Termination.code": "ALLOW", "Termination.at": "ALLOW", "ExchangeVisitor.status": "ALLOW"}),
    (30, "S0100001", {"Visa.annotation": "DENY:STATUTE"}),
    (32, "IOE0925012001", {"Petition.status": "ABSENT", "Petition.formType": "ABSENT"}),
]  # fmt: skip

ASSESSED: dict[str, dict[str, Value]] = {
    "070000001A7": {
        "record.traveler.overstay.status": "SUSPECTED_IN_COUNTRY",
        "record.traveler.overstay.daysOver": 80,
        "record.traveler.overstay.basis": "I94_DATE",
    },
}
"""What CBP's assessment says of the traveler whose admission it is: computed when asked, so the world has it not."""


def shown(policy: Policy, number: int, coordinate: str, facts: dict[str, Value]) -> str:
    """The outcome as the rows write it."""
    _, caller = asker(number)
    decision = policy.decide(caller, Coordinate.parse(coordinate), facts, TODAY)
    assert decision.settled, f"{coordinate} needs {sorted(decision.needs)}"
    detail = decision.mask or decision.reason
    return f"{decision.outcome}:{detail}" if detail else str(decision.outcome)


@pytest.mark.parametrize(("number", "identifier", "expected"), ROWS, ids=[f"{n}-{i}" for n, i, _ in ROWS])
def test_a_question_comes_out_as_listed(real: Policy, number: int, identifier: str, expected: dict[str, str]) -> None:
    _, caller = asker(number)
    facts = case_facts(real, caller) | record(find(identifier)) | ASSESSED.get(identifier, {})
    assert {name: shown(real, number, name, facts) for name in expected} == expected


def test_question_9_only_the_ordinary_history_is_there(real: Policy) -> None:
    question, caller = asker(9)
    case = case_facts(real, caller)
    seen = {
        item.class_of_admission: shown(real, 9, "Admission.classOfAdmission", case | record(item))
        for item in journey(question).admissions
    }
    assert seen
    for code, outcome in seen.items():
        assert outcome == ("ABSENT" if code.startswith(("AS", "EF")) else "ALLOW")


def test_question_17_state_being_down_is_not_no_visa(real: Policy) -> None:
    _, caller = asker(17)
    facts = case_facts(real, caller) | {"subject.id": UNREACHABLE}
    assert shown(real, 17, "Visa.status", facts) == "UNAVAILABLE:FACT_UNAVAILABLE"


def test_question_18_a_petition_the_application_cites(real: Policy) -> None:
    _, caller = asker(18)
    petition = record(find("IOE0926001001")) | flags("TRV-01KST0RY000000000000000003")
    facts = case_facts(real, caller) | petition | {"case.receipts": ("IOE0926001001",)}
    assert shown(real, 18, "Petition.status", facts) == "ALLOW"


def test_question_20_the_event_stops_at_issued(real: Policy) -> None:
    _, caller = asker(20)
    facts = (
        case_facts(real, caller)
        | record(find("AA00S03001"))
        | {"record.status": "ISSUED", "record.decidedAt": "2026-09-01"}
    )
    assert shown(real, 20, "VisaApplication.status", facts) == "ABSENT"


@pytest.mark.parametrize(
    ("basis", "days", "expected"),
    [
        ("I94_DATE", 31, "ALLOW"),
        ("I94_DATE", 29, "ABSENT"),
        ("UNMATCHED_DEPARTURE", 90, "ABSENT"),
        (None, 90, "ABSENT"),
    ],
)
def test_question_22_a_lead_has_a_basis(real: Policy, basis: str | None, days: int, expected: str) -> None:
    question, caller = asker(22)
    found: dict[str, Value] = {"status": "SUSPECTED_IN_COUNTRY", "daysOver": days, "basis": basis}
    own = {f"record.{name}": value for name, value in found.items()}
    through = {f"record.traveler.overstay.{name}": value for name, value in found.items()}
    facts = case_facts(real, caller) | flags(journey(question).traveler_id)
    assert shown(real, 22, "OverstayAssessment.basis", facts | own) == expected
    for coordinate in ("Admission.classOfAdmission", "AuthorizedStay.until", "Departure.matchConfidence"):
        known = facts | through | record(find("070000001A7"))
        assert shown(real, 22, coordinate, known) == expected


def test_question_23_the_trained_supervisor_is_told_to_contact_counsel(real: Policy) -> None:
    question, caller = asker(23)
    petition = journey(question).petitions[0]
    facts = case_facts(real, caller) | record(petition)
    assert shown(real, 23, "Petition.status", facts) == "DENY:CONTACT_COUNSEL"
    for other in (replace(caller, training=()), replace(caller, role="ero-officer")):
        decision = real.decide(other, Coordinate("Petition", "status"), facts, TODAY)
        assert (decision.outcome.value, decision.reason) == ("ABSENT", "")


def test_question_24_the_day_of_arrival_and_nothing_else(real: Policy) -> None:
    _, caller = asker(24)
    arrived = {"record.classOfAdmission.code": "J1", "record.admittedAt": "2026-09-01T10:00:00Z"}
    facts = case_facts(real, caller) | flags("TRV-any") | arrived
    assert shown(real, 24, "Admission.admittedAt", facts) == "MASK:DATE_ONLY"
    sevis: dict[str, Value] = {"record.category.code": "13", "record.programNumber": "P-3-00017"}
    assert shown(real, 24, "ExchangeVisitor.status", facts | sevis) == "ALLOW"
    assert shown(real, 24, "ExchangeVisitor.status", facts | sevis | {"record.programNumber": "P-1-00001"}) == "ABSENT"


@pytest.mark.parametrize(("number", "expected"), [(26, "MASK:HASHED_REF"), (27, "MASK:HASHED_REF")])
def test_questions_26_and_27_the_record_names_nobody(real: Policy, number: int, expected: str) -> None:
    assert shown(real, number, "AuditEvent.subject", {"case.state": "closed"}) == expected
    assert shown(real, number, "AuditEvent.decision", {}) == "ALLOW"


def test_question_28_an_open_redress_case_names_the_person(real: Policy) -> None:
    assert shown(real, 28, "AuditEvent.subject", {"case.state": "open"}) == "ALLOW"
    assert shown(real, 28, "Discrepancy.values", {}) == "DENY:NO_AGREEMENT"


def test_question_29_one_screen_shows_every_kind_of_outcome(real: Policy) -> None:
    question, caller = asker(29)
    case = case_facts(real, caller)
    person = case | flags(journey(question).traveler_id)
    assert shown(real, 29, "PersonName.family", person) == "ALLOW"
    assert shown(real, 29, "Identifier.value", person | {"record.kind": "A_NUMBER"}) == "MASK:LAST4"
    assert shown(real, 29, "Identifier.value", person | {"record.kind": "FIN"}) == "ABSENT"
    assert shown(real, 29, "Lookout.instruction", person) == "DENY:WITHHELD_BY_PROVIDER"
    assert shown(real, 29, "OverstayAssessment.status", person | {"subject.p1367": UNREACHABLE}).startswith(
        "UNAVAILABLE"
    )


def test_question_31_break_glass_opens_no_statute(real: Policy) -> None:
    question, caller = asker(31)
    facts = case_facts(real, caller) | flags(journey(question).traveler_id)
    assert shown(real, 31, "PersonName.family", facts) == "ALLOW"
    assert shown(real, 31, "Arrival.at", facts) == "ALLOW"
    assert shown(real, 31, "Inspection.outcome", facts | {"record.outcome": "CREDIBLE_FEAR_REFERRAL"}) == "ABSENT"
    assert shown(real, 31, "Admission.admittedAt", facts | {"record.classOfAdmission.code": "384"}) == "ABSENT"
    assert shown(real, 31, "Petition.status", facts) == "DENY:NO_AGREEMENT"


def test_question_32_protected_or_nonexistent_the_decision_says_the_same(real: Policy) -> None:
    _, caller = asker(32)
    decision = real.decide(
        caller, Coordinate("Petition", "status"), case_facts(real, caller) | record(find("IOE0925012001")), TODAY
    )
    assert (decision.outcome.value, decision.reason, decision.mask, decision.how_to_request) == ("ABSENT", "", "", "")
