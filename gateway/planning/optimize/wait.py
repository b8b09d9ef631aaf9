"""Wait: a request whose steps can all go out later with another request to the same subgraph is saved."""

from __future__ import annotations

from gateway.planning.optimize.schedule import Request, Schedule
from gateway.planning.steps import Step

__all__ = ["wait"]


def wait(plan: Schedule) -> bool:
    """Whether a request was saved. Steps move only into requests that exist anyway, so no plan becomes deeper."""
    waiting = _Waiting(plan)
    saved = [waiting.save(request) for request in plan.requests if not request[2]]
    return any(saved)


class _Waiting:
    """The waves of one plan while its steps are moved."""

    def __init__(self, plan: Schedule) -> None:
        self.plan = plan
        self.members = {request: list(steps) for request, steps in plan.requests.items()}
        self.users: dict[Step, list[Step]] = {step: [] for step in plan.steps}
        for step in plan.steps:
            for provider in step.providers:
                self.users[provider].append(step)
        first: dict[int, int] = {}
        for step in plan.steps:
            first[step.section] = min(plan.waves[step], first.get(step.section, plan.waves[step]))
        self.end = {section: min((first[each] for each in first if each > section), default=None) for section in first}

    def save(self, request: Request) -> bool:
        """Whether every step of ``request`` could be moved to a later one, and was."""
        moved: dict[Step, int] = {}
        if not self.members[request]:
            return False
        if not all(self._push(step, request[0] + 1, request, moved) for step in self.members[request]):
            self.plan.waves.update(moved)
            return False
        for step, wave in moved.items():
            self.members[(wave, step.node.graph, step.root, step.part)].remove(step)
            self.members[self.plan.request(step)].append(step)
        return True

    def _push(self, step: Step, earliest: int, request: Request, moved: dict[Step, int]) -> bool:
        """Move ``step`` to a request of its graph in wave ``earliest`` or later, and its users after it.

        ``request`` is the one to be saved; ``moved`` keeps the waves as they were. The first place is the only one to try:
        where users cannot follow it, they cannot follow a later one.
        """
        waves = self.plan.waves
        if waves[step] >= earliest:
            return True
        end = self.end[step.section]
        place = next((each for each in self._places(step, request) if each >= earliest), None)
        if place is None or (end is not None and place >= end):
            return False
        moved.setdefault(step, waves[step])
        waves[step] = place
        return all(self._push(user, place + 1, request, moved) for user in self.users[step])

    def _places(self, step: Step, request: Request) -> list[int]:
        """The waves in which something else is asked of the step's graph, in order."""
        return sorted(
            place[0]
            for place, steps in self.members.items()
            if steps and place[1:] == (step.node.graph, step.root, step.part) and place != request
        )
