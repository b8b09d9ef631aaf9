"""The consular subgraph, asked as the gateway asks it: reads, batches, filters, pages, and what its SDL says."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import event

from subgraphs.kit.testing import NOW, Asked
from subgraphs.visas.enums import (
    ApplicationKind,
    BiometricResult,
    RevocationKind,
    VisaApplicationStatus,
    VisaEntries,
    VisaStatus,
)
from subgraphs.visas.tables import (
    ConsularNoteRow,
    PimsRow,
    RefusalRow,
    VisaApplicationRow,
    VisaEventRow,
    VisaRow,
)
from tests.subgraphs.conftest import SubgraphFactory

CCD: dict[str, Any] = {
    "agency": "STATE_CA",
    "system": "CCD",
    "record_version": "3",
    "as_of": NOW - timedelta(minutes=5),
    "received_at": NOW,
}
ANA = "TRV-01J9ZZZZZZZZZZZZZZZZZZZZZ1"
BEN = "TRV-01J9ZZZZZZZZZZZZZZZZZZZZZ2"


def application(number: str = "AA00000001", **changed: Any) -> VisaApplicationRow:
    """An H-1B application at New Delhi, in adjudication unless changed."""
    columns: dict[str, Any] = {
        "applicant_id": ANA,
        "kind": ApplicationKind.NIV,
        "visa_class": "H1B",
        "post": "NWD",
        "status": VisaApplicationStatus.IN_ADJUDICATION,
        "submitted_at": datetime(2026, 10, 1, 8, tzinfo=UTC),
        "interview_at": datetime(2026, 10, 20, 9, tzinfo=UTC),
        "petition_receipts": ["IOE0926001001"],
        "fees": [{"code": "MRV", "usdMinor": 20500}],
        "passport_number": "UT1234567",
        "passport_issuer": "UTO",
        "passport_issued": date(2020, 1, 1),
        "passport_expires": date(2030, 1, 1),
        "biometric_result": BiometricResult.NO_HIT,
        "biometric_fin": "7700100001",
        "biometric_submitted_at": datetime(2026, 10, 20, 9, tzinfo=UTC),
        **CCD,
    }
    return VisaApplicationRow(application_id=number, **(columns | changed))


def visa(foil: str = "S0100001", application_id: str = "AA00000001", **changed: Any) -> VisaRow:
    """A five-year visa on an application, in force unless changed."""
    columns: dict[str, Any] = {
        "control_number": f"2026001{foil[1:]}",
        "holder_id": ANA,
        "visa_class": "H1B",
        "issued_on": date(2026, 10, 25),
        "expires_on": date(2031, 10, 24),
        "entries": VisaEntries.MULTIPLE,
        "issuing_post": "NWD",
        "status": VisaStatus.ISSUED,
        "passport_number": "UT1234567",
        **CCD,
    }
    return VisaRow(foil_number=foil, application_id=application_id, **(columns | changed))


def refusal(ground: str, family: str, application_id: str = "AA00000001", **changed: Any) -> RefusalRow:
    """A refusal at New Delhi in 2025."""
    columns: dict[str, Any] = {"at": datetime(2025, 5, 1, tzinfo=UTC), "post": "NWD", "overcome": False}
    return RefusalRow(application_id=application_id, ground=ground, family=family, **(columns | changed))


def statements(app: Asked) -> list[str]:
    """A list that grows with every SELECT the subgraph sends from now on."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, text: str, *_rest: Any) -> None:
        if text.lstrip().upper().startswith("SELECT"):
            seen.append(text)

    event.listen(app.subgraph.database.engine.sync_engine, "before_cursor_execute", note)
    return seen


