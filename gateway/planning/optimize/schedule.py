"""The wave of each step: as early as its providers allow, mutations one after another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from gateway.planning.asks import Part
from gateway.planning.steps import Step

__all__ = ["Request", "Schedule", "schedule"]

Request: TypeAlias = tuple[int, str, bool, Part]  # wave, graph, whether it asks the root, deferred part


@dataclass(slots=True)
class Schedule:
    """Steps with their waves. ``requests`` are the groups of equal :data:`Request` that go out as one request each."""

    steps: list[Step]
    waves: dict[Step, int]

    @property
    def requests(self) -> dict[Request, list[Step]]:
        """Steps by request, in the order of parts, then of waves, then of graphs' first steps."""
        found: dict[Request, list[Step]] = {}
        for step in sorted(self.steps, key=lambda each: (each.part, self.waves[each], each.number)):
            found.setdefault(self.request(step), []).append(step)
        return found

    def request(self, step: Step) -> Request:
        """The request that ``step`` is part of."""
        return (self.waves[step], step.node.graph, step.root, step.part)

    @property
    def depth(self) -> int:
        """How many waves the primary part has."""
        return max((wave for step, wave in self.waves.items() if not step.part), default=-1) + 1

    @property
    def score(self) -> tuple[int, int, int]:
        """What is compared between plans: waves, requests, steps."""
        return (self.depth, len(self.requests), len(self.steps))


def schedule(steps: list[Step]) -> Schedule:
    """Every step in the earliest wave it can have."""
    waves: dict[Step, int] = {}
    start = 0
    for section in sorted({step.section for step in steps}):
        mine = [step for step in steps if step.section == section]
        for step in mine:
            _wave(step, waves, start)
        start = max((waves[step] for step in mine if not step.part), default=start - 1) + 1
    return Schedule(list(steps), waves)


def _wave(step: Step, waves: dict[Step, int], start: int) -> int:
    if step not in waves:
        waves[step] = start
        waves[step] = max([start, *(_wave(provider, waves, start) + 1 for provider in step.providers)])
    return waves[step]
