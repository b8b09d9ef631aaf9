"""Events as NATS JetStream tells of them, and the outboxes wherever that is not enough.

The relay of a subgraph publishes to the stream ``tws-events-NAME`` (``subgraphs.kit.relay``); each gateway reads it with
an ephemeral ordered consumer, so an outbox is asked by its relay only, however many gateways there are. Numbers are
those of the outbox, and cursors stay what they are. Each message names the event published before it: what is missing
between two is read from the outbox, and what comes twice is passed over. While NATS is away, or says nothing although
the outbox has something, the outbox is asked as it is without NATS. So the broker is a shortcut, and nothing rests on it.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

import orjson
from nats.aio.client import Client
from nats.errors import Error
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js import JetStreamContext
from nats.js.api import DeliverPolicy

from gateway.live.tail import Batch, Feed

__all__ = ["Broker", "BrokerFeed"]

SILENCE_SECONDS: Final = 5.0
"""After so long without a word the outbox is asked whether there is nothing to tell."""
REST_SECONDS: Final = 30.0
"""So long the outbox is asked for everything, once the broker was silent about something."""
_WAIT: Final = 1.0
_HEARTBEAT: Final = 5.0
_FAR: Final = 1_000_000
"""No outbox leaves so many numbers out, but one that was restored from a backup."""


@dataclass(slots=True)
class Broker:
    """This process's connection to the servers at ``url``, kept up by itself while inside ``async with``.

    ``note`` is told when it is lost and when it is back. ``line`` counts connections: what was opened on one is gone
    with it.
    """

    url: str
    ca: Path | None = None
    note: Callable[[str, str], None] = lambda _event, _of: None
    line: int = 0
    _client: Client = field(default_factory=Client)
    _task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._connect())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._client.close()

    @property
    def there(self) -> bool:
        """Whether the servers can be spoken to now."""
        return self.line > 0 and self._client.is_connected

    async def listen(self, subgraph: str) -> JetStreamContext.PushSubscription:
        """What is published of ``subgraph`` from now on; raises ``nats.errors.Error`` where there is no such stream."""
        return await self._client.jetstream(timeout=_WAIT).subscribe(
            f"tws.events.{subgraph}.>",
            stream=f"tws-events-{subgraph}",
            ordered_consumer=True,
            deliver_policy=DeliverPolicy.NEW,
            idle_heartbeat=_HEARTBEAT,
        )

    def feed(self, subgraph: str, outbox: Feed, ticks: Callable[[], float]) -> Feed:
        """What happens at ``subgraph``, as this broker tells it and ``outbox`` knows it."""
        return BrokerFeed(subgraph, outbox, self, ticks)

    async def _connect(self) -> None:
        trusted = ssl.create_default_context(cafile=self.ca) if self.ca is not None else None
        await self._client.connect(
            [each.strip() for each in self.url.split(",")],
            name="gateway",
            error_cb=_ignored,
            disconnected_cb=self._lost,
            reconnected_cb=self._made,
            max_reconnect_attempts=-1,  # for as long as it takes, also the first time
            reconnect_time_wait=1,
            ping_interval=2,
            tls=trusted,
        )
        await self._made()

    async def _made(self) -> None:
        self.line += 1
        self.note("broker_connected", "events")

    async def _lost(self) -> None:
        self.note("broker_lost", "events")


@dataclass(slots=True)
class BrokerFeed:
    """What happens at ``subgraph``, from ``broker`` where it tells of it, else from ``outbox``; ``ticks`` grow by seconds."""

    subgraph: str
    outbox: Feed
    broker: Broker
    ticks: Callable[[], float]
    _said: JetStreamContext.PushSubscription | None = None
    _line: int = 0
    _known: int = 0  # events are in the outbox up to this number
    _heard: float = 0.0
    _rest: float = float("-inf")

    async def last(self) -> int:
        """The number of the last event there is; that only the outbox knows."""
        return await self.outbox.last()

    async def after(self, number: int, wait: float) -> Batch:
        """The events after ``number``: one that the broker tells of, or what the outbox has where it did not."""
        if wait <= 0 or self.ticks() < self._rest or not await self._listening():
            return await self.outbox.after(number, wait)
        if number < self._known:
            return await self._caught_up(number)
        try:
            told = await self._next(number, wait)
        except Error:  # the subscription ended under it
            await self.leave()
            return Batch(number)
        if told is None:
            return await self._silent(number)
        self._heard = self.ticks()
        before, event, fields = told
        if before > number or event - before > _FAR:  # something between was not told, or the outbox was restored
            self._known = event
            return await self._caught_up(number)
        return Batch(event, ((event, fields),))

    async def leave(self) -> None:
        """Give the subscription back."""
        said, self._said = self._said, None
        if said is None:
            return
        with contextlib.suppress(Error):  # its connection may be gone already, and it with it
            await said.unsubscribe()

    async def _listening(self) -> bool:
        """Whether the broker is heard: on this line or, since it is a new one, from now on."""
        if not self.broker.there:
            return False
        if self._said is not None and self._line == self.broker.line:
            return True
        await self.leave()
        line = self.broker.line
        try:
            said = await self.broker.listen(self.subgraph)
        except (Error, OSError):
            self.broker.note("broker_unheard", self.subgraph)
            return False
        self._said, self._line, self._heard = said, line, self.ticks()
        self._known = await self.outbox.last()  # what happened while nobody listened
        return True

    async def _caught_up(self, number: int) -> Batch:
        batch = await self.outbox.after(number, 0.0)
        if batch.last <= number:  # there is no more, whatever was said
            self._known = number
        return batch

    async def _next(self, number: int, wait: float) -> tuple[int, int, frozenset[str]] | None:
        """The next event that is told of, with the number of the one before it; None when there is none so long."""
        assert self._said is not None  # noqa: S101 - whoever asks is listening
        until = self.ticks() + wait
        while True:
            try:
                message = await self._said.next_msg(wait)
            except NatsTimeoutError:
                return None
            page = orjson.loads(message.data)
            before, event = int(page["after"]), int(page["number"])
            if event > number:
                return before, event, frozenset(page["fields"])
            if self.ticks() >= until:
                return None

    async def _silent(self, number: int) -> Batch:
        """Nothing was told. After a while the outbox is asked; if it knows better it is asked for everything, for a time."""
        if self.ticks() - self._heard < SILENCE_SECONDS:
            return Batch(number)
        batch = await self.outbox.after(number, 0.0)
        self._heard = self.ticks()
        if batch.events:
            self._rest = self._heard + REST_SECONDS
            self.broker.note("broker_silent", self.subgraph)
        return batch


async def _ignored(_error: Exception) -> None:
    """What goes wrong between client and server shows where something is listened to."""
