"""Events over NATS: each once and in order, whatever happens to the server, and the outbox where it says nothing."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nats
import orjson
import pytest
import pytest_asyncio
from nats.errors import TimeoutError as NatsTimeoutError

from gateway.config import read_settings
from gateway.errors import PolicyError
from gateway.live.broker import REST_SECONDS, SILENCE_SECONDS, Broker, BrokerFeed
from gateway.live.tail import Batch, Tail
from subgraphs.kit.database import Database
from subgraphs.kit.outbox import Outbox
from subgraphs.kit.relay import relaying
from tests.broker import NatsServer, running_nats
from tests.live.listening import Clock, Street, until
from tests.live.test_sse import REVOKED, revoke
from tests.scenarios.asking import TODAY, World, open_world

pytestmark = pytest.mark.asyncio(loop_scope="session")

FIELDS = frozenset({"visaRevoked"})


@pytest.fixture
def server(tmp_path: Path) -> Iterator[NatsServer]:
    """A NATS server of one's own."""
    with running_nats(tmp_path / "nats") as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def told(seeded: Path, tmp_path: Path, server: NatsServer) -> AsyncIterator[World]:
    """A world of one's own whose agencies publish to that server."""
    folder = tmp_path / "world"
    shutil.copytree(seeded, folder)
    async with open_world(folder, events=server.url) as world:
        yield world


@asynccontextmanager
async def hearing(world: World) -> AsyncIterator[Street]:
    """The gateway over ``world``, connected to the server."""
    street = Street(world)
    async with street.app.state.live.broker as broker:
        await until(lambda: broker.there)
        yield street


async def happen(world: World, *keys: str) -> None:
    """The visas' subgraph writes an event about each of ``keys``, in a transaction of its own."""
    subgraph = world.apps["visas"].state.subgraph
    for key in keys:
        async with subgraph.database.writing() as session:
            session.add(
                subgraph.events(
                    at=TODAY, kind="visaRevoked", entity="Visa", entity_key=key, payload={}, actor="", case_reference=""
                )
            )
        subgraph.database.say_changed()


async def published(server: NatsServer) -> list[Any]:
    """Everything in the stream of the visas' subgraph: subject and decoded message, in order."""
    client = await nats.connect(server.url)
    try:
        stream = client.jetstream()
        state = (await stream.stream_info("tws-events-visas")).state
        found = [await stream.get_msg("tws-events-visas", each) for each in range(state.first_seq, state.last_seq + 1)]
        return [(each.subject, orjson.loads(each.data or b"")) for each in found if state.messages]
    finally:
        await client.close()


async def relayed(world: World, number: int) -> None:
    """Return when the relay has published the event ``number``."""
    relay = world.apps["visas"].state.subgraph.relay
    async with asyncio.timeout(30):
        while relay.state() != {"reached": number, "waiting": False}:  # noqa: ASYNC110 - a state of another thread of work
            await asyncio.sleep(0.01)


async def ended(world: World) -> int:
    """The number of the last event."""
    return int(await world.apps["visas"].state.subgraph.outbox.last())


def asked_outbox(world: World) -> int:
    """How often the outbox of the visas' subgraph was asked."""
    return sum(b'"events"' in each.body for each in world.traffic.requests if each.subgraph == "visas")


async def test_the_port_hears_of_a_revocation_over_nats(told: World) -> None:
    """The same event as without: decided, on record; and the outbox is asked by no gateway."""
    await relayed(told, await ended(told))
    async with hearing(told) as street, street.listen("cbp-primary-atl", REVOKED) as port:
        await port.next()
        feed = street.app.state.live.tail("visas").feed
        await until(lambda: feed._said is not None and feed._known > 0)
        before = asked_outbox(told)
        await revoke(told, "S2400001")
        heard = await port.next()
        assert heard.page["data"] == {"visaRevoked": {"foilNumber": "S2400001", "status": "REVOKED"}}
        assert asked_outbox(told) == before
    assert heard.page["extensions"]["record"] in told.kept.records


async def test_a_message_tells_a_number_and_fields_and_nothing_else(told: World, server: NatsServer) -> None:
    """Whose record it is about is not in the subject either; one record always has one subject."""
    began = await ended(told)
    await relayed(told, began)
    await happen(told, "S2400001", "S0600001", "S2400001")
    await relayed(told, began + 3)
    messages = (await published(server))[-3:]
    assert [each["number"] for _, each in messages] == [began + 1, began + 2, began + 3]
    assert [each["after"] for _, each in messages][1:] == [began + 1, began + 2]
    assert all(each.keys() == {"number", "after", "fields"} and set(each["fields"]) == FIELDS for _, each in messages)
    subjects = [subject for subject, _ in messages]
    assert subjects[0] == subjects[2] != subjects[1]
    assert all(each.startswith("tws.events.visas.Visa.") and len(each.rpartition(".")[2]) == 2 for each in subjects)


