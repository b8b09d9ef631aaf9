"""Another policy or another graph moves open streams over one after the other, spread over a beat, and none of them misses or repeats anything."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from itertools import pairwise

import pytest

from gateway.opening import OpenHouse, open_graph
from gateway.reloading import made_ready, reload, swap
from tests.live.listening import Listener, Street, until
from tests.live.test_terms import movable
from tests.live.test_watch import depart, subject_of, told
from tests.scenarios.asking import World

__all__ = ["movable"]

pytestmark = pytest.mark.asyncio(loop_scope="session")

STREAMS, BEAT = 40, 15
HEARD = "subscription { departureRecorded { departureId at } }"
TRAVELER = "TRV-01KST0RY000000000000000026"


def moved(street: Street) -> int:
    """How many streams have moved over, as the metrics say."""
    text = street.world.opened.telemetry.metrics.text().decode()
    found = re.search(r'(?m)^gateway_events_total\{[^}]*event="stream_moved"[^}]*\} (\S+)$', text)
    return int(float(found.group(1))) if found else 0


async def heard_by_all(ports: list[Listener]) -> list[tuple[str, str]]:
    """The next event as every stream hears it: its departure and the record of each telling."""
    found = []
    for port in ports:
        (event,) = await told(port, 1)
        found.append((event.page["data"]["departureRecorded"]["departureId"], event.page["extensions"]["record"]))
    return found


def holding(opened: OpenHouse) -> tuple[str, str]:
    """The hashes of policy and graph that decide now."""
    return opened.graph.policy.epoch, opened.graph.hash


async def another_policy(opened: OpenHouse) -> None:
    """An agreement is written anew, and the policy read again."""
    changed = opened.settings.schema / "agreements" / "ice_sevp-state_ca-ds2019.toml"
    changed.write_text(changed.read_text().replace('title = "', 'title = "Renewed: ', 1))
    assert (await reload(opened)).code == ""


async def another_supergraph(opened: OpenHouse) -> None:
    """A graph composed anew, whose first word of explanation is another, takes the place of the old one, as a bundle's does."""
    composed = opened.settings.schema / "supergraph.graphql"
    composed.write_text(re.sub(r'^"""(.+)"""$', r'"""\1 Anew."""', composed.read_text(), count=1, flags=re.MULTILINE))
    old, at = opened.graph, opened.house.clock()
    graph = open_graph(opened.settings.schema, at=at, limits=old.limits, like=old)
    await made_ready(opened, old, graph, at)
    swap(opened, graph)


@pytest.mark.parametrize("change", [another_policy, another_supergraph])
async def test_streams_that_began_together_move_one_after_the_other(
    movable: World, change: Callable[[OpenHouse], Awaitable[None]]
) -> None:
    """Forty begun in one instant, as after a rollout; events before, amid and after the move come once to each."""
    street, opened = Street(movable), movable.opened
    street.app.state.live.places.most_each = STREAMS
    subjects = [await subject_of(movable, f"cbp-primary-{port}") for port in ("atl", "nyc")]
    async with AsyncExitStack() as open_streams:
        ports = [
            await open_streams.enter_async_context(street.listen("cbp-primary-atl", HEARD)) for _ in range(STREAMS)
        ]
        for port in ports:
            await port.next()
        await depart(movable, subjects[0])
        told_of = [await heard_by_all(ports)]
        old = holding(opened)
        await change(opened)
        assert holding(opened) != old
        assert moved(street) == 0, "that there is another alone moves nobody"
        steps = [0]
        dues = sorted(BEAT * (1 - number * 0.6180339887498949 % 1) for number in range(STREAMS))
        for second in range(1, BEAT + 1):
            street.clock.move(1)
            due = sum(each <= second for each in dues)
            await until(lambda due=due: moved(street) == due)  # type: ignore[misc]
            steps.append(due)
            if second == BEAT // 2:
                await depart(movable, subjects[1])
                told_of.append(await heard_by_all(ports))
        await depart(movable, TRAVELER)
        told_of.append(await heard_by_all(ports))
    by_second = [after - before for before, after in pairwise(steps)]
    assert sum(by_second) == STREAMS
    assert max(by_second) <= 2 * STREAMS / BEAT, by_second
    assert [len({departure for departure, _ in each}) for each in told_of] == [1, 1, 1]
    assert len({departure for each in told_of for departure, _ in each}) == 3
    kept = movable.kept.records
    under = [{(kept[record].epoch, kept[record].supergraph) for _, record in each} for each in told_of]
    assert under == [{old}, {holding(opened)}, {holding(opened)}]
    assert all(b"errors" not in port.whole for port in ports)
