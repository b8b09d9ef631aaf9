"""Every subscription of this process: opened, counted, and told when the process ends."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gateway.caller import Caller, Claims
from gateway.demand import demand_of
from gateway.errors import FetchError, GatewayError, IdentityError, RequestError
from gateway.execution import source_request
from gateway.house import Graph, House, Question
from gateway.journal import Journal
from gateway.live.agreements import JournalFeed
from gateway.live.cursors import Cursors
from gateway.live.event import Happened, answer_event_unrestricted, brought, check_hearable, read_subscription
from gateway.live.messages import SLOW_SECONDS, Ended, Message, closing, unavailable
from gateway.live.places import Places
from gateway.live.relay import Relay
from gateway.live.stream import Leg, Stream
from gateway.live.tail import Feed, OutboxFeed, Tail
from gateway.live.upstream import open_upstream
from gateway.live.watch import JOURNAL, parts_of, source_of, watched
from gateway.operation import Operation
from gateway.telemetry import Telemetry
from gateway.terms import admit

if TYPE_CHECKING:
    from gateway.live.broker import Broker  # only who has one loads its client

__all__ = ["Live"]

_GOLDEN: Final = 0.6180339887498949
"""Its multiples, without what is before the point, lie evenly between 0 and 1 however many there are."""
AT_ONCE: Final = 64
"""Events decided at the same time; one that thousands listen to must not fall upon the subgraphs all at once."""


@dataclass(slots=True)
class Live:
    """Every subscription of this process. ``graph`` gives the graph of the moment; ``now`` is the clock of tokens.

    ``late`` says whether another graph should be in force already: until it is, events wait.

    ``beat`` seconds between signs of life and ``recheck`` between looks at an idle stream's case, by ``ticks`` and
    ``pause``; a client that takes nothing for ``slow`` seconds is let go. ``address`` says where a subgraph serves
    subscriptions itself, for graphs that govern nothing. ``broker`` tells of events; without one the outboxes are asked.
    ``journal`` tells of changes of the agreements.
    """

    graph: Callable[[], Graph]
    house: House
    telemetry: Telemetry = field(default_factory=Telemetry)
    places: Places = field(default_factory=Places)
    late: Callable[[], bool] = lambda: False
    beat: float = 15.0
    recheck: float = 60.0
    slow: float = SLOW_SECONDS
    address: Callable[[str], str | None] = lambda _subgraph: None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ticks: Callable[[], float] = time.monotonic
    pause: Callable[[float], Coroutine[Any, Any, None]] = asyncio.sleep
    broker: Broker | None = None
    deciding: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    tails: dict[str, Tail] = field(default_factory=dict)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    journal: Journal = field(default_factory=lambda: Journal(Path(os.devnull)))
    begun: int = 0
    cursors: Cursors = field(init=False)
    _changes: JournalFeed | None = None

    def __post_init__(self) -> None:
        self.cursors = Cursors(self.house.mask_key)

    @asynccontextmanager
    async def subscribe(
        self, question: Question, caller: Caller | None, resume: str = ""
    ) -> AsyncIterator[AsyncIterator[Message]]:
        """The messages of one subscription, from the event after the cursor ``resume`` on (what comes, without one).

        ``caller`` is None on a graph that governs nothing, and only there. Raises ``GatewayError`` before anything is
        streamed: the document is wrong, one event may cost too much (400), the event is never this caller's (403), a cap is reached (429), the cursor is
        none of this caller's, the events cannot be had (503).
        """
        graph = self.graph()
        if caller is None and self.house.sign is not None:
            raise ValueError("a graph under agreements tells nobody without a name")
        operation = read_subscription(question, caller, graph, self.house.clock())
        demand_of(operation, "" if caller is None else caller.role, "", graph, self.house)
        if self.stopping.is_set():
            raise closing()
        with self.places.taken(caller):
            opening = (
                self._relayed(operation, source_of(operation, graph), graph, resume, question.claims)
                if caller is None
                else self._decided(question, caller, operation, graph, resume)
            )
            async with opening as messages:
                yield self._noted(messages)

    @asynccontextmanager
    async def _decided(
        self, question: Question, caller: Caller, operation: Operation, graph: Graph, resume: str
    ) -> AsyncIterator[AsyncIterator[Message]]:
        parts = parts_of(operation, graph)
        source = parts[0].subgraph if len(parts) == 1 else " ".join((caller.case, *(each.field for each in parts)))
        places = self.cursors.open(resume, source, caller) if resume else ()
        at, request_id = self.house.clock(), self.house.new_id()
        admitted = await admit(question, operation, caller, graph, self.house, at, request_id)
        check_hearable(parts, admitted, graph, at, request_id)
        about = await watched(operation, admitted, graph, self.house, at, request_id)
        async with AsyncExitStack() as joined:
            legs = []
            for part in parts:
                tail = self.tail(part.subgraph)
                try:
                    last = await tail.join()
                except FetchError as error:
                    raise unavailable() from error
                joined.push_async_callback(tail.leave)
                legs.append(Leg(part, tail, last))
            for leg, number in zip(legs, places, strict=False):
                leg.number = number
            stream = Stream(self, question, caller, operation, graph, source, tuple(legs), about)
            await stream.check_place()
            stream.check_distance()
            yield stream.messages()

    @asynccontextmanager
    async def _relayed(
        self, operation: Operation, subgraph: str, graph: Graph, resume: str, claims: Claims | None
    ) -> AsyncIterator[AsyncIterator[Message]]:
        if resume:
            raise RequestError(
                "CURSOR_WRONG",
                "Events of this graph are kept nowhere, so a stream of them cannot be resumed.",
                where="last-event-id",
                hint="Subscribe without a cursor.",
            )
        url = self.address(subgraph)
        if url is None:
            raise RequestError(
                "SUBSCRIPTIONS_NOT_SERVED",
                f"It is not known where subgraph {subgraph} serves subscriptions.",
                where="operation",
                hint=f"Operators: set TWS_SUBSCRIPTIONS_{subgraph.upper()} to its ws:// or http:// address.",
            )
        plan = graph.plan(operation, self.house.clock(), graph.key_of(""))
        body = source_request(plan, operation.variables).body
        relay = Relay(
            lambda page: self.completed(page, operation, claims), self.beat, self.ticks, self.pause, self.stopping
        )
        try:
            async with open_upstream(url, subgraph, body) as results:
                yield relay.messages(results)
        except FetchError as error:
            raise unavailable() from error

    async def completed(self, page: Mapping[str, Any], operation: Operation, claims: Claims | None) -> bytes:
        """One event of a graph that governs nothing, completed by its other subgraphs, while the token holds."""
        if claims is not None and claims.expires_at is not None and self.now() >= claims.expires_at:
            raise IdentityError("TOKEN_EXPIRED", "The token has expired.", hint="Connect again with a fresh token.")
        with self.watched(operation) as sent:
            told = await answer_event_unrestricted(Happened(brought(page)), operation, self.graph(), self.house)
            body = told.reply.body if told.reply is not None else b""
            sent.append(len(body))
            return body

    async def _noted(self, messages: AsyncIterator[Message]) -> AsyncIterator[Message]:
        """``messages``, with the reason why they ended counted."""
        async for message in messages:
            if isinstance(message, Ended):
                self.telemetry.metrics.event("stream_ended", message.error.code if message.error else "COMPLETE")
            yield message

    @contextmanager
    def watched(self, operation: Operation, caller: Caller | None = None) -> Iterator[list[int]]:
        """A watch for one event, as for any request; what is appended to the list is the number of bytes told."""
        watch, token = self.telemetry.begin()
        watch.asked(operation.name, operation.kind, operation.text_hash)
        if caller is not None:
            watch.by(*caller.kind)
        sent: list[int] = []
        status = 500
        try:
            yield sent
            status = 200 if sent else 204
        except GatewayError as error:
            watch.code, status = error.code, error.status
            raise
        finally:
            self.telemetry.end(watch, token, status, sum(sent))

    def first_beat(self) -> float:
        """Seconds until the first beat of a stream that begins now.

        Clients come back all at once after a rollout; their beats, and with them their moves to a new policy, are spread
        over the whole time between two.
        """
        number, self.begun = self.begun, self.begun + 1
        return self.beat * (1.0 - number * _GOLDEN % 1.0)

    def current(self) -> Graph:
        """The graph to decide an event under; raises ``FetchError`` while another should be in force already."""
        if self.late():
            raise FetchError("EVENTS_UNAVAILABLE", "What is in force is being put in place.")
        return self.graph()

    def tail(self, subgraph: str) -> Tail:
        """What happens at ``subgraph``, followed once for all who listen."""
        if subgraph not in self.tails:
            feed: Feed = self.changes if subgraph == JOURNAL else OutboxFeed(subgraph, self.graph, self.house)
            if self.broker is not None and subgraph != JOURNAL:
                feed = self.broker.feed(subgraph, feed, self.ticks)
            self.tails[subgraph] = Tail(feed, counted=subgraph != JOURNAL)
        return self.tails[subgraph]

    @property
    def changes(self) -> JournalFeed:
        """What changed of the agreements, as the journal and the clock have it."""
        if self._changes is None:
            self._changes = JournalFeed(self.journal, self._clock, self.pause)
        return self._changes

    def _clock(self) -> datetime:
        return self.house.clock()

    def stop(self) -> None:
        """End every stream and take no more: each client is told to come back, with its cursor, to another replica."""
        self.stopping.set()
