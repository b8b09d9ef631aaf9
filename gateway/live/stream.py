"""One client's subscription: from the request to the last event, as a sequence of messages for a transport to carry.

A stream pulls. It holds one event at a time and takes the next when its client has taken the last, so a slow client
costs no memory; one that takes nothing for ``Live.slow`` seconds is let go by the transport, and comes back with its
cursor. Every event is decided with what holds at that instant: the graph and the policy of the moment, the caller's
case, the clock. Beats come at their times whatever is being decided, and only at beats does a stream end because of a
closed case or a new policy: an end that came with an event would tell of one that is not the caller's.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from gateway.caller import Caller
from gateway.casework import find_facts
from gateway.errors import AccessError, FetchError, GatewayError, IdentityError, OperationError, RequestError
from gateway.house import Graph, Question
from gateway.live.event import Happened, Told, answer_event, check_hearable, numbered, read_subscription
from gateway.live.messages import Beat, Ended, Message, Next, closing, first_of, unavailable
from gateway.live.tail import Batch, Tail
from gateway.live.watch import JOURNAL, Part, parts_of
from gateway.operation import Operation
from gateway.terms import standing

if TYPE_CHECKING:
    from gateway.live.live import Live

__all__ = ["MOST_BEHIND", "Leg", "Stream"]

MOST_BEHIND: Final = 100_000
"""Events that a cursor may lie back."""
_PAUSES: Final = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0)
_TRIES: Final = 12


@dataclass(slots=True, eq=False)
class Leg:
    """One of the fields that a stream listens to, followed by ``tail``, after event ``number`` of its subgraph."""

    part: Part
    tail: Tail
    number: int


@dataclass(slots=True)
class Stream:
    """One subscription of ``caller``, on ``legs``; ``graph`` is the one it was last held to.

    ``source`` is what its cursors are for. ``about`` is the traveler whose events alone are told, "" for anybody's.
    """

    live: Live
    question: Question
    caller: Caller
    operation: Operation
    graph: Graph
    source: str
    legs: tuple[Leg, ...]
    about: str = ""
    closed: bool = False
    looked: float = 0.0
    _turns: deque[Leg] = field(init=False)

    def __post_init__(self) -> None:
        self._turns = deque(self.legs)

    def check_distance(self) -> None:
        """Refuse a cursor from so long ago that catching up would be a report and no stream."""
        if any(leg.tail.counted and leg.tail.last - leg.number > MOST_BEHIND for leg in self.legs):
            raise RequestError(
                "CURSOR_TOO_OLD",
                "Too much has happened since that cursor to catch up event by event.",
                status=410,
                where="last-event-id",
                hint="Ask for the present state with a query, and subscribe without a cursor.",
            )

    async def check_place(self) -> None:
        """Refuse a cursor after which events are gone (``EVENTS_LOST``); one that cannot be looked up now is, later on."""
        with suppress(FetchError):
            for leg in self.legs:
                await leg.tail.check(leg.number)

    async def messages(self) -> AsyncIterator[Message]:
        """The messages: first the place where it begins, then events and beats, at last why it ended."""
        self.looked = self.live.ticks()
        due = self.looked + self.live.first_beat()
        yield Beat(self._cursor())
        coming: asyncio.Future[tuple[Leg, int, Told]] = asyncio.ensure_future(self._coming())
        try:
            while True:
                await self._wait(coming, max(0.0, due - self.live.ticks()))
                self._check()
                if coming.done():
                    leg, number, told = coming.result()
                    leg.number = number
                    if told.reply is not None:
                        yield Next(told.reply.body, self._cursor())
                    coming = asyncio.ensure_future(self._coming())
                if self.live.ticks() >= due:
                    due = self.live.ticks() + self.live.beat
                    await self._hold()
                    yield Beat(self._cursor())
        except GatewayError as error:
            yield Ended(error)
        finally:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)

    async def _coming(self) -> tuple[Leg, int, Told]:
        """The next event that is told, with its leg and number; those that are not are passed over.

        One at a time, whatever there is to listen to: what is sealed in its cursor is where every leg stood.
        """
        while True:
            for leg in tuple(self._turns):
                batch = await self._batch(leg)
                for number, _ in batch.events:
                    told = await self._told(leg, number)
                    self.closed = self.closed or told.closed
                    if told.reply is not None:
                        self._turns.remove(leg)  # the others are heard before it is its turn again
                        self._turns.append(leg)
                        return leg, number, told
                    leg.number = number
                leg.number = max(leg.number, batch.last)
            if len(self.legs) == 1:
                await self.legs[0].tail.more(self.legs[0].number)
            else:
                await first_of(*(leg.tail.more(leg.number) for leg in self.legs))

    async def _batch(self, leg: Leg) -> Batch:
        """What there is after the last event; a stream that is far behind reads it from the subgraph."""
        for attempt in range(_TRIES):
            try:
                return await leg.tail.after(leg.number, leg.part.field)
            except FetchError:
                await self.live.pause(_PAUSES[min(attempt, len(_PAUSES) - 1)])
        raise unavailable()

    async def _told(self, leg: Leg, number: int) -> Told:
        """What event ``number`` comes to; while that cannot be decided it is tried again, and the order is kept."""
        live, subgraph = self.live, leg.part.subgraph
        source = live.changes.told(number, self.caller, live.graph) if subgraph == JOURNAL else numbered(number)
        happened = Happened(source, self._cursor(leg, number), subgraph, number)
        for attempt in range(_TRIES):
            try:
                async with live.deciding:
                    return await self._decide(leg, happened, live.current())
            except (FetchError, AccessError, OperationError) as error:
                # what is no longer the caller's at all waits as well: the next beat ends the stream, not this event
                self.closed = self.closed or not isinstance(error, FetchError)
                await live.pause(_PAUSES[min(attempt, len(_PAUSES) - 1)])
        raise unavailable()

    async def _decide(self, leg: Leg, happened: Happened, graph: Graph) -> Told:
        live = self.live
        with live.watched(self.operation, self.caller) as sent:
            asked = parts_of(read_subscription(self.question, self.caller, graph, live.house.clock()), graph)
            operation = next((each.operation for each in asked if each.field == leg.part.field), None)
            if operation is None:  # the graph's watch listens to other fields now
                return Told(None)
            told = await answer_event(happened, operation, self.question, self.caller, graph, live.house, self.about)
            if told.reply is not None:
                sent.append(len(told.reply.body))
            return told

    async def _wait(self, coming: asyncio.Future[Any], seconds: float) -> None:
        """Wait for an event, until the next beat or the end of the token, whichever comes first."""
        if self.caller.expires_at is not None:
            left = (self.caller.expires_at - self.live.now()).total_seconds()
            seconds = min(seconds, max(0.0, left))
        if not coming.done() and seconds > 0:
            await first_of(asyncio.wait({coming}), self.live.stopping.wait(), self.live.pause(seconds))

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

    async def _hold(self) -> None:
        """Hold the stream against what is in force: another policy at once, grant and case when it is time to look.

        Every stream does it at its own beat, and their beats are spread, so that a new policy never moves all of them in one moment. Raises
        ``GatewayError`` where it has to end.
        """
        live, graph, at = self.live, self.live.graph(), self.live.house.clock()
        if not self.closed and graph is self.graph and live.ticks() - self.looked < live.recheck:
            return
        self.looked = live.ticks()
        operation = read_subscription(self.question, self.caller, graph, at)
        async with live.deciding:
            caller = await standing(self.question, self.caller, graph, live.house, at)
            request_id = live.house.new_id()
            check_hearable(parts_of(operation, graph), caller, graph, at, request_id)
            facts, _ = await find_facts(operation, caller, graph, live.house, at, graph.key_of(request_id, caller))
        if facts.get("case.state") == "closed" or (self.about and facts.get("case.subject") != self.about):
            raise _case_closed()
        if graph is not self.graph:
            live.telemetry.metrics.event("stream_moved", "policy")
        self.graph, self.closed = graph, False

    def _cursor(self, at: Leg | None = None, number: int = 0) -> str:
        """Where every leg stands now; ``at`` one of them, at ``number`` instead."""
        numbers = [number if leg is at else leg.number for leg in self.legs]
        return self.live.cursors.seal(self.source, numbers, self.caller)


def _case_closed() -> GatewayError:
    return GatewayError(
        "CASE_CLOSED",
        "The case that you subscribed under is closed, and the stream ends with it.",
        status=403,
        where="case",
        hint="Subscribe again under an open case.",
    )
