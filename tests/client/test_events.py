"""Events over a line that breaks: each comes once, in order, and the reason for an end is told."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from gateway.client import Client, Refused, Unreachable
from gateway.client.events import Feed, Sent
from tests.client.test_client import STRANGER, Pauses

HEAD = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\nconnection: close\r\n\r\n"
END = "event: complete\ndata:\n\n"


def event(number: int) -> str:
    return (
        f'event: next\nid: c{number}\ndata: {{"data": {{"n": {number}}}, "extensions": {{"record": "r{number}"}}}}\n\n'
    )


def ended(code: str) -> str:
    return f'event: next\ndata: {{"errors": [{{"message": "m", "extensions": {{"code": "{code}"}}}}]}}\n\n{END}'


@dataclass
class Line:
    """A server that says one of ``scripts`` on each connection, then hangs up; and what each connection asked for."""

    scripts: list[str]
    url: str = ""
    resumed: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        headers = dict(line.partition(": ")[::2] for line in head.split("\r\n") if ": " in line)
        await reader.readexactly(int(headers["content-length"]))
        self.resumed.append(headers.get("last-event-id", ""))
        self.tokens.append(headers.get("authorization", ""))
        assert headers["accept"] == "text/event-stream"
        writer.write(self.scripts.pop(0).encode())
        await writer.drain()
        writer.close()


@asynccontextmanager
async def saying(*scripts: str, token: Any = "t") -> AsyncIterator[tuple[Client, Line, Pauses]]:
    line, pauses = Line(list(scripts)), Pauses()
    server = await asyncio.start_server(line.handle, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/graphql"
    async with Client(url, token, sleep=pauses, chance=random.Random(1)) as client:
        yield client, line, pauses
    server.close()


async def heard(client: Client, since: str = "") -> list[int]:
    return [each.answer.data["n"] async for each in client.events("subscription { n }", since=since)]


async def test_events_come_in_order_until_the_gateway_ends_them() -> None:
    async with saying(HEAD + event(1) + ":\n\n" + event(2) + END) as (client, line, pauses):
        assert await heard(client) == [1, 2]
    assert (line.resumed, pauses.taken) == ([""], [])


async def test_a_line_that_breaks_is_gone_on_with_after_the_last_event() -> None:
    async with saying(HEAD + event(1), HEAD + "id: c5\n\n", HEAD + event(6) + END) as (client, line, pauses):
        assert await heard(client, since="c0") == [1, 6]
    assert line.resumed == ["c0", "c1", "c5"]  # a sign of life moves the place on too
    assert len(pauses.taken) == 2


@pytest.mark.parametrize("code", ["GATEWAY_CLOSING", "EVENTS_UNAVAILABLE"])
async def test_a_gateway_that_stops_is_followed_to_the_next(code: str) -> None:
    async with saying(HEAD + event(1) + ended(code), HEAD + event(2) + END) as (client, line, _):
        assert await heard(client) == [1, 2]
    assert line.resumed == ["", "c1"]


async def test_an_end_with_a_reason_is_told_and_not_gone_on_with() -> None:
    async with saying(HEAD + event(1) + ended("TOKEN_EXPIRED"), HEAD + event(2) + END) as (client, line, _):
        with pytest.raises(Refused) as refused:
            await heard(client)
    assert refused.value.code == "TOKEN_EXPIRED"
    assert len(line.resumed) == 1


async def test_a_refusal_before_any_stream() -> None:
    status, body = STRANGER
    answer = f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n{body}"
    async with saying(answer) as (client, _, _):
        with pytest.raises(Refused) as refused:
            await heard(client)
    assert (refused.value.code, refused.value.status) == ("TOKEN_EXPIRED", 401)


async def test_a_line_that_breaks_at_once_every_time_is_given_up() -> None:
    async with saying(HEAD, HEAD, HEAD, HEAD) as (client, line, _):
        with pytest.raises(Unreachable, match="broke off"):
            await heard(client)
    assert len(line.resumed) == 3


def test_pieces_may_be_cut_anywhere() -> None:
    text = (event(1) + "event: next\r\ndata: a\r\ndata: é\r\n\r\n" + END).encode()
    whole = list(Feed().take(text))
    for cut in range(len(text)):
        feed = Feed()
        assert [*feed.take(text[:cut]), *feed.take(text[cut:])] == whole
    assert [each.kind for each in whole] == ["next", "next", "complete"]
    assert whole[1] == Sent("next", "a\né")
    assert json.loads(whole[0].data)["data"] == {"n": 1}


async def test_a_token_that_ended_meanwhile_is_fetched_anew() -> None:
    fetched = iter(["old", "new"])

    async def token() -> str:
        return next(fetched)

    async with saying(HEAD + event(1) + ended("TOKEN_EXPIRED"), HEAD + event(2) + END, token=token) as (
        client,
        line,
        _,
    ):
        assert await heard(client) == [1, 2]
    assert (line.tokens, line.resumed) == (["bearer old", "bearer new"], ["", "c1"])
