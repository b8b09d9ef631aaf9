"""Asking once for all who ask for the same at once: one answer, nobody else's, and nothing left when all have gone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field, replace

import pytest

from gateway.errors import FetchError
from gateway.resilience import JoinedRequests
from gateway.resilience.joined import Joined


@dataclass(frozen=True)
class Ask:
    body: str = "{ x }"
    subgraph: str = "visas"
    idempotent: bool = True


@dataclass
class Held:
    """Answers when it is let go; notes what was asked, and what was dropped meanwhile."""

    asked: list[Ask] = field(default_factory=list)
    dropped: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    fail: str = ""

    async def send(self, request: Ask) -> str:
        self.asked.append(request)
        number = len(self.asked)
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.dropped += 1
            raise
        if self.fail:
            raise FetchError(self.fail, "no")
        return f"answer {number}"


async def started(*coroutines: Awaitable[str]) -> list[asyncio.Task[str]]:
    tasks: list[asyncio.Task[str]] = [asyncio.ensure_future(each) for each in coroutines]
    for _ in range(3):
        await asyncio.sleep(0)
    return tasks


async def test_equal_requests_at_once_are_one_and_later_ones_are_not() -> None:
    """Three wait for one; what is told of them; the next asks anew."""
    held, told = Held(), []
    sender = JoinedRequests(held, lambda ask: ask.body, lambda *event: told.append(event))
    tasks = await started(*(sender.send(Ask()) for _ in range(3)), sender.send(Ask("{ y }")))
    held.gate.set()
    assert await asyncio.gather(*tasks) == ["answer 1"] * 3 + ["answer 2"]
    assert [each.body for each in held.asked] == ["{ x }", "{ y }"]
    assert told == [("joined", "visas")] * 2
    assert await sender.send(Ask()) == "answer 3"


async def test_what_must_not_be_joined_is_not() -> None:
    """Changes; requests without a key; the same words to another subgraph."""
    held = Held()
    sender = JoinedRequests(held, lambda ask: ask.body or None)
    change = replace(Ask(), idempotent=False)
    tasks = await started(
        sender.send(change), sender.send(change), sender.send(Ask("")), sender.send(Ask("")),
        sender.send(Ask()), sender.send(Ask(subgraph="petitions")),
    )  # fmt: skip
    held.gate.set()
    assert sorted(await asyncio.gather(*tasks)) == [f"answer {number}" for number in range(1, 7)]


async def test_a_failure_is_everybodys_and_nobodys_afterwards() -> None:
    """All who waited are told; the next tries again."""
    held = Held(fail="SUBGRAPH_UNREACHABLE")
    sender = JoinedRequests(held, lambda ask: ask.body)
    tasks = await started(sender.send(Ask()), sender.send(Ask()))
    held.gate.set()
    told = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(each) for each in told] == [FetchError, FetchError]
    held.fail = ""
    assert await sender.send(Ask()) == "answer 2"


async def test_who_leaves_takes_nothing_from_the_others_and_the_last_takes_all() -> None:
    """The first goes: the second has its answer. Both go: the request is dropped, and nothing is left behind."""
    held = Held()
    sender = JoinedRequests(held, lambda ask: ask.body)
    first, second = await started(sender.send(Ask()), sender.send(Ask()))
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert held.dropped == 0
    held.gate.set()
    assert await second == "answer 1"

    held.gate = asyncio.Event()
    both = await started(sender.send(Ask()), sender.send(Ask()))
    for task in both:
        task.cancel()
    await asyncio.wait(both)
    await asyncio.sleep(0)
    assert held.dropped == 1
    held.gate.set()
    assert await sender.send(Ask()) == "answer 3"


async def test_nothing_is_kept() -> None:
    """Once there is an answer, its key is forgotten."""
    joined: Joined[int] = Joined()

    async def one() -> int:
        return 1

    assert await joined.run("x", one) == 1
    await asyncio.sleep(0)
    assert len(joined) == 0
