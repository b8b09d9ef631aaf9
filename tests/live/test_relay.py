"""A graph that governs nothing: its subgraph's own stream, opened over a real socket and passed on, event by event."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.typing import Subprotocol

from gateway.composition import SubgraphSDL, compose
from gateway.config import Settings
from gateway.errors import GatewayError
from gateway.execution.transport import SubgraphRequest, SubgraphResponse
from gateway.house import Question
from gateway.live import Beat, Ended, Live, Message, Next
from gateway.opening import OpenHouse, open_unrestricted

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
