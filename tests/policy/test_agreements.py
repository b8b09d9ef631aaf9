"""The body of agreements in ``schema/``: it compiles, its examples run, and what domain.md says of it holds."""

from __future__ import annotations

import tomllib
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.caller import Caller
from gateway.coordinates import Coordinate
from gateway.policy import Outcome, Policy
from gateway.policy.examples import EXAMPLE_INSTANT, check_examples, run_examples
from tests.policy.conftest import SCHEMA

TODAY = EXAMPLE_INSTANT
LATER = datetime(2026, 11, 24, 12, tzinfo=UTC)
FILES = sorted((SCHEMA / "agreements").glob("*.toml"))

# domain.md 3.4, the coverage matrix: who gives whom anything at all. OBIM's cross-reference serves everybody and is left
# out, and so is the break-glass agreement of 3.3. Oversight reads the whole record, each agency its own side. ICE_SEVP to STATE_CA and STATE_ECA to CBP are the halves of SYN-10 and 11.
COVERAGE = {
    ("USCIS", "STATE_CA"), ("USCIS", "ICE_VSP"), ("USCIS", "ICE_ERO"),
    ("STATE_CA", "USCIS"), ("STATE_CA", "ICE_VSP"), ("STATE_CA", "CBP"),
    ("STATE_ECA", "STATE_CA"), ("STATE_ECA", "CBP"),
    ("ICE_SEVP", "STATE_ECA"), ("ICE_SEVP", "CBP"), ("ICE_SEVP", "STATE_CA"),
    ("ICE_VSP", "STATE_CA"),
    ("CBP", "STATE_CA"), ("CBP", "STATE_ECA"), ("CBP", "ICE_VSP"), ("CBP", "ICE_ERO"),
    ("ICE_ERO", "USCIS"), ("ICE_ERO", "STATE_CA"), ("ICE_ERO", "CBP"),
    ("ALL", "OVERSIGHT"),
    *(("ALL", each) for each in ("USCIS", "STATE_CA", "STATE_ECA", "ICE_SEVP", "ICE_VSP", "CBP", "ICE_ERO", "OBIM")),
}  # fmt: skip


def test_every_example_of_every_agreement_and_prohibition_comes_out(real: Policy) -> None:
    assert check_examples(real) == ()


def test_every_agreement_has_four_examples_and_every_prohibition_one(real: Policy) -> None:
    counts = Counter(ran.owner for ran in run_examples(real))
    assert {each.id: counts[each.id] for each in real.agreements if counts[each.id] < 4} == {}
    assert all(counts[each.id] for each in real.compiled.prohibitions)


def test_the_examples_show_every_outcome(real: Policy) -> None:
    assert {ran.decision.outcome for ran in run_examples(real)} == set(Outcome)


def test_all_eighteen_agreements_are_there(real: Policy) -> None:
    wanted = {f"SYN-{number:02}" for number in range(1, 19)}
    assert {each.reference for each in real.agreements} >= wanted


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_a_file_is_named_after_provider_recipient_and_subject(path: Path) -> None:
    data = tomllib.loads(path.read_text("utf-8"))
    recipients = data["recipients"]
    middle = "internal" if data.get("kind") == "internal" else (recipients[0] if len(recipients) == 1 else "all")
    assert path.stem.startswith(f"{data['provider']}-{middle}".lower())


def test_what_stands_in_force_today_and_what_does_not(real: Policy) -> None:
    states = real.states(TODAY)
    assert {name: state for name, state in states.items() if state != "active"} == {
        "CBP-VSP-HISTORY": "review-overdue",
        "CBP-ECA-ARRIVAL-2021": "expired",
        "CBP-ERO-OVERSTAY-ADDRESS": "suspended",
    }
    assert real.states(LATER) == states


def test_the_coverage_matrix_is_domain_mds(real: Policy) -> None:
    found = {
        (each.provider, recipient)
        for each in real.agreements
        if each.grants
        and each.provider != "OBIM"
        and "safety-of-life" not in each.purposes
        and each.kind == "agreement"
        for recipient in each.recipients
    }
    assert found == COVERAGE


@pytest.mark.parametrize(
    ("agency", "role", "purpose", "field"),
    [
        ("USCIS", "uscis-adjudicator", "petition-adjudication", "Admission.admittedAt"),
        ("CBP", "cbp-primary", "border-inspection-primary", "Petition.status"),
        ("CBP", "cbp-secondary", "border-inspection-secondary", "SecurityReview.reviewStatus"),
        ("ICE_ERO", "ero-officer", "enforcement-case", "Refusal.ground"),
        ("STATE_CA", "consular-officer", "visa-adjudication", "Sanction.detail"),
    ],
)
def test_the_blanks_of_the_matrix_are_denials_with_a_reason(
    real: Policy, agency: str, role: str, purpose: str, field: str
) -> None:
    decision = real.decide(Caller(agency, role, purpose), Coordinate.parse(field), {}, TODAY)
    assert decision.settled
    assert decision.reason in ("NO_AGREEMENT", "WITHHELD_BY_PROVIDER")


