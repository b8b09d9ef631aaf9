"""The consular subgraph as an ASGI application."""

from __future__ import annotations

from subgraphs.kit.app import Settings, Starlette, make_app
from subgraphs.visas.schema import schema
from subgraphs.visas.tables import Event

__all__ = ["create_app"]


def create_app(settings: Settings | None = None) -> Starlette:
    """The application; ``settings`` from the environment where not given."""
    return make_app("visas", schema, settings or Settings.from_env(), events=Event)
