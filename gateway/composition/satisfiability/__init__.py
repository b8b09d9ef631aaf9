"""Whether every query of the API has a way through the subgraphs.

``unsatisfied(merge, budget)`` returns a mistake, with the shortest failing query, for each API field that has none.
"""

from gateway.composition.satisfiability.search import Budget, unsatisfied

__all__ = ["Budget", "unsatisfied"]