async def test_an_application_with_everything_on_it(subgraph: SubgraphFactory) -> None:
    row = application(
        waiver_waived=False,
        waiver_authority="INA 222(h)",
        waiver_rule_version="2025-10-01",
        ds_travel_plans="two weeks",
        ds_social_media=["@utopia"],
        ds_security_answers=["no"],
        sao_requested=True,
        sao_program="DONKEY",
        sao_requested_at=NOW,
        fraud_referred=True,
        fraud_outcome="CLEARED",
    )
    note = ConsularNoteRow(application_id="AA00000001", at=NOW, author="co-nwd-1", text="Documents asked for")
    app = await subgraph("visas", [row, note])
    answer = await app.ask(
        """query($id: String!) { visaApplication(applicationId: $id) {
          applicationId kind visaClass { list code label } post { list code label } applicant { id }
          passport { number issuer expires } interviewWaiver { waived authority ruleVersion }
          status publicStatus petitionReceipts petitions { receiptNumber }
          dsAnswers { travelPlans socialMedia securityAnswers } sao { requested program requestedAt reply }
          biometricCheck { fin result } consularNotes { author text } fraudPrevention { referred outcome }
          consularDisposition fees { code usdMinor } visa { foilNumber }
          provenance { agency system recordVersion asOf stale } } }""",
        {"id": "AA00000001"},
    )
    assert answer == {
        "data": {
            "visaApplication": {
                "applicationId": "AA00000001",
                "kind": "NIV",
                "visaClass": {"list": "coa", "code": "H1B", "label": "Specialty occupation"},
                "post": {"list": "post", "code": "NWD", "label": "New Delhi"},
                "applicant": {"id": ANA},
                "passport": {"number": "UT1234567", "issuer": "UTO", "expires": "2030-01-01"},
                "interviewWaiver": {"waived": False, "authority": "INA 222(h)", "ruleVersion": "2025-10-01"},
                "status": "IN_ADJUDICATION",
                "publicStatus": "READY",
                "petitionReceipts": ["IOE0926001001"],
                "petitions": [{"receiptNumber": "IOE0926001001"}],
                "dsAnswers": {"travelPlans": "two weeks", "socialMedia": ["@utopia"], "securityAnswers": ["no"]},
                "sao": {"requested": True, "program": "DONKEY", "requestedAt": "2026-11-01T12:00:00Z", "reply": None},
                "biometricCheck": {"fin": "7700100001", "result": "NO_HIT"},
                "consularNotes": [{"author": "co-nwd-1", "text": "Documents asked for"}],
                "fraudPrevention": {"referred": True, "outcome": "CLEARED"},
                "consularDisposition": None,
                "fees": [{"code": "MRV", "usdMinor": 20500}],
                "visa": None,
                "provenance": {
                    "agency": "STATE_CA",
                    "system": "CCD",
                    "recordVersion": "3",
                    "asOf": "2026-11-01T11:55:00Z",
                    "stale": False,
                },
            }
        }
    }


async def test_groups_that_were_never_filled_are_null_not_empty_objects(subgraph: SubgraphFactory) -> None:
    app = await subgraph("visas", [application(passport_number=None, biometric_result=None)])
    answer = await app.ask(
        """{ visaApplication(applicationId: "AA00000001") { passport { number } interviewWaiver { waived }
             dsAnswers { employer } sao { requested } biometricCheck { result } fraudPrevention { referred } } }"""
    )
    assert set(answer["data"]["visaApplication"].values()) == {None}


async def test_serious_and_medical_refusals_never_show_among_the_ordinary_ones(subgraph: SubgraphFactory) -> None:
    later = datetime(2026, 5, 1, tzinfo=UTC)
    app = await subgraph(
        "visas",
        [
            application(),
            refusal("212(a)(6)(C)(i)", "ORDINARY", at=later, waiver_kind="212(d)(3)(A)", waiver_decided_by="CBP"),
            refusal("221(g)", "ORDINARY", overcome=True),
            refusal("212(a)(3)(B)", "SERIOUS"),
            refusal("212(a)(1)(A)(i)", "MEDICAL"),
        ],
    )
    answer = await app.ask(
        """{ visaApplication(applicationId: "AA00000001") {
             refusals { ground overcome post { code } waiver { kind decidedBy } }
             seriousRefusals { ground waiver { kind } } medicalRefusals { ground } } }"""
    )
    assert answer["data"]["visaApplication"] == {
        "refusals": [
            {"ground": "221(g)", "overcome": True, "post": {"code": "NWD"}, "waiver": None},
            {
                "ground": "212(a)(6)(C)(i)",
                "overcome": False,
                "post": {"code": "NWD"},
                "waiver": {"kind": "212(d)(3)(A)", "decidedBy": "CBP"},
            },
        ],
        "seriousRefusals": [{"ground": "212(a)(3)(B)", "waiver": None}],
        "medicalRefusals": [{"ground": "212(a)(1)(A)(i)"}],
    }


