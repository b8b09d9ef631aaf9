"""What happens at one subgraph, followed once for all who listen.

One task asks the subgraph's outbox what there is after the last number seen, and is answered as soon as there is
something. The newest events stay in memory; a stream that is further behind reads the outbox itself. So a stream holds
no queue: however slow its client, nothing piles up here, and nothing is lost either.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import orjson

from gateway.caller import Caller
from gateway.errors import FetchError, RequestError
from gateway.execution.transport import SubgraphRequest
from gateway.house import Graph, House, Vouched

__all__ = ["Batch", "Feed", "OutboxFeed", "Tail"]

GRANT: Final = "_events"
SELF: Final = Caller("GATEWAY", "relay", "events")
"""The gateway itself: it learns that something happened, and nothing of what."""
WAIT_SECONDS: Final = 2.0
KEPT: Final = 10_000
_GRANTED: Final = orjson.dumps({GRANT: "key"})
_PAGE: Final = 1_000
_PAUSES: Final = (0.1, 0.25, 0.5, 1.0, 2.0)


@dataclass(frozen=True, slots=True)
class Batch:
    """Events in order, each a number with the subscription fields that tell of it; ``last`` is where to go on from.

    ``lost``: the agency's database was restored from a backup since the event after which was asked, so that events are
    gone; ``last`` is where to go on all the same.
    """

    last: int
    events: tuple[tuple[int, frozenset[str]], ...] = ()
    lost: bool = False


class Feed(Protocol):
    """Where events of one subgraph are read. Raises ``FetchError`` when it cannot be."""

    async def last(self) -> int:
        """The number of the last event there is; 0 when there is none."""
        ...

    async def after(self, number: int, wait: float) -> Batch:
        """The events after ``number``, once there is one or ``wait`` seconds are over."""
        ...

    async def leave(self) -> None:
        """Nobody listens any more; what was opened for it is given back."""
        ...


@dataclass(frozen=True, slots=True)
class OutboxFeed:
    """Reads a subgraph's outbox over the way to the subgraphs, under the gateway's own signature.

    ``graph`` gives the graph of the moment, by whose epoch it signs.
    """

    subgraph: str
    graph: Callable[[], Graph]
    house: House

    async def last(self) -> int:
        """The number of the last event there is."""
        return (await self._ask({"after": None})).last

    async def after(self, number: int, wait: float) -> Batch:
        """The events after ``number``."""
        return await self._ask({"after": number, "limit": _PAGE, "wait": wait})

    async def leave(self) -> None:
        """Nothing: it holds nothing open."""

    async def _ask(self, asked: Mapping[str, Any]) -> Batch:
        transport = Vouched(
            self.house, SELF, self.graph().policy.epoch, self.house.clock(), lambda _coordinates: _GRANTED
        )
        body = orjson.dumps({"events": asked})
        # it waits on purpose, so it is never sent twice
        response = await transport.send(SubgraphRequest(self.subgraph, body, (GRANT,), idempotent=False))
        try:
            page = orjson.loads(response.body)
            events = tuple((int(number), frozenset(fields)) for number, fields in page["events"])
            return Batch(int(page["last"]), events, bool(page.get("lost")))
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
            raise FetchError(
                "EVENTS_UNREADABLE", f"Subgraph {self.subgraph} does not tell what happened there."
            ) from None


@dataclass(slots=True)
class Tail:
    """Follows one feed while somebody listens. ``counted``: its numbers count events, so that they tell how far one is behind."""

    feed: Feed
    kept: int = KEPT
    counted: bool = True
    last: int = 0
    listeners: int = 0
    losses: int = 0  # how often events that it had told of were gone
    _floor: int = 0
    _events: deque[tuple[int, frozenset[str]]] = field(default_factory=deque)
    _task: asyncio.Task[None] | None = None
    _starting: asyncio.Lock = field(default_factory=asyncio.Lock)
    _more: asyncio.Event = field(default_factory=asyncio.Event)

    async def join(self) -> int:
        """Begin to listen; returns the number of the last event there is now. Raises ``FetchError``."""
        async with self._starting:
            if self._task is None:
                self.last = self._floor = await self.feed.last()
                self._events.clear()
                self._task = asyncio.create_task(self._follow())
            self.listeners += 1
        return self.last

    async def leave(self) -> None:
        """Listen no longer; who leaves last stops the following, and returns when what it was asking has ended."""
        self.listeners -= 1
        task = self._task
        if self.listeners == 0 and task is not None:
            self._task = None
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await self.feed.leave()

    async def after(self, number: int, field_name: str) -> Batch:
        """The events after ``number`` that ``field_name`` tells of, as far as they are known.

        Raises ``FetchError``, ``RequestError`` ``EVENTS_LOST`` where some of them are gone.
        """
        if not self._remembers(number):
            batch = await self._read(number)
            return Batch(batch.last, tuple(each for each in batch.events if field_name in each[1]))
        found = []
        for each in reversed(self._events):
            if each[0] <= number:
                break
            if field_name in each[1]:
                found.append(each)
        return Batch(self.last, tuple(reversed(found)))

    async def check(self, number: int) -> None:
        """Raise ``RequestError`` ``EVENTS_LOST`` where events after ``number`` are gone; ``FetchError``."""
        if not self._remembers(number):
            await self._read(number)

    def _remembers(self, number: int) -> bool:
        """Whether what came after event ``number`` is in memory; once events were lost, only after the last."""
        return number == self.last or (not self.losses and self._floor <= number < self.last)

    async def _read(self, number: int) -> Batch:
        batch = await self.feed.after(number, 0.0)
        if batch.lost:
            raise RequestError(
                "EVENTS_LOST",
                "Where these events are kept was restored from a backup since; events of between are gone.",
                status=410,
                where="last-event-id",
                hint="Ask for the present state with a query, and subscribe without a cursor.",
            )
        return batch

    async def more(self, number: int) -> None:
        """Return when there is something after ``number``, at once where there is; or when events turned out to be lost."""
        losses = self.losses
        while self.last <= number and self.losses == losses:
            await self._more.wait()

    async def _follow(self) -> None:
        failures = 0
        while True:
            try:
                batch = await self.feed.after(self.last, WAIT_SECONDS)
                failures = 0
            except (FetchError, OSError, TimeoutError):
                await asyncio.sleep(_PAUSES[min(failures, len(_PAUSES) - 1)])
                failures += 1
                continue
            self._take(batch)

    def _take(self, batch: Batch) -> None:
        if batch.lost:
            self._events.clear()
            self._floor, self.losses = batch.last, self.losses + 1
        elif batch.last <= self.last:
            return
        self._events.extend(batch.events)
        while len(self._events) > self.kept:
            self._floor = self._events.popleft()[0]
        self.last = batch.last
        more, self._more = self._more, asyncio.Event()
        more.set()
