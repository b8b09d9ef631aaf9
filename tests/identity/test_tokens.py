"""Caller tokens: every way to get one wrong has its own refusal (adversarial list, A23)."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from joserfc import jws
from joserfc.jwk import OctKey

from gateway.caller import Caller
from gateway.errors import IdentityError
from gateway.identity import Known, PublicKeys, SigningKey, TokenReader, bearer, issue_token, tokens
from gateway.identity.jwt import sign

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
KEY = SigningKey.generate()
KNOWN = Known(
    agencies=frozenset({"CBP", "STATE_CA"}),
    roles={"cbp-primary": frozenset({"CBP"}), "consular-officer": frozenset({"STATE_CA"})},
    purposes=frozenset({"border-inspection-primary", "visa-adjudication"}),
    pairs=frozenset({("cbp-primary", "border-inspection-primary"), ("consular-officer", "visa-adjudication")}),
)
READER = TokenReader(KEY.public(), known=KNOWN)
OFFICER = Caller(
    "CBP",
    "cbp-primary",
    "border-inspection-primary",
    case="INS-NYC-00060002",
    user="cbp-nyc-1",
    location="NYC",
    portfolio=("P-3-00017",),
    training=("1367",),
    token_id="t-1",
)


def claims(**changes: Any) -> dict[str, Any]:
    """The claims of a good token, changed; ``None`` takes a claim away."""
    begin = int(NOW.timestamp())
    good: dict[str, Any] = {
        "iss": "two-way-street-development",
        "aud": "two-way-street",
        "sub": "cbp-nyc-1",
        "jti": "t-1",
        "iat": begin,
        "nbf": begin,
        "exp": begin + 600,
        "agency": "CBP",
        "role": "cbp-primary",
        "purpose": "border-inspection-primary",
        "case": "INS-NYC-00060002",
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def part(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def refusal(token: str, reader: TokenReader = READER, now: datetime = NOW) -> str:
    with pytest.raises(IdentityError) as caught:
        reader.read(token, now)
    assert caught.value.status == 401
    return caught.value.code


def test_a_good_token_is_its_caller() -> None:
    token = issue_token(KEY, OFFICER, now=NOW, lifetime=timedelta(hours=1))
    assert READER.read(token, NOW) == replace(OFFICER, expires_at=NOW + timedelta(hours=1))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"iss": "someone-else"}, "TOKEN_WRONG_ISSUER"),
        ({"iss": None}, "TOKEN_WRONG_ISSUER"),
        ({"aud": "another-service"}, "TOKEN_WRONG_AUDIENCE"),
        ({"aud": ["two-way-street", "another"]}, "TOKEN_WRONG_AUDIENCE"),
        ({"exp": int(NOW.timestamp())}, "TOKEN_EXPIRED"),
        ({"exp": None}, "TOKEN_CLAIM_MISSING"),
        ({"exp": "tomorrow"}, "TOKEN_CLAIM_MISSING"),
        ({"exp": True}, "TOKEN_CLAIM_MISSING"),
        ({"iat": None}, "TOKEN_CLAIM_MISSING"),
        ({"nbf": int(NOW.timestamp()) + 60}, "TOKEN_NOT_YET_VALID"),
        ({"iat": int(NOW.timestamp()) + 60}, "TOKEN_NOT_YET_VALID"),
        ({"agency": None}, "TOKEN_CLAIM_MISSING"),
        ({"role": None}, "TOKEN_CLAIM_MISSING"),
        ({"purpose": None}, "TOKEN_CLAIM_MISSING"),
        ({"purpose": ""}, "TOKEN_CLAIM_MISSING"),
        ({"sub": None}, "TOKEN_CLAIM_MISSING"),
        ({"jti": None}, "TOKEN_CLAIM_MISSING"),
        ({"case": 7}, "TOKEN_CLAIM_MISSING"),
        ({"training": "1367"}, "TOKEN_CLAIM_MISSING"),
        ({"agency": "FBI"}, "UNKNOWN_AGENCY"),
        ({"role": "king"}, "UNKNOWN_ROLE"),
        ({"role": "consular-officer"}, "ROLE_OF_ANOTHER_AGENCY"),
        ({"purpose": "curiosity"}, "UNKNOWN_PURPOSE"),
        ({"purpose": "visa-adjudication"}, "PURPOSE_OF_ANOTHER_ROLE"),
    ],
)
def test_each_wrong_claim_is_refused_by_its_own_code(changes: dict[str, Any], code: str) -> None:
    assert refusal(sign(KEY, "caller+jwt", claims(**changes))) == code


def test_a_token_is_over_at_its_last_instant() -> None:
    token = sign(KEY, "caller+jwt", claims())
    assert READER.read(token, NOW + timedelta(seconds=599)).agency == "CBP"
    assert refusal(token, now=NOW + timedelta(seconds=600)) == "TOKEN_EXPIRED"


def test_a_token_met_before_is_held_against_the_clock_every_time() -> None:
    """What was verified once is not verified again, and is over, or not begun, all the same."""
    reader = TokenReader(KEY.public(), known=KNOWN)
    token = sign(KEY, "caller+jwt", claims())
    first = reader.read(token, NOW)
    with patch.object(tokens, "verify", side_effect=AssertionError):
        assert reader.read(token, NOW + timedelta(seconds=599)) is first
        for shift, code in ((600, "TOKEN_EXPIRED"), (86_400, "TOKEN_EXPIRED"), (-6, "TOKEN_NOT_YET_VALID")):
            with pytest.raises(IdentityError) as refused:
                reader.read(token, NOW + timedelta(seconds=shift))
            assert refused.value.code == code
        assert reader.read(token, NOW + timedelta(seconds=1)) is first


def test_a_token_met_before_opens_nothing_for_another() -> None:
    """Another signature, another payload and another key set are verified, whatever was met before."""
    reader = TokenReader(KEY.public(), known=KNOWN)
    token = sign(KEY, "caller+jwt", claims())
    reader.read(token, NOW)
    head, payload, signature = token.split(".")
    mine = sign(SigningKey.generate(), "caller+jwt", claims()).split(".")
    other = sign(KEY, "caller+jwt", claims(sub="cbp-nyc-2")).split(".")
    for forged in (f"{head}.{payload}.{mine[2]}", f"{head}.{other[1]}.{signature}", token + "A", token[:-1]):
        with pytest.raises(IdentityError):
            reader.read(forged, NOW)
    with pytest.raises(IdentityError) as unknown:
        replace(reader, keys=SigningKey.generate().public()).read(token, NOW)
    assert unknown.value.code == "TOKEN_UNKNOWN_KEY"
    with pytest.raises(IdentityError) as unnamed:
        replace(reader, known=replace(KNOWN, agencies=frozenset({"STATE_CA"}))).read(token, NOW)
    assert unnamed.value.code == "UNKNOWN_AGENCY"


def test_no_token_stays_in_memory_and_not_more_than_so_many_callers() -> None:
    """Tokens are known by their hashes; whoever sends many does not fill the memory, and a refused one is not kept."""
    reader = TokenReader(KEY.public(), known=KNOWN)
    with patch.object(tokens, "_MOST_MET", 3):
        sent = [sign(KEY, "caller+jwt", claims(jti=f"t-{n}")) for n in range(5)]
        for each in sent:
            reader.read(each, NOW)
        with pytest.raises(IdentityError):
            reader.read(sign(KEY, "caller+jwt", claims(agency="NOBODY")), NOW)
    assert len(reader._met) == 3
    assert not any(part in repr(reader._met) for each in sent for part in each.split("."))


def test_no_algorithm_is_no_token() -> None:
    for name in ("none", "None", "NONE", ""):
        token = f"{part({'alg': name, 'typ': 'caller+jwt', 'kid': KEY.kid})}.{part(claims())}."
        assert refusal(token) == "TOKEN_WRONG_ALGORITHM"


def test_hmac_keyed_with_the_public_key_is_no_signature() -> None:
    public = json.dumps(KEY.public().jwks()["keys"][0]).encode()
    header = {"alg": "HS256", "typ": "caller+jwt", "kid": KEY.kid}
    token = jws.serialize_compact(
        header, json.dumps(claims()).encode(), OctKey.import_key(public), algorithms=["HS256"]
    )
    assert refusal(token) == "TOKEN_WRONG_ALGORITHM"
    relabelled = f"{part({**header, 'alg': 'Ed25519'})}.{token.split('.', 1)[1]}"
    assert refusal(relabelled) == "TOKEN_BAD_SIGNATURE"


def test_an_assertion_is_no_caller_token() -> None:
    assert refusal(sign(KEY, "subgraph-assertion+jwt", claims())) == "TOKEN_WRONG_TYPE"
    assert refusal(sign(KEY, "JWT", claims())) == "TOKEN_WRONG_TYPE"


def test_a_key_outside_the_set_is_unknown() -> None:
    assert refusal(sign(SigningKey.generate(), "caller+jwt", claims())) == "TOKEN_UNKNOWN_KEY"
    no_kid = jws.serialize_compact({"alg": "Ed25519", "typ": "caller+jwt"}, b"{}", KEY.key, algorithms=["Ed25519"])
    assert refusal(no_kid) == "TOKEN_UNKNOWN_KEY"


def test_another_key_under_a_known_name_does_not_verify() -> None:
    forged = SigningKey(KEY.kid, SigningKey.generate().key)
    assert refusal(sign(forged, "caller+jwt", claims())) == "TOKEN_BAD_SIGNATURE"


def test_a_changed_payload_does_not_verify() -> None:
    header, _, signature = issue_token(KEY, OFFICER, now=NOW).split(".")
    assert refusal(f"{header}.{part(claims(role='consular-officer'))}.{signature}") == "TOKEN_BAD_SIGNATURE"


@pytest.mark.parametrize("token", ["", "x", "a.b", "a.b.c.d", "....", "é.é.é", "e30.e30.e30" + "a" * 70_000])
def test_what_is_no_jws_is_malformed(token: str) -> None:
    assert refusal(token) == "TOKEN_MALFORMED"


def test_claims_that_are_no_object_are_malformed() -> None:
    header = {"alg": "Ed25519", "kid": KEY.kid, "typ": "caller+jwt"}
    token = jws.serialize_compact(header, b"[1]", KEY.key, algorithms=["Ed25519"])
    assert refusal(token) == "TOKEN_MALFORMED"


def test_the_header_brings_no_key_of_its_own() -> None:
    stranger = SigningKey.generate()
    header = {"alg": "Ed25519", "kid": stranger.kid, "typ": "caller+jwt", "jwk": stranger.key.as_dict(private=False)}
    token = jws.serialize_compact(header, json.dumps(claims()).encode(), stranger.key, algorithms=["Ed25519"])
    assert refusal(token) == "TOKEN_UNKNOWN_KEY"


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "TOKEN_MISSING"),
        ("", "TOKEN_MISSING"),
        ("Basic abc", "TOKEN_MALFORMED"),
        ("Bearer", "TOKEN_MALFORMED"),
        ("Bearer a b", "TOKEN_MALFORMED"),
    ],
)
def test_the_authorization_header(header: str | None, code: str) -> None:
    with pytest.raises(IdentityError) as caught:
        bearer(header)
    assert caught.value.code == code
    assert bearer("bearer  abc ") == "abc"


def test_keys_rotate_without_a_gap() -> None:
    old, new = SigningKey.generate(), SigningKey.generate()
    reader = TokenReader(old.public() | new.public())
    for key in (old, new):
        assert reader.read(issue_token(key, OFFICER, now=NOW), NOW).role == "cbp-primary"


def test_a_refusal_never_quotes_the_token() -> None:
    with pytest.raises(IdentityError) as caught:
        READER.read(sign(KEY, "caller+jwt", claims(agency="SECRET-VALUE")), NOW)
    assert "SECRET-VALUE" not in str(caught.value.as_graphql())


def test_a_key_set_survives_the_wire() -> None:
    document = json.loads(json.dumps(KEY.public().jwks()))
    assert "d" not in document["keys"][0]
    reader = TokenReader(PublicKeys.from_jwks(document), known=KNOWN)
    assert reader.read(issue_token(KEY, OFFICER, now=NOW), NOW).agency == "CBP"
