"""A checkpoint: the log's signed word on how many records a shard has and what they hash to (c2sp.org/tlog-checkpoint)."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gateway.audit.note import Note, VerifierKey, raw_public

__all__ = ["Checkpoint", "checkpoint_text", "log_key"]


def checkpoint_text(origin: str, size: int, root: bytes) -> str:
    """The text that is signed: the origin, the size in decimal, the root in base64, a line each."""
    return f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"


def log_key(origin: str, key: Ed25519PublicKey) -> VerifierKey:
    """The key under which the shard ``origin`` signs: the log's, by the shard's name."""
    return VerifierKey(origin, raw_public(key))


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A shard of ``size`` records whose tree has the root ``root`` (32 bytes), signed by the log (64 bytes)."""

    origin: str
    size: int
    root: bytes
    signature: bytes

    @classmethod
    def sign(cls, origin: str, size: int, root: bytes, key: Ed25519PrivateKey) -> Checkpoint:
        """The checkpoint, signed."""
        return cls(origin, size, root, key.sign(checkpoint_text(origin, size, root).encode()))

    @property
    def shard(self) -> str:
        """The shard's id: what follows the origin's last slash."""
        return self.origin.rpartition("/")[2]

    def signed_by(self, key: Ed25519PublicKey) -> bool:
        """Whether the signature is the log's own."""
        return log_key(self.origin, key).accepts(checkpoint_text(self.origin, self.size, self.root), self.signature)

    def note(self, key: Ed25519PublicKey) -> Note:
        """The checkpoint as a signed note under the log's key."""
        identity = log_key(self.origin, key).id
        line = f"\u2014 {self.origin} {base64.b64encode(identity + self.signature).decode()}\n"
        return Note(checkpoint_text(self.origin, self.size, self.root), (line,))

    @classmethod
    def of_note(cls, note: Note, key: Ed25519PublicKey) -> Checkpoint | None:
        """The checkpoint in a note that the log signed; None when the log did not sign it, or it is none."""
        lines = note.text.splitlines()
        if len(lines) != 3:  # this log writes no extension lines
            return None
        origin, size, root = lines
        try:
            hashed = base64.b64decode(root, validate=True)
        except (ValueError, binascii.Error):
            return None
        signature = note.signature(log_key(origin, key))
        if signature is None or not size.isdecimal() or (size[0] == "0" and size != "0") or len(hashed) != 32:
            return None
        return cls(origin, int(size), hashed, signature)

    def line(self) -> str:
        """The checkpoint as one line of the trail beside a log: size, root in hex, signature in base64."""
        return f"{self.size} {self.root.hex()} {base64.b64encode(self.signature).decode()}\n"

    @classmethod
    def of_line(cls, origin: str, line: str) -> Checkpoint | None:
        """The checkpoint that a line holds; None for a line that a crash left half written."""
        try:
            size, root, signature = line.split()
            found = cls(origin, int(size), bytes.fromhex(root), base64.b64decode(signature, validate=True))
        except (ValueError, binascii.Error):
            return None
        return found if len(found.root) == 32 and len(found.signature) == 64 else None
