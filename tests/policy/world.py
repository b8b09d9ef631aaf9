"""The facts of a question of domain.md section 4, taken from the synthetic world as the gateway would read them.

Only what conditions ask for is translated: ``facts_of(case)`` gives ``case.*``, ``record(thing)`` gives ``record.*`` and
``subject.*`` of one record. Flags are what USCIS would answer for the traveler.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from gateway.caller import Caller
from gateway.policy import Policy, Value
from subgraphs.kit.world.facts.admissions import AdmissionFact, DepartureFact, InspectionFact
from subgraphs.kit.world.facts.enforcement import RemovalCaseFact
from subgraphs.kit.world.facts.exchange import ExchangeVisitorFact
from subgraphs.kit.world.facts.petitions import BenefitRequestFact, PetitionFact
from subgraphs.kit.world.facts.security import SecurityReviewFact
from subgraphs.kit.world.facts.visas import VisaApplicationFact, VisaFact
from subgraphs.kit.world.model import Journey
from subgraphs.kit.world.questions import PERSONAS, QUESTIONS, Question
from subgraphs.kit.world.stories import stories

__all__ = ["JOURNEYS", "TODAY", "asker", "case_facts", "find", "flags", "journey", "record"]

TODAY = datetime(2026, 11, 1, 12, tzinfo=UTC)
JOURNEYS: tuple[Journey, ...] = stories(TODAY)
_KINDS = {
    "petitions": "receipt_number",
    "benefit_requests": "receipt_number",
    "visa_applications": "application_id",
    "visas": "foil_number",
    "security_reviews": "review_id",
    "inspections": "inspection_id",
    "admissions": "i94_number",
    "removal_cases": "case_id",
    "exchange_visitors": "sevis_id",
}


def journey(question: Question) -> Journey:
    """The story a question is about."""
    return next(each for each in JOURNEYS if each.story == question.story)


def find(identifier: str) -> Any:
    """The record with this identifier; raises ``StopIteration`` when no story has it."""
    for each in JOURNEYS:
        for part, name in _KINDS.items():
            for item in getattr(each, part):
                if getattr(item, name) == identifier:
                    return item
    raise LookupError(identifier)


def flags(traveler: str) -> dict[str, Value]:
    """The statutory flags of a traveler, as their authority answers."""
    found = next((each for each in JOURNEYS if each.traveler_id == traveler), None)
    return {
        "subject.id": traveler,
        "subject.p1367": bool(found and any(flag.until is None for flag in found.protected_flags)),
        "subject.asylum2086": bool(found and found.asylum_cases),
        "subject.sealed": bool(found and found.sealed),
        "subject.minor": bool(found and found.minor),
    }


def asker(number: int) -> tuple[Question, Caller]:
    """Question ``number`` and the caller who asks it."""
    question = QUESTIONS[number - 1]
    persona = PERSONAS[question.persona]
    caller = Caller(
        persona.agency, persona.role, persona.purpose, case=question.case or "", user=persona.user,
        location=persona.location, portfolio=persona.portfolio, training=persona.training,
        break_glass="BG-1" if persona.purpose == "safety-of-life" else "",
    )  # fmt: skip
    return question, caller


def case_facts(policy: Policy, caller: Caller) -> dict[str, Value]:
    """The ``case.*`` facts of the caller's case, read by the places the vocabulary names."""
    kind = policy.case_kind(caller)
    if kind is None:
        return {}
    if kind.name == "program":
        return {"case.kind": "program", "case.state": "open", "case.program": caller.case, "case.subject": None}
    item = find(kind.identifier(caller.case))
    known = record(item)
    paths = {
        "post.code": "record.post.code", "port.code": "record.port.code", "visaClass.code": "record.visaClass.code",
        "status": "record.status", "reviewStatus": "record.reviewStatus", "state": "record.state",
        "programNumber": "record.programNumber", "stage": "record.stage", "application.applicationId": "application",
        "application.petitionReceipts": "receipts",
    }  # fmt: skip
    if isinstance(item, SecurityReviewFact):
        known["application"] = item.application_id
        known["receipts"] = tuple(find(item.application_id).petition_receipts)
    facts: dict[str, Value] = {f"case.{name}": known[paths[path]] for name, path in kind.facts.items()}
    state = known[paths[kind.state]] if kind.state else None
    facts["case.state"] = "open" if not kind.state or state in kind.open else "closed"
    return facts | {"case.kind": kind.name, "case.subject": known["subject.id"]}


def record(item: Any) -> dict[str, Value]:
    """The ``record.*`` and ``subject.*`` facts of one record of the world."""
    match item:
        case PetitionFact():
            own = {
                "formType": item.form_type, "classification.code": item.classification, "receivedOn": item.received_on,
                "receiptNumber": item.receipt_number, "status": item.status,
            }  # fmt: skip
            return _facts(own, item.beneficiary or "")
        case BenefitRequestFact():
            return _facts({"form": item.form, "filedOn": item.filed_on, "status": item.status}, item.applicant)
        case VisaApplicationFact():
            own = {
                "status": item.status, "post.code": item.post, "visaClass.code": item.visa_class,
                "submittedAt": item.submitted_at, "decidedAt": item.decided_at,
            }  # fmt: skip
            return _facts(own, item.applicant)
        case VisaFact():
            return _facts({"issuedOn": item.issued_on, "visaClass.code": item.visa_class}, item.holder)
        case SecurityReviewFact():
            return _facts({"reviewStatus": item.review_status, "post.code": item.post}, item.subject)
        case InspectionFact():
            own = {
                "port.code": item.port, "state": item.state, "stage": item.stage, "outcome": item.outcome,
                "openedAt": item.opened_at,
            }  # fmt: skip
            return _facts(own, item.traveler)
        case AdmissionFact():
            own = {
                "classOfAdmission.code": item.class_of_admission, "admittedAt": item.admitted_at,
                "authorizedStay.kind": item.authorized_stay.kind, "authorizedStay.until": item.authorized_stay.until,
                "updateFlag": item.update_flag,
            }  # fmt: skip
            return _facts(own, item.traveler)
        case DepartureFact():
            return _facts({"at": item.at, "admission.classOfAdmission.code": "J1"}, item.traveler)
        case RemovalCaseFact():
            own = {"state": item.state, "stage": item.stage, "order.on": item.order.on if item.order else None}
            return _facts(own, item.traveler)
        case ExchangeVisitorFact():
            own = {"category.code": item.category, "programNumber": item.program_number, "status": item.status}
            return _facts(own, item.traveler)
    raise TypeError(type(item).__name__)


def _facts(own: dict[str, Any], traveler: str) -> dict[str, Value]:
    return {f"record.{name}": value for name, value in own.items()} | flags(traveler)
