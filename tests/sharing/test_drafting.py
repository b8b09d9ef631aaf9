"""Drafts: the first one made of a request compiles, is narrow and tests itself; none is signed that is another's to give."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import pytest

from gateway.coordinates import Coordinate
from gateway.errors import PolicyError
from gateway.opening import open_graph
from gateway.policy import Bundle, Outcome, load_bundle
from gateway.sharing import SharingRequest, Wish, asked_fields, exported, first_draft, held_against, request_of, taken
from tests.scenarios.asking import ROOT
from tests.sharing.test_rules import CBP, NOW, USCIS, WISH, after, opened

GRAPH = open_graph(ROOT / "schema", at=NOW)
BUNDLE: Bundle = load_bundle(ROOT / "schema")


@lru_cache
def drafted(wish: Wish = WISH) -> str:
    return first_draft(opened(replace(CBP, agency=wish.recipient), wish), GRAPH.policy, BUNDLE, GRAPH.supergraph, NOW)


def codes(text: str, request: SharingRequest | None = None) -> list[str]:
    with pytest.raises(PolicyError) as found:
        held_against(text, request or opened(), BUNDLE, GRAPH.supergraph, NOW)
    return [each.code for each in found.value.mistakes]


def test_a_first_draft_gives_what_is_asked_for_in_an_open_case_of_the_same_person_and_nothing_else() -> None:
    proposal = held_against(drafted(), opened(), BUNDLE, GRAPH.supergraph, NOW)
    assert [each.wrong for each in proposal.examples()] == ["", ""]
    assert [each.decision.outcome for each in proposal.examples()] == [Outcome.ALLOW, Outcome.DENY]
    assert "case.state is open" in str(proposal.agreement.grants[0].when)
    assert "subject.id same as case.subject" in str(proposal.agreement.grants[0].when)
    assert proposal.agreement.excludes == ("ASY_2086", "P1367")

    changes = proposal.changes(GRAPH.policy, GRAPH.supergraph)
    released = [each for each in changes if each.kind == "released"]
    assert [each.coordinates for each in released] == [("Petition.status",)]
    assert [each.callers for each in released] == [(("CBP", "cbp-primary", "border-inspection-primary"),)]
    assert [each for each in changes if each.wider and each.kind != "released"] == []


@pytest.mark.parametrize(
    "wish",
    [
        replace(WISH, title='A "title" with\nlines \\ and ünïcode', justification='Why "quotes"\n\n[[grant]]\nx = 1 \x00 é' * 3),
        replace(WISH, provider="STATE_CA", coordinates=("Visa.status", "Refusal.ground"), roles=("cbp-secondary",),
                purposes=("border-inspection-secondary",)),
        replace(WISH, provider="STATE_ECA", coordinates=("Sponsor.status",)),
    ],
    ids=["words", "state", "no-person"],
)  # fmt: skip
def test_first_drafts_are_agreements_whatever_the_words(wish: Wish) -> None:
    request = opened(CBP, wish)
    proposal = held_against(drafted(wish), request, BUNDLE, GRAPH.supergraph, NOW)
    assert [each.wrong for each in proposal.examples()] == [""] * len(proposal.examples())
    assert proposal.agreement.title == " ".join(wish.title.split("\n"))
    assert len(proposal.agreement.grants) == 1


def test_a_draft_between_other_agencies_is_refused() -> None:
    text = drafted()
    assert codes(text.replace('provider = "USCIS"', 'provider = "STATE_CA"')) == ["SHARING_WRONG_PARTIES"]
    assert codes(text.replace('recipients = ["CBP"]', 'recipients = ["ICE_ERO"]')) == ["SHARING_WRONG_PARTIES"]
    assert codes(text.replace('recipients = ["CBP"]', 'recipients = ["CBP", "ICE_ERO"]')) == ["SHARING_WRONG_PARTIES"]
    inside = text.replace('recipients = ["CBP"]', 'recipients = ["USCIS"]\nkind = "internal"')
    assert codes(inside) == ["SHARING_WRONG_PARTIES"]


def test_a_draft_may_replace_an_agreement_of_the_same_two_by_a_newer_version_and_no_other() -> None:
    request = opened(CBP, replace(WISH, provider="STATE_CA", coordinates=("Visa.status",)))
    text = BUNDLE.pages["agreements/state_ca-cbp-visa.toml"]
    assert codes(text, request) == ["SHARING_NOT_NEWER"]
    newer = text.replace("version = 3", "version = 4")
    found = held_against(newer, request, BUNDLE, GRAPH.supergraph, NOW)
    assert found.replaces is not None
    assert found.replaces.name == "CA-CBP-VISA@3"
    assert len(found.policy.agreements) == len(GRAPH.policy.agreements)
    stolen = drafted().replace('id = "USCIS-CBP-SR-1"', 'id = "CA-CBP-VISA"')
    assert codes(stolen) == ["SHARING_WRONG_PARTIES"]


def test_mistakes_of_a_draft_are_told_with_their_lines() -> None:
    assert codes("id = ") == ["POLICY_TOML"]
    assert "POLICY_PROVIDER_NOT_OWNER" in codes(drafted().replace('"Petition.status"', '"Visa.status"', 1))
    assert "POLICY_OWNER_ONLY" in codes(drafted().replace('"Petition.status"', '"Petition.rfeReasons"', 1))


def test_what_no_agreement_may_share_cannot_be_asked_for() -> None:
    def means(text: str, agency: str = "CBP") -> list[str]:
        return [str(each) for each in asked_fields(GRAPH.policy, Coordinate.parse(text), agency)]

    assert means("Petition.status") == ["Petition.status"]
    assert means("Petition.rfeReasons") == []  # the owner's alone
    assert means("Petition.status", "USCIS") == []  # its own
    assert means("AuditEvent.ownSide") == []  # everybody's
    assert means("Petition.nothing") == []
    assert "Petition.status" in means("Traveler.petitions")
    assert "Petition.rfeReasons" not in means("Traveler.petitions")


def test_an_export_says_whether_it_is_signed_and_holds_the_text_that_was() -> None:
    text = drafted()
    request = after(after(opened(), "submit", CBP), "draft", USCIS, toml=text)
    assert exported(request).startswith("# NOT SIGNED BY BOTH")
    for party in (USCIS, CBP):
        request = request_of([*request.steps, taken(request, "sign", party, NOW, data={"digest": request.digest})])
    told = exported(request)
    assert told.endswith("\n\n" + text)
    assert "NOT SIGNED" not in told
    assert "share-uscis-1" in told
    assert "share-cbp-1" in told
    assert request.digest in told
    proposal = held_against(
        told, after(opened(), "submit", CBP), BUNDLE, GRAPH.supergraph, NOW
    )  # and is a file to commit
    assert proposal.agreement.id == "USCIS-CBP-SR-1"
