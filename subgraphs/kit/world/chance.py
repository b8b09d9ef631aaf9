"""Seeded chance for one generated traveler: small helpers over `random.Random`."""

import random
from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from subgraphs.kit.world.build.draft import Today

__all__ = ["Chance"]

T = TypeVar("T")


class Chance:
    """The dice of traveler `index` in the world `seed`; the same dice fall the same way for ever."""

    def __init__(self, seed: int, index: int) -> None:
        self._random = random.Random(f"{seed}/{index}")

    def share(self, part: float) -> bool:
        """True in `part` (0-1) of all calls."""
        return self._random.random() < part

    def of(self, choices: Sequence[T]) -> T:
        """One of the choices, evenly."""
        return choices[int(self._random.random() * len(choices))]

    def weighted(self, choices: Sequence[tuple[T, float]]) -> T:
        """One of the choices by weight; the weights sum to 1."""
        left = self._random.random()
        for choice, weight in choices:
            left -= weight
            if left < 0:
                return choice
        return choices[-1][0]

    def number(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return low + int(self._random.random() * (high - low + 1))

    def ago(self, today: Today, days: int) -> datetime:
        """An instant `days` ago at some minute of the working day (UTC)."""
        return today.ago(days, self.number(6, 17), self.number(0, 59))
