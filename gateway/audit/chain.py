"""The chain that ties records together, and the signed heads that pin it; shared by the writer and the verifier."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

__all__ = [
    "COLUMNS",
    "GENESIS",
    "SCHEMA",
    "Entry",
    "Head",
    "columns",
    "envelope",
    "heads_path",
    "link",
    "opened",
    "read_heads",
]

GENESIS = bytes(32)
"""What stands before the first record: 32 zero bytes."""

SCHEMA = """
create table if not exists record (
  idx integer primary key, prev blob not null, hash blob not null, body blob not null,
  at text not null, request text not null, user text not null, agency text not null,
  role text not null, purpose text not null, "case" text not null
) strict;
create table if not exists record_subject (idx integer not null, subject text not null) strict;
create table if not exists record_coordinate (
  idx integer not null, coordinate text not null, outcome text not null, owner text not null,
  agreement text not null, count integer not null
) strict;
create index if not exists record_at on record (at);
create index if not exists record_request on record (request);
create index if not exists record_user on record (user);
create index if not exists record_subject_of on record_subject (subject, idx);
create index if not exists record_subject_idx on record_subject (idx);
create index if not exists record_coordinate_of on record_coordinate (coordinate, idx);
create index if not exists record_coordinate_idx on record_coordinate (idx);
create index if not exists record_agreement_of on record_coordinate (agreement, idx);
"""

COLUMNS = ("at", "request", "user", "agency", "role", "purpose", "case")
"""The columns beside the body that searching uses; all follow from the body, and the verifier checks that they do."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A place in the log: the record's index (from 0) and the chain's hash up to and including it (32 bytes)."""

    index: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """A signed statement that the log had ``index + 1`` records and that they hash to ``hash``."""

    index: int
    hash: bytes
    signature: bytes

    @classmethod
    def sign(cls, entry: Entry, key: Ed25519PrivateKey) -> Head:
        """The head for ``entry``, signed over its index (8 bytes, big-endian) and hash."""
        return cls(entry.index, entry.hash, key.sign(_message(entry.index, entry.hash)))

    def signed_by(self, key: Ed25519PublicKey) -> bool:
        """Whether the signature is the log's own."""
        try:
            key.verify(self.signature, _message(self.index, self.hash))
        except InvalidSignature:
            return False
        return True

    def line(self) -> str:
        """The head as one line of the heads file: index, hash in hex, signature in base64."""
        return f"{self.index} {self.hash.hex()} {base64.b64encode(self.signature).decode()}\n"

    @classmethod
    def parse(cls, line: str) -> Head | None:
        """The head a line holds; None for a line that a crash left half written."""
        try:
            index, hashed, signature = line.split()
            head = cls(int(index), bytes.fromhex(hashed), base64.b64decode(signature, validate=True))
        except (ValueError, binascii.Error):
            return None
        return head if len(head.hash) == 32 and len(head.signature) == 64 else None


def _message(index: int, hashed: bytes) -> bytes:
    return b"two-way-street audit head\n" + index.to_bytes(8, "big") + hashed


def link(prev: bytes, body: bytes) -> bytes:
    """The chain's hash after ``body``: SHA-256 over the previous hash and the record's canonical JSON."""
    return hashlib.sha256(prev + body).digest()


def envelope(index: int, record: bytes) -> bytes:
    """A record's bytes as they are chained: with its place inside, so that a moved record gives itself away."""
    return b'{"index":%d,"record":%b}' % (index, record)


def columns(record: dict[str, Any]) -> tuple[tuple[Any, ...], list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """What searching needs of a record's JSON: its row's columns, its subjects, its coordinates."""
    caller = record["caller"]
    row = (record["at"], record["request"], *(caller[name] for name in ("user", "agency", "role", "purpose", "case")))
    subjects = [(subject,) for subject in record["subjects"]]
    names = ("coordinate", "outcome", "owner", "agreement", "count")
    return row, subjects, [tuple(item[name] for name in names) for item in record["disclosed"]]


def heads_path(log: Path) -> Path:
    """Where the heads of the log at ``log`` are kept: beside it, one line per commit."""
    return log.with_name(log.name + ".heads")


def read_heads(path: Path) -> Iterator[Head]:
    """The heads in the file, in the order they were written; torn lines are passed over. Nothing if there is none."""
    if not path.exists():
        return
    with path.open(encoding="ascii", errors="replace") as lines:
        for line in lines:
            if (head := Head.parse(line)) is not None:
                yield head


def opened(body: bytes) -> tuple[int, dict[str, Any]]:
    """The place and the record that chained bytes hold; raises ``ValueError`` when they hold none."""
    value = orjson.loads(body)
    return int(value["index"]), value["record"]
