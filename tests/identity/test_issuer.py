"""The development issuer: personas get tokens that the gateway reads, in development only."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.errors import IdentityError
from gateway.identity import DevelopmentIssuer, Known, TokenReader, load_personas, load_public_keys
from gateway.policy import load_bundle
from subgraphs.kit.settings import ROOT

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
PERSONAS = load_personas(ROOT / "schema" / "personas.toml")
KNOWN = Known.of(load_bundle(ROOT / "schema").vocabulary)


@pytest.mark.parametrize("name", PERSONAS)
def test_each_persona_s_token_reads_as_the_persona(tmp_path: Path, name: str) -> None:
    issuer = DevelopmentIssuer.open(tmp_path, PERSONAS, mode="development")
    caller = issuer.reader(KNOWN).read(issuer.token(name, now=NOW), NOW)
    plain = replace(caller, token_id="", expires_at=None)
    assert plain == PERSONAS[name].caller
    assert caller.expires_at == NOW + timedelta(hours=8)
    assert caller.token_id


def test_another_case_and_purpose_may_be_asked_for(tmp_path: Path) -> None:
    issuer = DevelopmentIssuer.open(tmp_path, PERSONAS, mode="development")
    token = issuer.token("consular-officer-nwd", now=NOW, case="AA00S29003", purpose="visa-revocation-review")
    caller = issuer.reader(KNOWN).read(token, NOW)
    assert (caller.case, caller.purpose) == ("AA00S29003", "visa-revocation-review")
    with pytest.raises(IdentityError) as caught:
        issuer.reader(KNOWN).read(issuer.token("cbp-primary-nyc", now=NOW, purpose="enforcement-case"), NOW)
    assert caught.value.code == "PURPOSE_OF_ANOTHER_ROLE"


def test_the_key_outlives_the_issuer_and_is_public_on_disk(tmp_path: Path) -> None:
    token = DevelopmentIssuer.open(tmp_path, PERSONAS, mode="development").token("auditor", now=NOW)
    again = DevelopmentIssuer.open(tmp_path, PERSONAS, mode="development")
    assert again.reader().read(token, NOW).role == "auditor"
    assert TokenReader(load_public_keys(tmp_path, "issuer")).read(token, NOW).role == "auditor"
    assert again.jwks()["keys"][0]["kid"] == again.key.kid


def test_elsewhere_there_is_no_development_issuer(tmp_path: Path) -> None:
    with pytest.raises(IdentityError) as caught:
        DevelopmentIssuer.open(tmp_path, PERSONAS, mode="production")
    assert caught.value.code == "DEVELOPMENT_ONLY"


def test_an_unknown_persona_is_told_the_known_ones(tmp_path: Path) -> None:
    issuer = DevelopmentIssuer.open(tmp_path, PERSONAS, mode="development")
    with pytest.raises(IdentityError) as caught:
        issuer.token("king", now=NOW)
    assert caught.value.code == "UNKNOWN_PERSONA"
    assert "cbp-primary-nyc" in caught.value.hint
