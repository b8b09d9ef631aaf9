"""CPU time of this thread, interleaved and taken at the median; and tables of it."""

from __future__ import annotations

import asyncio
import gc
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

__all__ = ["growth", "micros", "micros_of", "table"]


def micros(call: Callable[[], object], times: int = 50, rounds: int = 5) -> float:
    """CPU microseconds of one ``call``, the median of ``rounds``."""
    taken = []
    for _ in range(rounds):
        start = time.thread_time_ns()
        for _ in range(times):
            call()
        taken.append((time.thread_time_ns() - start) / times / 1e3)
    return statistics.median(taken)


async def micros_of(
    calls: Mapping[str, Callable[[], Awaitable[object]]], budget: float = 0.15, rounds: int = 5
) -> dict[str, float]:
    """CPU microseconds of one call of each, in interleaved rounds of about ``budget`` seconds, at the median."""
    times: dict[str, int] = {}
    for name, call in calls.items():
        await call()
        start = time.thread_time()
        await call()
        times[name] = max(1, min(400, int(budget / max(time.thread_time() - start, 1e-6))))
    taken: dict[str, list[float]] = {name: [] for name in calls}
    gc.collect()
    for _ in range(rounds):
        for name, call in calls.items():
            start = time.thread_time_ns()
            for _ in range(times[name]):
                await call()
            taken[name].append((time.thread_time_ns() - start) / times[name] / 1e3)
            await asyncio.sleep(0)
    return {name: statistics.median(each) for name, each in taken.items()}


def growth(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """How many times dearer the largest is than the one before it would come to at that size; 1 where it is linear."""
    return (costs[-1] / sizes[-1]) / (costs[-2] / sizes[-2])


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table as markdown, numbers to the right."""
    lines = [f"\n{title}\n", "| " + " | ".join(head) + " |", "|---|" + "--:|" * (len(head) - 1)]
    lines += ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if value >= 100 else f"{value:,.1f}" if value >= 10 else f"{value:,.2f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
