"""The relay: what the outbox holds, published to a stream of NATS JetStream, each event once and in its order.

A stream for each subgraph, ``tws-events-NAME``, with subjects ``tws.events.NAME.ENTITY.PART``: the type of the record
and one of 256 parts that its key always falls into, under a digest with a key. A message says what the gateway may
know and no more: ``{"number": 18, "after": 15, "fields": ["visaRevoked"]}``, where ``after`` is the number of the event
published before it, so that whoever reads can tell a gap from a quiet hour.

Every process of the subgraph runs one. None of them is the leader: each message is accepted only as the next after the
last that its sender knows of (``Nats-Expected-Last-Sequence``), so of two relays one is told that it comes too late and
looks where the stream ends. A lease would let a paused holder publish when its time is over; this cannot. Where the
stream ends is also the only place kept: a relay that starts goes on from there. While NATS is away events wait where
they are, in the outbox. https://docs.nats.io/nats-concepts/jetstream/streams
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import structlog
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import DiscardPolicy, Header, StorageType, StreamConfig
from nats.js.errors import BadRequestError, NotFoundError

from subgraphs.kit.outbox import MOST_EVENTS, Entry, Outbox
from subgraphs.kit.settings import Settings

__all__ = ["Relay", "relaying"]

MOST_KEPT = 100_000
"""Events that a stream keeps; the outbox keeps them all."""
WAIT_SECONDS = 2.0
PAUSE_SECONDS = 0.5
DUPLICATES_SECONDS = 120.0
_WRONG_LAST_SEQUENCE = 10071  # the server's err_code: somebody else published meanwhile
log = structlog.get_logger("subgraphs")


class Relay:
    """Publishes the events of ``outbox`` for subgraph ``name``; ``secret`` keys what stands for an entity's key."""

    def __init__(self, name: str, outbox: Outbox, secret: bytes) -> None:
        self.stream = f"tws-events-{name}"
        self._name = name
        self._outbox = outbox
        self._secret = hmac.new(secret, b"subjects of events", hashlib.sha256).digest()
        self._reached = 0
        self._waiting = True

    def state(self) -> dict[str, Any]:
        """Up to which number of the outbox everything is published, and whether the relay waits for NATS or the database."""
        return {"reached": self._reached, "waiting": self._waiting}

    async def run(self, client: Client) -> None:
        """Publish until cancelled; whatever goes wrong, the stream is looked at anew and nothing is skipped."""
        while True:
            try:
                await self._follow(client.jetstream(timeout=WAIT_SECONDS))
            except (
                Exception
            ) as problem:  # the database or NATS is away: their texts may quote, so only the kind is told
                if not self._waiting:
                    log.warning("relay waits", subgraph=self._name, error=type(problem).__name__)
                self._waiting = True
                await asyncio.sleep(PAUSE_SECONDS)

    async def _follow(self, stream: JetStreamContext) -> None:
        await self._made(stream)
        while True:
            sequence, number = await self._end(stream)
            self._reached, self._waiting = number, False
            await self._publish(stream, sequence, number)

    async def _publish(self, stream: JetStreamContext, sequence: int, number: int) -> None:
        """Publish what comes after event ``number``, the last of the stream; returns where another relay was faster."""
        place = number
        while True:
            place, events = await self._outbox.after(place, MOST_EVENTS, WAIT_SECONDS)
            for event in events:
                try:
                    ack = await stream.publish(
                        self._subject(event),
                        orjson.dumps({"number": event.number, "after": number, "fields": event.fields}),
                        stream=self.stream,
                        headers={Header.MSG_ID: self._id(event), Header.EXPECTED_LAST_SEQUENCE: str(sequence)},
                    )
                except BadRequestError as error:
                    if error.err_code == _WRONG_LAST_SEQUENCE:
                        return
                    raise
                number = event.number
                if not ack.duplicate:  # else another relay published it, which the next message will tell
                    sequence = ack.seq
            self._reached = place

    async def _made(self, stream: JetStreamContext) -> None:
        """The stream is there: as somebody made it before, or now."""
        try:
            await stream.stream_info(self.stream)
        except NotFoundError:
            await stream.add_stream(
                StreamConfig(
                    name=self.stream,
                    subjects=[f"tws.events.{self._name}.>"],
                    max_msgs=MOST_KEPT,
                    discard=DiscardPolicy.OLD,
                    storage=StorageType.FILE,
                    duplicate_window=DUPLICATES_SECONDS,
                )
            )

    async def _end(self, stream: JetStreamContext) -> tuple[int, int]:
        """Where the stream ends: its last sequence, and the number of its last event.

        An empty one begins with the newest events of the outbox. One that ends behind the outbox was filled from a
        database that was since put back to an earlier day: it is emptied, and says so in the log.
        """
        state = (await stream.stream_info(self.stream)).state
        last = await self._outbox.last()
        if state.messages:
            message = await stream.get_msg(self.stream, state.last_seq)
            number = int(orjson.loads(message.data or b"{}")["number"])
            if number <= last:
                return state.last_seq, number
            log.error("the stream is ahead of the outbox", subgraph=self._name, stream=number, outbox=last)
            await stream.purge_stream(self.stream)
            return state.last_seq, last
        return state.last_seq, max(0, last - MOST_EVENTS)

    def _subject(self, event: Entry) -> str:
        part = self._digest(event.entity, event.key)[:2]
        return f"tws.events.{self._name}.{event.entity}.{part}"

    def _id(self, event: Entry) -> str:
        """The event's id: the same from every relay, another where an outbox was made anew with the same numbers."""
        return f"{self._name}-{event.number}-{self._digest(event.entity, event.key, event.at.isoformat())[:16]}"

    def _digest(self, *parts: str) -> str:
        return hmac.new(self._secret, "\n".join(parts).encode(), hashlib.sha256).hexdigest()


@asynccontextmanager
async def relaying(name: str, outbox: Outbox, settings: Settings) -> AsyncIterator[Relay]:
    """While inside, the events of ``outbox`` are published to the servers that ``settings`` name."""
    relay, client = Relay(name, outbox, settings.cursor_key()), Client()
    task = asyncio.create_task(_connected(relay, client, settings))
    try:
        yield relay
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await client.close()


async def _connected(relay: Relay, client: Client, settings: Settings) -> None:
    trusted = ssl.create_default_context(cafile=settings.events_ca) if settings.events_ca else None
    await client.connect(
        [each.strip() for each in settings.events.split(",")],
        name=relay.stream,
        error_cb=_ignored,
        max_reconnect_attempts=-1,  # for as long as it takes, also the first time
        reconnect_time_wait=1,
        ping_interval=2,
        tls=trusted,
    )
    await relay.run(client)


async def _ignored(_error: Exception) -> None:
    """What goes wrong between client and server shows where something is published."""
