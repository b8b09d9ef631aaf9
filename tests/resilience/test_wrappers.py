"""Time limits, breakers and retries around a subgraph that behaves badly, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest

from gateway.errors import FetchError
from gateway.resilience import Breaker, Retries, Timeouts
from tests.execution.virtual import HangError, run


@dataclass(frozen=True)
class Ask:
    subgraph: str = "visas"
    idempotent: bool = True


@dataclass
class Moody:
    """Does what its script says, one mood a request: "ok", a code to fail with, or seconds to take."""

    script: list[str | float]
    asked: list[str] = field(default_factory=list)

    async def send(self, request: Ask) -> str:
        self.asked.append(request.subgraph)
        mood = self.script.pop(0) if self.script else "ok"
        if isinstance(mood, float):
            await asyncio.sleep(mood)
        elif mood != "ok":
            raise FetchError(mood, "no")
        return "answer"


async def codes(sender: Retries[Ask, str] | Breaker[Ask, str] | Timeouts[Ask, str], asks: Iterable[Ask]) -> list[str]:
    seen = []
    for ask in asks:
        try:
            seen.append(await sender.send(ask))
        except FetchError as error:
            seen.append(error.code)
    return seen


def test_silence_ends_with_the_time_limit_of_its_subgraph() -> None:
    """The general limit, and a subgraph's own."""
    moody = Moody([60.0, 60.0, 1.0])
    sender = Timeouts(moody, 5.0, {"slow": 20.0})
    seen, took = run(codes(sender, [Ask(), Ask("slow"), Ask()]))
    assert seen == ["SUBGRAPH_TIMEOUT", "SUBGRAPH_TIMEOUT", "answer"]
    assert took == pytest.approx(26.0)


def test_the_virtual_loop_notices_a_hang() -> None:
    """What would wait for ever is a failure at once."""

    async def forever() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(HangError):
        run(forever())


def test_a_breaker_opens_after_failures_in_a_row_and_lets_one_request_try() -> None:
    """Closed, open, half open, open again, closed; other subgraphs never notice."""
    now = [0.0]
    moody = Moody(["SUBGRAPH_TIMEOUT", "SUBGRAPH_UNREACHABLE", "ok", "SUBGRAPH_TIMEOUT", "ok", "ok"])
    breaker = Breaker(moody, lambda: now[0], failures=2, rest=10.0)

    async def story() -> list[list[str]]:
        told = [await codes(breaker, [Ask(), Ask(), Ask(), Ask("other")])]
        assert breaker.is_open("visas")
        now[0] = 10.0
        told.append(await codes(breaker, [Ask(), Ask()]))
        now[0] = 20.0
        told.append(await codes(breaker, [Ask(), Ask()]))
        return told

    told, _ = run(story())
    assert told == [
        ["SUBGRAPH_TIMEOUT", "SUBGRAPH_UNREACHABLE", "SUBGRAPH_UNAVAILABLE", "answer"],
        ["SUBGRAPH_TIMEOUT", "SUBGRAPH_UNAVAILABLE"],
        ["answer", "answer"],
    ]
    assert not breaker.is_open("visas")


def test_successes_in_between_keep_a_breaker_closed() -> None:
    """Only failures in a row count."""
    moody = Moody(["SUBGRAPH_TIMEOUT", "ok"] * 5)
    seen, _ = run(codes(Breaker(moody, lambda: 0.0, failures=2), [Ask()] * 10))
    assert "SUBGRAPH_UNAVAILABLE" not in seen


def test_half_open_lets_only_one_request_through_and_survives_its_cancellation() -> None:
    """While one tries, the others are refused; a try that is cancelled leaves the breaker ready for another."""
    now = [0.0]
    moody = Moody(["SUBGRAPH_TIMEOUT", 5.0])
    breaker = Breaker(moody, lambda: now[0], failures=1, rest=10.0)

    async def story() -> list[str]:
        told = await codes(breaker, [Ask()])
        now[0] = 11.0
        trying = asyncio.ensure_future(breaker.send(Ask()))
        await asyncio.sleep(0)
        told += await codes(breaker, [Ask()])
        trying.cancel()
        await asyncio.wait([trying])
        return told + await codes(breaker, [Ask()])

    told, _ = run(story())
    assert told == ["SUBGRAPH_TIMEOUT", "SUBGRAPH_UNAVAILABLE", "answer"]


@pytest.mark.parametrize(
    ("mood", "idempotent", "sent"),
    [
        ("SUBGRAPH_UNREACHABLE", True, 2), ("SUBGRAPH_TIMEOUT", True, 2), ("SUBGRAPH_UNREACHABLE", False, 1),
        ("SUBGRAPH_UNAVAILABLE", True, 1), ("SUBGRAPH_NOT_JSON", True, 1),
    ],
)  # fmt: skip
def test_only_what_is_safe_and_may_have_been_chance_is_tried_again(mood: str, idempotent: bool, sent: int) -> None:
    """A mutation is never sent twice."""
    moody = Moody([mood])
    run(codes(Retries(moody), [Ask(idempotent=idempotent)]))
    assert len(moody.asked) == sent


def test_retries_stay_within_their_budget() -> None:
    """With everything failing, load grows by the share and not twofold."""
    moody = Moody(["SUBGRAPH_UNREACHABLE"] * 1_000)
    run(codes(Retries(moody, share=0.1, burst=5.0), [Ask()] * 200))
    assert len(moody.asked) == pytest.approx(200 + 5 + 20, abs=2)


class Stubborn:
    """Does not stop when it is cancelled: says something else at that very moment."""

    def __init__(self, instead: BaseException | str) -> None:
        self.instead = instead

    async def send(self, request: Ask) -> str:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            if isinstance(self.instead, str):
                return self.instead
            raise self.instead from None
        return "late"


@pytest.mark.parametrize("instead", ["answer", FetchError("SUBGRAPH_UNREACHABLE", "no")])
def test_a_time_limit_that_loses_leaves_no_trace(instead: str | FetchError) -> None:
    """What ended the request at the very moment of the limit counts, and the task is not cancelled for anybody else."""

    async def asked() -> tuple[list[str], int]:
        told = await codes(Timeouts(Stubborn(instead), 5.0), [Ask()])
        task = asyncio.current_task()
        assert task is not None
        await asyncio.sleep(1)  # a cancelling that was not taken back would end this
        return told, task.cancelling()

    (told, cancelling), _ = run(asked())
    assert told == ["answer" if instead == "answer" else "SUBGRAPH_UNREACHABLE"]
    assert cancelling == 0


def test_who_is_cancelled_by_somebody_else_is_cancelled() -> None:
    """Before the limit, and at the same moment as the limit: no error of the subgraph's is made of it."""

    async def asked(after: float) -> str:
        task = asyncio.create_task(Timeouts(Moody([60.0]), 5.0).send(Ask()))
        asyncio.get_running_loop().call_later(after, task.cancel)
        try:
            await task
        except asyncio.CancelledError:
            return "cancelled"
        except FetchError as error:
            return error.code
        return "answer"

    assert run(asked(1.0))[0] == "cancelled"
    assert run(asked(5.0))[0] in ("cancelled", "SUBGRAPH_TIMEOUT")
    assert run(asked(6.0))[0] == "SUBGRAPH_TIMEOUT"
