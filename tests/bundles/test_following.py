"""Gateways that follow a folder of bundles: one instant, whatever their clocks say; what is wrong changes nothing.

Time is the test's: it goes on in steps, and each replica looks and strikes when its own clock makes it.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

from gateway.activation import EVERY, Followed
from gateway.audit import AuditRecord
from gateway.bundles import Manifest, SignedBundle, bundle_of, collect
from gateway.errors import RecordUnavailable, RequestError
from tests.bundles.conftest import Replica
from tests.bundles.publishing import NOON, Clock, Publisher, signer
from tests.web.client import Face

STEP = 0.1


@pytest.mark.slow
async def test_no_two_epochs_answer_for_longer_than_the_clocks_are_apart(
    replicas: list[Replica], publisher: Publisher, clock: Clock
) -> None:
    """Clocks 0.9 s apart: between the first answer under the new policy and the last under the old lie 0.9 s at most."""
    old = replicas[0].epoch
    publisher.suspend()
    publisher.publish(NOON + timedelta(seconds=20))
    answered: list[tuple[float, int, str]] = []
    looked = 0.0
    while (passed := (clock.now - NOON).total_seconds()) < 22:
        if passed >= looked:
            looked += EVERY
            for each in replicas:
                await each.followed.turn()
        for number, each in enumerate(replicas):
            each.followed.strike()
            if 19 <= passed < 21:
                told = await each.status()
                epoch = each.world.record(told)["epoch"]
                answered.append((passed, number, epoch))
                assert (told.data == {"visa": None}) == (epoch != old), "an answer is whole under one policy"
        clock.step(STEP)
    new = replicas[0].epoch
    assert new != old
    assert {epoch for _, _, epoch in answered} == {old, new}
    last_old = max(moment for moment, _, epoch in answered if epoch == old)
    first_new = min(moment for moment, _, epoch in answered if epoch == new)
    assert last_old - first_new <= 0.9 + STEP
    assert last_old - first_new > 0, "the clocks are apart, and the test sees it"
    for number, skew in enumerate((-0.4, 0.0, 0.5)):
        own = min(moment for moment, who, epoch in answered if who == number and epoch == new)
        assert own == pytest.approx(20 - skew, abs=2 * STEP), "each strikes when its own clock shows the instant"


async def test_a_bundle_is_ready_long_before_its_instant(replica: Replica, publisher: Publisher, clock: Clock) -> None:
    face = Face(replica.world.opened)
    publisher.suspend()
    bundle = publisher.publish(NOON + timedelta(seconds=30))
    await replica.followed.turn()
    page = (await face.send("GET", "/health/ready", token=None)).page["bundle"]
    assert page["version"] == 1
    assert page["next"] == {"version": 2, "activates": bundle.manifest.activates.isoformat(), "ready": True}
    assert not replica.followed.strike(), "not before the instant"
    (note,) = [each for each in replica.world.kept.records.values() if each.kind == "epoch"]
    told = dict(note.note)
    assert (told["bundle"], told["author"], told["reason"]) == ("2", "ruth.okafor", "a test")
    assert told["agreements"] == "CA-CBP-VISA@3->3"
    clock.step(30)
    assert replica.followed.strike()
    answered = await face.send("GET", "/health/ready", token=None)
    assert (answered.status, answered.page["status"]) == (200, "ready")
    assert answered.page["bundle"]["version"] == 2
    assert "next" not in answered.page["bundle"]
    assert answered.page["epoch"] == bundle.manifest.epoch


async def test_plans_are_kept_and_operations_made_ready(replica: Replica, publisher: Publisher, clock: Clock) -> None:
    """What was asked lately is read and planned before the instant; the plans of before are still there."""
    await replica.status()
    graph = replica.world.opened.graph
    plans = dict(graph.plans)
    assert plans
    publisher.change("agreements/state_ca-cbp-visa.toml", 'title = "', 'title = "New: ')
    publisher.publish(NOON + timedelta(seconds=8))
    await replica.followed.turn()
    armed = replica.followed.armed
    assert armed is not None
    assert armed.warm
    assert plans.items() <= dict(armed.graph.plans).items()
    clock.step(8)
    assert replica.followed.strike()
    assert (await replica.status()).data == {"visa": {"status": "REVOKED"}}
    assert replica.world.opened.graph.plans.keys() == plans.keys(), "nothing had to be planned anew"


class Watched(Followed):
    """Tells what is seen from outside while a bundle is made ready."""

    seen: ClassVar[list[object]] = []

    async def _ready(self, bundle: SignedBundle) -> Any:
        answered = await Face(self.opened).send("GET", "/health/ready", token=None)
        self.seen.append((answered.status, answered.page["bundle"]["late"]))
        waiting = asyncio.create_task(self.opened.current())
        ready = await Followed._ready(self, bundle)
        self.seen.append(waiting.done())
        self.seen.append(waiting)
        return ready


async def test_who_comes_late_answers_nothing_under_what_no_longer_holds(
    replica: Replica, publisher: Publisher, clock: Clock
) -> None:
    """It is not ready while it is behind; who asks waits for the new policy, and is never answered under the old."""
    opened = replica.world.opened
    publisher.suspend()
    publisher.publish(NOON + timedelta(seconds=5))
    clock.step(60)
    followed = Watched(opened, publisher.folder, replica.followed.standing, clock)
    await followed.turn()
    before, done, waiting = followed.seen
    assert (before, done) == ((503, True), False)
    assert isinstance(waiting, asyncio.Task)
    assert await waiting is opened.graph
    assert (followed.standing.version, followed.standing.late) == (2, False)
    assert (await replica.status()).data == {"visa": None}
    assert (await Face(opened).send("GET", "/health/ready", token=None)).status == 200


class Down:
    """A record that cannot be written."""

    async def append(self, record: AuditRecord) -> None:
        raise RecordUnavailable("AUDIT_UNAVAILABLE", "The disk is full.")


async def test_who_cannot_come_to_it_refuses_with_a_code(
    replica: Replica, publisher: Publisher, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No record, no new policy, and no answers under the old one either; once there is a record, all is well."""
    opened = replica.world.opened
    kept = opened.house
    publisher.suspend()
    publisher.publish(NOON + timedelta(seconds=5))
    clock.step(6)
    opened.house = replace(kept, record=Down())
    await replica.followed.turn()
    assert replica.followed.standing.late
    monkeypatch.setattr("gateway.bundles.standing.LATE", 0.0)
    with pytest.raises(RequestError) as caught:
        await opened.current()
    assert (caught.value.code, caught.value.status, caught.value.retry_after) == ("BUNDLE_LATE", 503, 2)
    opened.house = kept
    await replica.followed.turn()
    assert (await replica.status()).data == {"visa": None}


