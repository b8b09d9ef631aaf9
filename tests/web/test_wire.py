"""HTTP/1.1 on the wire: a real server, raw bytes, several requests on one connection, and clients that leave."""

from __future__ import annotations

import asyncio
import gc
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
import uvicorn

from gateway.composition import SubgraphSDL, compose
from gateway.config import Settings
from gateway.execution.transport import SubgraphRequest, SubgraphResponse
from gateway.opening import open_unrestricted
from gateway.web import cut
from gateway.web.app import create_app
from gateway.web.wire import Wire

pytestmark = pytest.mark.asyncio

SDL = "type Query { echo(text: String): String } type Mutation { change(text: String): String }"
SECONDS = 20.0


@dataclass
class Echo:
    """Says what it is asked with; what contains "slow" waits until ``go`` is set."""

    go: asyncio.Event = field(default_factory=asyncio.Event)
    heard: list[str] = field(default_factory=list)
    waiting: asyncio.Event = field(default_factory=asyncio.Event)
    dropped: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, request: SubgraphRequest) -> SubgraphResponse:
        page = json.loads(request.body)
        text = page["variables"]["t"]
        self.heard.append(text)
        if "slow" in text:
            self.waiting.set()
            try:
                await self.go.wait()
            except asyncio.CancelledError:
                self.dropped.set()
                raise
        field = "change" if page["query"].startswith("mutation") else "echo"
        return SubgraphResponse(200, json.dumps({"data": {field: text}}).encode())


@asynccontextmanager
async def listening(echo: Echo, wire: type[Wire] = Wire, keep_alive: int = 5) -> AsyncIterator[int]:
    """The port of a gateway that serves ``echo`` as ``gateway serve`` does."""
    opened = open_unrestricted(compose([SubgraphSDL("a", "http://a", SDL)]).supergraph_sdl, Settings(log="off"), echo)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(
            create_app(opened),
            http=wire,
            log_level="critical",
            access_log=False,
            timeout_graceful_shutdown=1,
            timeout_keep_alive=keep_alive,
        )
        server = uvicorn.Server(config)
        serving = asyncio.ensure_future(server._serve(sockets=[listener]))  # without taking the test's signals
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            echo.go.set()
            await serving


def request(text: str, kind: str = "query", field: str = "echo", headers: str = "") -> bytes:
    body = json.dumps({"query": f"{kind} Q($t: String) {{ {field}(text: $t) }}", "variables": {"t": text}}).encode()
    head = f"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n{headers}"
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body


