"""Signed notes (c2sp.org/signed-note): text under signature lines, by Ed25519 keys that carry a name.

Two kinds of signature are read and made: plain ones (type 1) and a witness's cosignatures, which tell when they were
made (type 4, c2sp.org/tlog-cosignature).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.errors import RequestError

__all__ = ["COSIGNATURE", "PLAIN", "Note", "Signer", "VerifierKey", "raw_public"]

PLAIN, COSIGNATURE = 1, 4
_PRIVATE = "PRIVATE+KEY"
_DASH = "\u2014 "


def raw_public(key: Ed25519PublicKey) -> bytes:
    """The key's 32 bytes."""
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key with its name and the kind of signature it checks (``PLAIN`` or ``COSIGNATURE``)."""

    name: str
    public: bytes
    kind: int = PLAIN

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """The key that ``<name>+<id in hex>+<base64>`` says; raises ``RequestError`` ``KEY_MALFORMED``."""
        try:
            name, identity, encoded = text.strip().split("+", 2)
            raw = base64.b64decode(encoded, validate=True)
            key = cls(name, raw[1:], raw[0])
            if len(key.public) != 32 or key.kind not in (PLAIN, COSIGNATURE) or key.id.hex() != identity:
                raise ValueError(text)
        except (ValueError, binascii.Error, IndexError):
            raise _malformed("verifier key", text) from None
        return key

    @property
    def id(self) -> bytes:
        """The key's four bytes by which a signature line names it."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:4]

    def __str__(self) -> str:
        """The key in the form that ``parse`` reads."""
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(bytes([self.kind]) + self.public).decode()}"

    def accepts(self, text: str, signature: bytes) -> bool:
        """Whether ``signature`` (without the id) is this key's over the note text ``text``."""
        message = text.encode()
        if self.kind == COSIGNATURE:
            if len(signature) != 72:
                return False
            message = _dated(int.from_bytes(signature[:8], "big"), text)
            signature = signature[8:]
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key with its name; ``kind`` as in ``VerifierKey``."""

    name: str
    key: Ed25519PrivateKey
    kind: int = PLAIN

    @classmethod
    def load(cls, path: Path, kind: int = COSIGNATURE) -> Signer:
        """The signer in the file that ``make`` wrote; raises ``RequestError`` ``KEY_MALFORMED`` or ``KEYS_MISSING``."""
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as problem:
            raise RequestError(
                "KEYS_MISSING",
                f"The key cannot be read: {problem.strerror}.",
                where=str(path),
                hint="Make one with `gateway audit keygen NAME FILE`.",
            ) from None
        try:
            marked, rest = text.strip()[: len(_PRIVATE)], text.strip()[len(_PRIVATE) + 1 :]
            name, identity, encoded = rest.split("+", 2)
            raw = base64.b64decode(encoded, validate=True)
            signer = cls(name, Ed25519PrivateKey.from_private_bytes(raw[1:]), raw[0])
            if marked != _PRIVATE or signer.public.id.hex() != identity or signer.kind != kind:
                raise ValueError(path)
        except (ValueError, binascii.Error, IndexError):
            raise _malformed("signing key", str(path)) from None
        return signer

    @classmethod
    def make(cls, name: str, path: Path, kind: int = COSIGNATURE) -> Signer:
        """A new signer, written to ``path`` (mode 0600); raises ``RequestError`` when there is a file already."""
        if not name or any(letter.isspace() or letter == "+" for letter in name):
            raise _malformed("key's name", name)
        signer = cls(name, Ed25519PrivateKey.generate(), kind)
        seed = base64.b64encode(bytes([kind]) + signer.key.private_bytes_raw()).decode()
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as problem:
            raise RequestError(
                "KEY_NOT_WRITTEN",
                f"The key cannot be written: {problem.strerror}.",
                where=str(path),
                hint="Name a file that does not exist yet, in a folder that does.",
            ) from None
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(f"{_PRIVATE}+{name}+{signer.public.id.hex()}+{seed}\n")
        return signer

    @property
    def public(self) -> VerifierKey:
        """What checks this signer's signatures."""
        return VerifierKey(self.name, raw_public(self.key.public_key()), self.kind)

    def line(self, text: str, seconds: int = 0) -> str:
        """The signature line over the note text ``text``; a cosignature is dated ``seconds`` after 1970."""
        if self.kind == COSIGNATURE:
            signature = seconds.to_bytes(8, "big") + self.key.sign(_dated(seconds, text))
        else:
            signature = self.key.sign(text.encode())
        return f"{_DASH}{self.name} {base64.b64encode(self.public.id + signature).decode()}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A note: its text (ends in a newline) and its signature lines (each ends in one)."""

    text: str
    lines: tuple[str, ...]

    @classmethod
    def parse(cls, raw: str) -> Note | None:
        """The note that ``raw`` is; None when it is none."""
        text, gap, below = raw.rpartition("\n\n")
        lines = below.splitlines(keepends=True)
        sound = gap and lines and all(line.startswith(_DASH) and line.endswith("\n") for line in lines)
        if not sound or any(letter < " " and letter != "\n" for letter in raw):
            return None
        return cls(text + "\n", tuple(lines))

    def __str__(self) -> str:
        """The note as it is kept and sent."""
        return f"{self.text}\n{''.join(self.lines)}"

    def signature(self, key: VerifierKey) -> bytes | None:
        """The signature by ``key`` (without the id) if there is one and it holds, else None."""
        for line in self.lines:
            name, _, encoded = line[len(_DASH) : -1].partition(" ")
            try:
                raw = base64.b64decode(encoded, validate=True)
            except (ValueError, binascii.Error):
                continue
            if name == key.name and raw[:4] == key.id:
                return raw[4:] if key.accepts(self.text, raw[4:]) else None
        return None


def _dated(seconds: int, text: str) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def _malformed(what: str, where: str) -> RequestError:
    return RequestError(
        "KEY_MALFORMED",
        f"This is no {what}.",
        where=where,
        hint="A verifier key reads NAME+ID+BASE64; `gateway audit keygen NAME FILE` makes a pair.",
    )
