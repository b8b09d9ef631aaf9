"""What a caller may know of by name: the graph without what no agreement could ever give to its agency and role.

Law: docs/policy.md section 5, "introspection", and docs/decisions/0021-what-is-never-grantable.md. A coordinate is
*closed* to a role when nothing in force gives it and either its category is its owner's alone, or a statute makes it
absent for every purpose the role has, whatever the record. What is merely not agreed on yet is not closed, nor what an
agreement with the caller's own agency expressly withholds (both signed it): these are denied with the reason, so that
the caller learns whom to ask.
"""

from __future__ import annotations

from datetime import datetime

from gateway.caller import Caller
from gateway.coordinates import Coordinate
from gateway.policy.catalogue import Entry
from gateway.policy.decision import Outcome
from gateway.policy.lifecycle import in_force
from gateway.policy.policy import Policy
from gateway.policy.unrestricted import Unrestricted

__all__ = ["closed_to"]


def closed_to(policy: Policy, agency: str, role: str, at: datetime) -> frozenset[Coordinate]:
    """Every coordinate of which a caller of ``agency`` in ``role`` is not told that it exists, at the instant ``at``.

    Nobody in a role that the vocabulary does not give to the agency is told anything.
    """
    if isinstance(policy, Unrestricted):
        return frozenset()
    words = policy.vocabulary.roles.get(role)
    if words is None or agency not in words.agencies:
        return frozenset(policy.catalogue.entries)
    given = policy.view(agency, role, at)
    callers = [Caller(agency, role, purpose) for purpose in sorted(words.purposes)]
    closed = {
        name
        for name, entry in policy.catalogue.entries.items()
        if entry.governed
        and name not in given
        and (_owners_alone(policy, entry, agency, at) or all(_by_law(policy, one, name, at) for one in callers))
    }
    return frozenset(closed | _with_their_types(policy, closed))


def _owners_alone(policy: Policy, entry: Entry, agency: str, at: datetime) -> bool:
    category = policy.vocabulary.categories.get(entry.category)
    if category is None or not category.owner_only or entry.owner == agency:
        return False
    spoken_of = policy.compiled.withholds.get(entry.coordinate, ())
    return not any(agency in each.withhold.recipients and in_force(each.agreement, at) for each in spoken_of)


def _by_law(policy: Policy, caller: Caller, coordinate: Coordinate, at: datetime) -> bool:
    decision = policy.decide(caller, coordinate, {}, at)
    return decision.settled and decision.outcome is Outcome.ABSENT


def _with_their_types(policy: Policy, closed: set[Coordinate]) -> set[Coordinate]:
    """What stands on a type of which everything governed is closed, and what leads to nothing else: it tells of it too."""
    catalogue = policy.catalogue
    apart = catalogue.roots | catalogue.plumbing | catalogue.hubs
    types = {
        name
        for name in catalogue.by_type
        if name not in apart and (group := catalogue.group(name)) and closed.issuperset(group)
    }
    types |= {name for name, node in catalogue.nodes.items() if node in types}  # a connection of it, and its edges
    found = {entry.coordinate for name in types for entry in catalogue.by_type.get(name, ())}
    leading = (entry for entry in catalogue.entries.values() if types.issuperset(catalogue.targets(entry)))
    return found | {entry.coordinate for entry in leading}
