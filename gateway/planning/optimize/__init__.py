"""The passes that make fewer requests of the same steps; each is a verb, and they run until nothing changes."""

from gateway.planning.optimize.join import join
from gateway.planning.optimize.schedule import Schedule, schedule
from gateway.planning.optimize.wait import wait

__all__ = ["Schedule", "join", "optimize", "schedule", "wait"]


def optimize(plan: Schedule) -> Schedule:
    """``plan`` with fewer requests and no more waves."""
    while join(plan) or wait(plan):
        pass
    return plan
