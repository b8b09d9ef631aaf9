"""Ending a request early: at its deadline, or when the client has left. What it waits for is cancelled with it.

Whether the client is still there is looked at from ``_UNWATCHED`` seconds on: most requests are over by then, and a task
that listens costs each of them more than it could save. A mutation that has been read is never cut: half a change that nobody has on record is worse than an answer too late.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final, TypeAlias

from gateway.telemetry import Watch

__all__ = ["Cut"]

_Message: TypeAlias = MutableMapping[str, Any]
_UNWATCHED: Final = 0.1


class Cut:
    """Watches over the task that makes it. ``reason`` is ``""``, ``deadline`` or ``left`` once the task was cut."""

    __slots__ = ("_gone", "_later", "_listening", "_loop", "_read", "_receive", "_task", "_timer", "_watch", "reason")

    def __init__(self, receive: Callable[[], Awaitable[_Message]], watch: Watch, seconds: float) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a server runs each request in a task
        self._task = task
        self._watch = watch
        self._receive = receive
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(seconds, self._cut, "deadline")
        self._later: asyncio.TimerHandle | None = None
        self._listening: asyncio.Task[None] | None = None
        self._gone: asyncio.Event | None = None
        self._read = False
        self.reason = ""

    async def receive(self) -> _Message:
        """The next part of the request; once it is whole, that the client has left."""
        if self._read:
            await self._left()
            return {"type": "http.disconnect"}
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self._read = True
            self._gone = asyncio.Event()
            self._gone.set()
        elif not message.get("more_body"):
            self._read = True
            self._later = self._loop.call_later(_UNWATCHED, self._watch_client)
        return message

    def stream(self) -> None:
        """The answer is a stream now: it has no deadline."""
        self._timer.cancel()
        if self._read:
            self._watch_client()

    def close(self) -> None:
        """The request is over."""
        self._timer.cancel()
        if self._later is not None:
            self._later.cancel()
        if self._listening is not None:
            self._listening.cancel()

    def _watch_client(self) -> None:
        if self._gone is None:
            self._gone = asyncio.Event()
            self._listening = self._loop.create_task(self._listen(self._gone))

    async def _left(self) -> None:
        """Wait until the client has left."""
        self._watch_client()
        if self._gone is not None:
            await self._gone.wait()

    async def _listen(self, gone: asyncio.Event) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        gone.set()
        self._cut("left")

    def _cut(self, reason: str) -> None:
        if self._watch.kind != "mutation" and not self.reason:
            self.reason = reason
            self._task.cancel()
