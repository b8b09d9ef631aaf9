"""The petitions subgraph, read as the gateway reads it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import event, inspect

from subgraphs.kit.world.tales.telling import story_id
from subgraphs.petitions.enums import (
    BenefitStatus,
    FormType,
    PetitionStatus,
    ProtectedKind,
    RequestedAction,
)
from subgraphs.petitions.tables import (
    BenefitRequestRow,
    PetitionRow,
    ProtectedFlagRow,
    SubjectRow,
)
from tests.subgraphs.conftest import SubgraphFactory
from tests.subgraphs.uscis import ORIGIN, PERSON, petition, told

LIST = "query($filter: PetitionFilter, $order: PetitionOrder, $first: Int, $after: String) { petitions(filter: $filter, orderBy: $order, first: $first, after: $after) { totalCount nodes { receiptNumber } pageInfo { hasNextPage endCursor } } }"
PROTECTIONS = "... on Traveler { statutoryProtections { p1367 asylum2086 sealed minor } }"
NONE = {"p1367": False, "asylum2086": False, "sealed": False, "minor": False}


def traveler(id: str = PERSON) -> dict[str, Any]:
    return {"__typename": "Traveler", "id": id}


async def test_a_petition_whole(subgraph: SubgraphFactory) -> None:
    app = await subgraph("petitions", told("all-chapters"))
    answer = await app.ask(
        """query($r: String!) { petition(receiptNumber: $r) {
            receiptNumber formType supplements status requestedAction premium validFrom validTo wageAnnualUsd rfeReasons
            classification { list code label } notifyPost { code label } petitioner { name ein }
            beneficiary { id } beneficiaryCount fraudReferral { referred unit outcome } returnMemo { summary }
            history { code label } sensitiveHistory { code } pims { present verifiedBy }
            provenance { agency system recordVersion stale } } }""",
        {"r": "IOE-0924-029001"},
    )
    assert answer == {
        "data": {
            "petition": {
                "receiptNumber": "IOE0924029001",
                "formType": "I129",
                "supplements": ["H", "H1B_DATA"],
                "status": "SENT_TO_DOS",
                "requestedAction": "NEW",
                "premium": True,
                "validFrom": "2024-09-22",
                "validTo": "2027-09-22",
                "wageAnnualUsd": 13450000,
                "rfeReasons": ["Show the employer's need."],
                "classification": {"list": "petition-class", "code": "H1B1", "label": "Specialty occupation"},
                "notifyPost": {"code": "NWD", "label": "New Delhi"},
                "petitioner": {"name": "Northgate Analytics", "ein": "12-3456789"},
                "beneficiary": {"id": story_id(29)},
                "beneficiaryCount": 1,
                "fraudReferral": {"referred": True, "unit": "FDNS-CSC", "outcome": "CLEARED"},
                "returnMemo": None,
                "history": [
                    {"code": "IAA", "label": "Receipt notice sent"},
                    {"code": "FBA", "label": "Request for initial evidence"},
                    {"code": "HA", "label": "Evidence received"},
                    {"code": "DA", "label": "Approved"},
                    {"code": "IEA", "label": "Approval notice sent"},
                    {"code": "KO", "label": "Shipped to Department of State"},
                ],
                "sensitiveHistory": [{"code": "FFA"}, {"code": "FFB"}],
                "pims": {"present": True, "verifiedBy": "KCC"},
                "provenance": {"agency": "USCIS", "system": "ELIS", "recordVersion": "8", "stale": False},
            }
        }
    }


async def test_a_receipt_number_of_the_wrong_form_is_refused_without_quoting_it(subgraph: SubgraphFactory) -> None:
    app = await subgraph("petitions")
    answer = await app.ask('{ petition(receiptNumber: "MNL-17") { status } }')
    assert answer["data"] == {"petition": None}
    assert answer["errors"][0]["extensions"]["code"] == "BAD_IDENTIFIER"
    assert "MNL-17" not in answer["errors"][0]["message"]


async def test_entities_come_in_one_batch_in_order_and_unknown_ones_are_null(subgraph: SubgraphFactory) -> None:
    app = await subgraph("petitions", told("at-large-with-benefit", "asylum-then-applicant"))
    found = await app.entities(
        [
            {"__typename": "Petition", "receiptNumber": "IOE0926025001"},
            {"__typename": "Petition", "receiptNumber": "IOE0926025999"},
            {"__typename": "BenefitRequest", "receiptNumber": "IOE0926025002"},
            {"__typename": "AsylumCase", "caseNumber": "ASY-00130001"},
            {"__typename": "Petition", "receiptNumber": "not a receipt"},
            {"__typename": "Visa", "foilNumber": "S2500001"},
            traveler("TRV-nobody"),
        ],
        """... on Petition { formType status } ... on BenefitRequest { form benefit: status applicant { id } }
           ... on AsylumCase { kind stage applicant { id } } ... on Traveler { petitions { totalCount } }""",
    )
    assert found == [
        {"formType": "I130", "status": "APPROVED"},
        None,
        {"form": "I485", "benefit": "PENDING", "applicant": {"id": story_id(25)}},
        {"kind": "CREDIBLE_FEAR", "stage": "FOUND", "applicant": {"id": story_id(13)}},
        None,
        None,
        {"petitions": {"totalCount": 0}},
    ]


async def test_an_h2_petition_for_unnamed_workers_has_no_beneficiary(subgraph: SubgraphFactory) -> None:
    app = await subgraph("petitions", told("unnamed-workers"))
    answer = await app.ask("{ petitions { nodes { beneficiary { id } beneficiaryCount } } }")
    assert answer["data"]["petitions"]["nodes"] == [{"beneficiary": None, "beneficiaryCount": 25}]


async def test_the_memo_is_states_record_and_says_so(subgraph: SubgraphFactory) -> None:
    app = await subgraph("petitions", told("petition-returned"))
    answer = await app.ask(
        '{ petition(receiptNumber: "IOE0924017001") { status returnMemo { summary refusalCategory at } } }'
    )
    assert answer["data"]["petition"] == {
        "status": "RETURNED_BY_DOS",
        "returnMemo": {
            "summary": "The relationship was entered into for the visa.",
            "refusalCategory": "212(a)(6)(C)(i)",
            "at": "2026-09-27",
        },
    }


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, ["001", "002", "003", "004"]),
        ({"status": "APPROVED"}, ["002", "004"]),
        ({"formType": "I140"}, ["003"]),
        ({"receivedOnOrAfter": "2026-09-03"}, ["003", "004"]),
        ({"status": "APPROVED", "formType": "I129", "receivedOnOrAfter": "2026-09-03"}, ["004"]),
        ({"status": "REVOKED"}, []),
    ],
)
async def test_filters(subgraph: SubgraphFactory, given: dict[str, str] | None, expected: list[str]) -> None:
    app = await subgraph("petitions", four())
    answer = await app.ask(LIST, {"filter": given})
    assert numbers(answer["data"]["petitions"]) == expected
    assert answer["data"]["petitions"]["totalCount"] == len(expected)
    query = f"... on Traveler {{ petitions(filter: {literal(given)}) {{ totalCount nodes {{ receiptNumber }} }} }}"
    (chapter,) = await app.entities([traveler()], query)
    assert numbers(chapter["petitions"]) == expected
    assert chapter["petitions"]["totalCount"] == len(expected)


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (None, ["001", "002", "003", "004"]),
        ({"field": "RECEIPT_NUMBER", "direction": "DESC"}, ["004", "003", "002", "001"]),
        ({"field": "RECEIVED_ON", "direction": "DESC"}, ["004", "003", "002", "001"]),
        ({"field": "STATUS", "direction": "ASC"}, ["002", "004", "001", "003"]),
        ({"field": "DECIDED_ON", "direction": "ASC"}, ["004", "002", "001", "003"]),
        ({"field": "DECIDED_ON", "direction": "DESC"}, ["003", "001", "002", "004"]),
    ],
)
async def test_orders_in_the_queue_and_in_a_chapter(
    subgraph: SubgraphFactory, order: dict[str, str] | None, expected: list[str]
) -> None:
    app = await subgraph("petitions", four())
    answer = await app.ask(LIST, {"order": order})
    assert numbers(answer["data"]["petitions"]) == expected
    given = "null" if order is None else f"{{field: {order['field']}, direction: {order['direction']}}}"
    query = f"... on Traveler {{ petitions(orderBy: {given}) {{ nodes {{ receiptNumber }} }} }}"
    (chapter,) = await app.entities([traveler()], query)
    assert numbers(chapter["petitions"]) == expected


async def test_pages_meet_without_gap_or_repetition(subgraph: SubgraphFactory) -> None:
    app = await subgraph("petitions", [petition(number) for number in range(1, 8)])
    seen: list[str] = []
    after: str | None = None
    for _ in range(3):
        variables = {"first": 3, "after": after, "order": {"field": "RECEIVED_ON", "direction": "DESC"}}
        page = (await app.ask(LIST, variables))["data"]["petitions"]
        assert page["totalCount"] == 7
        seen += numbers(page)
        after = page["pageInfo"]["endCursor"]
    assert seen == ["007", "006", "005", "004", "003", "002", "001"]
    assert page["pageInfo"]["hasNextPage"] is False


async def test_a_page_is_bounded_and_a_cursor_is_not_to_be_made_up(subgraph: SubgraphFactory) -> None:
    app = await subgraph("petitions", four())
    for variables, code in (({"first": 1001}, "BAD_PAGE"), ({"first": 1, "after": "b3BlbiBzZXNhbWU"}, "BAD_CURSOR")):
        answer = await app.ask(LIST, variables)
        assert answer["data"] == {"petitions": None}
        assert answer["errors"][0]["extensions"]["code"] == code


async def test_protections_are_never_unknown(subgraph: SubgraphFactory) -> None:
    people = ("protected-u", "protected-t", "spouse-of-protected", "asylum-then-applicant", "sealed", "missing-child")
    app = await subgraph("petitions", told(*people))
    found = await app.entities(
        [traveler(story_id(number)) for number in (10, 12, 11, 13, 27, 26)] + [traveler("TRV-nobody")], PROTECTIONS
    )
    assert [item["statutoryProtections"] for item in found] == [
        {**NONE, "p1367": True},
        {**NONE, "p1367": True},
        NONE,  # the husband is protected by nothing; the petition that names him is
        {**NONE, "asylum2086": True},
        {**NONE, "sealed": True},
        {**NONE, "minor": True},
        NONE,
    ]


async def test_a_1367_flag_stands_until_its_end_has_come(subgraph: SubgraphFactory) -> None:
    flag = ProtectedFlagRow(
        traveler_id=PERSON, kind=ProtectedKind.VAWA, since=dt.date(2020, 1, 1), until=dt.date(2026, 11, 1), **ORIGIN
    )
    app = await subgraph("petitions", [flag])

    async def protected(day: int) -> bool:
        at = dt.datetime(2026, 11, 1, tzinfo=dt.UTC) + dt.timedelta(days=day)
        (found,) = await app.entities([traveler()], PROTECTIONS, at=at)
        return bool(found["statutoryProtections"]["p1367"])

    assert [await protected(day) for day in (-1, 0, 1)] == [True, False, False]


async def test_a_minor_comes_of_age(subgraph: SubgraphFactory) -> None:
    app = await subgraph("petitions", [SubjectRow(traveler_id=PERSON, sealed=False, adult_on=dt.date(2026, 11, 2))])
    for day, minor in ((1, True), (2, False)):
        at = dt.datetime(2026, 11, day, 23, tzinfo=dt.UTC)
        (found,) = await app.entities([traveler()], PROTECTIONS, at=at)
        assert found["statutoryProtections"]["minor"] is minor


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (petition(5, requested_action=RequestedAction.EXTEND), "2026-09-05"),
        (petition(5, PetitionStatus.EVIDENCE_REQUESTED, requested_action=RequestedAction.COS), "2026-09-05"),
        (petition(5, PetitionStatus.HELD, requested_action=RequestedAction.EXTEND), "2026-09-05"),
        (petition(5, PetitionStatus.DENIED, requested_action=RequestedAction.EXTEND), None),
        (petition(5, PetitionStatus.APPROVED, requested_action=RequestedAction.EXTEND), None),
        (petition(5, requested_action=RequestedAction.AMEND), None),
        (petition(5, form_type=FormType.I140, requested_action=RequestedAction.EXTEND), None),
    ],
)
async def test_which_filing_is_a_pending_extension(
    subgraph: SubgraphFactory, row: PetitionRow, expected: str | None
) -> None:
    values = {column.key: getattr(row, column.key) for column in inspect(PetitionRow).column_attrs}
    app = await subgraph("petitions", [PetitionRow(**values)])
    (found,) = await app.entities([traveler()], "... on Traveler { pendingExtensionFiledOn }")
    assert found == {"pendingExtensionFiledOn": expected}


@pytest.mark.parametrize(
    ("form", "status", "expected"),
    [
        (FormType.I539, BenefitStatus.PENDING, "2026-08-01"),
        (FormType.I539, BenefitStatus.DENIED, "2026-09-05"),
        (FormType.I765, BenefitStatus.PENDING, "2026-09-05"),
    ],
)
async def test_the_earliest_pending_filing_counts(
    subgraph: SubgraphFactory, form: FormType, status: BenefitStatus, expected: str
) -> None:
    request = BenefitRequestRow(
        receipt_number="IOE0926000777",
        form=form,
        status=status,
        filed_on=dt.date(2026, 8, 1),
        applicant_id=PERSON,
        **ORIGIN,
    )
    app = await subgraph("petitions", [petition(5, requested_action=RequestedAction.EXTEND), request])
    (found,) = await app.entities([traveler()], "... on Traveler { pendingExtensionFiledOn }")
    assert found == {"pendingExtensionFiledOn": expected}


async def test_a_chapter_in_one_request(subgraph: SubgraphFactory) -> None:
    app = await subgraph("petitions", told("protected-u", "asylum-then-applicant", "at-large-with-benefit"))
    found = await app.entities(
        [traveler(story_id(10)), traveler(story_id(13)), traveler(story_id(25))],
        """... on Traveler { id petitions { nodes { formType } } benefitRequests { totalCount nodes { form status } }
           asylumCases { kind office } protectedFlags { kind since until }
           petitionEvents { kind summary receiptNumber provenance { agency } } }""",
    )
    protected, asylum, at_large = found
    assert protected["petitions"]["nodes"] == [{"formType": "I918"}]
    assert protected["protectedFlags"] == [{"kind": "U", "since": "2025-09-07", "until": None}]
    assert protected["asylumCases"] == []
    assert [item["kind"] for item in asylum["asylumCases"]] == ["CREDIBLE_FEAR", "DEFENSIVE"]
    assert asylum["petitionEvents"] == []
    assert at_large["benefitRequests"] == {"totalCount": 1, "nodes": [{"form": "I485", "status": "PENDING"}]}
    kinds = [item["kind"] for item in at_large["petitionEvents"]]
    assert kinds == ["petition.received", "petition.approved", "benefit.filed"]
    assert {item["provenance"]["agency"] for item in at_large["petitionEvents"]} == {"USCIS"}


async def test_a_hundred_chapters_are_a_handful_of_statements(subgraph: SubgraphFactory) -> None:
    people = [story_id(number) for number in range(1, 100)]
    filed = [petition(1, receipt_number=f"IOE09260000{n:02d}", beneficiary_id=who) for n, who in enumerate(people)]
    app = await subgraph("petitions", filed)
    seen: list[str] = []
    engine = app.subgraph.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *given: seen.append(given[2]))
    found = await app.entities(
        [traveler(who) for who in people],
        """... on Traveler { petitions { totalCount nodes { history { code } } } benefitRequests { totalCount }
           statutoryProtections { p1367 } pendingExtensionFiledOn petitionEvents { id } }""",
    )
    assert [item["petitions"]["totalCount"] for item in found] == [1] * 99
    selects = [text for text in seen if text.startswith("SELECT")]
    # petitions, actions, requests, pending petitions, pending requests, flags, asylum cases, subjects, events
    assert len(selects) == 9


def four() -> list[PetitionRow]:
    return [
        petition(1),
        petition(2, PetitionStatus.APPROVED, decided_on=dt.date(2026, 10, 9)),
        petition(3, PetitionStatus.RECEIVED, form_type=FormType.I140),
        petition(4, PetitionStatus.APPROVED, decided_on=dt.date(2026, 10, 2)),
    ]


def numbers(page: dict[str, Any]) -> list[str]:
    return [node["receiptNumber"][-3:] for node in page["nodes"]]


def literal(given: dict[str, str] | None) -> str:
    if given is None:
        return "null"
    parts = [f'{name}: "{text}"' if name == "receivedOnOrAfter" else f"{name}: {text}" for name, text in given.items()]
    return "{" + ", ".join(parts) + "}"
