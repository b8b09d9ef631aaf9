"""Rates per user: buckets in memory and in a real Redis, the turnstile's answer, and what happens when the store is lost."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from gateway.caller import Caller
from gateway.errors import RequestError
from gateway.limits import LimitsPage
from gateway.traffic import MemoryBuckets, Turnstile, ValkeyBuckets, open_valkey

PAGE = LimitsPage.read({"callers": {"rate": 2, "burst": 3, "auditor": {"rate": 10}}})


async def test_a_bucket_gives_its_burst_and_fills_at_its_rate() -> None:
    now = [0.0]
    buckets = MemoryBuckets(lambda: now[0])

    assert [await buckets.take("a", 2.0, 3) for _ in range(4)] == [0, 0, 0, 0.5]
    now[0] = 0.5
    assert [await buckets.take("a", 2.0, 3) for _ in range(2)] == [0, 0.5]
    now[0] = 100.0
    assert [await buckets.take("a", 2.0, 3) for _ in range(4)] == [0, 0, 0, 0.5]
    assert await buckets.take("b", 2.0, 3) == 0


async def test_buckets_are_bounded() -> None:
    buckets = MemoryBuckets(lambda: 0.0, most=2)
    for key in ("a", "b", "c"):
        await buckets.take(key, 1.0, 1)

    assert await buckets.take("c", 1.0, 1) == 1.0
    assert await buckets.take("a", 1.0, 1) == 0  # forgotten, so it begins anew


async def test_one_user_has_one_bucket_whatever_the_purpose() -> None:
    told: list[tuple[str, str]] = []
    turnstile = Turnstile(PAGE, MemoryBuckets(lambda: 0.0), lambda event, of: told.append((event, of)))
    for purpose in ("one", "two", "three"):
        await turnstile.admit(Caller("CBP", "officer", purpose, user="u1"))

    with pytest.raises(RequestError) as refused:
        await turnstile.admit(Caller("CBP", "officer", "four", case="c", user="u1"))
    await turnstile.admit(Caller("CBP", "officer", "one", user="u2"))

    assert (refused.value.code, refused.value.status, refused.value.retry_after) == ("RATE_EXCEEDED", 429, 1)
    assert told == [("rate_limited", "officer")]


def test_a_role_says_what_differs_and_the_page_is_read_strictly() -> None:
    assert (PAGE.caller("auditor").rate, PAGE.caller("auditor").burst, PAGE.caller("x").rate) == (10, 3, 2)
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"gatway": {}}, r"no table \[gatway\]"),
        ({"gateway": {"concurent": 1}}, r"\[gateway\] has no concurent"),
        ({"gateway": {"concurrent": 0}}, "more than 0"),
        ({"callers": {"rate": "fast"}}, r"\[callers\]: Expected `float`"),
        ({"callers": {"auditor": {"burst": 0}}}, r"\[callers.auditor\]: burst"),
        ({"callers": {"cost": -1}}, r"\[callers\]: cost cannot be less than 0"),
        ({"operation": {"depth": 0}}, r"\[operation\]: depth has to be more than 0"),
        ({"operation": {"deepness": 9}}, r"\[operation\] has no deepness"),
        ({"subgraphs": {"visas": {"costs": 9}}}, r"\[subgraphs.visas\] has no costs"),
    ]
    for page, said in wrong:
        with pytest.raises(ValueError, match=said):
            LimitsPage.read(page)


async def test_gateways_share_a_bucket_and_each_meters_alone_once_the_store_is_lost(
    store: tuple[str, subprocess.Popen[bytes]],
) -> None:
    url, process = store
    told: list[tuple[str, str]] = []
    now = [0.0]
    clients = [open_valkey(url), open_valkey(url)]
    gateways = [
        ValkeyBuckets(client, MemoryBuckets(lambda: now[0]), lambda: now[0], lambda event, of: told.append((event, of)))
        for client in clients
    ]

    rate = 0.001  # so slow that the store's own clock adds nothing during the test
    taken = [await gateways[number % 2].take("key", rate, 3) for number in range(4)]
    assert taken[:3] == [0, 0, 0]
    assert 900 < taken[3] <= 1_000
    assert told == []

    process.terminate()
    process.wait(10)
    assert [await gateways[0].take("key", rate, 1) for _ in range(2)] == [0, 1_000]
    assert told == [("store_lost", "rates")] * 2
    for client in clients:
        await client.aclose()
