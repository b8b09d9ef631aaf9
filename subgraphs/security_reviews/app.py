"""The Visa Security Program subgraph as an ASGI application."""

from __future__ import annotations

from subgraphs.kit.app import Settings, Starlette, make_app
from subgraphs.security_reviews.schema import schema
from subgraphs.security_reviews.tables import Event

__all__ = ["create_app"]


def create_app(settings: Settings | None = None) -> Starlette:
    """The application; ``settings`` from the environment where not given."""
    return make_app("security_reviews", schema, settings or Settings.from_env(), events=Event)
