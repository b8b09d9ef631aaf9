"""What consular officers do, end to end: the way from a form to a visa, and everything the law does not let pass."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from subgraphs.kit.testing import NOW, OFFICER, Asked
from subgraphs.visas.enums import ApplicationKind, BiometricResult, ConsularDisposition, VisaStatus
from subgraphs.visas.enums import VisaApplicationStatus as S
from subgraphs.visas.tables import RefusalRow, VisaApplicationRow, VisaEventRow, VisaRow
from tests.subgraphs.conftest import SubgraphFactory
from tests.subgraphs.test_visas import ANA, application, visa

NUMBER = "AA00000001"
FORM: dict[str, Any] = {
    "applicationId": "aa00000001",
    "travelerId": ANA,
    "kind": "NIV",
    "visaClass": "H1B",
    "post": "NWD",
    "passport": {"number": "UT1234567", "issuer": "UTO", "issued": "2020-01-01", "expires": "2030-01-01"},
    "answers": {"travelPlans": "work", "securityAnswers": ["no"]},
    "petitionReceipts": ["IOE-09-260-01001"],
}
FOIL: dict[str, Any] = {
    "applicationId": NUMBER,
    "foilNumber": "S0100001",
    "controlNumber": "20260010000001",
    "expiresOn": "2029-11-01",
    "entries": "MULTIPLE",
}


async def act(app: Asked, name: str, type_: str, given: dict[str, Any], select: str, **more: Any) -> Any:
    """The mutation's value, or the code and message of its refusal."""
    answer = await app.ask(
        f"mutation($input: {type_}!) {{ {name}(input: $input) {{ {select} }} }}", {"input": given}, **more
    )
    if "errors" in answer:
        (error,) = answer["errors"]
        assert answer["data"] == {name: None}
        return error["extensions"]["code"], error["message"]
    return answer["data"][name]


async def stored(app: Asked, model: type[Any]) -> list[Any]:
    async with app.subgraph.database.session() as session:
        return list((await session.scalars(select(model))).all())


async def refused(app: Asked, name: str, type_: str, given: dict[str, Any], code: str, **more: Any) -> str:
    """The message of a refusal with ``code``; nothing was written."""
    before = len(await app.events())
    got, message = await act(app, name, type_, given, "__typename", **more)
    assert got == code, message
    assert len(await app.events()) == before
    return str(message)


async def test_from_the_form_to_the_foil(subgraph: SubgraphFactory) -> None:
    app = await subgraph("visas")
    status = "applicationId status"
    at = {"applicationId": NUMBER}
    steps: list[tuple[str, str, dict[str, Any], str]] = [
        ("submitApplication", "SubmitApplicationInput", FORM, "SUBMITTED"),
        (
            "scheduleInterview",
            "ScheduleInterviewInput",
            {**at, "at": "2026-11-10T09:00:00Z", "fee": {"code": "MRV", "usdMinor": 20500}},
            "SCHEDULED",
        ),
        (
            "recordInterview",
            "RecordInterviewInput",
            {**at, "biometricResult": "NO_HIT", "note": "ok"},
            "IN_ADJUDICATION",
        ),
        ("adjudicateApplication", "AdjudicateApplicationInput", {**at, "decision": "APPROVED"}, "APPROVED_NOT_ISSUED"),
    ]
    for name, type_, given, expected in steps:
        got = await act(app, name, type_, given, status)
        assert got == {"applicationId": NUMBER, "status": expected}
    issued = await act(
        app, "issueVisa", "IssueVisaInput", FOIL, "foilNumber status issuedOn visaClass { code } application { status }"
    )
    assert issued == {
        "foilNumber": "S0100001",
        "status": "ISSUED",
        "issuedOn": "2026-11-01",
        "visaClass": {"code": "H1B"},
        "application": {"status": "ISSUED"},
    }
    (row,) = await stored(app, VisaApplicationRow)
    assert row.petition_receipts == ["IOE0926001001"]
    assert row.fees == [{"code": "MRV", "usdMinor": 20500}]
    assert (row.record_version, row.as_of) == ("7", NOW)
    told = [event.kind for event in await stored(app, VisaEventRow)]
    assert sorted(told) == sorted(
        [
            "application.submitted",
            "application.fee_paid",
            "application.scheduled",
            "application.biometrics",
            "application.interviewed",
            "application.approved",
            "visa.issued",
        ]
    )
    events = await app.events()
    assert [event["payload"].get("status") for event in events] == [
        "SUBMITTED",
        "FEE_PAID",
        "SCHEDULED",
        "BIOMETRICS_TAKEN",
        "IN_ADJUDICATION",
        "APPROVED_NOT_ISSUED",
        "ISSUED",
        "ISSUED",
    ]
    assert events[-1]["kind"] == "visaIssued"
    assert {event["actor"] for event in events} == {"STATE_CA/consular-officer/test"}


