"""Cursors: where in a subgraph's events a client was, sealed so that they tell nothing.

A place is one number, or one for each of the fields that a watch listens to. The number inside would tell how many events the client did not hear of. So it is encrypted under a key of the gateway,
with a fresh nonce each time: two cursors of the same place look as different as those of any others. A cursor is bound
to one caller and one source; it is a place and no right, since every event is decided anew.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.caller import Caller
from gateway.errors import RequestError

__all__ = ["Cursors"]

_NONCE = 12
_PLACE = 8


class Cursors:
    """Seals places and opens cursors, under a key derived from ``secret`` (the same on every replica)."""

    def __init__(self, secret: bytes) -> None:
        self._cipher = AESGCM(hmac.new(secret, b"cursors of streams", hashlib.sha256).digest())

    def seal(self, source: str, numbers: Sequence[int], caller: Caller) -> str:
        """The cursor of the place after the events ``numbers`` of ``source``, for ``caller``."""
        nonce = os.urandom(_NONCE)
        place = b"".join(number.to_bytes(_PLACE, "big") for number in numbers)
        sealed = self._cipher.encrypt(nonce, place, _bound(source, caller))
        return base64.urlsafe_b64encode(nonce + sealed).decode().rstrip("=")

    def open(self, cursor: str, source: str, caller: Caller) -> tuple[int, ...]:
        """The numbers inside; raises ``RequestError`` ``CURSOR_WRONG`` for what was not made for this caller and source."""
        try:
            sealed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
            place = self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], _bound(source, caller))
        except (binascii.Error, InvalidTag, ValueError):
            raise RequestError(
                "CURSOR_WRONG",
                "The cursor is none that this subscription gave you.",
                where="last-event-id",
                hint="Send the last cursor you were given for this subscription, or none to begin with what comes.",
            ) from None
        return tuple(int.from_bytes(place[at : at + _PLACE], "big") for at in range(0, len(place), _PLACE))


def _bound(source: str, caller: Caller) -> bytes:
    return "\n".join((source, caller.agency, caller.role, caller.user)).encode()
