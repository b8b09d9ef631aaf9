"""What an operation costs: estimated before anything is fetched, reckoned after; by ``@cost`` and ``@listSize``.

Source: https://ibm.github.io/graphql-specs/cost-spec.html, as federation 2.9 has it. An object counts 1 and a leaf 0
unless ``@cost`` says otherwise; an argument counts where it is given and has a ``@cost``.
"""

from __future__ import annotations

from gateway.cost.budgets import Budgets
from gateway.cost.pricing import Pricing

__all__ = ["Budgets", "Pricing"]