@pytest.mark.parametrize("status", [s for s in S if s is not S.APPROVED_NOT_ISSUED])
async def test_only_an_approved_application_is_printed(subgraph: SubgraphFactory, status: S) -> None:
    app = await subgraph("visas", [application(status=status)])
    message = await refused(app, "issueVisa", "IssueVisaInput", FOIL, "ILLEGAL_TRANSITION")
    assert message.startswith("VisaApplication.status does not allow step issue now")
    assert await stored(app, VisaRow) == []


@pytest.mark.parametrize("status", [S.SUBMITTED, S.APPROVED_NOT_ISSUED, S.REFUSED_214B, S.ISSUED, S.WITHDRAWN])
async def test_nothing_is_decided_out_of_turn(subgraph: SubgraphFactory, status: S) -> None:
    app = await subgraph("visas", [application(status=status)])
    decided = {"applicationId": NUMBER, "decision": "APPROVED"}
    await refused(app, "adjudicateApplication", "AdjudicateApplicationInput", decided, "ILLEGAL_TRANSITION")
    refusal = {"applicationId": NUMBER, "ground": "214(b)"}
    await refused(app, "refuseVisa", "RefuseVisaInput", refusal, "ILLEGAL_TRANSITION")
    assert await stored(app, RefusalRow) == []
    (row,) = await stored(app, VisaApplicationRow)
    assert (row.status, row.record_version) == (status, "3")


async def test_no_interview_before_the_fee_and_none_in_the_past(subgraph: SubgraphFactory) -> None:
    app = await subgraph("visas", [application(status=S.SUBMITTED, fees=[])])
    at = {"applicationId": NUMBER, "at": "2026-11-10T09:00:00Z"}
    await refused(app, "scheduleInterview", "ScheduleInterviewInput", at, "ILLEGAL_TRANSITION")
    fee = {"code": "MRV", "usdMinor": 20500}
    past = {**at, "at": "2026-10-10T09:00:00Z", "fee": fee}
    await refused(app, "scheduleInterview", "ScheduleInterviewInput", past, "BAD_INPUT")
    waiver = {"authority": "INA 222(h)", "ruleVersion": "2025-10-01"}
    both = {**at, "fee": fee, "waiver": waiver}
    await refused(app, "scheduleInterview", "ScheduleInterviewInput", both, "BAD_INPUT")
    got = await act(
        app,
        "scheduleInterview",
        "ScheduleInterviewInput",
        {"applicationId": NUMBER, "waiver": waiver, "fee": fee},
        "status interviewWaiver { waived authority ruleVersion } fees { usdMinor }",
    )
    assert got == {
        "status": "INTERVIEW_WAIVED",
        "interviewWaiver": {"waived": True, **waiver},
        "fees": [{"usdMinor": 20500}],
    }


async def test_no_approval_without_an_answer_of_the_biometric_system(subgraph: SubgraphFactory) -> None:
    app = await subgraph("visas", [application(biometric_result=BiometricResult.UNAVAILABLE)])
    decided = {"applicationId": NUMBER, "decision": "APPROVED"}
    await refused(app, "adjudicateApplication", "AdjudicateApplicationInput", decided, "BAD_INPUT")


async def test_a_hit_names_the_identity_it_hit(subgraph: SubgraphFactory) -> None:
    app = await subgraph("visas", [application(status=S.SCHEDULED)])
    hit = {"applicationId": NUMBER, "biometricResult": "HIT"}
    await refused(app, "recordInterview", "RecordInterviewInput", hit, "BAD_INPUT")


async def test_processing_is_a_221g_refusal_that_the_approval_overcomes(subgraph: SubgraphFactory) -> None:
    app = await subgraph("visas", [application()])
    seen = "status publicStatus refusals { ground overcome } sao { requested program repliedAt }"
    given = {"applicationId": NUMBER, "decision": "ADMINISTRATIVE_PROCESSING", "advisoryProgram": "MANTIS"}
    got = await act(app, "adjudicateApplication", "AdjudicateApplicationInput", given, seen)
    assert got == {
        "status": "ADMINISTRATIVE_PROCESSING",
        "publicStatus": "REFUSED",
        "refusals": [{"ground": "221(g)", "overcome": False}],
        "sao": {"requested": True, "program": "MANTIS", "repliedAt": None},
    }
    given = {"applicationId": NUMBER, "decision": "APPROVED"}
    got = await act(app, "adjudicateApplication", "AdjudicateApplicationInput", given, "status refusals { overcome }")
    assert got == {"status": "APPROVED_NOT_ISSUED", "refusals": [{"overcome": True}]}
    assert "MANTIS" not in repr(await app.events()), "the program's name stays where it is"


