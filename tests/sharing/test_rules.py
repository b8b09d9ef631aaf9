"""The rules of a sharing request: who may take which step from where, and what no order of steps can bring about."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.errors import AccessError, GatewayError, RequestError
from gateway.sharing import FINAL, STATES, Party, SharingRequest, Wish, digest_of, may, opening, request_of, taken

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
CBP = Party("CBP", "sharing-officer", "share-cbp-1", True)
USCIS = Party("USCIS", "sharing-officer", "share-uscis-1", True)
OTHER = Party("ICE_ERO", "sharing-officer", "share-ero-1", True)
PRIMARY = Party("CBP", "cbp-primary", "cbp-nyc-1", False)
WISH = Wish(
    "USCIS", "CBP", "Petition status at primary", ("Petition.status",), ("cbp-primary",),
    ("border-inspection-primary",), "Officers send people to secondary only to learn this.",
)  # fmt: skip
TEXT = "id = 'X'\n"


def opened(party: Party = CBP, wish: Wish = WISH) -> SharingRequest:
    return request_of([opening("SR-1", wish, party, NOW)])


def after(request: SharingRequest, kind: str, party: Party, text: str = "words", **data: Any) -> SharingRequest:
    at = request.changed_at + timedelta(minutes=1)
    return request_of([*request.steps, taken(request, kind, party, at, text, data)])


def signed_by_both() -> SharingRequest:
    request = after(after(opened(), "submit", CBP), "draft", USCIS, toml=TEXT)
    request = after(request, "sign", USCIS, digest=digest_of(TEXT))
    return after(request, "sign", CBP, digest=digest_of(TEXT))


def refused(request: SharingRequest, kind: str, party: Party, text: str = "words", **data: Any) -> str:
    assert request.state in STATES
    with pytest.raises(GatewayError) as found:
        after(request, kind, party, text, **data)
    return found.value.code


def test_the_whole_way() -> None:
    request = opened()
    states = [request.state]
    for kind, party, data in (
        ("submit", CBP, {}), ("answer", USCIS, {"stance": "yes-if"}), ("say", CBP, {}), ("draft", CBP, {"toml": TEXT}),
        ("sign", USCIS, {"digest": digest_of(TEXT)}), ("sign", CBP, {"digest": digest_of(TEXT)}),
    ):  # fmt: skip
        request = after(request, kind, party, **data)
        states.append(request.state)
    assert states == [
        "draft", "discussion", "discussion", "discussion", "drafted", "signed-by-provider", "signed-by-recipient",
    ]  # fmt: skip
    assert request.stance == "yes-if"
    assert [(each.side, each.party) for each in request.signatures] == [("provider", USCIS), ("recipient", CBP)]
    assert [each.number for each in request.steps] == list(range(7))


@pytest.mark.parametrize(
    ("kind", "party", "code"),
    [
        ("submit", USCIS, "SHARING_NOT_YOURS"),  # not even to be seen before it is sent
        ("submit", OTHER, "SHARING_NOT_YOURS"),
        ("submit", PRIMARY, "SHARING_NOT_YOURS"),
        ("say", CBP, "SHARING_STATE"),
        ("draft", CBP, "SHARING_STATE"),
        ("sign", CBP, "SHARING_STATE"),
        ("no-such-step", CBP, "SHARING_INCOMPLETE"),
    ],
)
def test_a_draft_of_a_request_is_the_asking_agencys_own(kind: str, party: Party, code: str) -> None:
    assert refused(opened(), kind, party, toml=TEXT, digest="") == code


@pytest.mark.parametrize(
    ("kind", "party", "code"),
    [
        ("answer", CBP, "SHARING_NOT_YOURS"),
        ("reject", CBP, "SHARING_NOT_YOURS"),
        ("withdraw", USCIS, "SHARING_NOT_YOURS"),
        ("say", OTHER, "SHARING_NOT_YOURS"),
        ("say", PRIMARY, "SHARING_NOT_YOURS"),
        ("sign", USCIS, "SHARING_STATE"),
        ("submit", CBP, "SHARING_STATE"),
    ],
)
def test_each_side_takes_its_own_steps(kind: str, party: Party, code: str) -> None:
    assert refused(after(opened(), "submit", CBP), kind, party, stance="yes", digest="") == code


def test_an_officer_at_a_counter_opens_withdraws_and_sees_their_own_and_takes_no_other_step() -> None:
    request = opened(PRIMARY)
    assert request.visible_to(PRIMARY)
    assert not request.visible_to(replace(PRIMARY, user="cbp-nyc-2"))
    assert not request.visible_to(replace(PRIMARY, agency="USCIS"))
    assert request.visible_to(CBP)
    assert refused(request, "submit", PRIMARY) == "SHARING_NOT_YOURS"
    assert after(request, "withdraw", PRIMARY).state == "withdrawn"
    sent = after(request, "submit", CBP)
    assert refused(sent, "withdraw", PRIMARY) == "SHARING_NOT_YOURS"


def test_the_owner_sees_a_request_once_it_was_sent_and_also_when_it_was_withdrawn_then() -> None:
    assert not opened().visible_to(USCIS)
    assert not after(opened(), "withdraw", CBP).visible_to(USCIS)
    sent = after(opened(), "submit", CBP)
    assert sent.visible_to(USCIS)
    assert after(sent, "withdraw", CBP).visible_to(USCIS)
    assert not sent.visible_to(OTHER)


def test_the_provider_signs_first_and_only_what_it_read() -> None:
    request = after(after(opened(), "submit", CBP), "draft", USCIS, toml=TEXT)
    assert refused(request, "sign", CBP, digest=digest_of(TEXT)) == "SHARING_NOT_YOURS"
    assert refused(request, "sign", USCIS, digest=digest_of("another")) == "SHARING_MOVED"
    assert refused(request, "sign", USCIS, digest="") == "SHARING_MOVED"
    assert refused(request, "sign", replace(USCIS, user=""), digest=digest_of(TEXT)) == "SHARING_NOT_YOURS"


def test_two_different_people_sign() -> None:
    request = after(after(opened(), "submit", CBP), "draft", USCIS, toml=TEXT)
    request = after(request, "sign", USCIS, digest=digest_of(TEXT))
    twin = replace(CBP, user=USCIS.user)  # the same person with an office in both agencies
    assert refused(request, "sign", twin, digest=digest_of(TEXT)) == "SHARING_SAME_PERSON"
    assert refused(request, "sign", USCIS, digest=digest_of(TEXT)) == "SHARING_NOT_YOURS"


def test_a_new_draft_ends_the_signature() -> None:
    request = after(after(opened(), "submit", CBP), "draft", USCIS, toml=TEXT)
    request = after(request, "sign", USCIS, digest=digest_of(TEXT))
    request = after(request, "draft", CBP, toml=TEXT + "# wider\n")
    assert (request.state, request.signatures) == ("drafted", ())
    assert refused(request, "sign", USCIS, digest=digest_of(TEXT)) == "SHARING_MOVED"


@pytest.mark.parametrize("kind", ["submit", "say", "answer", "draft", "sign", "reject", "withdraw", "amend"])
def test_nothing_follows_an_end(kind: str) -> None:
    sent = after(opened(), "submit", CBP)
    for ended in (signed_by_both(), after(sent, "reject", USCIS), after(sent, "withdraw", CBP)):
        assert ended.state in FINAL
        for party in (CBP, USCIS):
            assert not may(ended, kind, party)
            assert refused(ended, kind, party, toml=TEXT, digest=digest_of(TEXT), stance="yes") == "SHARING_STATE"


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"coordinates": ()}, "coordinates"), ({"roles": ()}, "roles"), ({"purposes": ()}, "purposes"),
        ({"title": "x"}, "title"), ({"justification": "please"}, "justification"),
        ({"justification": "x" * 4001}, "justification"), ({"coordinates": ("A.b",) * 201}, "coordinates"),
    ],
)  # fmt: skip
def test_what_is_not_said_is_asked_for(change: dict[str, Any], where: str) -> None:
    with pytest.raises(RequestError) as found:
        opening("SR-1", replace(WISH, **change), CBP, NOW)
    assert (found.value.code, found.value.where) == ("SHARING_INCOMPLETE", where)


def test_nobody_opens_a_request_for_another_agency() -> None:
    with pytest.raises(AccessError):
        opening("SR-1", WISH, USCIS, NOW)


def test_what_is_asked_for_changes_until_it_is_drafted_and_never_its_agencies() -> None:
    request = after(opened(), "submit", CBP)
    wider = replace(WISH, coordinates=("Petition.status", "Petition.validTo"))
    assert after(request, "amend", CBP, wish=wider.as_json()).wish == wider
    moved = replace(WISH, provider="STATE_CA")
    assert refused(request, "amend", CBP, wish=moved.as_json()) == "SHARING_INCOMPLETE"
    assert refused(request, "amend", USCIS, wish=wider.as_json()) == "SHARING_NOT_YOURS"
    drafted = after(request, "draft", CBP, toml=TEXT)
    assert refused(drafted, "amend", CBP, wish=wider.as_json()) == "SHARING_STATE"


def test_whatever_is_tried_a_request_signed_by_both_was_signed_by_two_people_of_its_two_agencies_over_its_draft() -> (
    None
):
    seed = 20261101
    chance = random.Random(seed)
    people = [CBP, USCIS, OTHER, PRIMARY, replace(CBP, user=USCIS.user), replace(USCIS, user="")]
    kinds = ["submit", "say", "answer", "draft", "draft", "sign", "sign", "sign", "reject", "withdraw", "amend"]
    ends: set[str] = set()
    for _ in range(400):
        request = opened(chance.choice([CBP, PRIMARY]))
        for _ in range(30):
            draft = f"# {chance.randrange(3)}\n"
            data: dict[str, Any] = {
                "toml": draft, "stance": "yes", "wish": WISH.as_json(),
                "digest": chance.choice([request.digest, digest_of(draft)]),
            }  # fmt: skip
            kind = chance.choice(kinds if request.state != "discussion" else ["draft", "say"])
            before = request
            try:
                request = after(request, kind, chance.choice(people), **data)
            except GatewayError:
                assert request is before
        ends.add(request.state)
        if request.state == "signed-by-recipient":
            provider, recipient = request.signatures
            assert (provider.party.agency, recipient.party.agency) == ("USCIS", "CBP")
            assert provider.party.user != recipient.party.user, f"seed {seed}"
            assert {provider.digest, recipient.digest} == {request.digest}
    assert {"signed-by-recipient", "rejected", "withdrawn"} <= ends, f"seed {seed}: {ends}"
