"""Asking the gateway over HTTP."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Any, Literal, Self, TypeAlias

import orjson
from pyreqwest.client import ClientBuilder
from pyreqwest.exceptions import PyreqwestError

from gateway.client.answer import Answer
from gateway.client.events import Event, Feed
from gateway.client.faults import Cut, Refused, Unreachable, told
from gateway.client.patience import Patience
from gateway.client.socket import over_socket

__all__ = ["Client", "Refused", "Token", "Unreachable"]

Token: TypeAlias = str | Callable[[], Awaitable[str]]
"""A bearer token, or what fetches one: it is called at first and whenever the last one is no longer taken."""

_AGAIN = frozenset({429, 502, 503, 504})
"""Statuses after which the same question may be answered."""


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    body: bytes
    retry_after: float | None


class Client:
    """One gateway, asked as one caller, over kept connections. Use it in ``async with``, or ``close`` it.

    ``url`` is that of ``/graphql``. ``trusted``: documents are named by their hash and their text is never sent, for a
    gateway that runs those of its manifest only. ``over`` says how events come: as server-sent events, or over a WebSocket
    (where something between lets no long answer through). ``sleep`` and ``chance`` are for tests.
    """

    def __init__(
        self,
        url: str,
        token: Token = "",
        *,
        patience: Patience = Patience(),  # noqa: B008 - a frozen value
        trusted: bool = False,
        over: Literal["sse", "websocket"] = "sse",
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: random.Random | None = None,
    ) -> None:
        self._url = url
        self._given = token
        self._token = token if isinstance(token, str) else ""
        self._patience = patience
        self._trusted = trusted
        self._over = over
        self._sleep = sleep
        self._chance = chance or random.Random()  # noqa: S311 - spreads clients, keeps no secret
        self._pool: Any = None
        self.listening = 0
        """How many subscriptions are open now: the gateway has taken them, and what happens from then on is told."""

    async def ask(
        self,
        query: str,
        variables: Mapping[str, Any] | None = None,
        *,
        operation: str = "",
        acknowledged: tuple[str, ...] = (),
    ) -> Answer:
        """The answer to a query; asked again where the gateway was busy, away or had a fault of the moment.

        ``acknowledged`` names agreements whose terms the caller knows of. Raises ``Refused`` or ``Unreachable``.
        """
        return await self._asked(self._request(query, variables, operation, acknowledged), again=True)

    async def act(
        self,
        mutation: str,
        variables: Mapping[str, Any] | None = None,
        *,
        operation: str = "",
        acknowledged: tuple[str, ...] = (),
    ) -> Answer:
        """The answer to a mutation, which is sent once: what became of one that was lost is not known.

        Raises ``Refused`` or ``Unreachable``.
        """
        return await self._asked(self._request(mutation, variables, operation, acknowledged), again=False)

    async def events(
        self,
        subscription: str,
        variables: Mapping[str, Any] | None = None,
        *,
        operation: str = "",
        acknowledged: tuple[str, ...] = (),
        since: str = "",
    ) -> AsyncGenerator[Event, None]:
        """What happens from now on, or after the cursor ``since``, until the gateway ends the subscription.

        A line that breaks, or a gateway that is being stopped, is subscribed to again after the last event that came, so
        that none is missed and none comes twice. Raises ``Refused`` where the subscription is refused or ended for a
        reason (the token has ended, the case was closed), ``Unreachable`` where asking again did not help.
        """
        body = self._request(subscription, variables, operation, acknowledged)
        feed, attempt, renewed = Feed(since), 0, False
        streamed = self._socketed if self._over == "websocket" else self._streamed
        while True:
            try:
                async with aclosing(streamed(body, feed)) as events:
                    async for event in events:
                        attempt, renewed = 0, False
                        yield event
                return
            except Refused as refused:
                if not refused.of_token or renewed or isinstance(self._given, str):
                    raise
                renewed, self._token = True, ""  # a token ends sooner than what is watched
                continue
            except (PyreqwestError, TimeoutError, Cut) as lost:
                attempt += 1
                pause = self._patience.before(attempt, None, self._chance)
                if pause is None:
                    raise Unreachable(f"the events broke off: {lost or type(lost).__name__}") from None
            await self._sleep(pause)

    async def _streamed(self, body: bytes, feed: Feed) -> AsyncGenerator[Event, None]:
        """The events of one connection. Raises ``Cut`` where it ended and another may go on."""
        request = await self._prepared(body, "text/event-stream")
        if feed.cursor:
            request = request.header("last-event-id", feed.cursor)
        feed.begin()
        request = request.streamed_read_buffer_limit(0)  # an event is told when it comes, not when many have
        quiet = self._patience.quiet
        async with request.build_streamed() as response:
            reader = response.body_reader
            if response.status != 200 or "text/event-stream" not in (response.get_header("content-type") or ""):
                pieces = [bytes(each) async for each in _pieces(reader, quiet)]
                reply = _Reply(response.status, b"".join(pieces), None)
                if response.status in _AGAIN:
                    raise Cut(f"HTTP {response.status}")
                _read(reply)
                raise Unreachable("what came is no stream of events")
            self.listening += 1
            try:
                async for piece in _pieces(reader, quiet):
                    for sent in feed.take(piece):
                        if sent.kind == "complete":
                            return
                        if sent.kind == "next":
                            yield Event(told(_decoded(sent.data)), feed.cursor)
            finally:
                self.listening -= 1
        raise Cut("the line broke")

    async def _socketed(self, body: bytes, feed: Feed) -> AsyncGenerator[Event, None]:
        """The events of one WebSocket. Raises ``Cut`` where it ended and another may go on."""
        listening = False
        try:
            coming = over_socket(self._url, await self._bearer(), body, feed, self._patience.quiet)
            async with aclosing(coming) as events:
                async for event in events:
                    if event is not None:
                        yield event
                    elif not listening:
                        listening, self.listening = True, self.listening + 1
        finally:
            self.listening -= listening

    async def _bearer(self) -> str:
        if not self._token and not isinstance(self._given, str):
            self._token = await self._given()
        return self._token

    async def close(self) -> None:
        """Close the connections; asking afterwards opens new ones."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    def _request(
        self, text: str, variables: Mapping[str, Any] | None, operation: str, acknowledged: tuple[str, ...]
    ) -> bytes:
        named = (
            {"documentId": f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"} if self._trusted else {"query": text}
        )
        request: dict[str, Any] = {**named, "variables": dict(variables or {})}
        if operation:
            request["operationName"] = operation
        if acknowledged:
            request["extensions"] = {"acknowledged": list(acknowledged)}
        return orjson.dumps(request)

    async def _asked(self, body: bytes, *, again: bool) -> Answer:
        attempt, renewed = 0, False
        while True:
            try:
                reply: _Reply | None = await self._exchange(body)
                problem = ""
            except (PyreqwestError, TimeoutError) as lost:
                reply, problem = None, str(lost) or type(lost).__name__
            if reply is not None and reply.status == 401 and not isinstance(self._given, str) and not renewed:
                renewed, self._token = True, ""  # nothing was run: the token was not taken
                continue
            if reply is not None and reply.status not in _AGAIN:
                return _read(reply)
            attempt += 1
            pause = self._patience.before(attempt, reply.retry_after if reply else None, self._chance)
            if not again or pause is None:
                if reply is None:
                    raise Unreachable(f"the gateway did not answer: {problem}")
                return _read(reply)
            await self._sleep(pause)

    async def _prepared(self, body: bytes, accept: str) -> Any:
        if self._pool is None:
            self._pool = ClientBuilder().follow_redirects(False).referer(False).user_agent("gateway.client").build()
        token = await self._bearer()
        request = self._pool.post(self._url).body_bytes(body)
        request = request.header("content-type", "application/json").header("accept", accept)
        return request.header("authorization", f"Bearer {token}") if token else request

    async def _exchange(self, body: bytes) -> _Reply:
        timeout = self._patience.timeout
        accept = "application/graphql-response+json, application/json;q=0.9"
        request = (await self._prepared(body, accept)).timeout(timedelta(seconds=timeout))
        async with asyncio.timeout(timeout):
            response = await request.build().send()
            return _Reply(response.status, bytes(await response.bytes()), _seconds(response.get_header("retry-after")))


async def _pieces(reader: Any, quiet: float) -> AsyncIterator[bytes]:
    """What comes of a body, piece by piece; raises ``TimeoutError`` after ``quiet`` seconds of silence."""
    while True:
        async with asyncio.timeout(quiet):
            piece = await reader.read_chunk()
        if piece is None:
            return
        yield bytes(piece)


def _decoded(data: str) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return None


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.isdigit() else None


def _read(reply: _Reply) -> Answer:
    """The answer in a reply. Raises ``Refused`` where it has no data, ``Unreachable`` where it is none."""
    try:
        body = orjson.loads(reply.body)
        answer = Answer.read(body)
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError):
        raise Unreachable(f"HTTP {reply.status}, and what came is no answer of a gateway") from None
    if "data" not in body or reply.status >= 400:
        raise Refused(reply.status, answer.failures)
    return answer
