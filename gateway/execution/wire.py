"""JSON to and from subgraphs: msgspec, because it keeps integers of any length exact (orjson does not)."""

from __future__ import annotations

from typing import Any

import msgspec

__all__ = ["NotJson", "decode", "encode"]

_decoder = msgspec.json.Decoder()
_encoder = msgspec.json.Encoder()


class NotJson(ValueError):  # noqa: N818 (it says what the bytes are)
    """The bytes are no JSON that can be read: malformed, not UTF-8, out of range, or nested beyond reason."""


def decode(body: bytes) -> Any:
    """The value of ``body``; raises ``NotJson``. Of equal keys in one object the last one counts."""
    try:
        return _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise NotJson(type(error).__name__) from None


def encode(value: Any) -> bytes:
    """``value`` as compact JSON."""
    return _encoder.encode(value)
