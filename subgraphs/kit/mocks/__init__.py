"""Mocks: a subgraph made of nothing but its SDL, behind the same trust as a real one. ``gateway dev --only`` runs them."""

from subgraphs.kit.mocks.app import create_app, make_mock

__all__ = ["create_app", "make_mock"]
