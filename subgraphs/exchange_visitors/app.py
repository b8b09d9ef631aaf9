"""The exchange visitor subgraph as an ASGI application."""

from __future__ import annotations

from subgraphs.exchange_visitors.schema import schema
from subgraphs.exchange_visitors.tables import Event
from subgraphs.kit.app import Settings, Starlette, make_app

__all__ = ["create_app"]


def create_app(settings: Settings | None = None) -> Starlette:
    """The application; ``settings`` from the environment where not given."""
    return make_app("exchange_visitors", schema, settings or Settings.from_env(), events=Event)
