"""Events over a WebSocket: as over server-sent events, each once and in order, and the reason for an end is told."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.typing import Subprotocol

from gateway.client import Client, Refused, Unreachable
from tests.client.test_client import Pauses

END = {"id": "1", "type": "complete"}


def event(number: int) -> dict[str, Any]:
    return {"id": "1", "type": "next", "payload": {"data": {"n": number}, "extensions": {"cursor": f"c{number}"}}}


def failed(code: str) -> dict[str, Any]:
    return {"id": "1", "type": "error", "payload": [{"message": "m", "extensions": {"code": code}}]}


@dataclass
class Line:
    """Says one of ``scripts`` on each socket (a number closes it with that code), and keeps what it was told."""

    scripts: list[list[Any]]
    tokens: list[str] = field(default_factory=list)
    resumed: list[str] = field(default_factory=list)
    ponged: int = 0

    async def handle(self, socket: ServerConnection) -> None:
        script = self.scripts.pop(0)
        first = json.loads(await socket.recv())
        assert first["type"] == "connection_init"
        self.tokens.append(first["payload"].get("authorization", ""))
        if script and script[0] == 4403:
            await socket.close(4403, "TOKEN_EXPIRED")
            return
        await socket.send('{"type": "connection_ack"}')
        asked = json.loads(await socket.recv())
        assert (asked["type"], asked["payload"]["query"]) == ("subscribe", "subscription { n }")
        self.resumed.append(asked["payload"].get("extensions", {}).get("resume", ""))
        for each in script:
            if isinstance(each, int):
                await socket.close(each, "because")
                return
            await socket.send(each if isinstance(each, str) else json.dumps(each))
            if isinstance(each, dict) and each["type"] == "ping":
                self.ponged += json.loads(await socket.recv())["type"] == "pong"
        await socket.wait_closed()


@asynccontextmanager
async def saying(*scripts: list[Any], token: Any = "t") -> AsyncIterator[tuple[Client, Line, Pauses]]:
    line, pauses = Line(list(scripts)), Pauses()
    async with serve(line.handle, "127.0.0.1", 0, subprotocols=[Subprotocol("graphql-transport-ws")]) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/graphql"
        async with Client(url, token, over="websocket", sleep=pauses, chance=random.Random(1)) as client:
            yield client, line, pauses


async def heard(client: Client, since: str = "") -> list[int]:
    return [each.answer.data["n"] async for each in client.events("subscription { n }", since=since)]


async def test_events_come_in_order_until_the_gateway_ends_them() -> None:
    async with saying([event(1), {"type": "pong"}, event(2), END]) as (client, line, pauses):
        assert await heard(client) == [1, 2]
        assert client.listening == 0
    assert (line.tokens, line.resumed, pauses.taken) == (["Bearer t"], [""], [])


async def test_a_socket_that_breaks_is_gone_on_with_after_the_last_event() -> None:
    beat = {"type": "ping", "payload": {"id": "1", "cursor": "c5"}}
    async with saying([event(1), 1012], [beat, 1006 + 5], [event(6), END]) as (client, line, pauses):
        assert await heard(client, since="c0") == [1, 6]
    assert line.resumed == ["c0", "c1", "c5"]  # a sign of life moves the place on too
    assert (line.ponged, len(pauses.taken)) == (1, 2)


@pytest.mark.parametrize("code", ["GATEWAY_CLOSING", "EVENTS_UNAVAILABLE"])
async def test_a_gateway_that_stops_is_followed_to_the_next(code: str) -> None:
    async with saying([event(1), failed(code)], [event(2), END]) as (client, line, _):
        assert await heard(client) == [1, 2]
    assert line.resumed == ["", "c1"]


async def test_a_stream_that_ends_for_a_reason_says_it() -> None:
    async with saying([event(1), failed("CASE_CLOSED")]) as (client, _, pauses):
        events = client.events("subscription { n }")
        assert (await anext(events)).cursor == "c1"
        with pytest.raises(Refused) as refused:
            await anext(events)
    assert (refused.value.code, pauses.taken) == ("CASE_CLOSED", [])


async def test_a_token_that_ended_is_fetched_anew_once() -> None:
    fetched = iter(["old", "new", "newer"])

    async def token() -> str:
        return next(fetched)

    async with saying([4403], [event(1), END], token=token) as (client, line, pauses):
        assert await heard(client) == [1]
    assert (line.tokens, pauses.taken) == (["Bearer old", "Bearer new"], [])

    fetched = iter(["old", "new"])
    async with saying([4403], [4403], token=token) as (client, line, _):
        with pytest.raises(Refused, match="TOKEN_EXPIRED"):
            await heard(client)


async def test_a_token_that_was_given_once_is_refused_as_it_is() -> None:
    async with saying([4403]) as (client, _, pauses):
        with pytest.raises(Refused, match="TOKEN_EXPIRED"):
            await heard(client)
    assert pauses.taken == []


@pytest.mark.parametrize("script", [["no json"], ['["a list"]'], [1011]])
async def test_what_speaks_another_protocol_is_given_up_in_the_end(script: list[Any]) -> None:
    async with saying(*[list(script) for _ in range(3)]) as (client, _, pauses):
        with pytest.raises(Unreachable):
            await heard(client)
    assert len(pauses.taken) == 2


async def test_a_reader_that_leaves_closes_the_socket() -> None:
    async with saying([event(1), event(2)]) as (client, _, _):
        async with aclosing(client.events("subscription { n }")) as events:
            assert (await anext(events)).answer.data == {"n": 1}
            assert client.listening == 1
        assert client.listening == 0
