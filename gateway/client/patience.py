"""How long to wait and how often to ask again."""

from __future__ import annotations

import random
from dataclasses import dataclass

__all__ = ["Patience"]


@dataclass(frozen=True, slots=True)
class Patience:
    """``tries`` in all; between two, ``pause`` seconds at first and twice as long each time, at most ``longest``.

    Each pause is drawn evenly from half of it to all of it, so that clients that were refused together do not come back
    together. A gateway that says ``Retry-After`` is waited for as long as it says, but no longer than ``longest``: where it
    asks for more, its refusal is final. ``timeout`` is for one try, in seconds; after ``quiet`` seconds without a sign of life a
    stream of events counts as broken.
    """

    tries: int = 3
    pause: float = 0.2
    longest: float = 5.0
    timeout: float = 30.0
    quiet: float = 60.0

    def before(self, attempt: int, retry_after: float | None, chance: random.Random) -> float | None:
        """Seconds to wait before try number ``attempt`` (the first is 0); None where there is to be none."""
        if attempt >= self.tries or (retry_after is not None and retry_after > self.longest):
            return None
        pause: float = min(self.pause * 2.0 ** (attempt - 1), self.longest) * chance.uniform(0.5, 1.0)
        return pause if retry_after is None else max(pause, retry_after)
