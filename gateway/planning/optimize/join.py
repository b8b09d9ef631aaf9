"""Join: steps that ask one subgraph about the same objects in the same wave become one step."""

from __future__ import annotations

from gateway.planning.inputs import input_key_names, input_names, merge_inputs
from gateway.planning.optimize.schedule import Schedule
from gateway.planning.steps import Step

__all__ = ["join"]


def join(plan: Schedule) -> bool:
    """Whether any two steps were joined.

    Not joined are steps whose representations would need two values under one name, that enter by different keys (a null
    in one must not cost the other's answer), or that need different values of different origins: where a subgraph lost
    what one of them needs, the other is asked for all the same. Those go out as calls of their own in one request.
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
    if inputs is None or not _lost_together(into, step):
        return False
    into.inputs = inputs
    into.out.merge(step.out)
    into.asked = tuple(each for each in into.asked if each in step.asked)
    into.contexts.update(step.contexts)
    into.providers.update(step.providers)
    gone[step] = into
    return True


def _lost_together(one: Step, two: Step) -> bool:
    """Whether an object that one of the steps cannot ask about cannot be asked about by the other either."""
    if input_key_names(one.inputs) != input_key_names(two.inputs):
        return False
    return one.providers.keys() == two.providers.keys() or input_names(one.inputs) == input_names(two.inputs)
