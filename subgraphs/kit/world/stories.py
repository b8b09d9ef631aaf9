"""Placeholder until the stories are written in the next minutes."""

from datetime import datetime

from subgraphs.kit.world.model import Journey

__all__ = ["stories"]


def stories(today: datetime) -> tuple[Journey, ...]:
    return ()