@pytest.mark.parametrize("wrong", ["unsigned", "edited", "no policy", "no flow", "read otherwise"])
async def test_a_wrong_bundle_changes_nothing_and_says_why(
    replica: Replica, publisher: Publisher, clock: Clock, wrong: str, caplog: pytest.LogCaptureFixture
) -> None:
    graph = replica.world.opened.graph
    codes = {
        "unsigned": "BUNDLE_UNSIGNED", "edited": "BUNDLE_MALFORMED", "no policy": "POLICY_INVALID",
        "no flow": "FLOW_MISSING", "read otherwise": "BUNDLE_READ_OTHERWISE",
    }  # fmt: skip
    first = publisher.folder.read(1)
    bad = publisher.make(2, NOON, previous=first.digest)
    if wrong == "unsigned":
        bad = Publisher(publisher.path, publisher.schema, signer(9)).make(2, NOON, previous=first.digest)
        publisher.public.write_text(f"{publisher.key.public}\n")
    elif wrong != "edited":
        bad = _unfit(publisher, wrong, first.digest)
    publisher.folder.file(2).write_bytes(bad.raw if wrong != "edited" else bad.raw.replace(b"ruth", b"Ruth"))
    await replica.followed.turn()
    assert replica.world.opened.graph is graph
    assert not replica.followed.standing.late
    answered = await Face(replica.world.opened).send("GET", "/health/ready", token=None)
    assert answered.status == 200
    assert answered.page["bundle"]["refused"] == {"2": codes[wrong]}
    assert codes[wrong] in caplog.text
    assert (await replica.status()).data == {"visa": {"status": "REVOKED"}}
    # and the next good one is taken as if the bad one were not there
    publisher.suspend()
    publisher.folder.add(publisher.make(3, NOON, previous=bad.digest))
    await replica.followed.turn()
    assert replica.followed.standing.version == 3


def _unfit(publisher: Publisher, wrong: str, previous: str) -> SignedBundle:
    pages = collect(publisher.schema)
    good = publisher.make(2, NOON, previous=previous).manifest
    changed = {
        "no policy": ("agreements/state_ca-cbp-visa.toml", '"Visa.status"', '"Visa.statuss"'),
        "no flow": ("agreements/uscis-cbp-overstay-input.toml", 'status = "active"', 'status = "terminated"'),
        "read otherwise": ("agreements/state_ca-cbp-visa.toml", "version = 3", "version = 4"),
    }
    file, old, new = changed[wrong]
    assert old in pages[file]
    pages[file] = pages[file].replace(old, new, 1)
    manifest = Manifest(2, NOON, good.author, good.reason, good.epoch, good.supergraph, previous)
    return bundle_of(manifest, pages, publisher.key)


async def test_a_later_bundle_takes_the_place_of_one_that_comes(
    replica: Replica, publisher: Publisher, clock: Clock
) -> None:
    """A suspension announced for later is called off before: its instant passes, and nothing happens."""
    before = replica.epoch
    publisher.suspend()
    publisher.publish(NOON + timedelta(seconds=30))
    await replica.followed.turn()
    publisher.resume()
    publisher.publish(NOON + timedelta(seconds=20))
    await replica.followed.turn()
    assert replica.followed.standing.coming == 3
    clock.step(20)
    assert replica.followed.strike()
    clock.step(20)
    await replica.followed.turn()
    assert (replica.followed.standing.version, replica.epoch) == (3, before)


async def test_a_folder_that_is_gone_is_told_and_found_again(
    replica: Replica, publisher: Publisher, clock: Clock, tmp_path: Path
) -> None:
    standing = replica.followed.standing
    publisher.path.rename(tmp_path / "away")
    await replica.followed.turn()
    clock.step(10)
    await replica.followed.turn()
    assert standing.lost == NOON
    answered = await Face(replica.world.opened).send("GET", "/health/ready", token=None)
    assert answered.page["bundle"]["folder"] == "lost"
    assert (await replica.status()).data == {"visa": {"status": "REVOKED"}}
    (tmp_path / "away").rename(publisher.path)
    await replica.followed.turn()
    assert standing.lost is None


async def test_metrics_say_epoch_and_bundle(replica: Replica, publisher: Publisher) -> None:
    publisher.suspend()
    publisher.publish(NOON + timedelta(seconds=30))
    publisher.folder.file(3).write_bytes(b"no bundle")
    await replica.followed.turn()
    text = replica.world.opened.telemetry.metrics.text().decode()
    assert f'gateway_epoch{{epoch="{replica.epoch}"}} 1.0' in text
    for what, number in {"version": 1, "coming": 2, "armed": 1, "late": 0, "lost": 0, "refused": 1}.items():
        assert f'gateway_bundle{{what="{what}"}} {number}.0' in text