@pytest.mark.parametrize(
    ("ground", "status", "field"),
    [
        ("221(g)", "REFUSED_221G_DOCUMENTS", "refusals"),
        ("214(b)", "REFUSED_214B", "refusals"),
        ("212(a)(3)(B)", "REFUSED_212A", "seriousRefusals"),
        ("212(a)(1)(A)(i)", "REFUSED_212A", "medicalRefusals"),
        ("212(f)", "REFUSED_OTHER", "refusals"),
    ],
)
async def test_a_refusal_goes_where_its_ground_belongs(
    subgraph: SubgraphFactory, ground: str, status: str, field: str
) -> None:
    app = await subgraph("visas", [application()])
    select = "status publicStatus refusals { ground } seriousRefusals { ground } medicalRefusals { ground }"
    got = await act(app, "refuseVisa", "RefuseVisaInput", {"applicationId": NUMBER, "ground": ground}, select)
    empty: dict[str, Any] = {"refusals": [], "seriousRefusals": [], "medicalRefusals": []}
    assert got == {"status": status, "publicStatus": "REFUSED", **empty, field: [{"ground": ground}]}
    # the ground is derogatory or medical in places, so neither the timeline nor the event tells it
    assert ground not in repr([event.summary for event in await stored(app, VisaEventRow)])
    assert ground not in repr(await app.events())


async def test_a_ground_is_a_citation_and_fits_the_kind(subgraph: SubgraphFactory) -> None:
    app = await subgraph("visas", [application(kind=ApplicationKind.IV)])
    for ground in ("bad feeling", "214(b)"):
        given = {"applicationId": NUMBER, "ground": ground}
        await refused(app, "refuseVisa", "RefuseVisaInput", given, "BAD_INPUT")


async def test_an_approval_taken_back_can_then_be_refused(subgraph: SubgraphFactory) -> None:
    app = await subgraph("visas", [application(status=S.APPROVED_NOT_ISSUED, decided_at=NOW)])
    given = {"applicationId": NUMBER, "reason": "new information"}
    got = await act(
        app, "returnToAdjudication", "ReturnToAdjudicationInput", given, "status decidedAt consularNotes { text }"
    )
    assert got == {
        "status": "RETURNED_TO_ADJUDICATION",
        "decidedAt": None,
        "consularNotes": [{"text": "new information"}],
    }
    got = await act(app, "refuseVisa", "RefuseVisaInput", {"applicationId": NUMBER, "ground": "214(b)"}, "status")
    assert got == {"status": "REFUSED_214B"}
    await refused(app, "returnToAdjudication", "ReturnToAdjudicationInput", given, "ILLEGAL_TRANSITION")


async def test_a_revocation_takes_the_visa_and_tells_the_ports(subgraph: SubgraphFactory) -> None:
    app = await subgraph("visas", [application(status=S.ISSUED), visa()])
    given = {
        "foilNumber": "s0100001",
        "kind": "PRUDENTIAL",
        "ground": "212(a)(3)(B)",
        "effective": "2026-11-02T00:00:00Z",
    }
    got = await act(
        app,
        "revokeVisa",
        "RevokeVisaInput",
        given,
        "status revocation { kind at effective noticeTo ground } application { status publicStatus }",
    )
    assert got == {
        "status": "REVOKED",
        "revocation": {
            "kind": "PRUDENTIAL",
            "at": "2026-11-01T12:00:00Z",
            "effective": "2026-11-02T00:00:00Z",
            "noticeTo": ["CBP", "ICE_VSP"],
            "ground": "212(a)(3)(B)",
        },
        "application": {"status": "REVOKED", "publicStatus": "ISSUED"},
    }
    *_, event = await app.events()
    assert (event["kind"], event["entity"], event["entity_key"]) == ("visaRevoked", "Visa", "S0100001")
    assert event["payload"] == {"status": "REVOKED", "kind": "PRUDENTIAL", "effective": "2026-11-02T00:00:00+00:00"}
    await refused(app, "revokeVisa", "RevokeVisaInput", given, "ILLEGAL_TRANSITION")


