"""Join: steps that ask one subgraph about the same objects in the same wave become one step."""

from __future__ import annotations

from gateway.planning.inputs import input_key_names, merge_inputs
from gateway.planning.optimize.schedule import Schedule
from gateway.planning.steps import Step

__all__ = ["join"]


def join(plan: Schedule) -> bool:
    """Whether any two steps were joined.

    Not joined are steps whose representations would need two values under one name, or that enter by different keys:
    a null in one key must not cost the other's answer.
    """
    found: dict[tuple[object, ...], list[Step]] = {}
    gone: dict[Step, Step] = {}
    for step in plan.steps:
        rivals = found.setdefault((*step.place, plan.waves[step]), [])
        if not any(_absorb(rival, step, gone) for rival in rivals):
            rivals.append(step)
    if not gone:
        return False
    plan.steps = [step for step in plan.steps if step not in gone]
    for step in plan.steps:
        step.providers = {gone.get(provider, provider): None for provider in step.providers}
    return True


def _absorb(into: Step, step: Step, gone: dict[Step, Step]) -> bool:
    inputs = merge_inputs(into.inputs, step.inputs)
    if inputs is None or input_key_names(into.inputs) != input_key_names(step.inputs):
        return False
    into.inputs = inputs
    into.out.merge(step.out)
    into.contexts.update(step.contexts)
    into.providers.update(step.providers)
    gone[step] = into
    return True
