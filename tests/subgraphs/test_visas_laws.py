"""The state machine of applications and visas, as a table: what may follow what, and what the public sees."""

from __future__ import annotations

from datetime import date

import pytest

from subgraphs.visas import laws
from subgraphs.visas.enums import ConsularDisposition, PublicVisaStatus, RevocationKind, VisaStatus
from subgraphs.visas.enums import VisaApplicationStatus as S

FINAL = {
    S.REFUSED_214B,
    S.REFUSED_212A,
    S.REFUSED_OTHER,
    S.REVOKED,
    S.CANCELED_WITHOUT_PREJUDICE,
    S.EXPIRED,
    S.VOID_222G,
    S.WITHDRAWN,
    S.ABANDONED,
}


def test_final_states_lead_nowhere_and_no_other_state_is_final() -> None:
    assert {state for state in S if not laws.APPLICATION.allowed(state)} == FINAL


def test_every_state_can_be_reached_from_a_draft() -> None:
    reached, front = {S.DRAFT}, [S.DRAFT]
    while front:
        for after in laws.APPLICATION.allowed(front.pop()):
            if after not in reached:
                reached.add(after)
                front.append(after)
    assert reached == set(S)


def test_only_an_approval_leads_to_a_visa() -> None:
    assert [move.before for move in laws.APPLICATION.transitions if move.after is S.ISSUED] == [S.APPROVED_NOT_ISSUED]


def test_an_approval_cannot_become_a_refusal_without_going_back_to_adjudication() -> None:
    assert set(laws.APPLICATION.allowed(S.APPROVED_NOT_ISSUED)) == {S.ISSUED, S.RETURNED_TO_ADJUDICATION}


def test_a_221g_refusal_can_still_be_approved_a_214b_refusal_cannot() -> None:
    assert S.APPROVED_NOT_ISSUED in laws.APPLICATION.allowed(S.REFUSED_221G_DOCUMENTS)
    assert S.APPROVED_NOT_ISSUED in laws.APPLICATION.allowed(S.ADMINISTRATIVE_PROCESSING)
    assert laws.APPLICATION.allowed(S.REFUSED_214B) == ()


@pytest.mark.parametrize("status", list(S))
def test_every_status_has_a_public_word(status: S) -> None:
    assert isinstance(laws.public_status(status), PublicVisaStatus)


def test_the_public_reads_refused_for_221g_and_learns_of_no_revocation() -> None:
    assert laws.public_status(S.REFUSED_221G_DOCUMENTS) is PublicVisaStatus.REFUSED
    assert laws.public_status(S.ADMINISTRATIVE_PROCESSING) is PublicVisaStatus.REFUSED
    assert laws.public_status(S.REVOKED) is PublicVisaStatus.ISSUED
    assert laws.public_status(S.APPROVED_NOT_ISSUED) is laws.public_status(S.RETURNED_TO_ADJUDICATION)


@pytest.mark.parametrize(
    ("ground", "family", "status"),
    [
        ("221(g)", "ORDINARY", S.REFUSED_221G_DOCUMENTS),
        ("214(b)", "ORDINARY", S.REFUSED_214B),
        ("212(a)(1)(A)(i)", "MEDICAL", S.REFUSED_212A),
        ("212(a)(10)(C)", "ORDINARY", S.REFUSED_212A),
        ("212(a)(2)(C)", "SERIOUS", S.REFUSED_212A),
        ("212(a)(3)(B)", "SERIOUS", S.REFUSED_212A),
        ("212(a)(9)(B)(i)(II)", "ORDINARY", S.REFUSED_212A),
        ("212(f)", "ORDINARY", S.REFUSED_OTHER),
        ("243(d)", "ORDINARY", S.REFUSED_OTHER),
    ],
)
def test_a_ground_decides_the_family_and_the_status(ground: str, family: str, status: S) -> None:
    assert laws.ground_family(ground) == family
    assert laws.APPLICATION.fire(S.IN_ADJUDICATION, laws.refusal_step(ground)) is status


def test_a_revocation_moves_visa_and_application_in_step() -> None:
    step = laws.revocation_step(RevocationKind.PRUDENTIAL)
    assert (laws.VISA.fire(VisaStatus.ISSUED, step), laws.APPLICATION.fire(S.ISSUED, step)) == (
        VisaStatus.REVOKED,
        S.REVOKED,
    )
    step = laws.revocation_step(RevocationKind.CANCELED_WITHOUT_PREJUDICE)
    assert (laws.VISA.fire(VisaStatus.ISSUED, step), laws.APPLICATION.fire(S.ISSUED, step)) == (
        VisaStatus.CANCELED,
        S.CANCELED_WITHOUT_PREJUDICE,
    )


@pytest.mark.parametrize(
    ("disposition", "fits"),
    [
        (ConsularDisposition.CONCURRED_REFUSED, laws.REFUSED),
        (ConsularDisposition.ISSUED_NOTWITHSTANDING, laws.ISSUED_ONCE),
    ],
)
def test_a_disposition_reports_a_status_and_fits_no_other(disposition: ConsularDisposition, fits: frozenset[S]) -> None:
    assert {status for status in S if not laws.disposition_objection(disposition, status)} == fits


def test_pending_fits_only_what_is_undecided() -> None:
    pending = {s for s in S if not laws.disposition_objection(ConsularDisposition.PENDING, s)}
    assert pending.isdisjoint(FINAL | {S.ISSUED})
    assert S.APPROVED_NOT_ISSUED in pending


def test_a_visa_is_valid_for_some_days_and_at_most_ten_years() -> None:
    assert laws.validity_objection(date(2026, 11, 1), date(2026, 11, 1))
    assert not laws.validity_objection(date(2026, 11, 1), date(2026, 11, 2))
    assert not laws.validity_objection(date(2026, 11, 1), date(2036, 11, 1))
    assert laws.validity_objection(date(2026, 11, 1), date(2036, 11, 2))