async def answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Status and body of the next answer."""
    async with asyncio.timeout(SECONDS):
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        return int(head[9:12]), await reader.readexactly(length)


async def test_requests_in_one_piece_are_answered_in_their_order() -> None:
    """The first is slow: the others wait for it, and each has the answer to its own question."""
    echo = Echo()
    async with listening(echo) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"".join(request(text) for text in ("slow one", "two", "three")))
        async with asyncio.timeout(SECONDS):
            await echo.waiting.wait()
        assert echo.heard == ["slow one"]
        echo.go.set()
        told = [await answer(reader) for _ in range(3)]
        writer.close()
    assert [(status, json.loads(body)["data"]["echo"]) for status, body in told] == [
        (200, "slow one"),
        (200, "two"),
        (200, "three"),
    ]


async def test_a_refused_request_does_not_shift_those_behind_it() -> None:
    """Its body is read as its body, and never as the next request."""
    echo = Echo()
    smuggled = request("smuggled")
    broken = request("x", headers="").replace(b"application/json", b"text/plain", 1)
    inside = f"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\ncontent-length: {len(smuggled)}\r\n\r\n"
    async with listening(echo) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(broken + inside.encode() + smuggled + request("after"))
        told = [await answer(reader) for _ in range(3)]
        writer.close()
    assert [status for status, _ in told] == [415, 415, 200]
    assert echo.heard == ["after"]


SMUGGLING = {
    "a length and chunks": b"content-length: 4\r\ntransfer-encoding: chunked\r\n",
    "two lengths": b"content-length: 4\r\ncontent-length: 400\r\n",
    "a length that is none": b"content-length: +4\r\n",
    "chunks by another name": b"transfer-encoding: xchunked\r\n",
    "a space before the colon": b"content-length : 4\r\n",
}


@pytest.mark.parametrize("case", SMUGGLING)
async def test_a_request_whose_end_is_in_doubt_ends_the_connection(case: str) -> None:
    """Whatever stands behind it is never taken for a request."""
    echo = Echo()
    doubtful = b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n" + SMUGGLING[case] + b"\r\n"
    hidden = request("hidden", "mutation", "change")
    async with listening(echo) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(doubtful + b"0\r\n\r\n" + hidden)
        async with asyncio.timeout(SECONDS):
            whole = await reader.read()  # until the server ends the connection
        writer.close()
    assert whole.startswith(b"HTTP/1.1 400 ")
    assert whole.count(b"HTTP/1.1 ") == 1
    assert echo.heard == []


async def test_who_leaves_takes_along_what_was_asked_of_subgraphs() -> None:
    """Long before the time limit, after which a read would be tried once more."""
    echo = Echo()
    async with listening(echo) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request("slow one"))
        async with asyncio.timeout(SECONDS):
            await echo.waiting.wait()
            writer.transport.abort()
            await echo.dropped.wait()
    assert echo.heard == ["slow one"]


async def test_a_change_goes_on_though_its_client_has_left() -> None:
    """Half a change that nobody has on record would be worse."""
    echo = Echo()
    async with listening(echo) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request("slow change", "mutation", "change"))
        async with asyncio.timeout(SECONDS):
            await echo.waiting.wait()
        writer.transport.abort()
        await asyncio.sleep(0.3)  # longer than the gateway takes to look after its clients
        assert not echo.dropped.is_set()
        echo.go.set()
    assert echo.heard == ["slow change"]


async def test_a_body_that_never_comes_is_no_request() -> None:
    """Announced, half sent, and the client gone."""
    echo = Echo()
    async with listening(echo) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request("half", "mutation", "change")[:-5])
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        reader, again = await asyncio.open_connection("127.0.0.1", port)
        again.write(request("whole"))
        assert (await answer(reader))[0] == 200
        again.close()
    assert echo.heard == ["whole"]


class Hasty(Wire):
    """Gives a request half a second."""

    seconds = 0.5


async def ended(port: int, *pieces: bytes) -> bytes:
    """Everything that the server says to ``pieces`` until it ends the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for piece in pieces:
        writer.write(piece)
    try:
        async with asyncio.timeout(SECONDS):
            return await reader.read()
    except ConnectionResetError:  # it ended while we were still sending
        return b"reset"
    finally:
        writer.transport.abort()


async def test_a_head_without_end_is_read_no_further() -> None:
    """In one header, in many, and in the address; what is whole and large is a request like any other."""
    echo = Echo()
    begun = b"POST /graphql HTTP/1.1\r\nhost: x\r\n"
    floods = (
        begun + b"x-long: " + b"a" * 400_000,
        begun + b"".join(b"x-%d: a\r\n" % number for number in range(40_000)),
        b"GET /graphql?query=" + b"a" * 400_000,
    )
    async with listening(echo) as port:
        told = [await ended(port, flood) for flood in floods]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request("large", headers=f"x-large: {'a' * 40_000}\r\n"))
        assert (await answer(reader))[0] == 200
        writer.close()
    for said in told:
        assert said == b"reset" or (said.startswith(b"HTTP/1.1 431 ") and b"HEAD_TOO_LARGE" in said)
    assert echo.heard == ["large"]


async def test_a_request_that_comes_too_slowly_ends_its_connection() -> None:
    """Nothing at all, half a head, half a body, and half a second request: nobody holds a connection by waiting."""
    echo = Echo()
    whole = request("whole")
    async with listening(echo, Hasty) as port:
        silent, head, body, second = [
            await ended(port, *pieces) for pieces in ((b"",), (whole[:20],), (whole[:-3],), (whole, whole[:20]))
        ]
    assert silent.startswith(b"HTTP/1.1 408 ")
    assert head.startswith(b"HTTP/1.1 408 ")
    assert b"REQUEST_TOO_SLOW" in head
    assert body == b""  # its head was whole, so it has begun; it ends without an answer
    assert second.startswith(b"HTTP/1.1 200 ")
    assert b"HTTP/1.1 408 " in second
    assert echo.heard == ["whole"]


