"""Wrappers around the transport seam: time limits, lanes, hedges, circuit breakers, retries. They know requests, not GraphQL.

Worn from the outside in: ``Retries(Breaker(Timeouts(Hedges(Lanes(transport)))))``, so that each try is timed and counted by
itself, and the two requests of a hedged one count once. ``JoinedRequests`` goes around them all.
"""

from __future__ import annotations

from gateway.resilience.breaker import Breaker
from gateway.resilience.hedges import Hedges
from gateway.resilience.joined import Joined, JoinedRequests
from gateway.resilience.lanes import Lanes
from gateway.resilience.retries import Retries
from gateway.resilience.timeouts import Timeouts

__all__ = ["Breaker", "Hedges", "Joined", "JoinedRequests", "Lanes", "Retries", "Timeouts"]
