"""What the small HTTP client leaves to the library: changes, packed answers, and headers that cannot be sent."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator

import pytest

from gateway.errors import FetchError
from gateway.execution.http import HttpTransport
from gateway.execution.transport import SubgraphRequest
from tests.execution.test_plain import OK

# -- what the library does


@contextlib.asynccontextmanager
async def serving(*answers: bytes) -> AsyncIterator[tuple[list[bytes], HttpTransport]]:
    """A socket that gives one answer a connection, and the heads of the requests that came."""
    heads: list[bytes] = []
    left = list(answers)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            heads.append(head)
            await reader.readexactly(2)
            writer.write(left.pop(0))
            await writer.drain()
        writer.close()

    listener = await asyncio.start_server(handle, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    try:
        async with HttpTransport({"visas": f"http://127.0.0.1:{port}/graphql"}) as transport:
            yield heads, transport
    finally:
        listener.close()
        gc.collect()


def by_library(head: bytes) -> bool:
    """Whether the library wrote this head; it names the headers in an order of its own."""
    return (
        not head.startswith(b"POST /graphql HTTP/1.1\r\nhost: 127.0.0.1:")
        or b"\r\nuser-agent: gateway\r\n" not in head[:90]
    )


async def test_a_change_is_sent_once_and_by_the_library() -> None:
    """What must not be done twice never goes over a connection that may be gone."""
    change = SubgraphRequest("visas", b"{}", idempotent=False)
    closing = OK.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n")
    async with serving(closing, closing) as (heads, transport):
        assert (await transport.send(SubgraphRequest("visas", b"{}"))).body == b"{}"
        assert (await transport.send(change)).body == b"{}"
    assert [by_library(head) for head in heads] == [False, True]


async def test_a_subgraph_that_packs_its_answers_is_the_library_s_from_then_on() -> None:
    """The question is asked once more by the library, and every later one by it alone."""
    packed = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}"
    plain = OK.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n")
    async with serving(packed, plain, plain) as (heads, transport):
        for _ in range(2):
            assert (await transport.send(SubgraphRequest("visas", b"{}"))).body == b"{}"
    assert [by_library(head) for head in heads] == [False, True, True]


async def test_a_header_that_cannot_be_sent_is_an_error_with_a_code() -> None:
    """And nothing is sent."""
    async with serving() as (heads, transport):
        with pytest.raises(FetchError) as caught:
            await transport.send(SubgraphRequest("visas", b"{}", headers={"traceparent": "a\r\nb: c"}))
    assert caught.value.code == "SUBGRAPH_UNREACHABLE"
    assert heads == []
