"""Ed25519 keys: signing keys on disk (mode 0600), the public halves as a JWKS, looked up by ``kid``.

Algorithms are pinned to one: ``Ed25519`` (RFC 9864, the fully specified name of EdDSA on that curve). A token that
names any other is refused before a key is looked up.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, cast

import msgspec
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import OKPKey

from gateway.errors import IdentityError

__all__ = [
    "ALGORITHM",
    "ROTATION",
    "PublicKeys",
    "SigningKey",
    "current_key",
    "development_key",
    "load_public_keys",
    "load_signing_key",
    "rotate_key",
]

log = structlog.get_logger("gateway")

ALGORITHM: Final = "Ed25519"
ROTATION: Final = ("publish", "use", "retire")
"""The steps by which a signing key is replaced without a gap; between two, everybody has to have read the key set."""


@dataclass(frozen=True)
class SigningKey:
    """A private key and its ``kid`` (the RFC 7638 thumbprint)."""

    kid: str
    key: OKPKey

    @cached_property
    def raw(self) -> Ed25519PrivateKey:
        """The key as the library that signs has it."""
        found = self.key.private_key
        if not isinstance(found, Ed25519PrivateKey):
            raise IdentityError("KEYS_MALFORMED", "The signing key has no private part", status=500)
        return found

    @classmethod
    def generate(cls) -> SigningKey:
        """A new random key."""
        key = OKPKey.generate_key("Ed25519")
        return cls(key.thumbprint(), key)

    def public(self) -> PublicKeys:
        """The key set that verifies what this key signs."""
        return PublicKeys.of([self.key])

    def __repr__(self) -> str:  # a private key must not reach a log by accident
        return f"SigningKey(kid={self.kid!r})"


@dataclass(frozen=True, slots=True)
class PublicKeys:
    """Public keys by ``kid``."""

    keys: Mapping[str, OKPKey]

    @classmethod
    def of(cls, keys: Iterable[OKPKey]) -> PublicKeys:
        """The public halves of ``keys``."""
        public = [OKPKey.import_key(cast(Any, key.as_dict(private=False))) for key in keys]
        return cls(MappingProxyType({key.thumbprint(): key for key in public}))

    @classmethod
    def from_jwks(cls, document: Mapping[str, Any]) -> PublicKeys:
        """The Ed25519 keys of a JWKS document; keys of other kinds are left out. Raises ``IdentityError``."""
        items = document.get("keys")
        if not isinstance(items, list):
            raise IdentityError("KEYS_MALFORMED", "The key set is not a JWKS document", status=500)
        wanted = [item for item in items if isinstance(item, dict) and item.get("crv") == "Ed25519"]
        try:
            keys = {item.get("kid"): OKPKey.import_key(cast(Any, _public_part(item))) for item in wanted}
        except (ValueError, KeyError) as error:
            raise IdentityError("KEYS_MALFORMED", "A key of the key set is malformed", status=500) from error
        return cls(MappingProxyType({kid or key.thumbprint(): key for kid, key in keys.items()}))

    def jwks(self) -> dict[str, Any]:
        """The key set as a JWKS document (RFC 7517), for ``/.well-known/jwks.json``."""
        return {
            "keys": [
                {**key.as_dict(private=False), "kid": kid, "use": "sig", "alg": ALGORITHM}
                for kid, key in sorted(self.keys.items())
            ]
        }

    def __or__(self, other: PublicKeys) -> PublicKeys:
        """Both key sets, as during a rotation."""
        return PublicKeys(MappingProxyType({**self.keys, **other.keys}))


def _public_part(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: item[name] for name in ("kty", "crv", "x")}


def load_signing_key(folder: Path, name: str) -> SigningKey:
    """The private key ``<name>.key.json`` in ``folder``; raises ``IdentityError`` KEYS_MISSING or KEYS_MALFORMED."""
    path = folder / f"{name}.key.json"
    try:
        key = OKPKey.import_key(msgspec.json.decode(path.read_bytes()))
    except FileNotFoundError:
        raise IdentityError(
            "KEYS_MISSING",
            f"There is no signing key {name!r}",
            status=500,
            where=str(path),
            hint="put the private JWK there (mode 0600), or start once in mode development, which makes one",
        ) from None
    except (msgspec.DecodeError, ValueError, KeyError):
        raise IdentityError(
            "KEYS_MALFORMED", f"The signing key {name!r} is no JWK", status=500, where=str(path)
        ) from None
    if not key.is_private:
        raise IdentityError("KEYS_MALFORMED", f"The key {name!r} has no private part", status=500, where=str(path))
    return SigningKey(key.thumbprint(), key)


def current_key(folder: Path, name: str) -> Callable[[], SigningKey]:
    """A function that returns the signing key on disk, read anew once its file has been replaced.

    A file that cannot be read any more leaves the key that is known in use, and a line in the log: nobody is refused
    because a key was being installed. Raises ``IdentityError`` where there is no key to begin with.
    """
    path = str(folder / f"{name}.key.json")
    key, seen = load_signing_key(folder, name), _stamp(path)

    def current() -> SigningKey:
        nonlocal key, seen
        stamp = _stamp(path)
        if stamp != seen:
            seen = stamp
            try:
                key = load_signing_key(folder, name)
            except IdentityError as error:
                log.error("the signing key cannot be read; the one before it stays in use", code=error.code)
        return key

    return current


def _stamp(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns


def load_public_keys(folder: Path, name: str) -> PublicKeys:
    """The key set ``<name>.jwks.json`` in ``folder``; raises ``IdentityError`` KEYS_MISSING or KEYS_MALFORMED."""
    path = folder / f"{name}.jwks.json"
    try:
        return PublicKeys.from_jwks(msgspec.json.decode(path.read_bytes(), type=dict[str, Any]))
    except FileNotFoundError:
        raise IdentityError(
            "KEYS_MISSING",
            f"There is no key set {name!r}",
            status=500,
            where=str(path),
            hint="put the issuer's JWKS there, or start once in mode development, which makes one",
        ) from None
    except msgspec.MsgspecError:
        raise IdentityError(
            "KEYS_MALFORMED", f"The key set {name!r} is not JSON", status=500, where=str(path)
        ) from None


def development_key(folder: Path, name: str, *, mode: str) -> SigningKey:
    """The private key ``name``, made now with its public half when missing; for development only.

    Raises ``IdentityError`` DEVELOPMENT_ONLY in any other ``mode``: there, keys come from whoever runs the house.
    """
    if mode != "development":
        raise IdentityError(
            "DEVELOPMENT_ONLY",
            f"Keys and tokens are made here in mode development only; the mode is {mode!r}",
            status=403,
            hint="install the keys of your issuer under the keys folder instead",
        )
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{name}.key.json"
    if not path.exists():
        fresh = SigningKey.generate()
        _write_once(path, msgspec.json.encode(fresh.key.as_dict(private=True)))
    key = load_signing_key(folder, name)  # another process may have been first: what is on disk counts
    public = folder / f"{name}.jwks.json"
    if not public.exists():
        _write_once(public, msgspec.json.encode(key.public().jwks()))
    return key


def rotate_key(folder: Path, name: str, *, step: str) -> PublicKeys:
    """Take one step in replacing the signing key ``name``; returns the key set that is published afterwards.

    ``publish`` makes the next key and adds its public half to the set; ``use`` makes it the one that signs, once
    everybody has read the set; ``retire`` takes the old public half out, once nobody signs with it any more. A step
    that was taken changes nothing. Raises ``IdentityError`` ROTATION_OUT_OF_ORDER where its turn has not come.
    """
    current, following = folder / f"{name}.key.json", folder / f"{name}.next.key.json"
    key = load_signing_key(folder, name)
    if step == "publish":
        if not following.exists():
            _write_once(following, msgspec.json.encode(SigningKey.generate().key.as_dict(private=True)))
        return _publish(
            folder, name, load_public_keys(folder, name) | load_signing_key(folder, f"{name}.next").public()
        )
    if step == "use":
        published = load_public_keys(folder, name)
        if not following.exists() and len(published.keys) > 1:
            return published
        if not following.exists() or load_signing_key(folder, f"{name}.next").kid not in published.keys:
            raise _out_of_order("use", "publish")
        os.replace(following, current)
        return published
    if step == "retire":
        if following.exists():
            raise _out_of_order("retire", "use")
        return _publish(folder, name, key.public())
    raise _out_of_order(step, ROTATION[0])


def _publish(folder: Path, name: str, keys: PublicKeys) -> PublicKeys:
    draft = folder / f"{name}.jwks.json.{os.getpid()}.tmp"
    draft.unlink(missing_ok=True)
    _write_once(draft, msgspec.json.encode(keys.jwks()))
    os.replace(draft, folder / f"{name}.jwks.json")
    return keys


def _out_of_order(step: str, first: str) -> IdentityError:
    return IdentityError(
        "ROTATION_OUT_OF_ORDER",
        f"The step {step!r} cannot be taken now",
        status=500,
        where="--step",
        hint=f"take the step {first!r} first; the steps are {', '.join(ROTATION)}",
    )


def _write_once(path: Path, content: bytes) -> None:
    """Write ``content`` whole with mode 0600, unless the file is there already."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(handle, content)
        os.fsync(handle)
    finally:
        os.close(handle)
    try:
        os.link(draft, path)  # fails where the file exists, so two starts at once agree on one key
    except FileExistsError:
        pass
    finally:
        draft.unlink()
