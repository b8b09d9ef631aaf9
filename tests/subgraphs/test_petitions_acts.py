"""What USCIS may do to a petition, and what it may not: each step recorded once, in one transaction."""

from __future__ import annotations

from typing import Any

import pytest

from subgraphs.kit.testing import NOW, Asked
from subgraphs.kit.world.claims import ACTIONS
from subgraphs.petitions.enums import PetitionStatus
from subgraphs.petitions.states import ACTION_OF_STEP, PETITION, UNDECIDED
from subgraphs.petitions.tables import ActionRow
from tests.subgraphs.conftest import SubgraphFactory
from tests.subgraphs.uscis import ADJUDICATOR, PERSON, petition

RECEIPT = "IOE0926000001"
S = PetitionStatus


def received(number: int = 1, status: PetitionStatus = S.RECEIVED) -> list[Any]:
    row = petition(number, status)
    first = ActionRow(
        receipt_number=row.receipt_number,
        sequence=1,
        code="IAA",
        label="Receipt",
        at=NOW,
        office="CSC",
        sensitive=False,
    )
    return [row, first]


async def act(app: Asked, name: str, selection: str = "status", **given: Any) -> Any:
    """The answer of mutation ``name`` with ``given`` as its input, asked by an adjudicator."""
    kind = name[0].upper() + name[1:]
    query = f"mutation($input: {kind}!) {{ {name}(input: $input) {{ {selection} }} }}"
    return await app.ask(query, {"input": given}, caller=ADJUDICATOR)


async def history(app: Asked, receipt: str = RECEIPT) -> Any:
    query = """query($r: String!) { petition(receiptNumber: $r) {
        status history { code at office } sensitiveHistory { code }
        beneficiary { petitionEvents { kind summary receiptNumber } } provenance { recordVersion asOf } } }"""
    return (await app.ask(query, {"r": receipt}))["data"]["petition"]


def code(answer: Any) -> str:
    return str(answer["errors"][0]["extensions"]["code"])


async def test_a_petition_goes_its_whole_way(subgraph: SubgraphFactory) -> None:
    app = await subgraph("petitions")
    steps: list[tuple[str, dict[str, Any], str]] = [
        (
            "receivePetition",
            {
                "formType": "I129",
                "classification": "h1b1",
                "petitionerName": "Northgate Analytics",
                "beneficiary": PERSON,
                "notifyPost": "NWD",
            },
            "RECEIVED",
        ),
        ("requestEvidence", {"reasons": ["Show the degree."]}, "EVIDENCE_REQUESTED"),
        ("recordEvidence", {}, "EVIDENCE_RECEIVED"),
        ("decidePetition", {"decision": "APPROVED", "validFrom": "2026-11-01", "validTo": "2029-10-31"}, "APPROVED"),
        ("sendPetitionToDos", {}, "SENT_TO_DOS"),
        ("returnPetitionFromDos", {"summary": "Doubts.", "refusalCategory": "212(a)(6)(C)(i)"}, "RETURNED_BY_DOS"),
        ("revokePetition", {"step": "NOTICE_OF_INTENT"}, "INTENT_TO_REVOKE"),
        ("reaffirmPetition", {}, "REAFFIRMED"),
    ]
    for name, given, status in steps:
        assert await act(app, name, receiptNumber=RECEIPT, **given) == {"data": {name: {"status": status}}}
    found = await history(app)
    assert [item["code"] for item in found["history"]] == ["IAA", "FBA", "HA", "DA", "KO", "CD", "DI"]
    assert found["sensitiveHistory"] == [{"code": "FC"}]
    assert {(item["at"], item["office"]) for item in found["history"]} == {("2026-11-01T12:00:00Z", "CSC")}
    kinds = [event["kind"] for event in found["beneficiary"]["petitionEvents"]]
    assert sorted(kinds) == sorted(
        f"petition.{name}"
        for name in (
            "received",
            "evidence-requested",
            "evidence-received",
            "approved",
            "sent-to-dos",
            "returned-by-dos",
            "reaffirmed",
        )
    )
    assert found["provenance"] == {"recordVersion": "8", "asOf": "2026-11-01T12:00:00Z"}


async def test_every_step_leaves_one_event_in_the_outbox_with_who_and_why(subgraph: SubgraphFactory) -> None:
    app = await subgraph("petitions", received())
    await act(app, "decidePetition", receiptNumber=RECEIPT, decision="DENIED", note="Not shown.")
    assert await app.events() == [
        {
            "at": NOW,
            "kind": "petition.denied",
            "entity": "Petition",
            "entity_key": RECEIPT,
            "payload": {"status": "DENIED", "action": "EA"},
            "actor": "USCIS/uscis-adjudicator/iso-csc-1",
            "case_reference": "IOE0926000001",
        }
    ]