async def test_a_visa_answers_to_either_of_its_numbers(subgraph: SubgraphFactory) -> None:
    revoked = visa(
        "S0100002",
        status=VisaStatus.REVOKED,
        revocation_kind=RevocationKind.PRUDENTIAL,
        revocation_at=NOW,
        revocation_effective=NOW,
        revocation_notice_to=["CBP"],
        revocation_ground="212(a)(3)(B)",
    )
    app = await subgraph("visas", [application(), visa(), revoked])
    found = await app.entities(
        [
            {"__typename": "Visa", "foilNumber": "S0100001"},
            {"__typename": "Visa", "controlNumber": "20260010100002"},
            {"__typename": "Visa", "controlNumber": "00000000000000"},
            {"__typename": "Visa"},
        ],
        "... on Visa { foilNumber controlNumber holder { id } application { applicationId } revocation { kind noticeTo } }",
    )
    assert found == [
        {
            "foilNumber": "S0100001",
            "controlNumber": "20260010100001",
            "holder": {"id": ANA},
            "application": {"applicationId": "AA00000001"},
            "revocation": None,
        },
        {
            "foilNumber": "S0100002",
            "controlNumber": "20260010100002",
            "holder": {"id": ANA},
            "application": {"applicationId": "AA00000001"},
            "revocation": {"kind": "PRUDENTIAL", "noticeTo": ["CBP"]},
        },
        None,
        None,
    ]


async def test_a_hundred_applications_and_their_visas_are_two_statements(subgraph: SubgraphFactory) -> None:
    numbers = [f"AA000{n:05}" for n in range(100)]
    rows: list[Any] = [application(number) for number in numbers]
    rows += [visa(f"S{n:07}", number) for n, number in enumerate(numbers)]
    app = await subgraph("visas", rows)
    seen = statements(app)
    found = await app.entities(
        [{"__typename": "VisaApplication", "applicationId": number} for number in numbers],
        "... on VisaApplication { applicationId visa { foilNumber } }",
    )
    assert [item["visa"]["foilNumber"] for item in found] == [f"S{n:07}" for n in range(100)]
    assert len(seen) == 2


async def test_many_travelers_applications_are_one_statement(subgraph: SubgraphFactory) -> None:
    app = await subgraph("visas", [application(), application("AA00000002", applicant_id=BEN)])
    seen = statements(app)
    found = await app.entities(
        [{"__typename": "Traveler", "id": ANA}, {"__typename": "Traveler", "id": BEN}],
        "... on Traveler { id visaApplications { totalCount nodes { applicationId } } }",
    )
    assert [item["visaApplications"]["nodes"] for item in found] == [
        [{"applicationId": "AA00000001"}],
        [{"applicationId": "AA00000002"}],
    ]
    assert len(seen) == 1


