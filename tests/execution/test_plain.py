"""The small client for plain HTTP: whatever a server does, one request gets one answer or one error, and no other's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.execution.plain import Plain, TooLarge
from gateway.execution.transport import SubgraphResponse

LIMITS = {"timeout": 5.0, "connect_timeout": 2.0, "max_bytes": 100_000, "idle": 2}
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"


class Wire:
    """A transport without a network: keeps what is written, and whether it was closed."""

    def __init__(self) -> None:
        self.sent = b""
        self.closed = False

    def write(self, data: bytes) -> None:
        self.sent += data

    def abort(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


class Line:
    """A client whose connections are made here: ``opened`` are their protocols, by which a test plays the server."""

    def __init__(self, **limits: Any) -> None:
        made = Plain.to("http://subgraph.example/graphql", **{**LIMITS, **limits})
        assert made is not None
        self.plain = made
        self.opened: list[Any] = []
        self.wires: list[Wire] = []

    async def post(self, body: bytes = b"{}") -> SubgraphResponse | None:
        loop = asyncio.get_running_loop()
        original = loop.create_connection

        async def create_connection(factory: Callable[[], Any], host: str, port: int) -> tuple[Wire, Any]:
            protocol, wire = factory(), Wire()
            protocol.connection_made(wire)
            self.opened.append(protocol)
            self.wires.append(wire)
            return wire, protocol

        loop.create_connection = create_connection  # type: ignore[method-assign, assignment]
        try:
            return await self.plain.post(body, {})
        finally:
            loop.create_connection = original  # type: ignore[method-assign]

    async def asked(self, body: bytes = b"{}") -> asyncio.Task[SubgraphResponse | None]:
        """A request that has been sent and waits."""
        task = asyncio.create_task(self.post(body))
        for _ in range(5):
            await asyncio.sleep(0)
        return task


async def outcome(task: asyncio.Task[SubgraphResponse | None]) -> Any:
    """What became of a request: status and body, None, or the kind of error."""
    try:
        answer = await task
    except (OSError, TooLarge, TimeoutError) as problem:
        return type(problem).__mro__[0]
    return None if answer is None else (answer.status, answer.body)


# -- whose address is plain


@pytest.mark.parametrize(
    "url",
    [
        "https://subgraph.example/graphql",
        "http://user:secret@subgraph.example/graphql",
        "http://subgraph.example/graph ql",
        "http://subgraph.example/x\r\nx: y",
        "http://subgraph.example/ä",
        "http://subgraph.example/#part",
        "http://subgraph.example:99999/",
        "http://[::1/",
        "http:///graphql",
        "unix:/run/subgraph",
    ],
)
def test_anything_but_plain_http_is_the_library_s(url: str) -> None:
    """TLS, names and secrets in the address, and what cannot stand in a request's first line."""
    assert Plain.to(url, **LIMITS) is None


async def test_the_request_says_what_it_has_to() -> None:
    """One head, the host with its port, the body as it is."""
    line = Line()
    task = await line.asked(b'{"query":"{ x }"}')
    line.opened[0].data_received(OK)
    assert await outcome(task) == (200, b"{}")
    head, _, body = line.wires[0].sent.partition(b"\r\n\r\n")
    assert body == b'{"query":"{ x }"}'
    assert head.split(b"\r\n") == [
        b"POST /graphql HTTP/1.1",
        b"host: subgraph.example:80",
        b"user-agent: gateway",
        b"content-type: application/json",
        b"accept: application/json",
        b"content-length: 17",
    ]


@pytest.mark.parametrize("value", ["a\r\nx: y", "a\nb", "a\0b", "é"])
async def test_a_header_cannot_end_early(value: str) -> None:
    """What would begin another header, or another request, is not sent at all."""
    line = Line()
    with pytest.raises(ValueError, match="traceparent"):
        await line.plain.post(b"{}", {"traceparent": value})
    assert line.opened == []


# -- answers in every form

