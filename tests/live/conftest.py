"""Subscriptions over the whole house: a small world of one's own to write to."""

from __future__ import annotations

from tests.scenarios.conftest import fresh, seeded

__all__ = ["fresh", "seeded"]
