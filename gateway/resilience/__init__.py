"""Wrappers around the transport seam: time limits, circuit breakers, retries. They know requests, not GraphQL.

Worn from the outside in: ``Retries(Breaker(Timeouts(transport)))``, so that each try is timed and counted by itself.
``JoinedRequests`` goes around them all.
"""

from __future__ import annotations

from gateway.resilience.breaker import Breaker
from gateway.resilience.joined import Joined, JoinedRequests
from gateway.resilience.retries import Retries
from gateway.resilience.timeouts import Timeouts

__all__ = ["Breaker", "Joined", "JoinedRequests", "Retries", "Timeouts"]
