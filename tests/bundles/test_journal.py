"""Published bundles in the journal of activations: the same at every replica, whether it was there or came later."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.activation import settle
from gateway.bundles import SignedBundle, bundle_of
from gateway.config import Settings
from gateway.journal import Activation, changes, journal_of
from tests.bundles.conftest import Replica
from tests.bundles.publishing import NOON, Clock, Publisher


def told(entries: tuple[Activation, ...]) -> list[tuple[int, int, str, str]]:
    """Of each entry what has to be the same everywhere."""
    return [
        (each.ordinal, each.published.version if each.published else 0, each.at.isoformat(), each.epoch)
        for each in entries
    ]


async def followed(each: Replica) -> None:
    """The replica looks at the folder and does what is due."""
    await each.followed.turn()
    if each.followed.strike():
        await each.followed.keep(each.world.opened.graph)


@pytest.mark.slow
async def test_every_replica_writes_the_same_whatever_its_clock_says(
    replicas: list[Replica], publisher: Publisher, clock: Clock, tmp_path: Path
) -> None:
    """Suspended, and back again as a version of its own; a replica that starts afterwards writes down all three."""
    for each in replicas:  # decisions are made by the very clocks, as they are outside development
        each.world.opened.settings = replace(each.world.opened.settings, today=None)
    publisher.suspend()
    publisher.publish(NOON + timedelta(seconds=20))
    clock.step(30)
    for each in replicas:
        await followed(each)
        await followed(each)
    publisher.resume()
    publisher.publish(NOON + timedelta(seconds=40))
    clock.step(30)
    for each in replicas:
        await followed(each)
        await followed(each)
    first, *others = (each.world.opened.journal.entries() for each in replicas)
    assert [each.published.version for each in first if each.published] == [1, 2, 3]
    assert [each.at - NOON for each in first] == [timedelta(seconds=seconds) for seconds in (0, 20, 40)]
    for other in others:
        assert told(other) == told(first)
    found = changes(first, clock.now)
    assert [(each.agreement.id, each.kinds) for each in found] == [
        ("CA-CBP-VISA", ("SUSPENDED",)),
        ("CA-CBP-VISA", ("ACTIVATED",)),
    ]
    late = Settings(var=tmp_path / "late", bundles=publisher.path, publisher_key=publisher.public)
    settle(late, clock.now)
    settle(late, clock.now)
    assert told(journal_of(late.var).entries()) == told(first)


async def test_a_rollback_is_an_entry_and_says_what_it_repeats(
    replica: Replica, publisher: Publisher, clock: Clock
) -> None:
    """The old files as the newest version."""
    await followed(replica)
    await replica.followed.keep(replica.world.opened.graph)
    publisher.suspend()
    second = publisher.publish(NOON + timedelta(seconds=5))
    clock.step(6)
    await followed(replica)
    publisher.resume()
    publisher.folder.add(republished(publisher, second, timedelta(seconds=10)))
    clock.step(6)
    await followed(replica)
    entries = replica.world.opened.journal.entries()
    assert [(each.published.version, each.published.republishes) for each in entries if each.published] == [
        (1, None),
        (2, None),
        (3, 1),
    ]
    assert entries[0].epoch == entries[2].epoch != entries[1].epoch


def republished(publisher: Publisher, last: SignedBundle, after: timedelta) -> SignedBundle:
    """The files of version 1 as version 3."""
    made = publisher.make(3, NOON + after, previous=last.digest)
    return bundle_of(replace(made.manifest, republishes=1), made.pages, publisher.key)


def test_what_never_held_is_not_written_down(publisher: Publisher, tmp_path: Path) -> None:
    """Version 2 was to hold from later on than version 3, which was published meanwhile: nothing was answered under it."""
    publisher.publish(NOON)
    publisher.suspend()
    publisher.publish(NOON + timedelta(minutes=9))
    publisher.resume()
    publisher.publish(NOON + timedelta(minutes=5))
    settings = Settings(var=tmp_path / "var", bundles=publisher.path, publisher_key=publisher.public)
    settle(settings, NOON + timedelta(minutes=10))
    entries = journal_of(settings.var).entries()
    assert [each.published.version for each in entries if each.published] == [1, 3]
