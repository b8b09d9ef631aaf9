"""Composition of subgraph SDLs into a supergraph, by Apollo Federation v2's rules.

``compose(subgraphs)`` returns ``Composed(supergraph_sdl, hints)`` or raises ``CompositionFailed``.
"""

from gateway.composition.compose import Composed, compose
from gateway.composition.report import Hint
from gateway.composition.subgraph import SubgraphSDL

__all__ = ["Composed", "Hint", "SubgraphSDL", "compose"]
