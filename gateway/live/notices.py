"""Notices: an agreement that obliges its provider to push is held to it, event by event.

Which events: those of a subscription field of which the agreement gives everything that hearing of it tells. A notice is
made when the event happens, whoever listens; it is told with the event, and stays open until somebody who was told has
acknowledged it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from gateway.caller import Caller
from gateway.duties import EventNotice
from gateway.errors import FetchError, RecordUnavailable, RequestError
from gateway.house import Graph, House
from gateway.live.watch import told_by
from gateway.policy.agreement import Agreement
from gateway.policy.conditions import shifted
from gateway.policy.lifecycle import in_force

if TYPE_CHECKING:
    from gateway.live.live import Live

__all__ = ["Pushed", "keeping", "made", "pushed", "shown", "tell"]

_KIND: Final = "push"
_NO_TERM: Final = "PT24H"
_PAUSE: Final = 1.0


@dataclass(frozen=True, slots=True)
class Pushed:
    """One subscription field of ``subgraph`` whose events ``agreement`` says have to be pushed, ``within`` so long."""

    subgraph: str
    field: str
    agreement: Agreement
    within: str


def pushed(graph: Graph, at: datetime) -> tuple[Pushed, ...]:
    """What has to be pushed under the agreements in force at ``at``."""
    supergraph, policy = graph.supergraph, graph.policy
    root = supergraph.roots.get("subscription", "")
    found = []
    for agreement in policy.agreements:
        terms = [each.within or _NO_TERM for each in agreement.obligations if each.kind == _KIND]
        if not terms or not in_force(agreement, at):
            continue
        for field in supergraph.types[root].fields.values() if root in supergraph.types else ():
            tells = [coordinate for _, coordinate in graph.shapes.reads_of(root, field.name, {})]
            if tells and all(_gives(graph, agreement, each) for each in tells):
                found.append(Pushed(told_by(field, graph), field.name, agreement, terms[0]))
    return tuple(found)


def _gives(graph: Graph, agreement: Agreement, coordinate: Any) -> bool:
    return any(each.agreement.id == agreement.id for each in graph.policy.compiled.grants.get(coordinate, ()))


async def made(
    subgraph: str, field: str, event: int, graph: Graph, house: House, at: datetime, used: Iterable[str] | None = None
) -> list[EventNotice]:
    """The notices of one event, kept; made now where they are not there yet.

    ``used`` are the agreements that an answer rests on: then only those of these. Raises ``RecordUnavailable``.
    """
    wanted = None if used is None else set(used)
    notices = [
        EventNotice(
            id="EN-" + house.new_id(),
            agreement=each.agreement.id,
            creditor=each.agreement.provider,
            debtor=each.agreement.recipients[0],
            subgraph=subgraph,
            field=field,
            event=event,
            at=at,
            due=shifted(at, each.within, 1),
        )
        for each in pushed(graph, at)
        if (each.subgraph, each.field) == (subgraph, field) and (wanted is None or each.agreement.id in wanted)
    ]
    if not notices or house.duties is None:
        return []
    return await asyncio.to_thread(house.duties.events.add, notices)


def shown(notices: Iterable[EventNotice]) -> list[Mapping[str, str]]:
    """What travels with the event, for ``extensions.notices``."""
    return [{"id": each.id, "agreement": each.agreement, "acknowledgeBy": each.due.isoformat()} for each in notices]


async def tell(notices: list[EventNotice], caller: Caller, record: str, house: House, at: datetime) -> None:
    """Keep that ``caller`` was told; raises ``RecordUnavailable``: then the event does not leave."""
    if notices and house.duties is not None:
        await asyncio.to_thread(house.duties.events.tell, notices, caller.user, record, at)


@asynccontextmanager
async def keeping(live: Live) -> AsyncIterator[None]:
    """While inside, a notice is made of every event that has to be pushed, whoever listens.

    It goes on where it was when the process last ended; before the first time, with what comes.
    """
    subgraphs = {each.subgraph for each in pushed(live.graph(), live.house.clock())}
    tasks = [asyncio.create_task(_keep(live, each)) for each in sorted(subgraphs)] if live.house.duties else []
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _keep(live: Live, subgraph: str) -> None:
    """Follow one subgraph for as long as it takes; what cannot be had or written down now is tried again."""
    while True:
        try:
            tail = live.tail(subgraph)
            last = await tail.join()
        except FetchError:
            await live.pause(_PAUSE)
            continue
        try:
            await _follow(live, subgraph, last)
        except RequestError:  # restored from a backup: on from the newest event that both know of
            live.telemetry.metrics.event("events_lost", subgraph)
            await _go_back(live, subgraph)
        except (FetchError, RecordUnavailable):
            live.telemetry.metrics.event("notices_waiting", subgraph)
            await live.pause(_PAUSE)
        finally:
            await tail.leave()


async def _go_back(live: Live, subgraph: str) -> None:
    """Make notices from the last event that is still there on, so that none of those after it is missed."""
    house = live.house
    assert house.duties is not None  # noqa: S101 - nobody follows without
    events = house.duties.events
    place = await asyncio.to_thread(events.place, subgraph)
    try:
        batch = await live.tail(subgraph).feed.after(place or 0, 0.0)
    except FetchError:
        await live.pause(_PAUSE)
        return
    if batch.lost:
        await asyncio.to_thread(events.go_back, subgraph, batch.last)


async def _follow(live: Live, subgraph: str, last: int) -> None:
    house, tail = live.house, live.tail(subgraph)
    assert house.duties is not None  # noqa: S101 - nobody follows without
    events = house.duties.events
    place = await asyncio.to_thread(events.place, subgraph)
    number = last if place is None else place
    await asyncio.to_thread(events.reach, subgraph, number)
    while True:
        graph, at = live.graph(), house.clock()
        fields = {each.field for each in pushed(graph, at) if each.subgraph == subgraph}
        reached = tail.last
        for field in sorted(fields):
            batch = await tail.after(number, field)
            for event, _ in batch.events:
                await made(subgraph, field, event, graph, house, at)
            reached = min(reached, batch.last)
        if reached > number:
            number = reached
            await asyncio.to_thread(events.reach, subgraph, number)
        await tail.more(number)
