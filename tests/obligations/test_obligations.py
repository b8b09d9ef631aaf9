"""What agreements ask for in return: met before, told with the answer, or owed after it; unmet, they give nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.caller import Caller
from gateway.coordinates import Coordinate
from gateway.duties import Means, TaskFile, asked, owed, told, unmet
from gateway.errors import RequestError
from gateway.policy import Outcome, Policy, compile_policy, load_bundle
from gateway.supergraph import load_supergraph
from subgraphs.kit.settings import ROOT

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)
ERO = Caller("ICE_ERO", "ero-officer", "enforcement-case", "A-1", "ero-1", location="ATL")
POST = Caller("STATE_CA", "consular-officer", "visa-adjudication", "AA-1", "ca-1", location="CAI")
ALL = Means(record=True, tasks=True, acknowledged=frozenset({"USCIS-ERO-STATUS"}))


@pytest.fixture(scope="module")
def policy() -> Policy:
    text = (ROOT / "schema" / "supergraph.graphql").read_text(encoding="utf-8")
    return compile_policy(load_bundle(ROOT / "schema"), load_supergraph(text))


def test_a_certificate_is_met_by_acknowledging_it_before(policy: Policy) -> None:
    assert unmet(policy, ERO, ALL) == ()
    assert unmet(policy, ERO, replace(ALL, acknowledged=frozenset())) == ("USCIS-ERO-STATUS",)


def test_what_is_to_be_acknowledged_is_what_acknowledging_meets(policy: Policy) -> None:
    terms = asked(policy, [each.id for each in policy.agreements])
    assert [(each["agreement"], each["kind"]) for each in terms] == [("USCIS-ERO-STATUS", "certification")]
    assert terms[0]["text"].startswith("8 U.S.C. 1229(e)")
    assert asked(policy, ()) == []


def test_an_agreement_whose_obligation_is_not_met_gives_nothing(policy: Policy) -> None:
    status = Coordinate("Petition", "status")
    without = replace(ERO, unmet=("USCIS-ERO-STATUS",))
    found = policy.decide(without, status, {}, AT)
    assert (found.outcome, found.reason) == (Outcome.DENY, "OBLIGATION_UNMET")
    assert "USCIS-ERO-STATUS" in found.how_to_request
    assert policy.decide(ERO, status, {}, AT).reason != "OBLIGATION_UNMET"


def test_without_a_record_what_must_be_recorded_is_not_given(policy: Policy) -> None:
    missing = unmet(policy, ERO, replace(ALL, record=False))
    assert {"USCIS-ERO-STATUS", "ICE_ERO-INTERNAL", "CBP-ERO-OVERSTAY"} & set(missing)
    assert "USCIS-ERO-STATUS" in missing


def test_without_a_place_for_tasks_what_leaves_one_is_not_given(policy: Policy) -> None:
    reporting = {each.id for each in policy.agreements if any(d.kind == "report-back" for d in each.obligations)}
    concerned = {each.id for each in policy.agreements if "STATE_CA" in each.recipients} & reporting
    assert concerned
    assert concerned <= set(unmet(policy, POST, replace(ALL, tasks=False)))


def test_what_travels_with_the_answer_is_told_once_for_each_agreement_used(policy: Policy) -> None:
    assert told(policy, ()) == []
    banner = next(each for each in policy.agreements if any(d.kind == "not-sole-ground" for d in each.obligations))
    found = told(policy, [banner.id, banner.id])
    assert [each["kind"] for each in found].count("not-sole-ground") == 1
    assert {each["agreement"] for each in found} == {banner.id}


def test_what_is_owed_after_it_has_a_debtor_a_creditor_and_a_due_time(policy: Policy, tmp_path: Path) -> None:
    agreement = next(
        each for each in policy.agreements
        if "STATE_CA" in each.recipients and any(d.kind == "report-back" for d in each.obligations)
    )  # fmt: skip
    tasks = owed(policy, [agreement.id], POST, "r1", AT)
    report = next(each for each in tasks if each.kind == "report-back")
    assert (report.debtor, report.user, report.creditor, report.case) == (
        "STATE_CA",
        "ca-1",
        agreement.provider,
        "AA-1",
    )
    assert report.due == AT + timedelta(days=5)
    assert not report.overdue(report.due)
    assert report.overdue(report.due + timedelta(seconds=1))
    file = TaskFile(tmp_path / "obligations.sqlite3")
    file.add(tasks)
    file.add(owed(policy, [agreement.id], POST, "r2", AT + timedelta(days=1)))  # asking again owes nothing twice
    assert {(each.kind, each.request) for each in file.all()} == {(each.kind, "r1") for each in tasks}
    number = next(each.number for each in file.all() if each.kind == "report-back")
    assert file.finish(number, "ca-1", AT, "visa refused").done_by == "ca-1"
    assert "report-back" not in {each.kind for each in file.all()}
    with pytest.raises(RequestError, match="open"):
        file.finish(number, "ca-1", AT)
    file.close()