async def test_an_expired_visa_cannot_be_revoked_and_an_unknown_one_is_no_record(subgraph: SubgraphFactory) -> None:
    app = await subgraph("visas", [application(status=S.EXPIRED), visa(status=VisaStatus.EXPIRED)])
    given = {"foilNumber": "S0100001", "kind": "REVOKED", "ground": "214(b)"}
    await refused(app, "revokeVisa", "RevokeVisaInput", given, "ILLEGAL_TRANSITION")
    await refused(app, "revokeVisa", "RevokeVisaInput", {**given, "foilNumber": "S9999999"}, "NO_SUCH_RECORD")
    await refused(app, "revokeVisa", "RevokeVisaInput", {**given, "foilNumber": "nonsense"}, "BAD_IDENTIFIER")


async def test_a_foil_is_used_once(subgraph: SubgraphFactory) -> None:
    app = await subgraph("visas", [application(), visa(), application("AA00000002", status=S.APPROVED_NOT_ISSUED)])
    await refused(app, "issueVisa", "IssueVisaInput", {**FOIL, "applicationId": "AA00000002"}, "CONFLICT")
    backwards = {**FOIL, "applicationId": "AA00000002", "foilNumber": "S0100009", "expiresOn": "2026-11-01"}
    await refused(app, "issueVisa", "IssueVisaInput", backwards, "BAD_INPUT")


async def test_a_form_is_taken_in_once_and_a_draft_becomes_it(subgraph: SubgraphFactory) -> None:
    app = await subgraph("visas", [application(status=S.DRAFT, submitted_at=None)])
    assert await act(app, "submitApplication", "SubmitApplicationInput", FORM, "status") == {"status": "SUBMITTED"}
    await refused(app, "submitApplication", "SubmitApplicationInput", FORM, "CONFLICT")


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("visaClass", "ZZZ", "BAD_INPUT"),
        ("post", "ATL", "BAD_INPUT"),
        ("applicationId", "nonsense", "BAD_IDENTIFIER"),
        ("petitionReceipts", ["nonsense"], "BAD_IDENTIFIER"),
        ("passport", {**FORM["passport"], "expires": "2026-11-01"}, "BAD_INPUT"),
    ],
)
async def test_a_form_that_is_wrong_is_not_taken_in(
    subgraph: SubgraphFactory, field: str, value: Any, code: str
) -> None:
    app = await subgraph("visas")
    await refused(app, "submitApplication", "SubmitApplicationInput", {**FORM, field: value}, code)
    assert await stored(app, VisaApplicationRow) == []


async def test_an_officer_acts_on_the_applications_of_that_post_only(subgraph: SubgraphFactory) -> None:
    app = await subgraph("visas", [application(post="LND")])
    given = {"applicationId": NUMBER, "ground": "214(b)"}
    await refused(app, "refuseVisa", "RefuseVisaInput", given, "NOT_PERMITTED")
    washington = replace(OFFICER, location="")
    got = await act(app, "refuseVisa", "RefuseVisaInput", given, "status", caller=washington)
    assert got == {"status": "REFUSED_214B"}


async def test_a_disposition_reports_the_status_and_never_changes_it(subgraph: SubgraphFactory) -> None:
    app = await subgraph("visas", [application(status=S.APPROVED_NOT_ISSUED)])
    kind = "RecordConsularDispositionInput"
    for wrong in ("CONCURRED_REFUSED", "ISSUED_NOTWITHSTANDING"):
        given = {"applicationId": NUMBER, "disposition": wrong}
        await refused(app, "recordConsularDisposition", kind, given, "ILLEGAL_TRANSITION")
    given = {"applicationId": NUMBER, "disposition": "PENDING"}
    got = await act(app, "recordConsularDisposition", kind, given, "status consularDisposition")
    assert got == {"status": "APPROVED_NOT_ISSUED", "consularDisposition": "PENDING"}
    (row,) = await stored(app, VisaApplicationRow)
    assert row.consular_disposition is ConsularDisposition.PENDING


async def test_an_act_that_fails_late_leaves_nothing_behind(subgraph: SubgraphFactory) -> None:
    # the visa could be revoked, its application could not: the two are one transaction
    app = await subgraph("visas", [application(status=S.EXPIRED), visa(status=VisaStatus.ISSUED)])
    given = {"foilNumber": "S0100001", "kind": "REVOKED", "ground": "214(b)"}
    await refused(app, "revokeVisa", "RevokeVisaInput", given, "ILLEGAL_TRANSITION")
    (row,) = await stored(app, VisaRow)
    assert (row.status, row.revocation_kind, row.record_version) == (VisaStatus.ISSUED, None, "3")
    assert await stored(app, VisaEventRow) == []
