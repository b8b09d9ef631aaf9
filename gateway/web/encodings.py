"""Compression both ways: what a client sent is unpacked up to the limit of a body, and what it accepts is packed.

Codings are those of RFC 9110 section 8.4: zstd, br, gzip. A bomb is unpacked no further than the limit.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Mapping
from typing import Final

import brotli
import zstandard

from gateway.errors import RequestError

__all__ = ["CODINGS", "SMALLEST", "chosen", "pack", "unpack"]

CODINGS: Final = ("zstd", "br", "gzip")  # in the order that is preferred where the client does not care
SMALLEST: Final = 1_000  # bytes; packing less saves nothing


def chosen(accepted: str) -> str:
    """The coding to answer in for an ``accept-encoding`` header; ``""`` to send the bytes as they are."""
    if not accepted:
        return ""
    wanted: dict[str, float] = {}
    for part in accepted.lower().split(","):
        name, _, parameters = part.strip().partition(";")
        wanted[name.strip()] = _quality(parameters)
    scored = [(wanted.get(each, wanted.get("*", 0.0)), each) for each in CODINGS]
    best = max(scored, key=lambda each: each[0])  # the first of equals, which is ours to choose
    return best[1] if best[0] > 0 else ""


def _quality(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return min(max(float(value), 0.0), 1.0)
    except ValueError:
        return 1.0


_PACKERS: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "zstd": lambda body: zstandard.compress(body, 3),
    "br": lambda body: brotli.compress(body, quality=4),
    "gzip": lambda body: gzip.compress(body, 5, mtime=0),
}


def pack(body: bytes, coding: str) -> bytes:
    """``body`` in ``coding``, one of ``CODINGS``."""
    return _PACKERS[coding](body)


def unpack(body: bytes, coding: str, most: int) -> bytes:
    """What ``body`` is without its ``coding``.

    Raises ``RequestError``: UNSUPPORTED_ENCODING (415) for another coding, BODY_NOT_PACKED (400) where the bytes are
    not in it, BODY_TOO_LARGE (413) where they unpack to more than ``most``; no more than that is ever unpacked.
    """
    coding = coding.strip().lower()
    if coding in ("", "identity"):
        return body
    unpacker = {"gzip": _gunzip, "x-gzip": _gunzip, "br": _unbrotli, "zstd": _unzstd}.get(coding)
    if unpacker is None:
        raise RequestError(
            "UNSUPPORTED_ENCODING",
            "The body is packed in a way that is not taken.",
            status=415,
            where="content-encoding",
            hint=f"Pack it as one of {', '.join(CODINGS)}, or not at all.",
        )
    try:
        unpacked = unpacker(body, most + 1)
    except (zlib.error, brotli.error, zstandard.ZstdError, EOFError):
        raise RequestError(
            "BODY_NOT_PACKED",
            f"The body is not whole, or not {coding}.",
            where="content-encoding",
            hint="Send it packed as content-encoding says, or leave that header out.",
        ) from None
    if len(unpacked) > most:
        raise RequestError(
            "BODY_TOO_LARGE",
            f"The body unpacks to more than {most:,} bytes.",
            status=413,
            where="body",
            hint="Ask for less, or send what is variable as variables.",
        )
    return unpacked


def _gunzip(body: bytes, most: int) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)
    found = unpacker.decompress(body, most)
    if len(found) < most and not unpacker.eof:
        raise EOFError
    return found


def _unbrotli(body: bytes, most: int) -> bytes:
    unpacker = brotli.Decompressor()
    found = bytearray(unpacker.process(body, output_buffer_limit=most))
    while len(found) < most and not unpacker.is_finished():
        more = unpacker.process(b"", output_buffer_limit=most - len(found))
        if not more:
            raise EOFError
        found += more
    return bytes(found[:most])


def _unzstd(body: bytes, most: int) -> bytes:
    # a frame may ask for a window as large as it likes; that much is memory before a byte comes out
    unpacker = zstandard.ZstdDecompressor(max_window_size=2**23)
    with unpacker.stream_reader(body, read_across_frames=False) as reader:
        found = reader.read(most)
    if len(found) < most and not _is_whole(body):
        raise EOFError
    return found


def _is_whole(body: bytes) -> bool:
    """Whether a frame ends where ``body`` does; only asked of frames that unpack to little."""
    unpacker = zstandard.ZstdDecompressor(max_window_size=2**23).decompressobj()
    unpacker.decompress(body)
    return bool(unpacker.eof)
