"""Asking the gateway over HTTP."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Any, Self, TypeAlias

import orjson
from pyreqwest.client import ClientBuilder
from pyreqwest.exceptions import PyreqwestError

from gateway.client.answer import Answer, Failure
from gateway.client.patience import Patience

__all__ = ["Client", "Refused", "Token", "Unreachable"]

Token: TypeAlias = str | Callable[[], Awaitable[str]]
"""A bearer token, or what fetches one: it is called at first and whenever the last one is no longer taken."""

_AGAIN = frozenset({429, 502, 503, 504})
"""Statuses after which the same question may be answered."""


class Unreachable(OSError):  # noqa: N818 - what it says of the gateway
    """The gateway did not answer, or not in time, or with something that is no answer."""


class Refused(Exception):  # noqa: N818 - it is an answer, not a fault
    """The gateway refused the operation as a whole; nothing of it was run. ``failures`` say why, each with its code."""

    def __init__(self, status: int, failures: tuple[Failure, ...]) -> None:
        super().__init__("; ".join(f"{each.code}: {each.message}" for each in failures) or f"HTTP {status}")
        self.status = status
        self.failures = failures

    @property
    def code(self) -> str:
        """The first failure's code; "" where there is none."""
        return self.failures[0].code if self.failures else ""


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    body: bytes
    retry_after: float | None


class Client:
    """One gateway, asked as one caller, over kept connections. Use it in ``async with``, or ``close`` it.

    ``url`` is that of ``/graphql``. ``trusted``: documents are named by their hash and their text is never sent, for a
    gateway that runs those of its manifest only. ``sleep`` and ``chance`` are for tests.
    """

    def __init__(
        self,
        url: str,
        token: Token = "",
        *,
        patience: Patience = Patience(),  # noqa: B008 - a frozen value
        trusted: bool = False,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: random.Random | None = None,
    ) -> None:
        self._url = url
        self._given = token
        self._token = token if isinstance(token, str) else ""
        self._patience = patience
        self._trusted = trusted
        self._sleep = sleep
        self._chance = chance or random.Random()  # noqa: S311 - spreads clients, keeps no secret
        self._pool: Any = None

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

    async def _exchange(self, body: bytes) -> _Reply:
        if self._pool is None:
            self._pool = ClientBuilder().follow_redirects(False).referer(False).user_agent("gateway.client").build()
        if not self._token and not isinstance(self._given, str):
            self._token = await self._given()
        timeout = self._patience.timeout
        request = self._pool.post(self._url).body_bytes(body).timeout(timedelta(seconds=timeout))
        request = request.header("content-type", "application/json")
        request = request.header("accept", "application/graphql-response+json, application/json;q=0.9")
        if self._token:
            request = request.header("authorization", f"Bearer {self._token}")
        async with asyncio.timeout(timeout):
            response = await request.build().send()
            return _Reply(response.status, bytes(await response.bytes()), _seconds(response.get_header("retry-after")))


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