async def test_a_travelers_applications_filtered_ordered_and_paged(subgraph: SubgraphFactory) -> None:
    def day(number: int) -> datetime:
        return datetime(2026, 9, number, tzinfo=UTC)

    app = await subgraph(
        "visas",
        [
            application("AA00000001", submitted_at=day(1), status=VisaApplicationStatus.REFUSED_214B),
            application("AA00000002", submitted_at=day(2), post="BMB"),
            application("AA00000003", submitted_at=day(3)),
            application("AA00000004", submitted_at=None, status=VisaApplicationStatus.DRAFT),
        ],
    )
    query = """query($r: [_Any!]!, $f: VisaApplicationFilter, $o: VisaApplicationOrder, $n: Int, $a: String) {
      _entities(representations: $r) { ... on Traveler {
        visaApplications(filter: $f, orderBy: $o, first: $n, after: $a) {
          totalCount nodes { applicationId } pageInfo { hasNextPage endCursor } } } } }"""

    async def page(**more: Any) -> Any:
        answer = await app.ask(query, {"r": [{"__typename": "Traveler", "id": ANA}], **more})
        return answer["data"]["_entities"][0]["visaApplications"]

    def numbers(got: Any) -> list[int]:
        return [int(node["applicationId"][2:]) for node in got["nodes"]]

    assert numbers(await page(f={"status": "REFUSED_214B"})) == [1]
    assert numbers(await page(f={"post": "BMB"})) == [2]
    assert numbers(await page(f={"submittedOnOrAfter": "2026-09-02"})) == [3, 2]
    assert numbers(await page(o={"field": "SUBMITTED_AT", "direction": "ASC"})) == [1, 2, 3, 4]
    first = await page(n=3)
    assert (numbers(first), first["totalCount"], first["pageInfo"]["hasNextPage"]) == ([4, 3, 2], 4, True)
    rest = await page(n=3, a=first["pageInfo"]["endCursor"])
    assert (numbers(rest), rest["totalCount"], rest["pageInfo"]["hasNextPage"]) == ([1], 4, False)


async def test_the_queue_of_a_post(subgraph: SubgraphFactory) -> None:
    app = await subgraph(
        "visas", [application("AA00000001"), application("AA00000002", post="LND"), application("AA00000003")]
    )
    answer = await app.ask(
        """{ visaApplications(filter: {post: "NWD", status: IN_ADJUDICATION}, first: 1) {
             totalCount edges { node { applicationId } } pageInfo { hasNextPage } } }"""
    )
    assert answer["data"]["visaApplications"] == {
        "totalCount": 2,
        "edges": [{"node": {"applicationId": "AA00000001"}}],
        "pageInfo": {"hasNextPage": True},
    }


async def test_petition_evidence_is_states_own_and_may_lag(subgraph: SubgraphFactory) -> None:
    app = await subgraph(
        "visas",
        [
            PimsRow(receipt_number="IOE0926001001", present=True, recorded_at=NOW, verified_by="KCC", **CCD),
            PimsRow(receipt_number="IOE0926001002", present=False, **CCD),
        ],
    )
    found = await app.entities(
        [{"__typename": "Petition", "receiptNumber": f"IOE092600100{n}"} for n in (1, 2, 3)],
        "... on Petition { receiptNumber pims { present recordedAt verifiedBy } }",
    )
    assert [item["pims"] for item in found] == [
        {"present": True, "recordedAt": "2026-11-01T12:00:00Z", "verifiedBy": "KCC"},
        {"present": False, "recordedAt": None, "verifiedBy": None},
        None,
    ]


async def test_the_timeline_is_told_oldest_first_with_provenance(subgraph: SubgraphFactory) -> None:
    def happened(id: str, at: datetime, kind: str) -> VisaEventRow:
        return VisaEventRow(id=id, traveler_id=ANA, at=at, kind=kind, summary="x", application_id="AA00000001", **CCD)

    app = await subgraph(
        "visas",
        [happened("EV-2", NOW, "application.approved"), happened("EV-1", NOW - timedelta(1), "application.submitted")],
    )
    (found,) = await app.entities(
        [{"__typename": "Traveler", "id": ANA}],
        "... on Traveler { visaEvents { __typename id at kind summary applicationId foilNumber provenance { agency } } }",
    )
    assert [item["id"] for item in found["visaEvents"]] == ["EV-1", "EV-2"]
    assert found["visaEvents"][1] == {
        "__typename": "VisaEvent",
        "id": "EV-2",
        "at": "2026-11-01T12:00:00Z",
        "kind": "application.approved",
        "summary": "x",
        "applicationId": "AA00000001",
        "foilNumber": None,
        "provenance": {"agency": "STATE_CA"},
    }
