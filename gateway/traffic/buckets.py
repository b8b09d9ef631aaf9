"""Token buckets: each key has one that fills at a rate up to its burst; a request takes a token or is told to wait."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

__all__ = ["Buckets", "MemoryBuckets"]


class Buckets(Protocol):
    """Where the buckets are kept."""

    async def take(self, key: str, rate: float, burst: int) -> float:
        """0 when a token of ``key`` was taken; else the seconds until there will be one, and none was taken."""
        ...


class MemoryBuckets:
    """Buckets of this process. ``most`` keys are kept, the longest unused goes first; ``clock`` gives growing seconds."""

    def __init__(self, clock: Callable[[], float], most: int = 50_000) -> None:
        self._clock = clock
        self._most = most
        self._kept: OrderedDict[str, tuple[float, float]] = OrderedDict()

    async def take(self, key: str, rate: float, burst: int) -> float:
        """0 when a token of ``key`` was taken; else the seconds until there will be one, and none was taken."""
        now = self._clock()
        tokens, at = self._kept.get(key, (float(burst), now))
        tokens = min(float(burst), tokens + (now - at) * rate)
        wait = 0.0 if tokens >= 1 else (1 - tokens) / rate
        self._kept[key] = (tokens - 1 if not wait else tokens, now)
        self._kept.move_to_end(key)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return wait
