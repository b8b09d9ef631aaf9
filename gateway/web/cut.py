"""Ending a request early: at its deadline, or when the client has left. What it waits for is cancelled with it.

Whether the client is still there is looked at from ``_UNWATCHED`` seconds on: most requests are over by then, and a task
that listens costs each of them more than it could save. A mutation that has been read is never cut: half a change that nobody has on record is worse than an answer too late.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final, TypeAlias

from gateway.deadlines import Deadlines
from gateway.telemetry import Watch

__all__ = ["Cut", "Cuts"]

_Message: TypeAlias = MutableMapping[str, Any]
_UNWATCHED: Final = 0.1


class Cuts:
    """What the requests of one door have together: who is answered within ``seconds``, and whose client is not looked after yet."""

    __slots__ = ("deadline", "unwatched")

    def __init__(self, seconds: float) -> None:
        self.deadline: Deadlines[Cut] = Deadlines(seconds, lambda cut: cut.end("deadline"))
        self.unwatched: Deadlines[Cut] = Deadlines(_UNWATCHED, lambda cut: cut.watch_client())


class Cut:
    """Watches over the task that makes it. ``reason`` is ``""``, ``deadline`` or ``left`` once the task was cut."""

    __slots__ = ("_cuts", "_gone", "_listening", "_loop", "_read", "_receive", "_task", "_watch", "reason")

    def __init__(self, receive: Callable[[], Awaitable[_Message]], watch: Watch, cuts: Cuts) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a server runs each request in a task
        self._task = task
        self._watch = watch
        self._receive = receive
        self._loop = asyncio.get_running_loop()
        self._cuts = cuts
        self._listening: asyncio.Task[None] | None = None
        self._gone: asyncio.Event | None = None
        self._read = False
        self.reason = ""
        cuts.deadline.begin(self, self._loop)

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
            self._cuts.unwatched.begin(self, self._loop)
        return message

    def stream(self) -> None:
        """The answer is a stream now: it has no deadline."""
        self._cuts.deadline.end(self)
        if self._read:
            self.watch_client()

    def close(self) -> None:
        """The request is over."""
        self._cuts.deadline.end(self)
        self._cuts.unwatched.end(self)
        listening, self._listening = self._listening, None  # its traceback holds this, which would hold it
        if listening is not None:
            listening.cancel()

    def watch_client(self) -> None:
        """From now on see when the client leaves."""
        if self._gone is None:
            self._gone = asyncio.Event()
            self._listening = self._loop.create_task(self._listen(self._gone))

    async def _left(self) -> None:
        """Wait until the client has left."""
        self.watch_client()
        if self._gone is not None:
            await self._gone.wait()

    async def _listen(self, gone: asyncio.Event) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        gone.set()
        self.end("left")

    def end(self, reason: str) -> None:
        """Cut the request short because of ``reason``, unless it is a mutation."""
        if self._watch.kind != "mutation" and not self.reason:
            self.reason = reason
            self._task.cancel()
