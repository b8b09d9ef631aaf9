"""The petitions subgraph as an ASGI application."""

from __future__ import annotations

from subgraphs.kit.app import Settings, Starlette, make_app
from subgraphs.petitions.schema import schema
from subgraphs.petitions.tables import Event

__all__ = ["create_app"]


def create_app(settings: Settings | None = None) -> Starlette:
    """The application; settings come from the environment where not given."""
    return make_app("petitions", schema, settings or Settings.from_env(), events=Event)