@pytest.mark.slow
async def test_nothing_is_lost_or_doubled_while_the_server_dies_three_times(told: World, server: NatsServer) -> None:
    """Two relays of one outbox, a gateway that follows, 240 events without a pause: each once, in order, on both sides."""
    began = await ended(told)
    await relayed(told, began)
    subgraph = told.apps["visas"].state.subgraph
    second = Database(str(subgraph.database.url), "visas")
    outbox = Outbox(second, subgraph.events, dict.fromkeys(FIELDS, ("visaRevoked",)))
    async with AsyncExitStack() as stack:
        stack.push_async_callback(second.dispose)
        await stack.enter_async_context(relaying("visas", outbox, subgraph.settings))
        street = await stack.enter_async_context(hearing(told))
        heard: list[int] = []
        following = asyncio.create_task(follow(street.app.state.live.tail("visas"), heard, began + 240))
        for turn in range(4):
            await happen(told, *(f"S{turn}{each:06}" for each in range(30)))
            if turn < 3:
                server.kill()
            await happen(told, *(f"S{turn}{each:06}" for each in range(30, 60)))
            if turn < 3:
                server.start()
        async with asyncio.timeout(60):
            await following
        await relayed(told, began + 240)
    assert heard == list(range(began + 1, began + 241))
    numbers = [each["number"] for _, each in await published(server)]
    assert numbers[-240:] == heard
    assert sorted(set(numbers)) == numbers


async def follow(tail: Tail, heard: list[int], last: int) -> None:
    """Note every event that the tail tells of, up to number ``last``."""
    number = await tail.join()
    try:
        while number < last:
            batch = await tail.after(number, "visaRevoked")
            heard += [each for each, _ in batch.events]
            number = max(number, batch.last)
            if number < last:
                await tail.more(number)
    finally:
        await tail.leave()


async def test_a_relay_that_starts_goes_on_where_the_stream_ends(
    seeded: Path, tmp_path: Path, server: NatsServer
) -> None:
    """Events that happened while no relay ran are published by the next one, once."""
    folder = tmp_path / "world"
    shutil.copytree(seeded, folder)
    async with open_world(folder, events=server.url) as world:
        began = await ended(world)
        await happen(world, "S1")
        await relayed(world, began + 1)
    async with open_world(folder) as world:
        await happen(world, "S2", "S3")
    async with open_world(folder, events=server.url) as world:
        await relayed(world, began + 3)
        numbers = [each["number"] for _, each in await published(server)]
    assert numbers[-3:] == [began + 1, began + 2, began + 3]
    assert len(set(numbers)) == len(numbers)


async def test_a_stream_ahead_of_its_outbox_is_emptied(seeded: Path, tmp_path: Path, server: NatsServer) -> None:
    """The database was put back to an earlier day: what happens from then on is published, not held up for ever."""
    later, earlier = tmp_path / "later", tmp_path / "earlier"
    for each in (later, earlier):
        shutil.copytree(seeded, each)
    async with open_world(later, events=server.url) as world:
        began = await ended(world)
        await happen(world, "S1", "S2", "S3")
        await relayed(world, began + 3)
    async with open_world(earlier, events=server.url) as world:
        await relayed(world, began)
        await happen(world, "S4")
        await relayed(world, began + 1)
        assert [each["number"] for _, each in await published(server)] == [began + 1]


# -- the gateway's side, by a broker and an outbox that do as they are told ---------------------------------------------
@dataclass
class Said:
    """A subscription: messages in a queue, and nothing after them."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    left: bool = False

    async def next_msg(self, _wait: float) -> Any:
        """The next message."""
        if not self.messages:
            raise NatsTimeoutError
        return replace_data(self.messages.pop(0))

    async def unsubscribe(self) -> None:
        """It is over."""
        self.left = True


@dataclass(frozen=True)
class Message:
    """A message's data."""

    data: bytes


def replace_data(page: dict[str, Any]) -> Message:
    """The message that carries ``page``."""
    return Message(orjson.dumps(page))


@dataclass
class Told(Broker):
    """A broker without a network."""

    said: Said = field(default_factory=Said)
    up: bool = True

    @property
    def there(self) -> bool:
        """Whether it is said to be up."""
        return self.up

    async def listen(self, subgraph: str) -> Any:
        """The one subscription."""
        return self.said


