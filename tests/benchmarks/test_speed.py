"""A guard against getting slower, in counts and ratios and never in seconds.

How many Python-level calls an answer takes is the same on every machine. The fast executor loops in C, so its count must
not grow with the data; a stage that comes to cost every request more shows here before anybody measures.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import pytest

from gateway.web.app import create_app
from tests.benchmarks.measured import growth, micros_of
from tests.benchmarks.stages import Shelf
from tests.support import ask_app

# calls of Python functions and of C functions that one answer may take; raised knowingly or not at all
MOST_DATA = 600  # the fast executor alone, seven requests, whatever their size
MOST_AROUND = 420  # everything from the ASGI server to the pipeline and back, beside the executor


async def calls_of(once: Callable[[], Awaitable[object]]) -> int:
    """How many functions are called while ``once`` runs, in Python and in C, once everything is known."""
    for _ in range(3):
        await once()
    count = 0

    def note(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        await once()
    finally:
        sys.setprofile(None)
    return count


async def test_the_fast_executor_s_calls_do_not_grow_with_the_data() -> None:
    """Ten items or a thousand: the same calls; the reference executor's grow, which shows that counting counts."""
    few, many = Shelf(6, 10), Shelf(6, 1_000)
    counted = [await calls_of(shelf.fast) for shelf in (few, many)]
    plain = [await calls_of(shelf.plain) for shelf in (few, many)]
    print(f"\ncalls for 10 and 1,000 items: fast {counted}, reference {plain}")
    assert counted[1] <= counted[0] * 1.02
    assert counted[1] < MOST_DATA
    assert plain[1] > plain[0] * 20


async def test_what_is_around_an_answer_takes_no_more_calls_than_it_did() -> None:
    """From the ASGI server's call to its last message, without what the executor does."""
    shelf = Shelf(0, 1)
    app = create_app(shelf.opened)
    body = orjson.dumps({"query": shelf.text, "variables": {"first": 1}})
    headers = {"content-type": "application/json", "accept": "application/json"}

    async def asked() -> None:
        status, _, _ = await ask_app(app, "POST", "/graphql", headers=headers, body=body)
        assert status == 200

    around = await calls_of(asked) - await calls_of(shelf.fast)
    print(f"\ncalls around an answer: {around}")
    assert around < MOST_AROUND


async def test_one_request_more_is_so_many_calls_more() -> None:
    """The cost of a fetch is a constant: twelve more of them are twelve times one more."""
    counted = [await calls_of(Shelf(facts, 20).fast) for facts in (1, 2, 13)]
    one, twelve = counted[1] - counted[0], counted[2] - counted[0]
    print(f"\ncalls for 2, 3 and 14 requests: {counted}")
    assert twelve <= one * 12 * 1.15


@pytest.mark.slow
async def test_the_fast_executor_is_fast_and_grows_linearly() -> None:
    """In ratios of one run: three times the reference at 1,000 items, and no dearer an item at 5,000 than at 1,000.

    Whoever else uses the processor's caches makes 5,000 items dearer, so the best of three looks counts.
    """
    shelves = {first: Shelf(2, first) for first in (1_000, 5_000)}
    ways = {"fast": shelves[1_000].fast, "plain": shelves[1_000].plain, "more": shelves[5_000].fast}
    for look in range(3):
        taken = await micros_of(ways, budget=0.2)
        faster, grown = taken["plain"] / taken["fast"], growth([1_000, 5_000], [taken["fast"], taken["more"]])
        print(f"\nlook {look}: reference / fast {faster:.1f}, an item at 5,000 {grown:.2f} times one at 1,000")
        if faster > 3 and grown < 1.8:
            return
    pytest.fail("the fast executor is not fast, or does not grow linearly, in any of three looks")
