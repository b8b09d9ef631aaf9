"""The two ways to a subgraph: HTTP against a real socket with scripted answers, and ASGI in process."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import brotli
import pytest
import zstandard
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from gateway.errors import FetchError
from gateway.execution.asgi import AsgiTransport
from gateway.execution.http import HttpTransport
from gateway.execution.transport import SubgraphRequest

ASK = SubgraphRequest("visas", b'{"query":"{ x }"}', headers={"Gateway-Assertion": "signed"})


class Server:
    """A socket that answers each request with the next scripted bytes; "silent" never answers."""

    def __init__(self, *script: bytes) -> None:
        self.script = list(script)
        self.requests: list[bytes] = []
        self.connections = 0
        self.writers: list[asyncio.StreamWriter] = []

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.writers.append(writer)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    int(x.split(b":")[1]) for x in head.lower().split(b"\r\n") if x.startswith(b"content-length")
                )
                self.requests.append(head + await reader.readexactly(length))
                answer = self.script.pop(0)
                if answer == b"close":
                    break
                if answer != b"silent":
                    writer.write(answer)
                    await writer.drain()
        writer.close()


@contextlib.asynccontextmanager
async def serving(*script: bytes, **options: Any) -> AsyncIterator[tuple[Server, HttpTransport]]:
    server = Server(*script)
    listener = await asyncio.start_server(server.handle, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    try:
        async with HttpTransport({"visas": f"http://127.0.0.1:{port}/graphql"}, **options) as transport:
            yield server, transport
    finally:
        for writer in server.writers:
            writer.close()
        listener.close()


def http(body: bytes, status: str = "200 OK", extra: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n{extra}\r\n".encode() + body


async def code_of(transport: HttpTransport | AsgiTransport, request: SubgraphRequest = ASK) -> str:
    with pytest.raises(FetchError) as caught:
        await transport.send(request)
    assert "SECRET" not in caught.value.message
    return caught.value.code


async def test_http_sends_the_body_and_headers_and_keeps_the_connection() -> None:
    """Two requests, one connection; chunked answers are joined."""
    chunked = b'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\n{"d\r\n3\r\n":1\r\n1\r\n}\r\n0\r\n\r\n'
    async with serving(http(b"{}", "400 Bad Request"), chunked) as (server, transport):
        first = await transport.send(ASK)
        second = await transport.send(ASK)
    assert (first.status, first.body) == (400, b"{}")
    assert (second.status, second.body) == (200, b'{"d":1}')
    assert server.connections == 1
    assert server.requests[0].endswith(ASK.body)
    head = server.requests[0].lower()
    assert head.startswith(b"post /graphql ")
    assert b"gateway-assertion: signed" in head
    assert b"content-type: application/json" in head


async def test_http_follows_no_redirect() -> None:
    """A subgraph cannot send the gateway elsewhere."""
    moved = http(b"", "307 Temporary Redirect", "location: http://127.0.0.1:1/\r\n")
    async with serving(moved) as (_, transport):
        assert (await transport.send(ASK)).status == 307


async def test_http_gives_up_on_silence() -> None:
    """Nothing hangs beyond its time limit."""
    async with serving(b"silent", timeout=0.05) as (_, transport):
        assert await code_of(transport) == "SUBGRAPH_TIMEOUT"


async def test_http_gives_up_on_an_answer_that_never_ends() -> None:
    """A head and a bit of body are no answer."""
    async with serving(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{", timeout=0.05) as (_, transport):
        assert await code_of(transport) == "SUBGRAPH_TIMEOUT"


async def test_http_reports_what_is_not_there() -> None:
    """A connection closed, one refused, a subgraph nobody registered."""
    async with serving(b"close", b"close") as (_, transport):
        assert await code_of(transport) == "SUBGRAPH_UNREACHABLE"
        assert await code_of(transport, SubgraphRequest("other", b"{}")) == "SUBGRAPH_UNREACHABLE"
    async with HttpTransport({"visas": "http://127.0.0.1:1/graphql"}) as transport:
        assert await code_of(transport) == "SUBGRAPH_UNREACHABLE"


async def test_http_reads_no_more_than_it_accepts() -> None:
    """Refused by its declared length, and by what really comes."""
    chunk = b"%x\r\n%s\r\n" % (90_000, b"x" * 90_000)
    endless = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + chunk * 3
    async with serving(http(b"x" * 200_000), endless, max_bytes=100_000) as (_, transport):
        assert await code_of(transport) == "SUBGRAPH_TOO_LARGE"
        assert await code_of(transport) == "SUBGRAPH_TOO_LARGE"


async def test_http_can_be_closed_twice_and_used_again() -> None:
    """Closing is idempotent; a later request opens a new pool."""
    async with serving(http(b"{}"), http(b"{}")) as (server, transport):
        await transport.send(ASK)
        await transport.close()
        await transport.close()
        await transport.send(ASK)
    assert server.connections == 2


def app() -> Starlette:
    async def graphql(request: Request) -> Response:
        body = await request.json()
        return JSONResponse({"asked": body, "assertion": request.headers.get("gateway-assertion")}, status_code=202)

    async def broken(request: Request) -> Response:
        raise ValueError("SECRET")

    async def large(request: Request) -> Response:
        return StreamingResponse(b"x" * 100 for _ in range(100))

    return Starlette(routes=[Route(f"/{each.__name__}", each, methods=["POST"]) for each in (graphql, broken, large)])


async def test_asgi_hands_the_request_over_and_brings_the_answer_back() -> None:
    """As over HTTP, without a socket."""
    told = await AsgiTransport({"visas": app()}).send(ASK)
    assert (told.status, told.body) == (202, b'{"asked":{"query":"{ x }"},"assertion":"signed"}')


async def test_asgi_failures_are_fetch_errors() -> None:
    """What an application raises stays there; nothing is read beyond the limit; nobody unknown is asked."""
    assert await code_of(AsgiTransport({"visas": app()}, path="/broken")) == "SUBGRAPH_UNREACHABLE"
    assert await code_of(AsgiTransport({"visas": app()}, path="/large", max_bytes=1_000)) == "SUBGRAPH_TOO_LARGE"
    assert await code_of(AsgiTransport({})) == "SUBGRAPH_UNREACHABLE"

    async def mute(scope: Any, receive: Any, send: Any) -> None:
        await receive()

    assert await code_of(AsgiTransport({"visas": mute})) == "SUBGRAPH_UNREACHABLE"


PACKERS = {"gzip": gzip.compress, "br": brotli.compress, "zstd": zstandard.compress}


@pytest.mark.asyncio
@pytest.mark.parametrize("coding", list(PACKERS))
@pytest.mark.parametrize("idempotent", [True, False])
async def test_a_packed_answer_counts_by_what_it_unpacks_to(coding: str, idempotent: bool) -> None:
    """Thirty megabytes of nothing in a few kilobytes: it is read no further than any other; a small one is read whole."""
    small, bomb = b'{"data":{"x":1}}', b'{"data":{"x":"' + b" " * 30_000_000 + b'"}}'
    packed = [
        b"HTTP/1.1 200 OK\r\ncontent-encoding: %s\r\ncontent-length: %d\r\n\r\n%s" % (coding.encode(), len(body), body)
        for body in (PACKERS[coding](small), PACKERS[coding](bomb))
    ]
    ask = replace(ASK, idempotent=idempotent)
    twice = [packed[0], packed[0], packed[1]] if idempotent else packed  # the small client hands what is packed on
    async with serving(*twice, max_bytes=1_000_000) as (_, transport):
        assert (await transport.send(ask)).body == small
        with pytest.raises(FetchError) as refused:
            await transport.send(ask)
        assert refused.value.code == "SUBGRAPH_TOO_LARGE"
