"""Whoever is not done in time is told: one timer of the event loop for all who have equally long.

A timer of the loop costs more than many a thing it watches over, and nearly none ever fires. Who begins later is due
later, so the order in which they came is the order in which they are due, and only the first needs a timer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Generic, Protocol, TypeVar

__all__ = ["Deadlines"]

WhoT = TypeVar("WhoT")
_EARLY: Final = 0.001  # seconds by which a loop's timer may fire too soon


class Timing(Protocol):
    """What is needed of an event loop."""

    def time(self) -> float:
        """Seconds that only grow."""
        ...

    def call_at(self, when: float, callback: Callable[[], object]) -> object:
        """Have ``callback`` called at ``when``."""
        ...


class Deadlines(Generic[WhoT]):
    """Calls ``late`` with each who does not end within ``seconds`` of beginning. Whoever begins again has as long again."""

    __slots__ = ("_due", "_late", "_loop", "_timer", "seconds")

    def __init__(self, seconds: float, late: Callable[[WhoT], object]) -> None:
        self.seconds = seconds
        self._late = late
        self._due: dict[WhoT, float] = {}
        self._loop: Timing | None = None
        self._timer: object | None = None

    def __len__(self) -> int:
        return len(self._due)

    def begin(self, who: WhoT, loop: Timing) -> None:
        """``who``, known by identity or hash, begins now; ``loop`` is the one that runs."""
        if loop is not self._loop:  # whoever another loop waited for is gone with it
            self._due.clear()
            self._loop, self._timer = loop, None
        due = self._due
        if who in due:
            del due[who]  # to the end of the line
        when = due[who] = loop.time() + self.seconds
        if self._timer is None:
            self._timer = loop.call_at(when, self._fire)

    def end(self, who: WhoT) -> None:
        """``who`` is done; nothing where it never began or was late."""
        self._due.pop(who, None)

    def _fire(self) -> None:
        loop, self._timer = self._loop, None
        if loop is None:
            return
        now, late = loop.time() + _EARLY, []
        for who, when in self._due.items():
            if when > now:
                self._timer = loop.call_at(when, self._fire)
                break
            late.append(who)
        for who in late:
            if self._due.pop(who, None) is not None:  # one may have ended another
                self._late(who)
