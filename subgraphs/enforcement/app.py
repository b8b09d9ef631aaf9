"""The enforcement subgraph as an ASGI application."""

from __future__ import annotations

from subgraphs.enforcement.schema import schema
from subgraphs.enforcement.tables import Event
from subgraphs.kit.app import Settings, Starlette, make_app

__all__ = ["create_app"]


def create_app(settings: Settings | None = None) -> Starlette:
    """The application; settings come from the environment unless given."""
    return make_app("enforcement", schema, settings or Settings.from_env(), events=Event)
