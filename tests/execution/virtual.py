"""An event loop whose clock is virtual: when nothing can run, time jumps to the next timer. Nothing ever sleeps."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

__all__ = ["HangError", "VirtualLoop", "run"]

_T = TypeVar("_T")


class HangError(AssertionError):
    """Everything waits for something that no timer will bring: a real program would hang here."""


class _Selector(selectors.SelectSelector):
    """A selector that never blocks; waiting moves the clock instead."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise HangError("nothing is scheduled and something is awaited")
            self.now += max(timeout, 0.0)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop in virtual time; ``time()`` starts at 0 and counts seconds."""

    def __init__(self) -> None:
        self._virtual = _Selector()
        super().__init__(self._virtual)

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._virtual.now


def run(main: Coroutine[Any, Any, _T]) -> tuple[_T, float]:
    """What ``main`` returns, and how many virtual seconds it took. Raises ``HangError`` where it would never end."""
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(main), loop.time()
    finally:
        loop.close()
