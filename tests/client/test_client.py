"""The client against a server that plays a part: when it asks again, when it does not, and what it sends."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from gateway.client import Client, Patience, Refused, Unreachable

OK = (200, '{"data": {"ping": true}, "extensions": {"record": "r1", "sharing": []}}')
BUSY = (503, '{"errors": [{"message": "Too many.", "extensions": {"code": "GATEWAY_OVERLOADED"}}]}')
STRANGER = (401, '{"errors": [{"message": "Expired.", "extensions": {"code": "TOKEN_EXPIRED"}}]}')


@dataclass
class Part:
    """What the server answers, one after the other, and what it was sent; ``None`` hangs up."""

    answers: list[tuple[int, str] | None]
    retry_after: str = ""
    url: str = ""
    sent: list[tuple[dict[str, str], dict[str, Any]]] = field(default_factory=list)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.decode().split("\r\n")[1:]
                headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)}
                body = await reader.readexactly(int(headers["content-length"]))
                self.sent.append((headers, json.loads(body)))
                answer = self.answers.pop(0)
                if answer is None:
                    break
                status, text = answer
                more = f"retry-after: {self.retry_after}\r\n" if self.retry_after else ""
                writer.write(f"HTTP/1.1 {status} X\r\n{more}content-length: {len(text)}\r\n\r\n{text}".encode())
                await writer.drain()
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()


@asynccontextmanager
async def playing(*answers: tuple[int, str] | None, retry_after: str = "") -> AsyncIterator[Part]:
    part = Part(list(answers), retry_after)
    server = await asyncio.start_server(part.handle, "127.0.0.1", 0)
    part.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/graphql"
    try:
        yield part
    finally:
        server.close()


@dataclass
class Pauses:
    """Instead of sleeping: how long it would have been."""

    taken: list[float] = field(default_factory=list)

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)


def client(part: Part, pauses: Pauses, **more: Any) -> Client:
    return Client(part.url, sleep=pauses, chance=random.Random(1), **more)


async def test_a_query_is_asked_again_until_it_is_answered() -> None:
    pauses = Pauses()
    async with playing(BUSY, None, OK) as part, client(part, pauses, token="t") as gateway:
        answer = await gateway.ask("{ ping }")
    assert answer.data == {"ping": True}
    assert answer.record == "r1"
    assert len(part.sent) == 3
    assert 0.1 <= pauses.taken[0] <= 0.2 <= pauses.taken[1] <= 0.4
    assert part.sent[0][0]["authorization"] == "Bearer t"


async def test_the_gateway_says_how_long_to_wait() -> None:
    pauses = Pauses()
    async with playing(BUSY, OK, retry_after="3") as part, client(part, pauses) as gateway:
        await gateway.ask("{ ping }")
    assert pauses.taken == [3.0]


async def test_longer_than_the_client_has_patience_is_final() -> None:
    pauses = Pauses()
    async with playing(BUSY, OK, retry_after="60") as part, client(part, pauses) as gateway:
        with pytest.raises(Refused) as refused:
            await gateway.ask("{ ping }")
    assert (refused.value.code, refused.value.status, pauses.taken) == ("GATEWAY_OVERLOADED", 503, [])


async def test_it_does_not_ask_for_ever() -> None:
    pauses = Pauses()
    async with playing(BUSY, BUSY, OK) as part, client(part, pauses, patience=Patience(tries=2)) as gateway:
        with pytest.raises(Refused):
            await gateway.ask("{ ping }")
    assert len(part.sent) == 2


@pytest.mark.parametrize("answer", [BUSY, None], ids=["busy", "hangs up"])
async def test_a_mutation_is_sent_once(answer: tuple[int, str] | None) -> None:
    """What became of a change that was lost is not known; sent again, it might be made twice."""
    pauses = Pauses()
    async with playing(answer, OK) as part, client(part, pauses) as gateway:
        with pytest.raises((Refused, Unreachable)):
            await gateway.act("mutation { revokeVisa }")
    assert len(part.sent) == 1


async def test_a_token_that_is_not_taken_is_fetched_anew_once() -> None:
    tokens = iter(["old", "new", "newest"])

    async def fetch() -> str:
        return next(tokens)

    async with playing(STRANGER, OK, STRANGER, STRANGER) as part, client(part, Pauses(), token=fetch) as gateway:
        await gateway.ask("{ ping }")
        with pytest.raises(Refused) as refused:
            await gateway.ask("{ ping }")
    assert [headers["authorization"] for headers, _ in part.sent] == [
        "Bearer old", "Bearer new", "Bearer new", "Bearer newest",
    ]  # fmt: skip
    assert refused.value.code == "TOKEN_EXPIRED"


async def test_a_refusal_is_not_asked_again() -> None:
    wrong = (400, '{"errors": [{"message": "No field.", "extensions": {"code": "UNKNOWN_FIELD", "hint": "Look."}}]}')
    async with playing(wrong, OK) as part, client(part, Pauses()) as gateway:
        with pytest.raises(Refused, match="UNKNOWN_FIELD: No field"):
            await gateway.ask("{ pong }")
    assert len(part.sent) == 1


async def test_a_trusted_document_is_named_and_its_text_never_sent() -> None:
    text = "query Ping { ping }"
    async with playing(OK) as part, client(part, Pauses(), trusted=True) as gateway:
        await gateway.ask(text, {"a": 1}, operation="Ping", acknowledged=("X",))
    assert part.sent[0][1] == {
        "documentId": f"sha256:{hashlib.sha256(text.encode()).hexdigest()}",
        "variables": {"a": 1},
        "operationName": "Ping",
        "extensions": {"acknowledged": ["X"]},
    }


@pytest.mark.parametrize("text", ["<html>", "[]", '{"data": {}, "extensions": {"sharing": [{}]}}'])
async def test_what_is_no_answer_is_told_as_none(text: str) -> None:
    async with playing((200, text)) as part, client(part, Pauses()) as gateway:
        with pytest.raises(Unreachable, match="no answer of a gateway"):
            await gateway.ask("{ ping }")


async def test_nobody_there_is_unreachable() -> None:
    async with playing() as part:
        pass
    async with client(part, Pauses(), patience=Patience(tries=2)) as gateway:
        with pytest.raises(Unreachable):
            await gateway.ask("{ ping }")
