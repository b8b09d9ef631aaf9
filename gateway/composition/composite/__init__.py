"""The second front end: subgraphs in the GraphQL Foundation's composite schemas dialect, brought to federation's terms.

``@lookup`` fields become keys that can be entered, ``@require`` arguments become ``@requires`` and external fields,
``@internal`` is left out. What only this dialect says (by which field an entity is looked up, which arguments are filled)
goes beside: into the supergraph, and from there to ``gateway.execution.lookups``, which asks by it.

Draft of June 2026 (commit bf98328 of graphql/composite-schemas-spec); decision 106 says what is left out.
"""

from gateway.composition.composite.dialect import is_composite
from gateway.composition.composite.lower import Lowered, lower

__all__ = ["Lowered", "is_composite", "lower"]