async def test_a_refused_step_changes_nothing_and_names_what_is_allowed(subgraph: SubgraphFactory) -> None:
    app = await subgraph("petitions", received(status=S.DENIED))
    answer = await act(app, "requestEvidence", receiptNumber=RECEIPT, reasons=["Again."])
    assert code(answer) == "ILLEGAL_TRANSITION"
    assert answer["errors"][0]["extensions"]["allowed"] == []
    assert RECEIPT not in answer["errors"][0]["message"]
    found = await history(app)
    assert (found["status"], [item["code"] for item in found["history"]]) == ("DENIED", ["IAA"])
    assert found["provenance"]["recordVersion"] == "3"
    assert await app.events() == []
    reasons = await app.ask("query($r: String!) { petition(receiptNumber: $r) { rfeReasons } }", {"r": RECEIPT})
    assert reasons == {"data": {"petition": {"rfeReasons": []}}}


@pytest.mark.parametrize(
    ("status", "name", "given", "after"),
    [
        (S.RECEIVED, "decidePetition", {"decision": "WITHDRAWN"}, "WITHDRAWN"),
        (S.HELD, "decidePetition", {"decision": "ABANDONED"}, "ABANDONED"),
        (S.EVIDENCE_RECEIVED, "decidePetition", {"decision": "INTENT_TO_DENY"}, "INTENT_TO_DENY"),
        (S.INTENT_TO_DENY, "recordEvidence", {}, "EVIDENCE_RECEIVED"),
        (S.EVIDENCE_RECEIVED, "requestEvidence", {"reasons": ["More."]}, "EVIDENCE_REQUESTED"),
        (S.REAFFIRMED, "sendPetitionToDos", {}, "SENT_TO_DOS"),
        (S.RETURNED_BY_DOS, "reaffirmPetition", {}, "REAFFIRMED"),
        (S.INTENT_TO_REVOKE, "revokePetition", {}, "REVOKED"),
        (S.APPROVED, "revokePetition", {"by": "AUTOMATIC"}, "REVOKED"),
        (S.SENT_TO_DOS, "revokePetition", {"by": "DOS"}, "REVOKED"),
    ],
)
async def test_allowed(
    subgraph: SubgraphFactory, status: PetitionStatus, name: str, given: dict[str, Any], after: str
) -> None:
    app = await subgraph("petitions", received(status=status))
    assert await act(app, name, receiptNumber=RECEIPT, **given) == {"data": {name: {"status": after}}}


@pytest.mark.parametrize(
    ("status", "name", "given"),
    [
        (S.APPROVED, "decidePetition", {"decision": "DENIED"}),
        (S.RECEIVED, "recordEvidence", {}),
        (S.EVIDENCE_REQUESTED, "requestEvidence", {"reasons": ["Twice."]}),
        (S.RECEIVED, "sendPetitionToDos", {}),
        (S.APPROVED, "returnPetitionFromDos", {"summary": "x", "refusalCategory": "y"}),
        (S.APPROVED, "reaffirmPetition", {}),
        (S.APPROVED, "revokePetition", {}),  # by USCIS: notice comes first
        (S.RETURNED_BY_DOS, "revokePetition", {}),
        (S.RECEIVED, "revokePetition", {"by": "AUTOMATIC"}),
        (S.APPROVED, "revokePetition", {"by": "DOS"}),
        (S.REVOKED, "revokePetition", {"step": "NOTICE_OF_INTENT"}),
        (S.EXPIRED, "sendPetitionToDos", {}),
    ],
)
async def test_refused(subgraph: SubgraphFactory, status: PetitionStatus, name: str, given: dict[str, Any]) -> None:
    app = await subgraph("petitions", received(status=status))
    answer = await act(app, name, receiptNumber=RECEIPT, **given)
    assert answer["data"] == {name: None}
    assert code(answer) == "ILLEGAL_TRANSITION"
    assert (await history(app))["status"] == status.name


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("decidePetition", {"decision": "DENIED", "validFrom": "2026-11-01", "validTo": "2027-11-01"}, "BAD_INPUT"),
        ("decidePetition", {"decision": "APPROVED", "validFrom": "2026-11-01"}, "BAD_INPUT"),
        ("decidePetition", {"decision": "APPROVED", "validFrom": "2026-11-01", "validTo": "2026-10-01"}, "BAD_INPUT"),
        ("requestEvidence", {"reasons": [" "]}, "BAD_INPUT"),
        ("revokePetition", {"step": "NOTICE_OF_INTENT", "by": "DOS"}, "BAD_INPUT"),
        ("recordEvidence", {"receiptNumber": "IOE0926000999"}, "NO_SUCH_RECORD"),
        ("recordEvidence", {"receiptNumber": "17"}, "BAD_IDENTIFIER"),
    ],
)
async def test_bad_inputs(subgraph: SubgraphFactory, name: str, given: dict[str, Any], expected: str) -> None:
    app = await subgraph("petitions", received())
    answer = await act(app, name, **{"receiptNumber": RECEIPT, **given})
    assert code(answer) == expected
    assert await app.events() == []


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"receiptNumber": RECEIPT}, "CONFLICT"),
        ({"receiptNumber": "ioe"}, "BAD_IDENTIFIER"),
        ({"classification": "XYZ"}, "BAD_INPUT"),
        ({"notifyPost": "XYZ"}, "BAD_INPUT"),
        ({"beneficiary": "TRV-17"}, "BAD_IDENTIFIER"),
        ({"beneficiary": PERSON, "beneficiaryCount": 25}, "BAD_INPUT"),
        ({"beneficiaryCount": 0}, "BAD_INPUT"),
        ({"petitionerEin": "1"}, "BAD_IDENTIFIER"),
        ({"relatedReceipts": ["x"]}, "BAD_IDENTIFIER"),
    ],
)
async def test_what_intake_refuses(subgraph: SubgraphFactory, given: dict[str, Any], expected: str) -> None:
    app = await subgraph("petitions", received())
    good = {
        "receiptNumber": "IOE0926000500",
        "formType": "I129",
        "classification": "H2A",
        "petitionerName": "Pinecrest",
    }
    answer = await act(app, "receivePetition", **{**good, **given})
    assert code(answer) == expected
    assert await app.events() == []
    counted = await app.ask("{ petitions { totalCount } }")
    assert counted == {"data": {"petitions": {"totalCount": 1}}}


