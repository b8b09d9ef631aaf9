"""Lanes, hedged requests, pauses before a retry, and what each wrapper tells of itself: in virtual time."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest

from gateway.errors import FetchError
from gateway.resilience import Breaker, Hedges, Lanes, Retries, Timeouts
from tests.execution.virtual import run

# thirty requests, of which 95 of 100 take no longer than 0.02 seconds
USUAL: tuple[float, ...] = (*[0.02] * 3, *[0.01] * 27)


@dataclass(frozen=True)
class Ask:
    subgraph: str = "visas"
    idempotent: bool = True


@dataclass
class Taking:
    """Takes as many seconds for each request as its script says (0.01 afterwards); a text fails with that code."""

    script: list[float | str] = field(default_factory=list)
    asked: int = 0
    inside: int = 0
    most: int = 0
    cancelled: int = 0

    async def send(self, request: Ask) -> int:
        self.asked += 1
        number = self.asked
        mood = self.script.pop(0) if self.script else 0.01
        self.inside += 1
        self.most = max(self.most, self.inside)
        try:
            await asyncio.sleep(0.001 if isinstance(mood, str) else mood)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.inside -= 1
        if isinstance(mood, str):
            raise FetchError(mood, "no")
        return number


class Told(Counter[tuple[str, str]]):
    """What wrappers told."""

    def __call__(self, event: str, of: str) -> None:
        self[event, of] += 1


def hedges(taking: Taking, told: Told, share: float = 0.5) -> Hedges[Ask, int]:
    return Hedges(taking, lambda name: share, lambda: asyncio.get_running_loop().time(), told)


async def learned(sender: Hedges[Ask, int], times: int = 30, ask: Ask | None = None) -> None:
    """So many requests, one after another."""
    for _ in range(times):
        await sender.send(ask or Ask())


def test_no_more_than_its_lanes_at_once_and_the_rest_in_turn() -> None:
    """Ten requests to two lanes; another subgraph has lanes of its own."""
    taking, told = Taking([1.0] * 11), Told()
    lanes = Lanes(taking, lambda name: 2, told)

    async def story() -> tuple[list[int], dict[str, int]]:
        asks = [asyncio.ensure_future(lanes.send(Ask())) for _ in range(10)]
        asks.append(asyncio.ensure_future(lanes.send(Ask("other"))))
        await asyncio.sleep(0.5)
        inside = lanes.inside()
        return list(await asyncio.gather(*asks)), inside

    (numbers, inside), took = run(story())
    assert took == pytest.approx(5.0)
    assert inside == {"visas": 2, "other": 1}
    assert taking.most == 3
    assert sorted(numbers) == list(range(1, 12))
    assert told == {("waited", "visas"): 8}


def test_who_waits_for_a_lane_waits_no_longer_than_the_time_limit_and_leaves_none_behind() -> None:
    """The lane is free afterwards, and whoever left it without an answer took nothing along."""
    taking = Taking([30.0])
    sender = Timeouts(Lanes(taking, lambda name: 1), 2.0)

    async def story() -> list[Any]:
        first = await asyncio.gather(sender.send(Ask()), sender.send(Ask()), return_exceptions=True)
        return [*first, await sender.send(Ask())]

    told, took = run(story())
    assert [each.code for each in told[:2] if isinstance(each, FetchError)] == ["SUBGRAPH_TIMEOUT"] * 2
    assert (told[2], taking.asked, taking.inside) == (2, 2, 0)
    assert took == pytest.approx(2.01)


def test_a_turn_given_to_who_has_just_left_is_given_on() -> None:
    """The lane becomes free at the very moment in which the first in line is cancelled."""
    taking = Taking()
    lanes = Lanes(taking, lambda name: 1)

    async def story() -> list[int]:
        async def first() -> None:
            await lanes.send(Ask())
            second.cancel()  # whose turn it is since a moment ago, which it has not noticed yet

        asking = asyncio.ensure_future(first())
        await asyncio.sleep(0)
        second, third = (asyncio.ensure_future(lanes.send(Ask())) for _ in range(2))
        await asyncio.wait([asking, second])
        assert second.cancelled()
        return [await third, await lanes.send(Ask())]

    numbers, _ = run(story())
    assert numbers == [2, 3]
    assert lanes.inside() == {"visas": 0}


def test_what_takes_longer_than_nearly_all_is_asked_again_and_the_first_answer_counts() -> None:
    """After 0.02 seconds, which was enough for the others; the slow one is dropped."""
    taking, told = Taking([*USUAL, 9.0]), Told()
    sender = hedges(taking, told)

    async def story() -> tuple[int, float]:
        await learned(sender)
        began = asyncio.get_running_loop().time()
        return await sender.send(Ask()), asyncio.get_running_loop().time() - began

    (number, took), _ = run(story())
    assert (number, taking.asked, taking.cancelled, taking.inside) == (32, 32, 1, 0)
    assert took == pytest.approx(0.03)
    assert told == {("hedged", "visas"): 1, ("hedge_won", "visas"): 1}


def test_the_first_may_win_all_the_same() -> None:
    """Then nothing was won by the second, and it is dropped."""
    taking, told = Taking([*USUAL, 0.025, 9.0]), Told()
    sender = hedges(taking, told)

    async def story() -> int:
        await learned(sender)
        return await sender.send(Ask())

    number, _ = run(story())
    assert (number, taking.asked, taking.cancelled) == (31, 32, 1)
    assert told == {("hedged", "visas"): 1}


def test_an_error_ends_the_wait_only_when_no_other_try_is_left() -> None:
    """A failure before the second request is told at once; after it, the other may still answer."""
    taking, told = Taking([*USUAL, "SUBGRAPH_UNREACHABLE", 9.0, "SUBGRAPH_UNREACHABLE"]), Told()
    sender = hedges(taking, told)

    async def story() -> list[Any]:
        await learned(sender)
        first = await asyncio.gather(sender.send(Ask()), return_exceptions=True)
        return [*first, await sender.send(Ask())]

    (failed, answered), took = run(story())
    assert isinstance(failed, FetchError)
    assert (answered, told["hedged", "visas"]) == (32, 1)
    assert took > 9.0


@pytest.mark.parametrize("case", ["unknown", "mutation", "off"])
def test_no_second_request(case: str) -> None:
    """Too little is known, it may not be asked twice, or it is not configured."""
    taking, told = Taking([*USUAL[: 5 if case == "unknown" else 30], 9.0]), Told()
    sender = hedges(taking, told, 0.0 if case == "off" else 0.5)
    ask = Ask(idempotent=case != "mutation")

    async def story() -> None:
        await learned(sender, 5 if case == "unknown" else 30)
        await sender.send(ask)

    run(story())
    assert (taking.cancelled, told) == (0, {})


def test_second_requests_stay_within_their_share() -> None:
    """A subgraph that becomes slow for all: of 200 requests a tenth is asked again, beside what was saved before."""
    taking, told = Taking([*USUAL]), Told()
    sender = hedges(taking, told, 0.1)

    async def story() -> None:
        await learned(sender)
        taking.script = [1.0] * 1_000
        for _ in range(20):
            await asyncio.gather(*(sender.send(Ask()) for _ in range(10)))

    run(story())
    assert taking.asked - 230 <= 3 + 1 + 20
    assert told["hedged", "visas"] == taking.asked - 230


def test_who_leaves_takes_both_requests_along() -> None:
    """Nothing goes on at the subgraph when nobody waits."""
    taking, told = Taking([*USUAL, 9.0, 9.0]), Told()
    sender = hedges(taking, told)

    async def story() -> None:
        await learned(sender)
        asking = asyncio.ensure_future(sender.send(Ask()))
        await asyncio.sleep(1.0)
        assert taking.inside == 2
        asking.cancel()
        await asyncio.wait([asking])

    run(story())
    assert (taking.inside, taking.cancelled) == (0, 2)


def test_a_retry_waits_for_a_time_of_chance_and_is_told() -> None:
    """What failed together does not come back together."""
    chances, told, paused = [0.25, 0.75], Told(), []

    async def pause(seconds: float) -> None:
        paused.append(seconds)

    taking = Taking(["SUBGRAPH_TIMEOUT", 0.01, "SUBGRAPH_UNREACHABLE", 0.01])
    retries = Retries(taking, note=told, chance=lambda: chances.pop(0), pause=pause)

    async def story() -> list[int]:
        return [await retries.send(Ask()), await retries.send(Ask())]

    numbers, _ = run(story())
    assert numbers == [2, 4]
    assert paused == pytest.approx([0.025, 0.075])
    assert told == {("retried", "visas"): 2}


def test_one_subgraphs_failures_spend_no_others_budget() -> None:
    """Nor is one asked again whose share is none."""
    told = Told()
    taking = Taking(["SUBGRAPH_UNREACHABLE"] * 400)
    retries = Retries(taking, lambda name: 0.0 if name == "never" else 0.1, burst=2.0, note=told)

    async def story() -> None:
        for name in ["bad"] * 10 + ["good", "never"]:
            with pytest.raises(FetchError):
                await retries.send(Ask(name))

    run(story())
    assert told == {("retried", "bad"): 2, ("retry_withheld", "bad"): 8, ("retried", "good"): 1}


def test_a_breaker_and_a_time_limit_tell_what_they_do() -> None:
    """Opened, refused, closed again, each once; and each silence."""
    now, told = [0.0], Told()
    taking = Taking(["SUBGRAPH_UNREACHABLE", 60.0, 0.01])
    breaker = Breaker(Timeouts(taking, 5.0, note=told), lambda: now[0], lambda name: 2, lambda name: 10.0, told)

    async def story() -> None:
        for _ in range(3):
            with pytest.raises(FetchError):
                await breaker.send(Ask())
        now[0] = 10.0
        await breaker.send(Ask())

    run(story())
    visas = [("opened", "visas"), ("refused", "visas"), ("closed", "visas"), ("timed_out", "visas")]
    assert told == dict.fromkeys(visas, 1)
