"""A graph that governs nothing: its subgraph's own stream, opened over a real socket and passed on, event by event."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
import pytest_asyncio
from websockets.asyncio.server import ServerConnection, serve
from websockets.typing import Subprotocol

from gateway.composition import SubgraphSDL, compose
from gateway.config import Settings
from gateway.errors import GatewayError
from gateway.execution.transport import SubgraphRequest, SubgraphResponse
from gateway.house import Question
from gateway.live import Beat, Ended, Live, Message, Next
from gateway.opening import OpenHouse, open_unrestricted
from tests.live.listening import Clock

pytestmark = pytest.mark.asyncio(loop_scope="session")

TICKS = """
extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])
type Query { now: Int }
type Subscription { tick: Tick }
type Tick @key(fields: "id") { id: ID! }
"""
NAMES = """
extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])
type Query { none: Int }
type Tick @key(fields: "id") { id: ID! name: String }
"""
QUESTION = Question("subscription { tick { id name } }")


class Names:
    """The other subgraph: it knows what a tick is called."""

    async def send(self, request: SubgraphRequest) -> SubgraphResponse:
        """One name for each representation."""
        (asked,) = orjson.loads(request.body)["variables"].values()
        named = [{"__typename": "Tick", "name": f"tick {each['id']}"} for each in asked]
        return SubgraphResponse(200, orjson.dumps({"data": {"_e0": named}}))


@asynccontextmanager
async def ticking(numbers: list[str], ends: bool = True) -> AsyncIterator[str]:
    """The address of a subgraph that ticks so often over ``graphql-transport-ws``, then completes or hangs up."""

    async def answer(socket: ServerConnection) -> None:
        assert orjson.loads(await socket.recv())["type"] == "connection_init"
        await socket.send('{"type":"connection_ack"}')
        asked = orjson.loads(await socket.recv())
        assert (asked["type"], "name" in asked["payload"]["query"]) == ("subscribe", False)
        for number in numbers:
            await socket.send(
                orjson.dumps({"id": asked["id"], "type": "next", "payload": {"data": {"tick": {
                    "__typename": "Tick", "id": number}}}}).decode()
            )  # fmt: skip
        if ends:
            await socket.send(orjson.dumps({"id": asked["id"], "type": "complete"}).decode())

    async with serve(answer, "127.0.0.1", 0, subprotocols=[Subprotocol("graphql-transport-ws")]) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield f"ws://127.0.0.1:{port}/graphql"


@asynccontextmanager
async def ticking_by_events(*pieces: bytes) -> AsyncIterator[str]:
    """The address of a subgraph that answers a subscription by these bytes of server-sent events, then hangs up."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        assert b"accept: text/event-stream" in head
        length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        assert b"name" not in orjson.loads(await reader.readexactly(length))["query"].encode()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/graphql"


def opened() -> OpenHouse:
    """A house over the two subgraphs."""
    made = compose([SubgraphSDL("ticks", "http://ticks.test", TICKS), SubgraphSDL("names", "http://names.test", NAMES)])
    return open_unrestricted(made.supergraph_sdl, Settings(), Names())


def live(house: OpenHouse, address: Callable[[str], str | None]) -> Live:
    """Its subscriptions."""
    return Live(lambda: house.graph, house.house, address=address)


async def heard(made: Live, question: Question = QUESTION, resume: str = "") -> list[Message]:
    """Everything that the stream says but its beats."""
    async with asyncio.timeout(10), made.subscribe(question, None, resume) as messages:
        return [each async for each in messages if not isinstance(each, Beat)]


def bodies(messages: list[Message]) -> list[Any]:
    """The data of the events."""
    return [orjson.loads(each.body)["data"] for each in messages if isinstance(each, Next)]


async def test_each_event_is_completed_by_the_other_subgraph() -> None:
    """In order, and the end of the subgraph's stream is the end."""
    async with ticking(["1", "2"]) as url:
        messages = await heard(live(opened(), {"ticks": url}.get))
    assert bodies(messages) == [{"tick": {"id": "1", "name": "tick 1"}}, {"tick": {"id": "2", "name": "tick 2"}}]
    assert messages[-1] == Ended()