async def test_unnamed_workers_are_received_without_a_timeline(subgraph: SubgraphFactory) -> None:
    app = await subgraph("petitions")
    given = {
        "receiptNumber": "iof-0926-000500",
        "formType": "I129",
        "classification": "H2A",
        "petitionerName": "Pinecrest",
    }
    answer = await act(app, "receivePetition", "receiptNumber beneficiaryCount", **given, beneficiaryCount=25)
    assert answer == {"data": {"receivePetition": {"receiptNumber": "IOF0926000500", "beneficiaryCount": 25}}}
    assert [event["kind"] for event in await app.events()] == ["petition.received"]


async def test_a_decision_dates_the_record_and_an_intent_does_not(subgraph: SubgraphFactory) -> None:
    app = await subgraph("petitions", [*received(1), *received(2)])
    shown = "decidedOn validFrom validTo revokedBy"
    empty = {"decidedOn": None, "validFrom": None, "validTo": None, "revokedBy": None}
    answer = await act(app, "decidePetition", shown, receiptNumber=RECEIPT, decision="INTENT_TO_DENY")
    assert answer["data"]["decidePetition"] == empty
    dates = {"validFrom": "2026-11-02", "validTo": "2029-11-01"}
    answer = await act(app, "decidePetition", shown, receiptNumber="IOE0926000002", decision="APPROVED", **dates)
    assert answer["data"]["decidePetition"] == {**empty, **dates, "decidedOn": "2026-11-01"}
    answer = await act(app, "revokePetition", shown, receiptNumber="IOE0926000002", by="AUTOMATIC")
    assert answer["data"]["revokePetition"] == {**empty, **dates, "decidedOn": "2026-11-01", "revokedBy": "AUTOMATIC"}


async def test_a_later_evidence_request_adds_to_the_reasons(subgraph: SubgraphFactory) -> None:
    row = petition(1, S.EVIDENCE_RECEIVED, rfe_reasons=["First."])
    app = await subgraph("petitions", [row])
    answer = await act(app, "requestEvidence", "rfeReasons", receiptNumber=RECEIPT, reasons=["Second.", "Third."])
    assert answer["data"]["requestEvidence"] == {"rfeReasons": ["First.", "Second.", "Third."]}


def test_the_machine_and_the_actions_agree() -> None:
    for move in PETITION.transitions:
        recorded = ACTIONS[ACTION_OF_STEP[move.step]]
        assert recorded.status == move.after.name, move
    assert set(ACTION_OF_STEP) == {move.step for move in PETITION.transitions}
    for final in (S.REJECTED, S.DENIED, S.WITHDRAWN, S.ABANDONED, S.REVOKED, S.EXPIRED):
        assert PETITION.allowed(final) == ()
    for state in UNDECIDED:
        assert {S.APPROVED, S.DENIED} <= set(PETITION.allowed(state))
