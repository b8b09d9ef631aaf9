"""The rules federation has for one subgraph."""

from __future__ import annotations

from gateway.composition.facts import Facts
from gateway.composition.rules.access import access_on_interfaces
from gateway.composition.rules.contexts import wrong_contexts
from gateway.composition.rules.costs import wrong_costs
from gateway.composition.rules.external import needless_external
from gateway.composition.rules.field_sets import provides_places, wrong_field_sets
from gateway.composition.rules.interfaces import interface_keys, keyless_interface_objects
from gateway.composition.rules.shareable import misplaced_shareable
from gateway.errors import Mistake

__all__ = ["federation_mistakes"]

_RULES = (
    wrong_field_sets,
    wrong_contexts,
    needless_external,
    interface_keys,
    keyless_interface_objects,
    misplaced_shareable,
    wrong_costs,
    access_on_interfaces,
)


def federation_mistakes(facts: Facts) -> list[Mistake]:
    """Every mistake federation's rules find in a subgraph that GraphQL's rules accept.

    ``@provides`` on a field it cannot be on hides the rest: the other rules would judge sets without a type.
    """
    hiding = list(provides_places(facts))
    return hiding or [mistake for rule in _RULES for mistake in rule(facts)]
