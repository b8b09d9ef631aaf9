"""Wait: a request whose steps can all go out later with another request to the same subgraph is saved."""

from __future__ import annotations

from typing import TypeAlias

from gateway.planning.optimize.schedule import Schedule
from gateway.planning.steps import Step

__all__ = ["wait"]

_Request: TypeAlias = tuple[int, str, bool]


def wait(plan: Schedule) -> bool:
    """Whether a request was saved. Steps move only into requests that exist anyway, so no plan becomes deeper."""
    users: dict[Step, list[Step]] = {step: [] for step in plan.steps}
    for step in plan.steps:
        for provider in step.providers:
            users[provider].append(step)
    requests = plan.requests
    for request, steps in requests.items():
        if request[2]:
            continue
        waves = dict(plan.waves)
        if all(_push(step, request[0] + 1, waves, plan, users, (request, tuple(requests))) for step in steps):
            plan.waves = waves
            return True
    return False


def _push(
    step: Step,
    earliest: int,
    waves: dict[Step, int],
    plan: Schedule,
    users: dict[Step, list[Step]],
    among: tuple[_Request, tuple[_Request, ...]],
) -> bool:
    """Move ``step`` to a request of its graph in wave ``earliest`` or later, and its users after it.

    ``among`` is the request to be saved, and all there are.
    """
    if waves[step] >= earliest:
        return True
    places = sorted(
        wave
        for wave, graph, root in among[1]
        if graph == step.node.graph and root == step.root and wave >= earliest and (wave, graph, root) != among[0]
    )
    sections = {waves[other] for other in plan.steps if other.section > step.section}
    for place in places:
        if sections and place >= min(sections):
            return False
        trial = dict(waves)
        trial[step] = place
        if all(_push(user, place + 1, trial, plan, users, among) for user in users[step]):
            waves.update(trial)
            return True
    return False
