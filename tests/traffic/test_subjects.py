"""Budgets of travelers: in memory and in a real Redis, the warning and the refusal, and what the store is told."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from gateway.caller import Caller
from gateway.errors import RequestError
from gateway.limits import LimitsPage
from gateway.traffic import MemorySeen, Spent, SubjectBudget, ValkeySeen, open_valkey

PAGE = LimitsPage.read({"subjects": {"most": 3, "warn": 2, "hours": 1, "lead": {"most": 1, "warn": 0}, "free": {"most": 0, "warn": 0}}})  # fmt: skip
OFFICER = Caller("CBP", "officer", "inspection", user="u1")


def budget(told: list[tuple[str, str]], now: list[float]) -> SubjectBudget:
    return SubjectBudget(PAGE, MemorySeen(lambda: now[0]), b"k", lambda event, of: told.append((event, of)))


async def test_different_travelers_are_counted_once_each_warned_of_and_refused() -> None:
    told: list[tuple[str, str]] = []
    meter = budget(told, [0.0])

    assert await meter.spend(OFFICER, {"A"}) is None
    assert await meter.spend(OFFICER, {"A"}) is None
    assert await meter.spend(OFFICER, {"A", "B"}) == Spent(2, 3, 3600)
    await meter.check(OFFICER)
    assert await meter.spend(OFFICER, ()) is None
    with pytest.raises(RequestError) as refused:
        await meter.spend(OFFICER, {"C", "D"})
    assert (refused.value.code, refused.value.status, refused.value.retry_after) == ("SUBJECT_BUDGET_SPENT", 429, 3600)
    assert await meter.spend(OFFICER, {"C"}) == Spent(3, 3, 3600)  # of those refused, none was counted
    with pytest.raises(RequestError, match="3 travelers"):
        await meter.check(OFFICER)
    assert told == [("subjects_warned", "inspection"), ("subjects_refused", "inspection")] * 2


async def test_each_user_and_purpose_has_its_own_until_the_period_is_over() -> None:
    now = [0.0]
    meter = budget([], now)
    for name in "ABC":
        await meter.spend(OFFICER, {name})
        now[0] += 600

    await meter.check(Caller("CBP", "officer", "inspection", user="u2"))
    await meter.check(Caller("ICE_ERO", "officer", "inspection", user="u1"))
    lead, free = Caller("CBP", "officer", "lead", user="u1"), Caller("CBP", "officer", "free", user="u1")
    assert await meter.spend(lead, {"A"}) is None
    with pytest.raises(RequestError):
        await meter.spend(lead, {"B"})
    assert await meter.spend(free, {str(number) for number in range(100)}) is None
    now[0] = 3599.5
    with pytest.raises(RequestError) as refused:
        await meter.check(Caller("CBP", "officer", "inspection", case="another", user="u1"))
    assert refused.value.retry_after == 1
    now[0] = 3600.0
    await meter.check(OFFICER)
    assert await meter.spend(OFFICER, {"D"}) is None


async def test_memory_is_bounded() -> None:
    seen = MemorySeen(lambda: 0.0, keys=2)
    for key in ("a", "b", "c"):
        await seen.add(key, ["x"], 5, 60)
    assert await seen.add("c", (), 5, 60) == (1, 60)
    assert await seen.add("a", (), 5, 60) == (0, 60)


def test_the_page_is_read_strictly() -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"subjects": {"most": 1, "warn": 2}}, "warn cannot be more"),
        ({"subjects": {"hours": 0}}, "more than 0"),
        ({"subjects": {"lead": {"mots": 1}}}, r"\[subjects.lead\] has no mots"),
    ]
    for page, said in wrong:
        with pytest.raises(ValueError, match=said):
            LimitsPage.read(page)


async def test_gateways_share_a_budget_and_each_counts_alone_once_the_store_is_lost(
    store: tuple[str, subprocess.Popen[bytes]],
) -> None:
    url, process = store
    told: list[tuple[str, str]] = []

    def note(event: str, of: str) -> None:
        told.append((event, of))

    clients = [open_valkey(url), open_valkey(url)]
    gateways = [
        SubjectBudget(PAGE, ValkeySeen(client, MemorySeen(lambda: 0.0), lambda: 0.0, note), b"k", note)
        for client in clients
    ]
    assert await gateways[0].spend(OFFICER, {"TRV-A"}) is None
    spent = await gateways[1].spend(OFFICER, {"TRV-A", "TRV-B"})
    assert spent is not None
    assert (spent.used, spent.most) == (2, 3)
    assert 3500 < spent.seconds <= 3600
    with pytest.raises(RequestError):
        await gateways[0].spend(OFFICER, {"C", "D"})
    await gateways[0].spend(OFFICER, {"C"})
    with pytest.raises(RequestError):
        await gateways[1].check(OFFICER)
    kept = [(key, await clients[0].smembers(key)) for key in await clients[0].keys("*")]
    assert len(kept) == 1
    assert b"TRV-" not in str(kept).encode()
    assert "u1" not in str(kept[0][0])

    told.clear()
    process.terminate()
    process.wait(10)
    await gateways[1].check(OFFICER)
    assert told == [("store_lost", "subjects")]
    for client in clients:
        await client.aclose()