def test_every_role_has_something_and_reads_no_other_agencys_notes(real: Policy) -> None:
    for role in real.vocabulary.roles.values():
        for agency in role.agencies:
            seen = real.view(agency, role.name, TODAY)
            assert seen, (agency, role.name)
            notes = {
                "ConsularNote.text": "STATE_CA",
                "Inspection.narrative": "CBP",
                "CriminalHistoryItem.conviction": "ICE_ERO",
            }
            for field, owner in notes.items():
                assert agency == owner or Coordinate.parse(field) not in seen


def test_no_role_but_the_protection_officer_ever_reads_a_flag_or_an_asylum_case(real: Policy) -> None:
    secret = {
        Coordinate("StatutoryProtections", "p1367"),
        Coordinate("ProtectedFlag", "kind"),
        Coordinate("AsylumCase", "stage"),
    }
    readers = {
        role.name
        for role in real.vocabulary.roles.values()
        for agency in role.agencies
        if secret & real.view(agency, role.name, TODAY)
    }
    assert readers == {"uscis-protection-officer"}


def test_mutations_are_the_owners_alone(real: Policy) -> None:
    for entry in real.catalogue.entries.values():
        if entry.category != "ACT":
            continue
        doers = {
            agency
            for role in real.vocabulary.roles.values()
            for agency in role.agencies
            if entry.coordinate in real.view(agency, role.name, TODAY)
        }
        assert doers == {entry.owner}, entry.coordinate


@pytest.mark.parametrize(
    ("field", "to", "use", "basis"),
    [
        ("Traveler.id", "CBP", "join", "OBIM-ALL-IDENTITY"),
        ("Petition.receiptNumber", "STATE_CA", "join", "USCIS-CA-PETITION"),
        ("VisaApplication.applicationId", "ICE_VSP", "join", "CA-VSP-APPLICATION"),
        ("VisaApplication.status", "ICE_VSP", "input", "CA-VSP-APPLICATION"),
        ("Traveler.pendingExtensionFiledOn", "CBP", "input", "USCIS-CBP-OVERSTAY-INPUT"),
        ("ExchangeVisitor.sevisId", "STATE_ECA", "join", "SEVP-ECA-SEVIS"),
        ("Visa.foilNumber", "STATE_CA", "join", "STATE_CA"),
    ],
)
def test_the_edges_of_the_graph_flow(real: Policy, field: str, to: str, use: str, basis: str) -> None:
    found = real.flow(Coordinate.parse(field), to, use, TODAY)
    assert found is not None
    assert found.agreement == basis


@pytest.mark.parametrize(
    ("field", "to", "use"),
    [
        ("VisaApplication.status", "CBP", "input"),
        ("VisaApplication.status", "ICE_VSP", "join"),
        ("Petition.receiptNumber", "CBP", "join"),
        ("Nothing.here", "CBP", "join"),
    ],
)
def test_no_other_edge_does(real: Policy, field: str, to: str, use: str) -> None:
    assert real.flow(Coordinate.parse(field), to, use, TODAY) is None


def test_a_flow_ends_with_its_agreement(real: Policy) -> None:
    after = datetime(2029, 1, 15, tzinfo=UTC)
    assert real.flow(Coordinate("VisaApplication", "applicationId"), "ICE_VSP", "join", after) is None


def test_the_gateway_may_read_what_decisions_need_and_names_it(real: Policy) -> None:
    facts = {str(each) for each in real.fact_coordinates()}
    assert {
        "Traveler.statutoryProtections", "StatutoryProtections.p1367", "Petition.formType", "VisaApplication.status",
        "Inspection.port", "Identifier.kind", "Visa.holder", "RemovalCase.order", "RemovalOrder.on",
    } <= facts  # fmt: skip
    assert not facts & {"ConsularNote.text", "PersonName.family", "Detention.facility"}


def test_a_subject_argument_names_its_traveler(real: Policy) -> None:
    assert real.subject_argument("Query.traveler", {"id": "TRV-1"}) == "TRV-1"
    assert real.subject_argument("Query.traveler", {}) == ""
    assert real.subject_argument("Query.visa", {"foilNumber": "S1"}) == ""


def test_the_next_change_is_the_next_date_in_any_agreement(real: Policy) -> None:
    assert real.next_change(TODAY) == datetime(2026, 12, 14, tzinfo=UTC)
    assert real.next_change(datetime(2040, 1, 1, tzinfo=UTC)) is None
