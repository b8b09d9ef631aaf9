"""Keys on disk: made once, in development only, readable by their owner only."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from gateway.errors import IdentityError
from gateway.identity import PublicKeys, SigningKey, development_key, load_public_keys, load_signing_key


def code(call: object, *arguments: object, **more: object) -> str:
    assert callable(call)
    with pytest.raises(IdentityError) as caught:
        call(*arguments, **more)
    return caught.value.code


def test_a_development_key_is_made_once(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    first = development_key(folder, "gateway", mode="development")
    second = development_key(folder, "gateway", mode="development")
    assert first.kid == second.kid == load_signing_key(folder, "gateway").kid
    assert set(load_public_keys(folder, "gateway").keys) == {first.kid}
    assert stat.S_IMODE((folder / "gateway.key.json").stat().st_mode) == 0o600
    assert sorted(path.name for path in folder.iterdir()) == ["gateway.jwks.json", "gateway.key.json"]


@pytest.mark.parametrize("mode", ["production", "staging", ""])
def test_no_key_is_made_outside_development(tmp_path: Path, mode: str) -> None:
    assert code(development_key, tmp_path, "gateway", mode=mode) == "DEVELOPMENT_ONLY"
    assert list(tmp_path.iterdir()) == []


def test_missing_and_broken_keys_are_told_apart(tmp_path: Path) -> None:
    assert code(load_signing_key, tmp_path, "gateway") == "KEYS_MISSING"
    assert code(load_public_keys, tmp_path, "gateway") == "KEYS_MISSING"
    (tmp_path / "gateway.key.json").write_text("{")
    (tmp_path / "gateway.jwks.json").write_text('{"keys": 1}')
    assert code(load_signing_key, tmp_path, "gateway") == "KEYS_MALFORMED"
    assert code(load_public_keys, tmp_path, "gateway") == "KEYS_MALFORMED"


def test_a_public_key_signs_nothing(tmp_path: Path) -> None:
    public = SigningKey.generate().public().jwks()["keys"][0]
    (tmp_path / "gateway.key.json").write_text(str(public).replace("'", '"'))
    assert code(load_signing_key, tmp_path, "gateway") == "KEYS_MALFORMED"


def test_keys_of_other_kinds_are_left_out() -> None:
    key = SigningKey.generate()
    document = {"keys": [{"kty": "oct", "k": "AAAA", "kid": key.kid}, *key.public().jwks()["keys"]]}
    assert set(PublicKeys.from_jwks(document).keys) == {key.kid}
    assert PublicKeys.from_jwks({"keys": [{"kty": "oct", "k": "AAAA"}]}).keys == {}


def test_a_private_key_does_not_print() -> None:
    key = SigningKey.generate()
    assert str(key.key.as_dict(private=True)["d"]) not in repr(key)
