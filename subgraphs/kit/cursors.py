"""Opaque cursors: the position in a list, sealed so that no client can read or forge the values in it.

A cursor holds values of the ordering columns, and those may be classified (a receipt number, a date). It leaves the
subgraph as a plain string of ``PageInfo``, so it is encrypted: AES-SIV, deterministic, so that answers are byte-stable.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from subgraphs.kit.errors import Refusal

__all__ = ["Cursors"]


class Cursors:
    """Seals and opens cursors with a key derived from ``secret`` and the subgraph's name."""

    def __init__(self, secret: bytes, subgraph: str) -> None:
        self._cipher = AESSIV(hashlib.blake2b(subgraph.encode(), key=secret[:64], digest_size=32).digest())

    def seal(self, order: str, values: list[Any]) -> str:
        """The cursor of the row with these ordering ``values`` in the list ordered by ``order``."""
        sealed = self._cipher.encrypt(msgspec.json.encode(values), [order.encode()])
        return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def open(self, order: str, cursor: str) -> list[Any]:
        """The ordering values in ``cursor``; raises ``Refusal`` BAD_CURSOR when it was not sealed for ``order``."""
        try:
            sealed = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
            values = msgspec.json.decode(self._cipher.decrypt(sealed, [order.encode()]))
        except (ValueError, InvalidTag, msgspec.DecodeError):
            values = None
        if not isinstance(values, list):
            raise Refusal(
                "BAD_CURSOR", "The cursor does not belong to this list in this order; start from its first page"
            )
        return values