FORMS: dict[str, tuple[bytes, bytes]] = {
    "length": (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", b'{"d": 12}'),
    "chunks": (
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\n",
        b'{"d"\r\n5;x=y\r\n: 12}\r\n0\r\na: b\r\n\r\n',
    ),
    "continue": (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n", b'content-length: 9\r\n\r\n{"d": 12}'),
    "early hints": (
        b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n",
        b'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"d": 12}',
    ),
    "identity": (b"HTTP/1.1 200 OK\r\ncontent-encoding: identity\r\ncontent-length: 9\r\n\r\n", b'{"d": 12}'),
}


@pytest.mark.parametrize("form", FORMS)
async def test_an_answer_may_come_in_any_pieces(form: str) -> None:
    """Cut at every place, and byte by byte: the same answer, and the connection is kept."""
    data = b"".join(FORMS[form])
    for cut in [*range(1, len(data)), 0]:
        line = Line()
        task = await line.asked()
        pieces = [data[:cut], data[cut:]] if cut else [data[each : each + 1] for each in range(len(data))]
        for piece in pieces:
            line.opened[0].data_received(piece)
        assert await outcome(task) == (200, b'{"d": 12}')
        again = await line.asked()
        assert len(line.opened) == 1
        line.opened[0].data_received(OK)
        assert await outcome(again) == (200, b"{}")


async def test_a_body_without_a_length_ends_with_the_connection() -> None:
    """RFC 9112 section 6.3: the last of its rules."""
    line = Line()
    task = await line.asked()
    line.opened[0].data_received(b'HTTP/1.0 200 OK\r\n\r\n{"d"')
    line.opened[0].data_received(b": 12}")
    line.opened[0].connection_lost(None)
    assert await outcome(task) == (200, b'{"d": 12}')


async def test_an_answer_cut_short_is_none() -> None:
    """Less than its head said; a chunk too few; a connection that broke instead of ending."""
    for sent, how in (
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{", None),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n", None),
        (b"HTTP/1.1 200 OK\r\n\r\n{}", ConnectionResetError()),
        (b"HTTP/1.1 200 O", None),
    ):
        line = Line()
        task = await line.asked()
        line.opened[0].data_received(sent)
        line.opened[0].connection_lost(how)
        assert issubclass(await outcome(task), ConnectionError)
        assert len(line.opened) == 1  # it had begun: it is not asked again


@pytest.mark.parametrize(
    "sent",
    [
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\ncontent-length: -2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n",
    ],
)
async def test_what_is_no_answer_in_http_ends_the_connection(sent: bytes) -> None:
    """Another protocol, two lengths (the stuff of smuggling), or a change of protocol."""
    line = Line()
    task = await line.asked()
    line.opened[0].data_received(sent)
    assert issubclass(await outcome(task), ConnectionError)
    assert line.wires[0].closed


async def test_nothing_larger_than_allowed_is_read() -> None:
    """By its stated length, by what comes, by a head without end, by chunks that are nearly all head."""
    chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    for pieces in (
        [b"HTTP/1.1 200 OK\r\ncontent-length: 100001\r\n\r\n"],
        [chunked, *[b"%x\r\n%s\r\n" % (9_000, b"x" * 9_000)] * 12],
        [b"HTTP/1.1 200 OK\r\n", *[b"x: %s\r\n" % (b"y" * 4_000)] * 16],
        [chunked, *[b"1;%s\r\nx\r\n" % (b"y" * 4_000)] * 16],
    ):
        line = Line()
        task = await line.asked()
        for piece in pieces:
            assert not line.wires[0].closed
            line.opened[0].data_received(piece)
        assert line.wires[0].closed
        assert await outcome(task) is TooLarge


# -- connections


async def test_what_nobody_asked_for_is_never_an_answer() -> None:
    """A second answer behind the first, at once or later: the connection ends, and the next request has a new one."""
    for pieces in ([OK + OK], [OK, OK], [OK + b"garbage"]):
        line = Line()
        task = await line.asked()
        for piece in pieces:
            line.opened[0].data_received(piece)
        assert await outcome(task) == (200, b"{}")
        assert line.wires[0].closed
        again = await line.asked()
        line.opened[1].data_received(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n[1]")
        assert await outcome(again) == (200, b"[1]")


async def test_a_connection_closed_while_unused_costs_nobody_an_answer() -> None:
    """The request that met it is sent once more, on a new connection; a request on a new one is not."""
    line = Line()
    first = await line.asked()
    line.opened[0].data_received(OK)
    await first
    second = await line.asked()
    line.opened[0].connection_lost(ConnectionResetError())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    line.opened[1].data_received(OK)
    assert await outcome(second) == (200, b"{}")
    third = await line.asked()
    line.opened[1].connection_lost(None)
    for _ in range(3):
        await asyncio.sleep(0)
    line.opened[2].connection_lost(None)
    assert issubclass(await outcome(third), ConnectionError)
    assert len(line.opened) == 3


async def test_close_is_close() -> None:
    """An answer that says so is the last of its connection."""
    line = Line()
    task = await line.asked()
    line.opened[0].data_received(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}")
    assert await outcome(task) == (200, b"{}")
    assert line.wires[0].closed


async def test_a_request_that_nobody_waits_for_takes_its_connection_along() -> None:
    """Else the next request would read an answer that is not its own."""
    line = Line()
    task = await line.asked()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert line.wires[0].closed
    line.opened[0].data_received(OK)  # too late
    again = await line.asked()
    assert len(line.opened) == 2
    line.opened[1].data_received(OK)
    assert await outcome(again) == (200, b"{}")


async def test_as_many_connections_are_kept_as_allowed_and_none_for_ever() -> None:
    """Three at once leave two; what was not used for a minute is not used again."""
    line = Line()
    tasks = [await line.asked() for _ in range(3)]
    for protocol in line.opened:
        protocol.data_received(OK)
    await asyncio.gather(*tasks)
    assert [wire.closed for wire in line.wires] == [False, False, True]
    for protocol in line.opened[:2]:
        protocol.since -= 61
    task = await line.asked()
    assert [wire.closed for wire in line.wires] == [True, True, True, False]
    line.opened[3].data_received(OK)
    assert await outcome(task) == (200, b"{}")


async def test_closing_ends_what_waits() -> None:
    """Whoever waits is told at once."""
    line = Line()
    task = await line.asked()
    line.plain.close()
    assert issubclass(await outcome(task), ConnectionError)
    assert line.wires[0].closed


async def test_silence_ends_at_the_time_limit() -> None:
    """A head and a bit of body are no answer."""
    line = Line(timeout=0.0)
    task = await line.asked()
    assert await outcome(task) is TimeoutError
    assert line.wires[0].closed


async def test_silence_on_a_kept_connection_ends_at_the_time_limit() -> None:
    """It is not kept any longer."""
    line = Line()
    first = await line.asked()
    line.opened[0].data_received(OK)
    assert await outcome(first) == (200, b"{}")
    line.plain._due.seconds = 0.0
    second = await line.asked()
    assert await outcome(second) is TimeoutError
    assert [wire.closed for wire in line.wires] == [True]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=40), st.sampled_from([OK, b"HTTP/1.1 ", b"\r\n", b"\r\n\r\n", b"0\r\n\r\n",
       b"200 OK\r\n", b"transfer-encoding: chunked\r\n", b"content-length: 5\r\n", b"5\r\nhello\r\n"])), max_size=8))  # fmt: skip
def test_any_bytes_are_an_answer_or_an_error(pieces: list[bytes]) -> None:
    """Nothing that a server sends raises in the event loop, leaves a request waiting, or stays for the next request."""

    async def run() -> None:
        line = Line()
        task = await line.asked()
        for piece in pieces:
            if not line.wires[0].closed:
                line.opened[0].data_received(piece)
        line.opened[0].connection_lost(None)
        got = await outcome(task)
        assert isinstance(got, tuple | type)
        assert not line.plain._idle

    asyncio.run(run())
