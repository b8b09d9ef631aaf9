"""Which other sites' pages may ask: those of the settings, after a preflight; the others are refused before anything.

A page of another site can make a browser send requests, and with a graph that asks for no token it could do so in
somebody's name (CSRF), or learn from how they end. Browsers say where such a request comes from; programs do not.
Source: https://fetch.spec.whatwg.org/#http-cors-protocol and https://www.w3.org/TR/fetch-metadata/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from gateway.errors import AccessError

__all__ = ["Headers", "check_origin", "granted", "preflight"]

Headers = list[tuple[bytes, bytes]]
_FAR: Final = frozenset({b"cross-site", b"same-site"})
_EXPOSED: Final = b"retry-after, server-timing, x-request-id"
_SENDABLE: Final = (
    b"accept, apollographql-client-name, apollographql-client-version, authorization, content-type, graphql-client-name, "
    b"graphql-client-version, last-event-id, traceparent, x-graphql-client-name, x-graphql-client-version"
)


def check_origin(headers: Mapping[bytes, bytes], allowed: frozenset[str]) -> str:
    """The allowed origin that the request comes from, ``""`` where it comes from no other site's page.

    Raises ``AccessError`` ORIGIN_NOT_ALLOWED (403) where it comes from any other.
    """
    if b"origin" not in headers and b"sec-fetch-site" not in headers:
        return ""
    origin = headers.get(b"origin", b"").decode("latin-1")
    if origin in allowed and origin:
        return origin
    if origin and origin != "null" and urlsplit(origin).netloc == headers.get(b"host", b"").decode("latin-1"):
        return ""
    if origin or headers.get(b"sec-fetch-site") in _FAR:
        raise AccessError(
            "ORIGIN_NOT_ALLOWED",
            "Pages of other sites may not ask here.",
            where="origin",
            hint="Operators: TWS_CORS_ORIGINS names the origins that may.",
        )
    return ""


def preflight(headers: Mapping[bytes, bytes], method: str) -> bool:
    """Whether a browser asks what it may send."""
    return method == "OPTIONS" and b"origin" in headers and b"access-control-request-method" in headers


def granted(origin: str, *, before: bool = False) -> Headers:
    """The headers that let a page of ``origin`` read the answer; with ``before``, those that answer a preflight."""
    told = [(b"access-control-allow-origin", origin.encode("latin-1"))]
    if not before:
        return [*told, (b"access-control-expose-headers", _EXPOSED)]
    return [
        *told,
        (b"access-control-allow-methods", b"GET, POST"),
        (b"access-control-allow-headers", _SENDABLE),
        (b"access-control-max-age", b"600"),
    ]
