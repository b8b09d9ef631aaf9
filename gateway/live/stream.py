"""One client's subscription: from the request to the last event, as a sequence of messages for a transport to carry.

A stream pulls. It holds one event at a time and takes the next when its client has taken the last, so a slow client
costs no memory; one that takes nothing for ``SLOW_SECONDS`` is let go by the transport, and comes back with its cursor.
Every event is decided with what holds at that instant: the graph and the policy of the moment, the caller's case, the
clock. The stream ends with a reason when its token expires, its case is closed, or the operation can no longer be
asked.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from gateway.caller import Caller
from gateway.errors import FetchError, GatewayError, IdentityError, LimitError, RequestError
from gateway.execution import source_request
from gateway.house import Graph, House, Question
from gateway.live.cursors import Cursors
from gateway.live.event import (
    Happened,
    Told,
    answer_event,
    answer_event_unrestricted,
    brought,
    check_hearable,
    numbered,
    read_subscription,
)
from gateway.live.messages import Beat, Ended, Message, Next, closing, first_of
from gateway.live.relay import Relay
from gateway.live.tail import OutboxFeed, Tail
from gateway.live.upstream import open_upstream
from gateway.operation import Operation
from gateway.telemetry import Telemetry
from gateway.terms import admit

__all__ = ["Live"]

AT_ONCE: Final = 64
"""Events decided at the same time; one that thousands listen to must not fall upon the subgraphs all at once."""
MOST_BEHIND: Final = 100_000
_PAUSES: Final = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0)
_TRIES: Final = 12


@dataclass(slots=True)
class Live:
    """Every subscription of this process. ``graph`` gives the graph of the moment; ``now`` is the clock of tokens.

    ``most`` streams in all, ``most_each`` of one user; ``beat`` seconds between signs of life, by ``ticks`` and
    ``pause``. ``address`` says where a subgraph serves subscriptions itself, for graphs that govern nothing.
    """

    graph: Callable[[], Graph]
    house: House
    telemetry: Telemetry = field(default_factory=Telemetry)
    most: int = 10_000
    most_each: int = 20
    beat: float = 15.0
    address: Callable[[str], str | None] = lambda _subgraph: None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ticks: Callable[[], float] = time.monotonic
    pause: Callable[[float], Coroutine[Any, Any, None]] = asyncio.sleep
    deciding: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    open: int = 0
    each: Counter[tuple[str, str]] = field(default_factory=Counter)
    tails: dict[str, Tail] = field(default_factory=dict)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    cursors: Cursors = field(init=False)

    def __post_init__(self) -> None:
        self.cursors = Cursors(self.house.mask_key)

    @asynccontextmanager
    async def subscribe(
        self, question: Question, caller: Caller | None, resume: str = ""
    ) -> AsyncIterator[AsyncIterator[Message]]:
        """The messages of one subscription, from the event after the cursor ``resume`` on (what comes, without one).

        ``caller`` is None on a graph that governs nothing, and only there. Raises ``GatewayError`` before anything is
        streamed: the document is wrong, the event is never this caller's (403), a cap is reached (429), the cursor is
        none of this caller's, the events cannot be had (503).
        """
        graph = self.graph()
        if caller is None and self.house.sign is not None:
            raise ValueError("a graph under agreements tells nobody without a name")
        operation = read_subscription(question, caller, graph, self.house.clock())
        subgraph = source_of(operation, graph)
        with self._counted(caller):
            opening = (
                self._relayed(operation, subgraph, graph, resume)
                if caller is None
                else self._decided(question, caller, operation, subgraph, graph, resume)
            )
            async with opening as messages:
                yield messages

    @asynccontextmanager
    async def _decided(
        self, question: Question, caller: Caller, operation: Operation, subgraph: str, graph: Graph, resume: str
    ) -> AsyncIterator[AsyncIterator[Message]]:
        number = self.cursors.open(resume, subgraph, caller) if resume else None
        at, request_id = self.house.clock(), self.house.new_id()
        admitted = await admit(question, operation, caller, graph, self.house, at, request_id)
        check_hearable(operation, admitted, graph, at, request_id)
        tail = self._tail(subgraph)
        try:
            last = await tail.join()
        except FetchError as error:
            raise _unavailable() from error
        try:
            stream = _Stream(self, question, caller, operation, subgraph, tail, last if number is None else number)
            stream.check_distance(last)
            yield stream.messages()
        finally:
            tail.leave()

    @asynccontextmanager
    async def _relayed(
        self, operation: Operation, subgraph: str, graph: Graph, resume: str
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
        relay = Relay(lambda page: self._completed(page, operation), self.beat, self.ticks, self.pause, self.stopping)
        try:
            async with open_upstream(url, subgraph, body) as results:
                yield relay.messages(results)
        except FetchError as error:
            raise _unavailable() from error

    async def _completed(self, page: Mapping[str, Any], operation: Operation) -> bytes:
        """One event of a graph that governs nothing, completed by its other subgraphs."""
        with self.watched(operation) as sent:
            told = await answer_event_unrestricted(Happened(brought(page)), operation, self.graph(), self.house)
            body = told.reply.body if told.reply is not None else b""
            sent.append(len(body))
            return body

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

    def _counted(self, caller: Caller | None) -> _Counted:
        who = (caller.agency, caller.user) if caller is not None else None
        if self.stopping.is_set():
            raise closing()
        mine = who is not None and self.each[who] >= self.most_each
        if mine or self.open >= self.most:
            raise LimitError(
                "TOO_MANY_STREAMS",
                f"You have {self.most_each} subscriptions open." if mine else "No more subscriptions can be opened.",
                status=429,
                where="operation",
                hint="Close one that you no longer read." if mine else "Try again, or another replica.",
            )
        return _Counted(self, who)

    def _tail(self, subgraph: str) -> Tail:
        if subgraph not in self.tails:
            self.tails[subgraph] = Tail(OutboxFeed(subgraph, self.graph(), self.house))
        return self.tails[subgraph]

    def stop(self) -> None:
        """End every stream and take no more: each client is told to come back, with its cursor, to another replica."""
        self.stopping.set()


@dataclass(slots=True)
class _Counted:
    """One stream in the counts, while the block lasts."""

    live: Live
    who: tuple[str, str] | None

    def __enter__(self) -> None:
        self.live.open += 1
        if self.who is not None:
            self.live.each[self.who] += 1

    def __exit__(self, *_: object) -> None:
        self.live.open -= 1
        if self.who is not None:
            self.live.each[self.who] -= 1
            if not self.live.each[self.who]:
                del self.live.each[self.who]


@dataclass(slots=True)
class _Stream:
    live: Live
    question: Question
    caller: Caller
    operation: Operation
    subgraph: str
    tail: Tail
    number: int
    closed: bool = False

    def check_distance(self, last: int) -> None:
        """Refuse a cursor from so long ago that catching up would be a report and no stream."""
        if last - self.number > MOST_BEHIND:
            raise RequestError(
                "CURSOR_TOO_OLD",
                "Too much has happened since that cursor to catch up event by event.",
                status=410,
                where="last-event-id",
                hint="Ask for the present state with a query, and subscribe without a cursor.",
            )

    async def messages(self) -> AsyncIterator[Message]:
        """The messages: first the place where it begins, then events and beats, at last why it ended."""
        due = self.live.ticks() + self.live.beat
        yield Beat(self._cursor())
        name = next(self.operation.fields()).name
        while True:
            try:
                self._check()
                batch = await self.tail.after(self.number, name)
                for number, _ in batch.events:
                    told = await self._told(number)
                    self.number = number
                    if told.reply is not None:
                        yield Next(told.reply.body, self._cursor())
                    self._check()
                    if told.closed:
                        raise _case_closed()
                self.number = max(self.number, batch.last)
                if self.live.ticks() >= due:
                    due = self.live.ticks() + self.live.beat
                    yield Beat(self._cursor())
                await self._wait(max(0.0, due - self.live.ticks()))
            except GatewayError as error:
                yield Ended(error)
                return

    def _check(self) -> None:
        """Raise where the stream has to end: the token has expired, or the gateway is being stopped."""
        expires = self.caller.expires_at
        if expires is not None and self.live.now() >= expires:
            raise IdentityError(
                "TOKEN_EXPIRED",
                "The token has expired, and the stream ends with it.",
                where="authorization",
                hint="Get a fresh token and subscribe again with your last cursor.",
            )
        if self.live.stopping.is_set():
            raise closing()

    async def _wait(self, seconds: float) -> None:
        """Wait for something to happen, until the next beat or the end of the token, whichever comes first."""
        if self.caller.expires_at is not None:
            left = (self.caller.expires_at - self.live.now()).total_seconds()
            seconds = min(seconds, max(0.0, left))
        if self.tail.last > self.number or seconds <= 0:
            return
        await first_of(self.tail.more(self.number), self.live.stopping.wait(), self.live.pause(seconds))

    async def _told(self, number: int) -> Told:
        """What event ``number`` comes to; while that cannot be decided it is tried again, and the order is kept."""
        happened = Happened(numbered(number), self.live.cursors.seal(self.subgraph, number, self.caller))
        live = self.live
        for attempt in range(_TRIES):
            graph = live.graph()
            try:
                async with live.deciding:
                    return await self._decide(happened, graph)
            except FetchError:
                await first_of(live.stopping.wait(), live.pause(_PAUSES[min(attempt, len(_PAUSES) - 1)]))
            self._check()
        raise _unavailable()

    async def _decide(self, happened: Happened, graph: Graph) -> Told:
        live = self.live
        with live.watched(self.operation, self.caller) as sent:
            operation = read_subscription(self.question, self.caller, graph, live.house.clock())
            told = await answer_event(happened, operation, self.question, self.caller, graph, live.house)
            if told.reply is not None:
                sent.append(len(told.reply.body))
            return told

    def _cursor(self) -> str:
        return self.live.cursors.seal(self.subgraph, self.number, self.caller)


def source_of(operation: Operation, graph: Graph) -> str:
    """The subgraph whose events the root field of ``operation`` tells of."""
    root = next(operation.fields())
    found = graph.supergraph.field(operation.root, root.name)
    if found is None or not found.joins:
        raise RequestError("SUBSCRIPTIONS_NOT_SERVED", "No subgraph tells of such events.", where="operation")
    return graph.supergraph.by_graph[found.joins[0].graph].name


def _unavailable() -> GatewayError:
    return GatewayError(
        "EVENTS_UNAVAILABLE",
        "The events cannot be had at the moment.",
        status=503,
        hint="Subscribe again a little later, with your last cursor; nothing is lost.",
    )


def _case_closed() -> GatewayError:
    return GatewayError(
        "CASE_CLOSED",
        "The case that you subscribed under is closed, and the stream ends with it.",
        status=403,
        where="case",
        hint="Subscribe again under an open case.",
    )
