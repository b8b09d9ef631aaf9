"""Composed directives where their chosen definition does not allow them. Code: INVALID_GRAPHQL."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.composition.merging.context import Merge
from gateway.composition.subgraph import spots
from gateway.errors import Mistake

__all__ = ["misplaced_composed"]


def misplaced_composed(merge: Merge) -> Iterator[Mistake]:
    """A mistake for each place where one subgraph applies a directive that another's definition forbids there."""
    for spot in spots(merge.schema):
        for application in spot.applied:
            if application.name not in merge.composed:
                continue
            definition = merge.schema.directives[application.name]
            if spot.location not in definition.locations:
                message = (
                    f'Composed directive "@{application.name}" is applied to "{spot.coordinate}", but the definition '
                    f"that the supergraph takes does not allow it on {spot.location}."
                )
                hint = f"define @{application.name} with the same locations in every subgraph"
                yield Mistake("INVALID_GRAPHQL", message, spot.coordinate, hint)