async def test_a_slow_answer_is_no_slow_request() -> None:
    """The time is for what comes in: an answer may take longer."""
    echo = Echo()
    async with listening(echo, Hasty) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request("slow"))
        async with asyncio.timeout(SECONDS):
            await echo.waiting.wait()
        await asyncio.sleep(0.7)  # longer than a request may come
        echo.go.set()
        assert (await answer(reader))[0] == 200
        writer.close()


async def raw(port: int, sent: bytes) -> tuple[bytes, dict[bytes, bytes], bytes]:
    """Status line, headers without those that differ by request, and body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    async with asyncio.timeout(SECONDS):
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head[:-4].split(b"\r\n")
        headers = dict(line.split(b": ", 1) for line in lines)
        assert len(headers) == len(lines)
        body = await reader.readexactly(int(headers[b"content-length"]))
    writer.close()
    assert len(headers.pop(b"x-request-id", b"0" * 24)) == 24  # a refusal has none
    headers.pop(b"date", None)
    return first, headers, body


async def test_an_answer_written_at_once_says_what_one_sent_in_parts_says() -> None:
    """The short way, and what turns an answer from it: a coding that is wanted, a page of another site, a last request."""
    echo = Echo()
    async with listening(echo) as port:
        short = await raw(port, request("a"))
        parts = await raw(port, request("a", headers="accept-encoding: identity\r\n"))
        last = await raw(port, request("a", headers="connection: close\r\n"))
        refused = await raw(port, request("a", headers="accept: text/html\r\n"))
    assert short == parts
    assert short[0] == b"HTTP/1.1 200 OK"
    assert short[1][b"server"] == b"uvicorn"
    assert short[1][b"content-security-policy"].startswith(b"default-src 'none'")
    assert last[1].pop(b"connection") == b"close"
    assert last == short
    assert refused[0].startswith(b"HTTP/1.1 406")


async def test_nobody_holds_a_connection_on_which_nothing_comes() -> None:
    """After its answer a connection is kept for the server's time and then ended; a next request is in time until then."""
    echo = Echo()
    async with listening(echo, keep_alive=1) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for text in ("one", "two"):
            writer.write(request(text))
            assert (await answer(reader))[0] == 200
        async with asyncio.timeout(SECONDS):
            assert await reader.read() == b""
        writer.close()
    assert echo.heard == ["one", "two"]


KINDS = {
    "an answer": request("a"),
    "an answer that is packed": request("a", headers="accept-encoding: gzip\r\n"),
    "a refusal": request("a", headers="accept: text/html\r\n"),
    "a page": b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n",
    "no page": b"GET /nowhere HTTP/1.1\r\nhost: x\r\n\r\n",
}


async def left_behind(echo: Echo, sent: bytes) -> int:
    """How many objects 300 requests leave that only the collector finds; what runs beside leaves some dozens."""
    async with listening(echo) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)

        async def ask(times: int) -> None:
            for _ in range(times):
                writer.write(sent)
                await answer(reader)
            await asyncio.sleep(0)  # the server's task of the last one ends

        await ask(3)
        gc.collect()
        gc.disable()
        try:
            await ask(300)
            left = gc.collect()
        finally:
            gc.enable()
        writer.close()
    return left


@pytest.mark.parametrize("kind", KINDS)
async def test_what_a_request_leaves_behind_goes_without_the_collector(kind: str) -> None:
    """Objects in a circle stay until the collector's next round: memory until then, and a pause for everybody in it."""
    assert await left_behind(Echo(), KINDS[kind]) < 300


class Thoughtful(Echo):
    """Lets everybody else have ten turns before it answers."""

    async def send(self, request: SubgraphRequest) -> SubgraphResponse:
        for _ in range(10):
            await asyncio.sleep(0)
        return await super().send(request)


async def test_nor_does_one_that_took_long_enough_to_look_after_its_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """A task listens for the client's leaving, and is cancelled when the answer is there."""
    monkeypatch.setattr(cut, "_UNWATCHED", 0.0)
    assert await left_behind(Thoughtful(), request("a")) < 300