@dataclass
class Numbers:
    """An outbox with events up to ``end``, and what it was asked."""

    end: int
    asked: list[int] = field(default_factory=list)

    async def last(self) -> int:
        """The last number."""
        return self.end

    async def after(self, number: int, _wait: float) -> Batch:
        """Those after ``number``, two at a time."""
        self.asked.append(number)
        last = min(self.end, number + 2)
        return Batch(last, tuple((each, FIELDS) for each in range(number + 1, last + 1)))

    async def leave(self) -> None:
        """Nothing is held."""


def message(number: int, after: int) -> dict[str, Any]:
    """What the relay publishes of an event."""
    return {"number": number, "after": after, "fields": sorted(FIELDS)}


def feed_of(end: int, *messages: dict[str, Any]) -> tuple[BrokerFeed, Told, Numbers, Clock, list[tuple[str, str]]]:
    """A feed with its parts, and what it noted."""
    noted: list[tuple[str, str]] = []
    broker = Told("nats://nowhere", note=lambda *each: noted.append(each), said=Said(list(messages)))
    outbox, clock = Numbers(end), Clock()
    return BrokerFeed("visas", outbox, broker, clock.ticks), broker, outbox, clock, noted


async def numbers_of(feed: BrokerFeed, after: int, turns: int) -> list[int]:
    """The numbers that so many questions bring, one after the other."""
    found: list[int] = []
    for _ in range(turns):
        batch = await feed.after(after, 2.0)
        found += [number for number, _ in batch.events]
        after = batch.last
    return found


async def test_what_is_missing_between_two_messages_is_read_from_the_outbox() -> None:
    """Also where that takes more than one page; the message itself is not told twice."""
    feed, _, outbox, _, _ = feed_of(5, message(6, 5), message(12, 11), message(13, 12))
    first = await numbers_of(feed, 5, 1)
    outbox.end = 13
    assert first + await numbers_of(feed, 6, 5) == [6, 7, 8, 9, 10, 11, 12, 13]
    assert outbox.asked == [6, 8, 10]


async def test_what_comes_twice_is_passed_over() -> None:
    """A message of an event that was told already is none."""
    feed, _, _, _, _ = feed_of(5, message(4, 3), message(6, 5), message(6, 5), message(7, 6))
    assert await numbers_of(feed, 5, 2) == [6, 7]


async def test_a_silent_broker_is_not_believed() -> None:
    """After five seconds the outbox is asked; what it knows is told, counted, and it is asked for everything for a while."""
    feed, _, outbox, clock, noted = feed_of(5)
    assert await numbers_of(feed, 5, 2) == []
    outbox.end = 6
    assert await numbers_of(feed, 5, 1) == []
    assert outbox.asked == []
    clock.move(SILENCE_SECONDS)
    assert await numbers_of(feed, 5, 1) == [6]
    assert noted == [("broker_silent", "visas")]
    outbox.end = 7
    assert await numbers_of(feed, 6, 1) == [7]
    clock.move(REST_SECONDS)
    outbox.asked.clear()
    assert await numbers_of(feed, 7, 1) == []


async def test_without_the_broker_the_outbox_is_asked() -> None:
    """And with it again, on a new line, what happened meanwhile is read before anything is waited for."""
    feed, broker, outbox, _, _ = feed_of(5, message(8, 7))
    broker.up = False
    outbox.end = 6
    assert await numbers_of(feed, 5, 1) == [6]
    broker.up, broker.line = True, 1
    outbox.end = 7
    assert await numbers_of(feed, 6, 2) == [7, 8]
    broker.line = 2
    old, broker.said = broker.said, Said()
    assert await numbers_of(feed, 8, 1) == []
    assert old.left
    await feed.leave()
    assert broker.said.left


async def test_a_message_that_promises_more_than_the_outbox_has_holds_nothing_up() -> None:
    """A gap that is none in the outbox: told what there is, and on with the next message."""
    feed, _, outbox, _, _ = feed_of(5, message(900, 899), message(6, 5))
    assert await numbers_of(feed, 5, 3) == [6]
    assert outbox.asked == [5]


async def test_an_address_of_another_kind_is_refused() -> None:
    """A setting that cannot be used stops the start."""
    with pytest.raises(PolicyError) as raised:
        read_settings({"TWS_EVENTS": "nats://a:4222,http://b:4222"})
    assert raised.value.code == "SETTING_WRONG"
    assert read_settings({"TWS_EVENTS": "tls://a:4222, nats://b"}).events == "tls://a:4222, nats://b"
