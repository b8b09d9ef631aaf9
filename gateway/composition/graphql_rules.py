"""The rules GraphQL itself has for a schema, on one subgraph."""

from __future__ import annotations

from gateway.composition.rules.applications import wrong_applications
from gateway.composition.rules.duplicates import duplicate_names
from gateway.composition.rules.implementations import wrong_implementations
from gateway.composition.rules.types import wrong_types
from gateway.composition.subgraph import Subgraph
from gateway.errors import Mistake

__all__ = ["graphql_mistakes"]


def graphql_mistakes(subgraph: Subgraph) -> list[Mistake]:
    """Every mistake GraphQL's own rules find in a subgraph whose references are sound."""
    return [
        *duplicate_names(subgraph.document),
        *wrong_applications(subgraph),
        *wrong_types(subgraph.schema),
        *wrong_implementations(subgraph.schema),
    ]
