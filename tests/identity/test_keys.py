"""Keys on disk: made once, in development only, readable by their owner only."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
import structlog

from gateway.errors import IdentityError
from gateway.identity import (
    PublicKeys,
    SigningKey,
    current_key,
    development_key,
    load_public_keys,
    load_signing_key,
    rotate_key,
)


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


def test_a_rotation_goes_step_by_step_and_each_step_may_be_taken_again(tmp_path: Path) -> None:
    old = development_key(tmp_path, "gateway", mode="development")
    assert code(rotate_key, tmp_path, "gateway", step="use") == "ROTATION_OUT_OF_ORDER"
    both = rotate_key(tmp_path, "gateway", step="publish")
    assert rotate_key(tmp_path, "gateway", step="publish").keys.keys() == both.keys.keys()
    assert len(both.keys) == 2
    assert load_signing_key(tmp_path, "gateway").kid == old.kid
    assert code(rotate_key, tmp_path, "gateway", step="retire") == "ROTATION_OUT_OF_ORDER"
    rotate_key(tmp_path, "gateway", step="use")
    new = load_signing_key(tmp_path, "gateway")
    assert rotate_key(tmp_path, "gateway", step="use").keys.keys() == both.keys.keys() == {old.kid, new.kid}
    assert stat.S_IMODE((tmp_path / "gateway.key.json").stat().st_mode) == 0o600
    assert set(rotate_key(tmp_path, "gateway", step="retire").keys) == {new.kid}
    assert set(rotate_key(tmp_path, "gateway", step="retire").keys) == {new.kid}
    assert code(rotate_key, tmp_path, "gateway", step="nonsense") == "ROTATION_OUT_OF_ORDER"


def test_the_current_key_is_the_one_on_disk_and_stays_when_the_file_is_broken(tmp_path: Path) -> None:
    old = development_key(tmp_path, "gateway", mode="development")
    current = current_key(tmp_path, "gateway")
    assert current().kid == old.kid
    rotate_key(tmp_path, "gateway", step="publish")
    rotate_key(tmp_path, "gateway", step="use")
    new = current()
    assert new.kid == load_signing_key(tmp_path, "gateway").kid != old.kid
    broken = tmp_path / "draft"
    broken.write_text("{")
    broken.replace(tmp_path / "gateway.key.json")
    with structlog.testing.capture_logs() as said:
        assert current() is new
        assert current() is new
    assert [each["code"] for each in said] == ["KEYS_MALFORMED"]
    (tmp_path / "gateway.key.json").unlink()
    assert current() is new
