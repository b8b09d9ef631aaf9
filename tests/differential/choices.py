"""Choices of few kinds, each shrinking towards the plainest where hypothesis draws them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from random import Random
from typing import TypeVar

__all__ = ["Choices"]

_T = TypeVar("_T")


class Choices:
    """Choices drawn from ``source``, which hypothesis or a seed decides."""

    def __init__(self, source: Random) -> None:
        self._source = source

    def number(self, low: int, high: int) -> int:
        """An integer, both bounds included."""
        return low if low == high else self._source.randint(low, high)

    def chance(self, percent: int) -> bool:
        """True in about ``percent`` of a hundred cases; False is plainer."""
        return self.number(0, 99) >= 100 - percent

    def pick(self, options: Sequence[_T]) -> _T:
        """One of ``options``; the first is the plainest."""
        return options[self.number(0, len(options) - 1)]

    def some(self, options: Iterable[_T], low: int, high: int) -> list[_T]:
        """Between ``low`` and ``high`` of ``options`` (all of them where there are fewer), in their order."""
        left = list(options)
        count = self.number(min(low, len(left)), min(high, len(left)))
        chosen = [left.pop(self.number(0, len(left) - 1)) for _ in range(count)]
        return [each for each in options if each in chosen]
