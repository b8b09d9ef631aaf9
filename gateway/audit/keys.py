"""The audit log's keys on disk: one that signs checkpoints, and one a month that turns travelers into pseudonyms."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
import secrets
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

__all__ = ["Pseudonyms", "has_signing_key", "load_public_key", "load_signing_key"]

_SIGNING = "audit-head.key"
_PUBLIC = "audit-head.pub"
_PERIOD = re.compile(r"audit-subjects-(\d{4}-\d{2})\.key")


def load_signing_key(folder: Path) -> Ed25519PrivateKey:
    """The Ed25519 key that signs the log's checkpoints, made on first use (mode 0600), its public half beside it."""
    seed = _secret(folder / _SIGNING)
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public = folder / _PUBLIC
    if not public.exists():
        raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        public.write_text(base64.b64encode(raw).decode() + "\n")
    return key


def has_signing_key(folder: Path) -> bool:
    """Whether the folder holds the key that signs, and is more than a copy for verifying."""
    return (folder / _SIGNING).exists()


def load_public_key(folder: Path) -> Ed25519PublicKey:
    """The public half, which is all that verifying needs; raises ``FileNotFoundError`` when no log was ever opened."""
    return Ed25519PublicKey.from_public_bytes(base64.b64decode((folder / _PUBLIC).read_text()))


class Pseudonyms:
    """Travelers as keyed hashes, one key per calendar month (UTC), so that shredding a key forgets its month."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._keys: dict[str, bytes] = {}

    def of(self, traveler_id: str, at: datetime) -> str:
        """The pseudonym of a traveler in the month of ``at``: ``2026-11.<32 hex digits>``; makes that month's key."""
        period = at.astimezone(UTC).strftime("%Y-%m")
        key = self._keys.get(period)
        if key is None:
            key = self._keys[period] = _secret(self._path(period))
        return _pseudonym(period, key, traveler_id)

    def every(self, traveler_id: str) -> tuple[str, ...]:
        """The traveler's pseudonyms in all months whose key still exists, oldest first; what a search looks for."""
        return tuple(_pseudonym(name, self._path(name).read_bytes(), traveler_id) for name in self.periods())

    def periods(self) -> tuple[str, ...]:
        """The months (``2026-11``) whose key still exists, oldest first."""
        found = (_PERIOD.fullmatch(path.name) for path in self._folder.glob("*.key"))
        return tuple(sorted(each[1] for each in found if each))

    def shred(self, period: str) -> bool:
        """Delete a month's key: its records stay whole and verifiable, but lead to nobody. False if it had none."""
        self._keys.pop(period, None)
        path = self._path(period)
        if not path.exists():
            return False
        with path.open("r+b") as file:  # the bytes first, for what the file system keeps of deleted files
            file.write(bytes(path.stat().st_size))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
        return True

    def _path(self, period: str) -> Path:
        return self._folder / f"audit-subjects-{period}.key"


def _pseudonym(period: str, key: bytes, traveler_id: str) -> str:
    return f"{period}.{hmac.new(key, traveler_id.encode(), hashlib.sha256).hexdigest()[:32]}"


def _secret(path: Path) -> bytes:
    """32 random bytes kept at ``path``; of two processes that make it at once, one wins and both read the same."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(descriptor, secrets.token_bytes(32))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        try:
            os.link(draft, path)  # fails if another process was first: then its key counts
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_bytes()
