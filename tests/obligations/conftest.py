"""The small world, opened once for a module, as break-glass has it; its clients acknowledge nothing by themselves."""

from __future__ import annotations

import pytest

from tests.breakglass.conftest import house, seeded, world
from tests.scenarios.asking import Asker, World

__all__ = ["ask", "house", "seeded", "world"]


@pytest.fixture
def ask(world: World) -> Asker:
    """Ask the line, acknowledging nothing."""
    return Asker(world, acknowledged=())
