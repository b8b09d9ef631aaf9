"""Assertions to subgraphs: bound to one body, one subgraph, one minute (adversarial list, A24)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.json import encode

from gateway.caller import Caller
from gateway.errors import IdentityError
from gateway.identity import Assertion, SigningKey, issue_token, sign_assertion, verify_assertion
from gateway.identity.assertions import digest
from gateway.identity.jwt import sign

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
KEY = SigningKey.generate()
CALLER = Caller("CBP", "cbp-primary", "border-inspection-primary", "INS-1", "u", "NYC", ("P",), ("1367",))
BODY = b'{"query":"{ x }"}'
GRANTS = {"Visa.status": "allow", "Visa.foilNumber": "mask:LAST4", "Petition.receiptNumber": "key"}


def made(**changes: Any) -> str:
    given: dict[str, Any] = {
        "audience": "visas",
        "caller": CALLER,
        "epoch": "sha256:e",
        "grants": GRANTS,
        "body": BODY,
        "at": NOW,
    }
    return sign_assertion(KEY, **{**given, **changes})


def read(token: str | None, *, audience: str = "visas", body: bytes = BODY, now: datetime = NOW) -> Assertion:
    return verify_assertion(token, keys=KEY.public(), audience=audience, body=body, now=now)


def refusal(token: str | None, **more: Any) -> str:
    with pytest.raises(IdentityError) as caught:
        read(token, **more)
    return caught.value.code


def test_what_the_gateway_says_arrives_whole() -> None:
    assertion = read(made())
    assert (assertion.caller, assertion.grants, assertion.at, assertion.epoch) == (CALLER, GRANTS, NOW, "sha256:e")


def test_replayed_with_another_body_for_another_subgraph_or_later() -> None:
    token = made()
    assert refusal(token, body=BODY + b" ") == "ASSERTION_WRONG_BODY"
    assert refusal(token, audience="petitions") == "ASSERTION_WRONG_AUDIENCE"
    assert read(token, now=NOW + timedelta(seconds=59)).audience == "visas"
    assert refusal(token, now=NOW + timedelta(seconds=60)) == "ASSERTION_EXPIRED"
    assert refusal(token, now=NOW - timedelta(seconds=30)) == "ASSERTION_NOT_YET_VALID"


def test_nothing_and_a_caller_token_are_no_assertion() -> None:
    assert refusal(None) == refusal("") == "ASSERTION_MISSING"
    assert refusal(issue_token(KEY, CALLER, now=NOW)) == "ASSERTION_WRONG_TYPE"


def test_a_stranger_cannot_assert() -> None:
    token = sign_assertion(
        SigningKey.generate(), audience="visas", caller=CALLER, epoch="e", grants=GRANTS, body=BODY, at=NOW
    )
    assert refusal(token) == "ASSERTION_UNKNOWN_KEY"


def full(**changes: Any) -> dict[str, Any]:
    begin = int(NOW.timestamp())
    lists: dict[str, list[str]] = {"portfolio": [], "training": []}
    texts = dict.fromkeys(("agency", "role", "purpose", "case", "user", "location"), "x")
    good: dict[str, Any] = {
        "iss": "two-way-street-gateway",
        "aud": "visas",
        "iat": begin,
        "exp": begin + 60,
        "jti": "j",
        "epoch": "e",
        "caller": {**texts, **lists},
        "grants": {},
        "digest": digest(BODY),
        "at": NOW.isoformat(),
    }
    return {**good, **changes}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"exp": int(NOW.timestamp()) + 61}, "ASSERTION_TOO_LONG"),
        ({"iss": "x"}, "ASSERTION_WRONG_ISSUER"),
        ({"digest": None}, "ASSERTION_WRONG_BODY"),
        ({"digest": "é"}, "ASSERTION_WRONG_BODY"),
        ({"grants": None}, "ASSERTION_CLAIM_MISSING"),
        ({"grants": {"Visa.status": "everything"}}, "ASSERTION_CLAIM_MISSING"),
        ({"grants": {"Visa.status": "mask:"}}, "ASSERTION_CLAIM_MISSING"),
        ({"grants": {"Visa.status": True}}, "ASSERTION_CLAIM_MISSING"),
        ({"caller": {"agency": "CBP"}}, "ASSERTION_CLAIM_MISSING"),
        ({"caller": "CBP"}, "ASSERTION_CLAIM_MISSING"),
        ({"at": "2026-11-01T12:00:00"}, "ASSERTION_CLAIM_MISSING"),
        ({"at": 5}, "ASSERTION_CLAIM_MISSING"),
    ],
)
def test_each_wrong_claim_is_refused(changes: dict[str, Any], code: str) -> None:
    assert read(sign(KEY, "subgraph-assertion+jwt", full())).grants == {}
    assert refusal(sign(KEY, "subgraph-assertion+jwt", full(**changes))) == code


def test_whatever_a_name_is_made_of_it_stays_a_name() -> None:
    """Quotes, braces and line ends in what a token or a registry says do not end the text they stand in."""
    odd = '","grants":{"Visa.notes":"allow"},"x":"\n\\\u2028'
    caller = replace(CALLER, user=odd, case=odd, location=odd, portfolio=(odd,), training=(odd,), break_glass=odd)
    token = made(caller=caller, audience=odd, epoch=odd, grants={odd: "allow"})
    found = read(token, audience=odd)
    assert (found.caller, found.epoch, found.grants) == (caller, odd, {odd: "allow"})


def test_grants_that_are_written_already_are_the_same_grants() -> None:
    assert read(made(grants=encode(GRANTS))).grants == GRANTS


def test_one_caller_s_part_is_never_another_s() -> None:
    """What is written once for a caller is found again for an equal one only, in every one of its claims."""
    others = [
        replace(CALLER, agency="ICE_ERO"), replace(CALLER, role="r"), replace(CALLER, purpose="p"), replace(CALLER, case="c"),
        replace(CALLER, user="v"), replace(CALLER, location="LAX"), replace(CALLER, portfolio=()),
        replace(CALLER, training=()), replace(CALLER, synthetic_only=True), replace(CALLER, break_glass="G"),
    ]  # fmt: skip
    for caller in [CALLER, *others, CALLER]:
        assert read(made(caller=caller)).caller == caller
