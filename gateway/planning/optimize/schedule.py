"""The wave of each step: as early as its providers allow, mutations one after another."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.planning.steps import Step

__all__ = ["Schedule", "schedule"]


@dataclass(slots=True)
class Schedule:
    """Steps with their waves. ``requests`` are the (graph, wave, root) groups that go out as one request each."""

    steps: list[Step]
    waves: dict[Step, int]

    @property
    def requests(self) -> dict[tuple[int, str, bool], list[Step]]:
        """Steps by request, in the order of waves, then of graphs' first steps."""
        found: dict[tuple[int, str, bool], list[Step]] = {}
        for step in sorted(self.steps, key=lambda each: (self.waves[each], each.number)):
            found.setdefault(self.request(step), []).append(step)
        return found

    def request(self, step: Step) -> tuple[int, str, bool]:
        """The request that ``step`` is part of."""
        return (self.waves[step], step.node.graph, step.root)

    @property
    def depth(self) -> int:
        """How many waves there are."""
        return max(self.waves.values(), default=-1) + 1

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
        start = max(waves[step] for step in mine) + 1
    return Schedule(list(steps), waves)


def _wave(step: Step, waves: dict[Step, int], start: int) -> int:
    if step not in waves:
        waves[step] = start
        waves[step] = max([start, *(_wave(provider, waves, start) + 1 for provider in step.providers)])
    return waves[step]
