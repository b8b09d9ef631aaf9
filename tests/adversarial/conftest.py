"""The attacks run against the whole house over the small world: real subgraphs, real agreements, a real record."""

from __future__ import annotations

from tests.scenarios.conftest import ask, fresh, house, seeded, world

__all__ = ["ask", "fresh", "house", "seeded", "world"]
