"""One entry of the log: the record's bytes with its place in them, and the salted hash that is the tree's leaf."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import orjson

__all__ = ["SALT", "Entry", "Payload", "Stored", "canonical", "commitment", "envelope", "opened"]

SALT = 16
"""How many random bytes are hashed before an entry, so that a leaf tells nothing about a payload that was deleted."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A place in the log: the shard, the record's index in it (from 0), and its leaf (32 bytes)."""

    index: int
    hash: bytes
    shard: str = ""


@dataclass(frozen=True, slots=True)
class Stored:
    """What is kept of one record: its leaf, and the salt and payload under it unless they were deleted."""

    index: int
    commitment: bytes
    salt: bytes | None
    body: bytes | None


@dataclass(frozen=True, slots=True)
class Payload:
    """What a payload says of itself: its shard and index, when it was noted, and the record."""

    shard: str
    index: int
    noted: str
    record: dict[str, Any]


def envelope(shard: str, index: int, noted: str, record: bytes) -> bytes:
    """A record's canonical JSON with its place, so that a moved record gives itself away.

    ``noted`` never goes back within a shard: where a request that began later ended first, or the clock stepped back, it is
    later than the record's own ``at``.
    """
    return b'{"index":%d,"noted":"%b","record":%b,"shard":"%b"}' % (index, noted.encode(), record, shard.encode())


def canonical(payload: dict[str, Any]) -> bytes:
    """The bytes of a payload that was read as JSON."""
    return orjson.dumps(payload, option=orjson.OPT_SORT_KEYS)


def commitment(salt: bytes, body: bytes) -> bytes:
    """The leaf of a payload: SHA-256 over the salt and the payload's bytes."""
    return hashlib.sha256(salt + body).digest()


def opened(body: bytes) -> Payload:
    """What a payload's bytes hold; raises ``ValueError`` when they are no payload."""
    try:
        value = orjson.loads(body)
        record = value["record"]
        payload = Payload(str(value["shard"]), int(value["index"]), str(value["noted"]), record)
        if not isinstance(record, dict):
            raise TypeError("no record")
    except (KeyError, TypeError) as error:
        raise ValueError(f"no payload: {error}") from error
    return payload
