"""How many streams there is room for: in this process, and for one user."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from gateway.caller import Caller
from gateway.errors import LimitError

__all__ = ["Places"]


@dataclass(slots=True)
class Places:
    """Counts open streams: ``most`` in all, ``most_each`` of one user."""

    most: int = 10_000
    most_each: int = 20
    open: int = 0
    each: Counter[tuple[str, str]] = field(default_factory=Counter)

    @contextmanager
    def taken(self, caller: Caller | None) -> Iterator[None]:
        """A place while the block lasts; raises ``LimitError`` ``TOO_MANY_STREAMS`` (429) when there is none."""
        who = (caller.agency, caller.user) if caller is not None else None
        mine = who is not None and self.each[who] >= self.most_each
        if mine or self.open >= self.most:
            raise LimitError(
                "TOO_MANY_STREAMS",
                f"You have {self.most_each} subscriptions open." if mine else "No more subscriptions can be opened.",
                status=429,
                where="operation",
                hint="Close one that you no longer read." if mine else "Try again, or another replica.",
            )
        self._count(who, 1)
        try:
            yield
        finally:
            self._count(who, -1)

    def _count(self, who: tuple[str, str] | None, by: int) -> None:
        self.open += by
        if who is not None:
            self.each[who] += by
            if not self.each[who]:
                del self.each[who]
