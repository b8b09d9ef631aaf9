"""The precedence of policy.md section 4, one rule a test, on the small graph of the kit."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from gateway.caller import Caller
from gateway.coordinates import Coordinate
from gateway.policy import UNREACHABLE, Basis, Outcome
from tests.policy.kit import AT, agreement, caller, decide, policy

STATUS = '[[grant]]\narticle = "III.1"\nfields = ["Visa.status"]\n'
OPEN_CASE = STATUS + 'when = { attr = "case.state", is = "open" }\n'
OWN_VISA = STATUS + 'when = { attr = "subject.id", same_as = "case.subject" }\n'
P1367 = """
id = "USC-1367"
title = "Protected persons"
authority = ["8 U.S.C. 1367"]
effect = "absent"
overridable = false
[[rule]]
article = "(a)(2)"
fields = ["Visa"]
when = { attr = "subject.p1367", is = true }
"""


def test_a_true_grant_allows_and_is_the_basis() -> None:
    decision = decide(policy(agreement(more=STATUS)), "Visa.status")
    assert decision.outcome is Outcome.ALLOW
    assert decision.settled
    assert decision.basis == Basis("CA-CBP-VISA", 3, "III.1", "Visas to ports of entry")
    assert decision.owner == "STATE_CA"


def test_a_field_that_no_agreement_names_is_denied_and_the_owner_named() -> None:
    decision = decide(policy(agreement(more=STATUS)), "Visa.number")
    assert (decision.outcome, decision.reason, decision.settled) == (Outcome.DENY, "NO_AGREEMENT", True)
    assert decision.how_to_request == "Ask the Visa Office."


def test_a_field_that_does_not_exist_is_denied() -> None:
    assert decide(policy(agreement(more=STATUS)), "Visa.colour").reason == "NO_SUCH_FIELD"


@pytest.mark.parametrize(
    ("who", "reason"),
    [
        (caller(role="consul", purpose="inspection"), "NOT_RECOGNISED"),
        (caller(role="nobody"), "NOT_RECOGNISED"),
        (caller(role="secondary", purpose="adjudication"), "PURPOSE_NOT_COVERED"),
        (caller(role="consul"), "NO_AGREEMENT"),
    ],
)
def test_a_caller_whom_the_agreement_does_not_cover_is_told_why(who: Caller, reason: str) -> None:
    decision = decide(policy(agreement(more=STATUS)), "Visa.status", who)
    assert (decision.outcome, decision.reason) == (Outcome.DENY, reason)


def test_a_role_outside_the_grant_is_denied_for_its_role() -> None:
    only_secondary = STATUS + 'roles = ["secondary"]\n'
    assert decide(policy(agreement(more=only_secondary)), "Visa.status").reason == "ROLE_NOT_COVERED"


def test_an_unknown_case_fact_is_asked_for_and_denied_meanwhile() -> None:
    decision = decide(policy(agreement(more=OPEN_CASE)), "Visa.status")
    assert (decision.outcome, decision.settled, decision.needs) == (Outcome.DENY, False, frozenset({"case.state"}))


@pytest.mark.parametrize(("disclosure", "reason"), [("marked", "CASE_CONDITION"), ("silent", "NOT_SHARED")])
def test_a_case_that_does_not_fit_is_denied_as_the_agreement_says(disclosure: str, reason: str) -> None:
    found = decide(policy(agreement(more=OPEN_CASE, disclosure=f'"{disclosure}"')), "Visa.status", case_state="closed")
    assert (found.outcome, found.reason, found.settled) == (Outcome.DENY, reason, True)


def test_a_caller_without_a_case_is_settled_at_once() -> None:
    decision = decide(policy(agreement(more=OPEN_CASE)), "Visa.status", caller(case=""))
    assert (decision.outcome, decision.settled) == (Outcome.DENY, True)


def test_a_record_that_does_not_fit_is_absent_without_a_reason() -> None:
    decision = decide(policy(agreement(more=OWN_VISA)), "Visa.status", subject_id="B", case_subject="A")
    assert (decision.outcome, decision.reason, decision.settled) == (Outcome.ABSENT, "", True)


def test_a_fact_whose_source_failed_makes_it_unavailable() -> None:
    decision = decide(policy(agreement(more=OWN_VISA)), "Visa.status", subject_id=UNREACHABLE, case_subject="A")
    assert (decision.outcome, decision.settled) == (Outcome.UNAVAILABLE, True)


def test_a_prohibition_beats_every_grant() -> None:
    book = policy(agreement(more=STATUS), prohibitions=(P1367,))
    assert decide(book, "Visa.status", subject_p1367=False).outcome is Outcome.ALLOW
    hit = decide(book, "Visa.status", subject_p1367=True)
    assert (hit.outcome, hit.reason, hit.basis and hit.basis.agreement) == (Outcome.ABSENT, "", "USC-1367")


def test_an_unknown_prohibition_withholds() -> None:
    book = policy(agreement(more=STATUS), prohibitions=(P1367,))
    unasked = decide(book, "Visa.status")
    assert (unasked.outcome, unasked.settled, unasked.needs) == (
        Outcome.UNAVAILABLE,
        False,
        frozenset({"subject.p1367"}),
    )
    assert decide(book, "Visa.status", subject_p1367=UNREACHABLE).outcome is Outcome.UNAVAILABLE
    nulled = decide(book, "Visa.status", subject_p1367=None)
    assert (nulled.outcome, nulled.settled) == (Outcome.UNAVAILABLE, False)


def test_a_record_nobody_gives_is_absent_whether_or_not_the_flags_can_be_had() -> None:
    """A row that is absent while the authority answers must not show itself when it does not."""
    book = policy(agreement(more=OWN_VISA), prohibitions=(P1367,))
    found = {
        decide(book, "Visa.status", subject_id="B", case_subject="A", subject_p1367=flag).outcome
        for flag in (True, False, None, UNREACHABLE)
    }
    assert found == {Outcome.ABSENT}
    unasked = decide(book, "Visa.status", subject_id="B", case_subject="A")
    assert (unasked.outcome, unasked.settled) == (Outcome.ABSENT, True)  # and nobody need ask for the flag


def test_a_withhold_in_doubt_over_a_record_nobody_gives_shows_no_row() -> None:
    kept = '[[withhold]]\narticle = "IV"\nfields = ["Visa.status"]\nwhen = { attr = "record.number", is = "7" }\n'
    book = policy(agreement(more=OWN_VISA + kept))
    found = decide(book, "Visa.status", subject_id="B", case_subject="A", record_number=UNREACHABLE)
    assert found.outcome is Outcome.ABSENT


def test_a_notice_is_not_silenced_by_it() -> None:
    """Whom the law lets know, learns that it cannot be said now; to everybody else there is no row."""
    noticed = (
        P1367
        + '[[notice]]\nagencies = ["CBP"]\nroles = ["primary"]\npurposes = ["inspection"]\nreason = "CONTACT_COUNSEL"\n'
    )
    book = policy(agreement(more=OWN_VISA), prohibitions=(noticed,))
    found = decide(book, "Visa.status", subject_id="B", case_subject="A", subject_p1367=UNREACHABLE)
    assert found.outcome is Outcome.UNAVAILABLE


def test_a_static_denial_does_not_depend_on_a_protected_fact() -> None:
    book = policy(agreement(more=STATUS), prohibitions=(P1367,))
    answers = {decide(book, "Visa.number", subject_p1367=flag) for flag in (True, False, UNREACHABLE)}
    assert len(answers) == 1


def test_a_withhold_beats_the_grants_of_its_provider() -> None:
    text = STATUS + '[[withhold]]\narticle = "IV"\nfields = ["Visa.status"]\n'
    decision = decide(policy(agreement(more=text)), "Visa.status")
    assert (decision.outcome, decision.reason) == (Outcome.DENY, "WITHHELD_BY_PROVIDER")


def test_clear_beats_masked_then_the_weaker_mask_then_the_id() -> None:
    def with_mask(id: str, mask: str) -> str:
        masked = f'mask = {{ "Visa.issuedOn" = "{mask}" }}\n' if mask else ""
        return agreement(id=f'"{id}"', more=f'[[grant]]\narticle = "I"\nfields = ["Visa.issuedOn"]\n{masked}')

    masked = decide(policy(with_mask("B", "YEAR_ONLY")), "Visa.issuedOn")
    assert (masked.outcome, masked.mask) == (Outcome.MASK, "YEAR_ONLY")
    both = decide(policy(with_mask("A", "year-only"), with_mask("B", "")), "Visa.issuedOn")
    assert (both.outcome, both.basis and both.basis.agreement) == (Outcome.ALLOW, "B")
    same = decide(policy(with_mask("B", ""), with_mask("A", "")), "Visa.issuedOn")
    assert same.basis is not None
    assert same.basis.agreement == "A"


def test_a_better_grant_in_doubt_keeps_the_decision_open() -> None:
    text = (
        '[[grant]]\narticle = "I"\nfields = ["Visa.issuedOn"]\nmask = { "Visa.issuedOn" = "YEAR_ONLY" }\n'
        '[[grant]]\narticle = "II"\nfields = ["Visa.issuedOn"]\nwhen = { attr = "case.state", is = "open" }\n'
    )
    book = policy(agreement(more=text))
    open_ = decide(book, "Visa.issuedOn")
    assert (open_.outcome, open_.settled, open_.needs) == (Outcome.MASK, False, frozenset({"case.state"}))
    assert decide(book, "Visa.issuedOn", case_state="open").outcome is Outcome.ALLOW
    assert decide(book, "Visa.issuedOn", case_state="closed").settled


def test_links_and_system_fields_follow_what_they_lead_to() -> None:
    book = policy(agreement(more=STATUS))
    assert decide(book, "Query.visa").outcome is Outcome.ALLOW
    assert decide(book, "Person.visas").outcome is Outcome.ALLOW
    assert decide(book, "Visa.source").outcome is Outcome.ALLOW
    assert decide(book, "Visa.revocation").reason == "NO_AGREEMENT"
    assert decide(book, "Person.flags").outcome is Outcome.DENY
    assert decide(book, "Person.id").outcome is Outcome.ALLOW
    other = decide(book, "Query.visa", caller(role="consul"))
    assert (other.outcome, other.reason, other.owner) == (Outcome.DENY, "NO_AGREEMENT", "STATE_CA")


def test_a_link_falls_with_the_case_that_all_its_fields_need() -> None:
    book = policy(agreement(more=OPEN_CASE, disclosure='"marked"'))
    waiting = decide(book, "Query.visa")
    assert (waiting.outcome, waiting.settled, waiting.needs) == (Outcome.DENY, False, frozenset({"case.state"}))
    assert decide(book, "Query.visa", case_state="closed").reason == "CASE_CONDITION"
    assert decide(book, "Query.visa", case_state="open").outcome is Outcome.ALLOW


def test_a_mutation_needs_a_grant_like_any_field() -> None:
    book = policy(agreement(more=STATUS))
    assert decide(book, "Mutation.revokeVisa").reason == "NO_AGREEMENT"
    acting = policy(
        agreement(
            kind='"internal"', recipients='["STATE_CA"]', roles='["consul"]', purposes='["adjudication"]',
            more='[[grant]]\narticle = "1"\nfields = ["Mutation.revokeVisa"]\n',
        )
    )  # fmt: skip
    assert decide(acting, "Mutation.revokeVisa", caller(role="consul")).outcome is Outcome.ALLOW


def test_the_value_of_another_origin_is_not_the_servers_to_share() -> None:
    assert decide(policy(agreement(more=STATUS)), "Visa.filedOn").owner == "USCIS"


def test_dates_are_half_open() -> None:
    book = policy(agreement(more=STATUS, effective="2026-01-01", review_by="2026-12-01", expires="2027-01-01"))

    def outcome(moment: str) -> str:
        return decide(book, "Visa.status", at=datetime.fromisoformat(moment)).reason

    assert outcome("2025-12-31T23:59:59.999999+00:00") == "NOT_IN_FORCE"
    assert outcome("2026-01-01T00:00:00+00:00") == ""
    assert outcome("2026-12-31T23:59:59.999999+00:00") == ""
    assert outcome("2027-01-01T00:00:00+00:00") == "NOT_IN_FORCE"


def test_a_review_overdue_for_ninety_days_suspends() -> None:
    book = policy(agreement(more=STATUS, review_by="2026-06-01"))
    last = datetime.fromisoformat("2026-08-30T00:00:00+00:00")
    assert decide(book, "Visa.status", at=last - timedelta(microseconds=1)).outcome is Outcome.ALLOW
    assert book.states(last - timedelta(days=1)) == {"CA-CBP-VISA": "review-overdue"}
    assert decide(book, "Visa.status", at=last).reason == "NOT_IN_FORCE"
    assert book.states(last) == {"CA-CBP-VISA": "suspended"}


@pytest.mark.parametrize("status", ["draft", "signed", "suspended", "terminated"])
def test_only_an_active_agreement_is_in_force(status: str) -> None:
    assert decide(policy(agreement(more=STATUS, status=f'"{status}"')), "Visa.status").reason == "NOT_IN_FORCE"


def test_an_empty_bundle_denies_everything() -> None:
    book = policy()
    assert decide(book, "Visa.status").reason == "NO_AGREEMENT"
    assert decide(book, "Query.visa").outcome is Outcome.DENY


def test_an_error_inside_a_decision_is_a_denial() -> None:
    book = policy(agreement(more=STATUS))
    naive = datetime(2026, 11, 1)
    decision = book.decide(caller(), Coordinate("Visa", "status"), {}, naive)
    assert (decision.outcome, decision.reason) == (Outcome.DENY, "DECISION_ERROR")


def test_every_candidate_is_listed_with_its_atoms() -> None:
    decision = decide(policy(agreement(more=OPEN_CASE)), "Visa.status", case_state="closed", at=AT)
    (only,) = decision.candidates
    assert (only.kind, only.id, only.article, only.result) == ("grant", "CA-CBP-VISA@3", "III.1", "false")
    assert [(atom.text, atom.result) for atom in only.atoms] == [("case.state is open", "false")]


def test_what_was_decided_for_one_fact_is_not_answered_for_its_equal() -> None:
    book = policy(agreement(more=STATUS + 'when = { attr = "record.fee", is = 1 }\n'))
    assert decide(book, "Visa.status", record_fee=True).outcome is Outcome.ABSENT
    assert decide(book, "Visa.status", record_fee=1).outcome is Outcome.ALLOW
    listed = policy(agreement(more=STATUS + 'when = { attr = "record.number", in = ["a"] }\n'))
    assert decide(listed, "Visa.status", record_number=["b", "a"]).outcome is Outcome.ALLOW


def test_a_link_named_in_a_withhold_is_closed_though_its_fields_are_open() -> None:
    text = STATUS + '[[withhold]]\narticle = "IV"\nfields = ["Person.visas"]\n'
    book = policy(agreement(more=text))
    assert decide(book, "Person.visas").reason == "WITHHELD_BY_PROVIDER"
    assert decide(book, "Query.visa").outcome is Outcome.ALLOW


def test_a_link_named_in_a_prohibition_is_closed_for_the_person_it_protects() -> None:
    law = P1367.replace('fields = ["Visa"]', 'fields = ["Person.visas"]')
    book = policy(agreement(more=STATUS), prohibitions=(law,))
    assert decide(book, "Person.visas", subject_p1367=True).outcome is Outcome.ABSENT
    assert decide(book, "Person.visas", subject_p1367=False).outcome is Outcome.ALLOW
    assert decide(book, "Person.visas").needs == {"subject.p1367"}
    nothing = policy(agreement(more=STATUS.replace("Visa.status", "Visa.fee")), prohibitions=(law,))
    assert decide(nothing, "Person.visas", caller(role="consul"), subject_p1367=True).outcome is not Outcome.ALLOW


def test_a_link_named_in_a_grant_follows_its_own_condition() -> None:
    text = STATUS + (
        '[[grant]]\narticle = "II"\nfields = ["Person.visas"]\nwhen = { attr = "case.state", is = "open" }\n'
    )
    book = policy(agreement(more=text, disclosure='"marked"'))
    assert decide(book, "Person.visas", case_state="open").outcome is Outcome.ALLOW
    assert decide(book, "Person.visas", case_state="closed").reason == "CASE_CONDITION"


def test_a_notice_is_given_only_where_every_law_that_closes_has_one() -> None:
    notice = (
        '[[notice]]\nreason = "CONTACT_COUNSEL"\nagencies = ["CBP"]\nroles = ["primary"]\npurposes = ["inspection"]\n'
    )
    seal = P1367.replace("USC-1367", "SEALS").replace(
        '{ attr = "subject.p1367", is = true }', '{ attr = "record.fee", is = 1 }'
    )
    book = policy(agreement(more=STATUS), prohibitions=(P1367 + notice, seal))
    told = decide(book, "Visa.status", subject_p1367=True, record_fee=0)
    assert (told.outcome, told.reason) == (Outcome.DENY, "CONTACT_COUNSEL")
    both = decide(book, "Visa.status", subject_p1367=True, record_fee=1)
    assert (both.outcome, both.reason) == (Outcome.ABSENT, "")
    other = decide(book, "Visa.status", caller(role="secondary"), subject_p1367=True, record_fee=0)
    assert (other.outcome, other.reason) == (Outcome.ABSENT, "")
    waiting = decide(book, "Visa.status", subject_p1367=True)
    assert (waiting.settled, waiting.needs) == (False, frozenset({"record.fee"}))


def test_what_was_worked_out_for_one_instant_is_not_taken_for_another() -> None:
    """Cells are made at whatever instant is asked for: before, in and after the agreement, in any order."""
    terms = {"effective": "2026-01-01", "review_by": "2026-12-01", "expires": "2027-01-01"}
    days = [datetime(2027, 1, 1, tzinfo=AT.tzinfo), AT, datetime(2025, 12, 31, tzinfo=AT.tzinfo)]
    for order in (days, days[::-1], [days[1], days[0], days[2]]):
        book = policy(agreement(more=STATUS, **terms))
        found = {at: decide(book, "Visa.status", at=at) for at in order}
        assert {at for at, each in found.items() if each.outcome is Outcome.ALLOW} == {AT}
        why = {at: [each.because for each in decision.candidates] for at, decision in found.items()}
        assert why[days[0]] == ["the agreement is expired"]
        assert why[days[2]] == ["the agreement is pending"]


def test_what_is_remembered_of_a_caller_is_bounded_and_never_another_records(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many records are decided on, so many are remembered; a list of facts that cannot be a key is decided too."""
    monkeypatch.setattr("gateway.policy.decisions._MOST", 3)
    made = policy(agreement(more=STATUS + 'when = { attr = "record.number", in = ["V1", "V7"] }\n'))
    asked, place = made.decisions(caller(), AT), Coordinate("Visa", "status")
    given = [asked.of(place, {"record.number": f"V{number}"}).outcome is Outcome.ALLOW for number in range(10)]
    assert [number for number, each in enumerate(given) if each] == [1, 7]
    assert sum(len(rows) for rows in asked._rows.values()) <= 3
    assert asked.on({"record.number": ["V0", "V7"]}).of(place).outcome is Outcome.ALLOW
    assert asked.of(place, {"record.number": {"code": "V1"}}).outcome is Outcome.ALLOW
    assert asked.of(place, {"record.number": {"code": "V2"}}).outcome is Outcome.ABSENT
    assert made.decisions(caller(location="ATL"), AT) is not asked
    assert made.decisions(caller(), AT + timedelta(seconds=1)) is not asked


def test_coordinates_that_share_a_cell_are_each_named_in_their_decision() -> None:
    made = policy(
        agreement(more='[[grant]]\narticle = "I"\nfields = ["Visa.status", "Visa.fee"]\n' + OPEN_CASE.split("\n")[-2])
    )
    for facts in ({}, {"case.state": "open"}, {"case.state": "closed"}):
        record = made.decisions(caller(), AT).on(facts)
        found = [record.of(Coordinate("Visa", name)) for name in ("status", "fee", "status")]
        assert [each.coordinate for each in found] == ["Visa.status", "Visa.fee", "Visa.status"]
        assert len({each.outcome for each in found}) == 1


def test_a_link_that_a_grant_names_rests_on_that_grant_and_not_on_what_it_leads_to() -> None:
    named = policy(agreement(more='[[grant]]\narticle = "V"\nfields = ["Visa.holder"]\n' + OPEN_CASE.split("\n")[-2]))
    found = decide(named, "Visa.holder", case_state="open")
    assert found.outcome is Outcome.ALLOW
    assert found.basis is not None
    assert found.basis.article == "V"
    assert decide(named, "Visa.holder", case_state="closed").outcome is Outcome.DENY
