"""What planning one operation may take, and what it took."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from gateway.errors import PlanningError

__all__ = ["Budget"]

_GLANCES = 64  # jumps between two looks at the clock


@dataclass(slots=True)
class Budget:
    """Limits of one planning, and what was spent of them so far.

    ``fields`` are those of the operation with its fragments written out by type, ``jumps`` the moves between subgraphs
    that were tried, ``seconds`` are by ``clock`` since this was made. Whoever spends more gets :class:`PlanningError`
    ``PLANNING_BUDGET`` that names the limit. The clock is that of the thread's own work: a busy machine refuses nothing more.
    """

    fields: int = 10_000
    jumps: int = 200_000
    seconds: float = 10.0
    clock: Callable[[], float] = time.thread_time
    planned: int = 0
    jumped: int = 0
    started: float = field(init=False)

    def __post_init__(self) -> None:
        self.started = self.clock()

    def plan(self, fields: int) -> None:
        """Note that ``fields`` more are planned."""
        self.planned += fields
        if self.planned > self.fields:
            raise _spent(f"has more than {self.fields} fields when its fragments are written out by type")
        self.look()

    def jump(self) -> None:
        """Note that one more jump is tried."""
        self.jumped += 1
        if self.jumped > self.jumps:
            raise _spent(f"takes more than {self.jumps} tries to get from one subgraph to another")
        if self.jumped % _GLANCES == 0:
            self.look()

    def look(self) -> None:
        """Look at the clock."""
        if self.clock() - self.started > self.seconds:
            raise _spent(f"takes longer than {self.seconds:g} seconds to plan")


def _spent(what: str) -> PlanningError:
    return PlanningError(
        "PLANNING_BUDGET", f"The operation {what}.", hint="Ask for fewer fields, types or levels in one operation."
    )
