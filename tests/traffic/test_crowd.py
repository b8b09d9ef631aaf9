"""Places and a queue, in virtual time: who gets in, who waits, who is sent away, and that no place is ever lost."""

from __future__ import annotations

import asyncio

import pytest

from gateway.errors import RequestError
from gateway.traffic import Crowd
from tests.execution.virtual import run


def crowd(most: int = 2, waiting: int = 2, patience: float = 5.0) -> tuple[Crowd, list[tuple[str, str]]]:
    told: list[tuple[str, str]] = []
    return Crowd(most, waiting, patience, lambda event, of: told.append((event, of))), told


def test_beyond_places_and_queue_a_request_is_sent_away_at_once() -> None:
    made, told = crowd()

    async def story() -> RequestError:
        await made.enter()
        await made.enter()
        waiting = [asyncio.ensure_future(made.enter()) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(RequestError) as refused:
            await made.enter()
        made.leave()
        made.leave()
        await asyncio.gather(*waiting)
        return refused.value

    refused, took = run(story())
    assert (refused.code, refused.status, refused.retry_after) == ("GATEWAY_OVERLOADED", 503, 5)
    assert told == [("shed", "full")]
    assert (made.inside, made.waiting, took) == (2, 0, 0.0)


def test_places_go_to_who_waited_longest() -> None:
    made, _ = crowd(most=1)
    order: list[str] = []

    async def visit(name: str) -> None:
        await made.enter()
        order.append(name)
        await asyncio.sleep(1)
        made.leave()

    async def story() -> None:
        await asyncio.gather(*(visit(name) for name in "abc"))

    _, took = run(story())
    assert (order, took, made.inside) == (["a", "b", "c"], 3.0, 0)


def test_nobody_waits_longer_than_patience() -> None:
    made, told = crowd(most=1, patience=5.0)

    async def story() -> None:
        await made.enter()
        with pytest.raises(RequestError):
            await made.enter()

    _, took = run(story())
    assert (took, told, made.waiting) == (5.0, [("shed", "patience")], 0)
    made.leave()
    assert made.inside == 0


def test_who_leaves_the_queue_takes_no_place_along() -> None:
    """Cancelled while waiting, and cancelled at the very moment the place was given."""
    made, _ = crowd(most=1)

    async def story() -> None:
        await made.enter()
        early = asyncio.ensure_future(made.enter())
        late = asyncio.ensure_future(made.enter())
        await asyncio.sleep(0)
        early.cancel()
        await asyncio.wait([early])
        made.leave()  # given to late ...
        late.cancel()  # ... which goes before it has noticed
        await asyncio.wait([late])
        await made.enter()
        made.leave()

    run(story())
    assert (made.inside, made.waiting) == (0, 0)
