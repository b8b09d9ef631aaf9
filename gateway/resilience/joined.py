"""Asking once for all who ask for the same at the same time.

Nothing is kept: as soon as there is an answer, the next who asks is a new question. What is joined may have begun a
moment before it was asked for, so a client that has just changed something may not see it: it is off unless configured.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from gateway.resilience.seam import RequestT, ResponseT, Send

__all__ = ["Joined", "JoinedRequests"]

ResultT = TypeVar("ResultT")


class _Running(Generic[ResultT]):
    """Something under way, and who waits for it."""

    __slots__ = ("task", "waiting")

    def __init__(self, task: asyncio.Task[ResultT]) -> None:
        self.task = task
        self.waiting: set[asyncio.Future[ResultT]] = set()

    def tell(self) -> None:
        """Tell all who wait what it came to."""
        task = self.task
        problem = None if task.cancelled() else task.exception()  # seen, even where nobody is left to see it
        for each in self.waiting:
            if each.done():
                continue
            if task.cancelled():
                each.cancel()
            elif problem is not None:
                each.set_exception(problem)
            else:
                each.set_result(task.result())


class Joined(Generic[ResultT]):
    """What is under way now, by key. ``note`` is called for each who joined."""

    def __init__(self, note: Callable[[], None] = lambda: None) -> None:
        self._note = note
        self._running: dict[Hashable, _Running[ResultT]] = {}

    def __len__(self) -> int:
        return len(self._running)

    async def run(self, key: Hashable, make: Callable[[], Awaitable[ResultT]]) -> ResultT:
        """What ``make`` comes to, by whoever of those with an equal ``key`` asked first; raises what it raised.

        It runs in a task of its own, so that it goes on when the first has left; when all have, it is cancelled.
        """
        loop = asyncio.get_running_loop()
        running = self._running.get(key)
        if running is None:
            running = self._running[key] = _Running(loop.create_task(_awaited(make)))
            running.task.add_done_callback(lambda _: self._ended(key, running))
        else:
            self._note()
        told: asyncio.Future[ResultT] = loop.create_future()
        running.waiting.add(told)
        try:
            return await told
        finally:
            running.waiting.discard(told)
            if not running.waiting and not running.task.done():
                self._forget(key, running)
                running.task.cancel()

    def _ended(self, key: Hashable, running: _Running[ResultT]) -> None:
        self._forget(key, running)
        running.tell()

    def _forget(self, key: Hashable, running: _Running[ResultT]) -> None:
        if self._running.get(key) is running:
            del self._running[key]


async def _awaited(make: Callable[[], Awaitable[ResultT]]) -> ResultT:
    return await make()


class JoinedRequests(Generic[RequestT, ResponseT]):
    """Passes requests on to ``inner``, those with an equal ``key`` once for all who send them at the same time.

    A request whose key is None, and one that must not be sent twice, goes alone. ``note`` is told ``joined`` and the
    subgraph for each that waited for another's answer.
    """

    def __init__(
        self,
        inner: Send[RequestT, ResponseT],
        key: Callable[[RequestT], Hashable | None],
        note: Callable[[str, str], None] = lambda event, of: None,
    ) -> None:
        self._inner = inner
        self._key = key
        self._note = note
        self._joined: dict[str, Joined[ResponseT]] = {}

    async def send(self, request: RequestT) -> ResponseT:
        """The answer to ``request``, or to an equal one that was under way."""
        key = self._key(request) if request.idempotent else None
        if key is None:
            return await self._inner.send(request)
        subgraph = request.subgraph
        joined = self._joined.get(subgraph)
        if joined is None:
            joined = self._joined[subgraph] = Joined(lambda: self._note("joined", subgraph))
        return await joined.run(key, lambda: self._inner.send(request))