async def test_a_subgraph_that_hangs_up_ends_the_stream_with_an_error() -> None:
    """What came before is told."""
    async with ticking(["1"], ends=False) as url:
        messages = await heard(live(opened(), {"ticks": url}.get))
    assert len(bodies(messages)) == 1
    assert isinstance(messages[-1], Ended)
    assert messages[-1].error is not None


async def test_a_subgraph_may_serve_its_stream_by_server_sent_events() -> None:
    """Cut anywhere, with comments and carriage returns between: the same events, the same end."""
    pieces = (
        b':\r\n\r\nevent: next\r\ndata: {"data": {"tick": {"__typename": "Ti',
        b'ck", "id": "1"}}}\r\n\r\nevent: next\n',
        b'data: {"data": {"tick": {"__typename": "Tick", "id": "2"}}}\n\nevent: complete\ndata:\n\n',
    )
    async with ticking_by_events(*pieces) as url:
        messages = await heard(live(opened(), {"ticks": url}.get))
    assert bodies(messages) == [{"tick": {"id": "1", "name": "tick 1"}}, {"tick": {"id": "2", "name": "tick 2"}}]
    assert messages[-1] == Ended()


@pytest.mark.parametrize("piece", [b"", b"event: next\ndata: no json\n\n", b"event: next\ndata: 7\n\n"])
async def test_a_broken_stream_of_events_ends_with_an_error(piece: bytes) -> None:
    """Hung up without a word, or none of GraphQL's results."""
    async with ticking_by_events(piece) as url:
        messages = await heard(live(opened(), {"ticks": url}.get))
    assert bodies(messages) == []
    (end,) = messages
    assert isinstance(end, Ended)
    assert end.error is not None
    assert end.error.code == "SUBGRAPH_UNREACHABLE"


async def test_a_relayed_stream_has_its_beats(silent: str) -> None:
    """A subgraph that says nothing: a beat at each interval of the clock given, and no other message."""
    clock = Clock()
    made = live(opened(), {"ticks": silent}.get)
    made.ticks, made.pause = clock.ticks, clock.pause
    async with made.subscribe(QUESTION, None) as messages:
        assert await anext(messages) == Beat("")
        for _ in range(2):
            waiting = asyncio.ensure_future(anext(messages))
            await clock.paused(15.0)
            assert not waiting.done()
            clock.move(15)
            assert await waiting == Beat("")
        made.stop()
        ended = await anext(messages)
        assert isinstance(ended, Ended)
        assert ended.error is not None
        assert ended.error.code == "GATEWAY_CLOSING"


@pytest_asyncio.fixture(loop_scope="session")
async def silent() -> AsyncIterator[str]:
    """A subgraph that takes a subscription and says nothing."""

    async def answer(socket: ServerConnection) -> None:
        await socket.recv()
        await socket.send('{"type":"connection_ack"}')
        await socket.wait_closed()

    async with serve(answer, "127.0.0.1", 0, subprotocols=[Subprotocol("graphql-transport-ws")]) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield f"ws://127.0.0.1:{port}/graphql"


@pytest.mark.parametrize(
    ("address", "resume", "code"),
    [
        (None, "", "SUBSCRIPTIONS_NOT_SERVED"),
        ("ws://127.0.0.1:9/graphql", "", "EVENTS_UNAVAILABLE"),
        ("ws://127.0.0.1:9/graphql", "x", "CURSOR_WRONG"),
    ],
)
async def test_what_cannot_be_opened_is_refused(address: str | None, resume: str, code: str) -> None:
    """Before anything is streamed, and without keeping a place."""
    made = live(opened(), lambda _subgraph: address)
    with pytest.raises(GatewayError) as raised:
        await heard(made, resume=resume)
    assert raised.value.code == code
    assert made.places.open == 0
